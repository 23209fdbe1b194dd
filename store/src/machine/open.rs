//! Opening the state, and putting another database in its place.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, ArcSwapOption};
use tally::row::{Row, RowKey};

use super::hash::{StateSums, SumsPoint};
use super::hot::{Contests, Hot};
use super::view::Moment;
use super::{Applied, Core, Dirty, Machine, Named, Shared};
use crate::blobs::Blobs;
use crate::codec::{self, AppliedRecord};
use crate::engine::{Batch, Direction, Disk, Engine, Reader};
use crate::lock::locked;
use crate::snapshot::Library;
use crate::{Identity, StoreError, keys};

fn damaged(what: impl Into<String>) -> impl FnOnce(codec::CodecError) -> StoreError {
    let what = what.into();
    move |source| StoreError::Damaged { what, source }
}

/// Makes the state of a new node: no rows.
pub(crate) fn create<E: Engine>(engine: &E, identity: &Identity) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.put(keys::FORMAT, crate::version::DATA_FORMAT.to_be_bytes().to_vec());
    batch.put(keys::IDENTITY, codec::encode_identity(identity));
    batch.put(keys::APPLIED, codec::encode_applied(&AppliedRecord::default()));
    engine.write(&batch)?;
    Ok(engine.flush()?)
}

/// How far a state database is.
pub(crate) fn read_applied<R: Reader>(reader: &R) -> Result<AppliedRecord, StoreError> {
    let value = reader.get(&keys::APPLIED)?;
    let record =
        value.map(|value| codec::decode_applied(&value)).transpose().map_err(damaged("applied mark"))?;
    Ok(record.unwrap_or_default())
}

/// The running sums, which the applied mark repeats in part; rows that were never written sum up to nothing.
pub(crate) fn read_sums<R: Reader>(reader: &R, applied: &AppliedRecord) -> Result<StateSums, StoreError> {
    let value = reader.get(&keys::SUMS)?;
    let sums = value.map(|value| codec::decode_sums(&value)).transpose().map_err(damaged("running sums"))?;
    let sums = sums.unwrap_or_default();
    if sums.hash != applied.hash || !sums.is_consistent() {
        let source = codec::CodecError::Value("hash");
        return Err(damaged("running sums")(source));
    }
    Ok(sums)
}

/// The remembered sums, oldest first.
pub(crate) fn read_points<R: Reader>(reader: &R) -> Result<Vec<SumsPoint>, StoreError> {
    let mut points = Vec::new();
    let mut broken = None;
    reader.scan(&keys::HASH_POINT, &keys::HASH_POINT_END, Direction::Forward, &mut |key, value| {
        match (keys::hash_point_index(key), codec::decode_sums(value)) {
            (Some(index), Ok(sums)) => points.push(SumsPoint { index, sums }),
            (None, _) => {}
            (Some(index), Err(source)) => {
                broken = Some(StoreError::Damaged { what: format!("hash point {index}"), source });
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    broken.map_or(Ok(points), Err)
}

fn read_contests<R: Reader>(reader: &R) -> Result<Contests, StoreError> {
    let mut contests = BTreeMap::new();
    super::view::rows_between(reader, &keys::CONTESTS_FIRST, &keys::CONTESTS_END, |key, row| {
        if let (RowKey::Contest(id), Row::Contest(contest)) = (key, row) {
            contests.insert(id, Arc::new(contest));
        }
        ControlFlow::Continue(())
    })?;
    Ok(Arc::new(contests))
}

/// The feature level in force; 0 where no cluster was founded yet.
fn read_level<R: Reader>(reader: &R) -> Result<u32, StoreError> {
    let value = reader.get(&keys::row(&RowKey::Ledger))?;
    match value
        .map(|value| codec::decode_row(&RowKey::Ledger, &value))
        .transpose()
        .map_err(damaged("ledger"))?
    {
        Some(Row::Ledger(ledger)) => Ok(ledger.level),
        _ => Ok(0),
    }
}

fn core<E: Engine>(
    engine: E,
    (root, directory): (&Path, String),
    level_newest: u32,
) -> Result<Core<E>, StoreError> {
    let found = read_level(&engine)?;
    if found > level_newest {
        let what = format!("the data in {}", root.join(&directory).display());
        return Err(StoreError::LevelNewer { what, found, known: level_newest });
    }
    let applied = read_applied(&engine)?;
    let sums = read_sums(&engine, &applied)?;
    let points = Arc::new(read_points(&engine)?);
    let hot = Hot::new(read_contests(&engine)?);
    Ok(Core { engine, directory, level_newest, applied, sums, points, hot, stopped: false })
}

/// Opens the state on a database whose identity was checked; refuses one above that feature level.
pub(crate) fn open<E: Engine>(
    (engine, directory): (E, String),
    disk: &E::Disk,
    identity: Identity,
    level_newest: u32,
    lock: Arc<<E::Disk as Disk>::Lock>,
) -> Result<Machine<E>, StoreError> {
    let core = core(engine, (disk.root(), directory), level_newest)?;
    let library = Library::open(disk)?;
    let blobs = Blobs::open(disk.clone())?;
    let shared = Shared {
        disk: disk.clone(),
        identity,
        level_newest,
        moment: ArcSwap::new(Moment::of(&core)),
        dirty: Mutex::new(Dirty::All),
        named: Mutex::new(Named::Any),
        // What is found at opening survived whatever came before.
        persisted: Mutex::new(core.applied.id),
        core: Mutex::new(core),
        entries_since_flush: AtomicU64::new(0),
        bytes_since_flush: AtomicU64::new(0),
        quarantine: ArcSwapOption::new(super::quarantine::read(disk)?.map(Arc::new)),
        library,
        blobs,
        _lock: lock,
    };
    Ok(Machine { shared: Arc::new(shared) })
}

impl<E: Engine> Machine<E> {
    /// Directory of the state database now.
    pub(crate) fn directory(&self) -> String {
        locked(&self.shared.core).directory.clone()
    }

    /// Goes on with another state database, which is durable already. The old one closes with its last view.
    pub(crate) fn replace(&self, engine: E, directory: String) -> Result<Applied, StoreError> {
        let fresh = core(engine, (self.disk().root(), directory), self.level_newest())?;
        let mut core = locked(&self.shared.core);
        *core = fresh;
        *locked(&self.shared.persisted) = core.applied.id;
        self.shared.entries_since_flush.store(0, Ordering::Release);
        self.shared.bytes_since_flush.store(0, Ordering::Release);
        *locked(&self.shared.dirty) = Dirty::All;
        *locked(&self.shared.named) = Named::Any;
        self.shared.moment.store(Moment::of(&core));
        Ok(Applied::of(&core.applied))
    }
}
