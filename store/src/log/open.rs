//! Opening the log: what the database holds against what it had promised.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::mark::{MARK_FILE, MarkFile};
use super::sync::Worker;
use super::tail::Tail;
use super::{Ends, Log, LogState, Shared, damaged};
use crate::codec::{self, CodecError, Mark};
use crate::engine::{Batch, Disk, Engine, EngineError};
use crate::version::{LOG, Options, damaged_file, unopenable};
use crate::{Identity, LogId, StoreError, Vote, keys};

/// Makes the log of a new node.
pub(crate) fn create<E: Engine>(engine: &E, disk: &E::Disk, identity: &Identity) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.put(keys::FORMAT, crate::version::DATA_FORMAT.to_be_bytes().to_vec());
    batch.put(keys::IDENTITY, codec::encode_identity(identity));
    engine.write(&batch)?;
    engine.sync()?;
    let mark = Mark { sequence: engine.sequence(), ..Mark::default() };
    MarkFile::create(disk, mark).map_err(StoreError::file(format!("writing {MARK_FILE}")))
}

/// Makes the log of a node whose state holds all up to a position already.
pub(crate) fn create_at<E: Engine>(
    engine: &E,
    disk: &E::Disk,
    identity: &Identity,
    (vote, position): (Vote, LogId),
) -> Result<(), StoreError> {
    create(engine, disk, identity)?;
    let mut batch = Batch::new();
    batch.put(keys::VOTE, codec::encode_vote(&vote));
    batch.put(keys::PURGED, codec::encode_log_id(&position));
    batch.put(keys::COMMITTED, codec::encode_log_id(&position));
    engine.write(&batch)?;
    Ok(engine.sync()?)
}

/// What a log database holds.
pub(crate) struct Found {
    pub(crate) vote: Option<Vote>,
    pub(crate) purged: Option<LogId>,
    pub(crate) last: Option<LogId>,
    /// What was promised and is not there.
    pub(crate) broken: Option<String>,
    /// The first entry that is missing or cannot be read.
    pub(crate) hole: Option<StoreError>,
}

/// Looks at a log database and at what it had promised.
pub(crate) fn look<E: Engine>(engine: &E, disk: &E::Disk) -> Result<(Found, MarkFile), StoreError> {
    let dir = || disk.root().display().to_string();
    let failed = || StoreError::file(format!("reading {MARK_FILE} in {}", dir()));
    if !disk.exists(MARK_FILE).map_err(failed())? {
        return Err(StoreError::FileMissing { dir: dir(), file: MARK_FILE });
    }
    let (file, mark) = MarkFile::open(disk).map_err(failed())?;
    let mark = mark.ok_or_else(|| damaged_file(disk, MARK_FILE, CodecError::Checksum))?;
    let unreadable = |source| unopenable(disk, "log", LOG, source);
    let row = |key: &[u8]| engine.get(key).map_err(unreadable);
    let vote = row(&keys::VOTE)?.map(|value| codec::decode_vote(&value));
    let vote = vote.transpose().map_err(damaged("vote"))?;
    let purged = row(&keys::PURGED)?.map(|value| codec::decode_log_id(&value));
    let purged = purged.transpose().map_err(damaged("purged mark"))?;
    let Entries { last, broken: hole } = Entries::survey(engine, purged, unreadable)?;
    let last = last.or(purged);
    let broken = missing(mark, engine.sequence(), vote, last);
    Ok((Found { vote, purged, last, broken, hole }, file))
}

/// Opens the log on a database whose identity was checked; `replayed` names its write-ahead logs for messages.
pub(crate) fn open<E: Engine>(
    (engine, replayed): (E, String),
    disk: &E::Disk,
    identity: Identity,
    options: Options,
    lock: Arc<<E::Disk as Disk>::Lock>,
) -> Result<Log<E>, StoreError> {
    let (Found { vote, purged, last, broken, hole }, file) = look(&engine, disk)?;
    if let Some(hole) = hole {
        return Err(hole);
    }
    if let Some(detail) = broken {
        let dir = disk.root().display().to_string();
        let detail = format!("{detail}; on disk: {LOG}/ with {replayed}");
        return Err(StoreError::AcknowledgedLost { dir, node: identity.node, detail });
    }
    let tail = Tail::new(options.tail_bytes_max);
    let ends = Mutex::new(Ends { state: LogState { purged, last }, vote, tail });
    let worker = Worker::new(file.paced(options.pace.now_us), options.fatal, options.pace);
    Log::run(Shared { engine, disk: disk.clone(), identity, ends, worker, _lock: lock }, options.flusher)
}

/// What the mark promised and the database does not hold. A longer log, or another one after truncation, has
/// a larger sequence and is fine.
pub(crate) fn missing(mark: Mark, sequence: u64, vote: Option<Vote>, last: Option<LogId>) -> Option<String> {
    if sequence < mark.sequence {
        return Some(format!("change {sequence} is its last, {} were flushed", mark.sequence));
    }
    if older(vote, mark.vote) {
        return Some(format!("vote {vote:?} is older than {:?}", mark.vote));
    }
    let shorter = sequence == mark.sequence && last < mark.last;
    shorter.then(|| format!("entry {last:?} is its last, {:?} was flushed", mark.last))
}

/// Whether a vote cannot have been saved after another. Within a term a node may vote for itself and then follow
/// whom the others elected, so that who it voted for says nothing about the order.
fn older(vote: Option<Vote>, than: Option<Vote>) -> bool {
    let order = |vote: Option<Vote>| vote.map(|vote| (vote.term, vote.committed));
    order(vote) < order(than)
}

/// All entries, read once before any is used: a missing file in the middle, or a damaged entry that only a
/// follower far behind would ask for, is found out now.
#[derive(Default)]
struct Entries {
    last: Option<LogId>,
    broken: Option<StoreError>,
}

impl Entries {
    /// Reads them all; the first that does not follow the one before is remembered.
    fn survey<E: Engine>(
        engine: &E,
        purged: Option<LogId>,
        unreadable: impl Fn(EngineError) -> StoreError,
    ) -> Result<Self, StoreError> {
        // A log that was never purged may begin anywhere.
        let mut entries = Self { last: purged, broken: None };
        let lower = keys::entry(purged.map_or(0, |purged| purged.index.saturating_add(1)));
        engine
            .survey(&lower, &keys::ENTRIES_END, &mut |key, value| {
                if let Err(error) = entries.check(key, value) {
                    entries.broken.get_or_insert(error);
                    // Whoever asks what can be saved wants to know where it ends.
                    let index = keys::entry_index(key).unwrap_or_default();
                    let entry = codec::decode_entry(index, &Bytes::copy_from_slice(value));
                    entries.last = entry.map(|entry| entry.id).ok().or(entries.last);
                }
                ControlFlow::Continue(())
            })
            .map_err(unreadable)?;
        Ok(entries)
    }

    fn check(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let expected = self.last.map(|last| last.index.saturating_add(1));
        let found = keys::entry_index(key);
        let index = found.or(expected).unwrap_or_default();
        if found.is_none() || expected.is_some_and(|expected| expected != index) {
            let index = expected.unwrap_or(index);
            return Err(StoreError::LogBroken { index, detail: "an entry is missing" });
        }
        let entry = codec::decode_entry(index, &Bytes::copy_from_slice(value))
            .map_err(damaged(&format!("log entry {index}")))?;
        self.last = Some(entry.id);
        Ok(())
    }
}
