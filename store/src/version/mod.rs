//! The data directory as a whole: its format, its identity, its owner.
//!
//! Invariant: the format is looked at before anything else is opened; nothing is changed in a directory that is
//! refused. Only `create` makes data; `open` never does.

mod line;
mod marker;

#[cfg(feature = "rocks")]
use std::path::Path;
use std::sync::Arc;

use crate::codec::CodecError;
use crate::engine::{Disk, EngineError, OpenMode, Purpose, Reader};
use crate::{
    Expected, Fatal, Flusher, Identity, Log, Machine, Pace, StoreError, codec, keys, log, machine, reserve,
};
#[cfg(feature = "rocks")]
use crate::{RocksDisk, RocksEngine};

#[cfg(any(test, fuzzing))]
pub(crate) use line::{read as line_text, write as line_of};
pub use marker::DATA_FORMAT;
pub(crate) use marker::check as check_format;

/// The log database.
pub(crate) const LOG: &str = "log";
/// The file that names the state database.
const CURRENT: &str = "CURRENT";
/// The file that says whose data this is, so that a stranger's is refused before a database is opened: opening
/// one replays its log and rewrites its files.
const IDENTITY: &str = "IDENTITY";
/// How names of state databases begin.
pub(crate) const STATE_PREFIX: &str = "state-";
/// The file that an owner holds; it may be there in an otherwise empty directory.
pub(crate) const LOCK: &str = "LOCK";

/// Bytes of recent entries kept in memory, unless chosen otherwise.
const TAIL_BYTES_DEFAULT: usize = 16 * 1024 * 1024;

/// Choices of the caller.
#[derive(Clone)]
pub struct Options {
    /// Bytes of recent entries kept in memory.
    pub tail_bytes_max: usize,
    /// Who flushes the log.
    pub flusher: Flusher,
    /// What happens when the disk fails.
    pub fatal: Fatal,
    /// How time passes.
    pub pace: Pace,
    /// The newest feature level that is taken for known: that of this build, but in simulations of releases.
    pub level_newest: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tail_bytes_max: TAIL_BYTES_DEFAULT,
            flusher: Flusher::Thread,
            fatal: Arc::new(abort),
            pace: Pace::default(),
            level_newest: tally::LEVEL_NEWEST,
        }
    }
}

/// A flush that failed may have dropped the pages it should have written, and the next one would say `Ok`
/// (design 9.1): nobody may go on.
fn abort(what: &str) {
    tracing::error!(what, "the disk failed; this process ends now, before it can acknowledge what is lost");
    #[allow(
        clippy::disallowed_methods,
        reason = "the first failed flush ends the process, without any clean-up"
    )]
    std::process::abort();
}

/// A log and a state that belong together.
pub type Pair<E> = (Log<E>, Machine<E>);

pub(crate) fn state_directory(number: u64) -> String {
    format!("{STATE_PREFIX}{number:06}")
}

/// The name after that of a state database.
pub(crate) fn next_state_directory(current: &str) -> String {
    let number: u64 = current.strip_prefix(STATE_PREFIX).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    state_directory(number.saturating_add(1))
}

fn place<D: Disk>(disk: &D) -> String {
    disk.root().display().to_string()
}

pub(crate) fn lock<D: Disk>(disk: &D) -> Result<Arc<D::Lock>, StoreError> {
    let lock = disk.lock().map_err(StoreError::file(format!("locking {}", place(disk))))?;
    lock.map(Arc::new).ok_or_else(|| StoreError::Locked { dir: place(disk) })
}

/// What is in the directory, but for the lock file.
pub(crate) fn contents<D: Disk>(disk: &D) -> Result<Vec<String>, StoreError> {
    let mut names = disk.list("").map_err(StoreError::file(format!("reading {}", place(disk))))?;
    names.retain(|name| name != LOCK);
    Ok(names)
}

/// Makes the data of a new node on an empty disk.
pub fn create_on<D: Disk>(
    disk: &D,
    identity: &Identity,
    options: Options,
) -> Result<Pair<D::Engine>, StoreError> {
    if !contents(disk)?.is_empty() {
        return Err(StoreError::NotEmpty { dir: place(disk) });
    }
    let held = lock(disk)?;
    let state = state_directory(1);
    log::create(&disk.open(LOG, Purpose::Log, OpenMode::Create)?, disk, identity)?;
    machine::create(&disk.open(&state, Purpose::State, OpenMode::Create)?, identity)?;
    complete(disk, &state, identity)?;
    open_locked(disk, None, options, held)
}

/// Writes the small files of a directory whose databases are there.
pub(crate) fn complete<D: Disk>(disk: &D, state: &str, identity: &Identity) -> Result<(), StoreError> {
    let failed = || StoreError::file(format!("creating {}", place(disk)));
    point_to(disk, state).map_err(failed())?;
    disk.write_whole(IDENTITY, &codec::encode_identity(identity)).map_err(failed())?;
    // Last: without it the directory is not whole.
    disk.write_whole(marker::FILE, &marker::text()).map_err(failed())
}

/// Keeps any node from running on a directory while the answer lives.
///
/// # Errors
/// [`StoreError::Locked`] while one runs.
#[cfg(feature = "rocks")]
pub fn hold(directory: &Path) -> Result<impl Sized + use<>, StoreError> {
    lock(&RocksDisk::new(directory))
}

/// Takes the lock of data that is there; makes none.
pub(crate) fn lock_existing<D: Disk>(disk: &D) -> Result<Arc<D::Lock>, StoreError> {
    marker::check(disk)?;
    lock(disk)
}

/// Opens the data of a node. Refuses data that is missing, half there, of a newer release, of another cluster
/// or node, or open already; and a log that lost what it had acknowledged.
pub fn open_on<D: Disk>(
    disk: &D,
    expected: Option<&Expected>,
    options: Options,
) -> Result<Pair<D::Engine>, StoreError> {
    marker::check(disk)?;
    // Opening writes: on a full disk it takes what was kept for this.
    reserve::release_when_needed(disk).map_err(StoreError::file(format!("looking at {}", place(disk))))?;
    open_locked(disk, expected, options, lock(disk)?)
}

fn open_locked<D: Disk>(
    disk: &D,
    expected: Option<&Expected>,
    options: Options,
    held: Arc<D::Lock>,
) -> Result<Pair<D::Engine>, StoreError> {
    let dir = || place(disk);
    let failed = || StoreError::file(format!("reading {}", place(disk)));
    let (identity, state) = look(disk)?;
    check_expected(disk, &identity, expected)?;
    // Opening turns them into tables: a message about them has to name those that were there.
    let replayed = write_ahead_logs(disk, LOG);
    let log_engine = disk.open(LOG, Purpose::Log, OpenMode::Open);
    let log_engine = log_engine.map_err(|source| unopenable(disk, "log", LOG, source))?;
    let state_engine = disk.open(&state, Purpose::State, OpenMode::Open);
    let state_engine = state_engine.map_err(|source| unopenable(disk, "state", &state, source))?;
    for (which, directory, engine) in [("log", LOG, &log_engine), ("state", &*state, &state_engine)] {
        if identity_of(disk, which, directory, engine)? != identity {
            return Err(StoreError::IdentitiesDiffer { dir: dir() });
        }
    }
    // All that can be refused first: nothing is removed from a directory that is.
    let level_newest = options.level_newest;
    let log = log::open((log_engine, replayed), disk, identity, options, Arc::clone(&held))?;
    let machine = machine::open((state_engine, state.clone()), disk, identity, level_newest, held);
    let machine = machine.map_err(|error| {
        if let StoreError::Engine(source) = error { unopenable(disk, "state", &state, source) } else { error }
    })?;
    for name in contents(disk)? {
        if name.starts_with(STATE_PREFIX) && name != state {
            disk.remove_tree(&name).map_err(failed())?;
        }
    }
    Ok((log, machine))
}

/// Refuses a state that ends before the log begins: the entries between are nowhere on this node. Looked at by
/// whoever goes on with both; neither of them knows the other.
pub fn check_together<E: crate::Engine>(log: &Log<E>, machine: &Machine<E>) -> Result<(), StoreError> {
    let applied = machine.applied().id.map_or(0, |id| id.index);
    match log.state().purged {
        Some(purged) if purged.index > applied => {
            Err(StoreError::StateBehind { dir: place(machine.disk()), applied, purged: purged.index })
        }
        Some(_) | None => Ok(()),
    }
}

/// Makes a restart find the state in that directory.
pub(crate) fn point_to<D: Disk>(disk: &D, state: &str) -> std::io::Result<()> {
    disk.write_whole(CURRENT, &line::write(state))
}

/// The directory that holds the state.
pub(crate) fn current<D: Disk>(disk: &D) -> Result<String, StoreError> {
    let found =
        disk.read(CURRENT).map_err(StoreError::file(format!("reading {CURRENT} in {}", place(disk))))?;
    let found = found.ok_or_else(|| StoreError::FileMissing { dir: place(disk), file: CURRENT })?;
    let state = line::read(&found).filter(|state| state.starts_with(STATE_PREFIX));
    Ok(state.ok_or_else(|| damaged_file(disk, CURRENT, CodecError::Checksum))?.to_owned())
}

/// Whose data it is and which state database is in force; neither database is opened.
pub(crate) fn look<D: Disk>(disk: &D) -> Result<(Identity, String), StoreError> {
    let failed = || StoreError::file(format!("reading {}", place(disk)));
    let missing = |which| StoreError::HalfMissing { dir: place(disk), which };
    let state = current(disk)?;
    if !disk.exists(&state).map_err(failed())? {
        return Err(missing("state"));
    }
    if !disk.exists(LOG).map_err(failed())? {
        return Err(missing("log"));
    }
    Ok((identity_in_file(disk)?, state))
}

/// An error that names a file of the directory.
pub(crate) fn damaged_file<D: Disk>(disk: &D, file: &str, source: CodecError) -> StoreError {
    StoreError::Damaged { what: disk.root().join(file).display().to_string(), source }
}

pub(crate) fn identity_in_file<D: Disk>(disk: &D) -> Result<Identity, StoreError> {
    let failed = StoreError::file(format!("reading {IDENTITY} in {}", place(disk)));
    let frame = disk.read(IDENTITY).map_err(failed)?;
    let frame = frame.ok_or_else(|| StoreError::FileMissing { dir: place(disk), file: IDENTITY })?;
    codec::decode_identity(&frame).map_err(|source| damaged_file(disk, IDENTITY, source))
}

/// Says which database cannot be read. The library names the file but for those it reads in one go: then they are
/// named here.
pub(crate) fn unopenable<D: Disk>(
    disk: &D,
    which: &'static str,
    directory: &str,
    source: EngineError,
) -> StoreError {
    let path = disk.root().join(directory).display().to_string();
    let EngineError { operation, mut message } = source;
    if !message.contains(&path) {
        message = if message.contains("CURRENT") {
            format!("{message}: {path}/CURRENT")
        } else {
            format!("{message}: {path} with {}", write_ahead_logs(disk, directory))
        };
    }
    StoreError::Unopenable { dir: place(disk), which, source: EngineError { operation, message } }
}

/// Names of the write-ahead logs of a database; what cannot be listed is left out, for it explains another error.
fn write_ahead_logs<D: Disk>(disk: &D, directory: &str) -> String {
    let names = disk.list(directory).unwrap_or_default();
    let logs: Vec<String> = names.into_iter().filter(|name| name.strip_suffix(".log").is_some()).collect();
    if logs.is_empty() {
        "no write-ahead log".to_owned()
    } else {
        format!("write-ahead log {}", logs.join(", "))
    }
}

fn identity_of<D: Disk>(
    disk: &D,
    which: &'static str,
    directory: &str,
    engine: &D::Engine,
) -> Result<Identity, StoreError> {
    let row = |key: &[u8]| engine.get(key).map_err(|source| unopenable(disk, which, directory, source));
    let format = row(&keys::FORMAT)?.unwrap_or_default();
    let found = <[u8; 4]>::try_from(format.as_ref()).map_or(0, u32::from_be_bytes);
    if found > DATA_FORMAT {
        return Err(StoreError::Newer { dir: place(disk), found, known: DATA_FORMAT });
    }
    let value = row(&keys::IDENTITY)?.ok_or_else(|| StoreError::Incomplete { dir: place(disk) })?;
    codec::decode_identity(&value)
        .map_err(|source| damaged_file(disk, &format!("{directory} (identity)"), source))
}

fn check_expected<D: Disk>(
    disk: &D,
    identity: &Identity,
    expected: Option<&Expected>,
) -> Result<(), StoreError> {
    let Some(expected) = expected else { return Ok(()) };
    if expected.cluster != identity.cluster {
        let (found, expected) = (identity.cluster_text(), tally::ids::hex(&expected.cluster));
        return Err(StoreError::OtherCluster { dir: place(disk), found, expected });
    }
    if expected.node != identity.node {
        return Err(StoreError::OtherNode {
            dir: place(disk),
            found: identity.node,
            expected: expected.node,
        });
    }
    Ok(())
}

/// Makes the data of a new node in an empty or missing directory.
#[cfg(feature = "rocks")]
pub fn create(dir: &Path, identity: &Identity) -> Result<Pair<RocksEngine>, StoreError> {
    create_on(&RocksDisk::new(dir), identity, Options::default())
}

/// Opens the data in a directory.
#[cfg(feature = "rocks")]
pub fn open(dir: &Path, expected: Option<&Expected>) -> Result<Pair<RocksEngine>, StoreError> {
    open_on(&RocksDisk::new(dir), expected, Options::default())
}
