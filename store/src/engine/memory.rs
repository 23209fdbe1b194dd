//! An engine in memory that can crash: what was not made durable is gone, as after a power loss.
//!
//! Invariant: a snapshot sees each key as it was when the snapshot was taken; versions that no snapshot can
//! see are removed by later writes, so memory stays bounded by what is live and pinned.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::engine::memory_disk::MemoryDisk;
use crate::engine::memory_faults::{Plant, Plants};
use crate::engine::{Batch, Change, Direction, Engine, EngineError, Reader, Visit};

/// One version of a value: the sequence that wrote it, and the value, or `None` once deleted.
type Version = (u64, Option<Bytes>);

/// Rows as they are, with older versions that snapshots still see.
#[derive(Debug, Default)]
struct Rows {
    versions: BTreeMap<Vec<u8>, Vec<Version>>,
    sequence: u64,
    /// Keys with versions to remove, by the sequence from which on nobody needs them.
    stale: VecDeque<(u64, Vec<u8>)>,
    /// Sequences that snapshots stand on, with how many stand there.
    pins: BTreeMap<u64, usize>,
}

impl Rows {
    fn at(versions: &[Version], sequence: u64) -> Option<&Bytes> {
        versions.iter().rev().find(|(written, _)| *written <= sequence)?.1.as_ref()
    }

    fn set(&mut self, key: Vec<u8>, value: Option<Bytes>) {
        self.sequence = self.sequence.saturating_add(1);
        let deleted = value.is_none();
        let versions = self.versions.entry(key.clone()).or_default();
        let older = !versions.is_empty();
        versions.push((self.sequence, value));
        if older || deleted {
            self.stale.push_back((self.sequence, key));
        }
    }

    fn apply(&mut self, batch: &Batch) {
        for change in batch.changes() {
            match change {
                Change::Put(key, value) => self.set(key.clone(), Some(value.clone())),
                Change::Delete(key) => self.set(key.clone(), None),
                Change::DeleteRange(first, end) => {
                    let range = (Bound::Included(first.as_slice()), Bound::Excluded(end.as_slice()));
                    let live = |versions: &[Version]| versions.last().is_some_and(|last| last.1.is_some());
                    let found = if first < end { Some(self.versions.range::<[u8], _>(range)) } else { None };
                    let keys: Vec<Vec<u8>> = found
                        .into_iter()
                        .flatten()
                        .filter(|(_, versions)| live(versions))
                        .map(|(key, _)| key.clone())
                        .collect();
                    for key in keys {
                        self.set(key, None);
                    }
                }
            }
        }
        self.forget();
    }

    /// Removes versions that neither a snapshot nor the newest state can see.
    fn forget(&mut self) {
        let oldest = self.pins.keys().next().copied().unwrap_or(self.sequence);
        while self.stale.front().is_some_and(|(sequence, _)| *sequence <= oldest) {
            let Some((_, key)) = self.stale.pop_front() else { return };
            let Some(versions) = self.versions.get_mut(&key) else { continue };
            let visible = versions.iter().rposition(|(written, _)| *written <= oldest).unwrap_or(0);
            versions.drain(..visible);
            if versions.len() == 1 && versions.first().is_some_and(|version| version.1.is_none()) {
                self.versions.remove(&key);
            }
        }
    }

    fn scan(&self, sequence: u64, bounds: (&[u8], &[u8]), direction: Direction, visit: Visit<'_>) {
        if bounds.0 >= bounds.1 {
            return;
        }
        let range = self.versions.range::<[u8], _>((Bound::Included(bounds.0), Bound::Excluded(bounds.1)));
        let mut show = |(key, versions): (&Vec<u8>, &Vec<Version>)| match Self::at(versions, sequence) {
            Some(value) => visit(key, value),
            None => ControlFlow::Continue(()),
        };
        let _ended = match direction {
            Direction::Forward => {
                let mut range = range;
                range.try_for_each(&mut show)
            }
            Direction::Reverse => range.rev().try_for_each(&mut show),
        };
    }

    fn of(rows: &BTreeMap<Vec<u8>, Bytes>, sequence: u64) -> Self {
        let versions = rows.iter().map(|(key, value)| (key.clone(), vec![(sequence, Some(value.clone()))]));
        Self { versions: versions.collect(), sequence, ..Self::default() }
    }
}

/// What a crash leaves: the rows and sequence of the last time all was made durable.
#[derive(Debug, Default)]
struct Durable {
    rows: BTreeMap<Vec<u8>, Bytes>,
    sequence: u64,
}

impl Durable {
    fn take_in(&mut self, batch: Batch) {
        for change in batch.changes {
            match change {
                Change::Put(key, value) => drop(self.rows.insert(key, value)),
                Change::Delete(key) => drop(self.rows.remove(&key)),
                Change::DeleteRange(first, end) if first < end => {
                    let mut tail = self.rows.split_off(&first);
                    let mut kept = tail.split_off(&end);
                    self.rows.append(&mut kept);
                }
                Change::DeleteRange(..) => {}
            }
        }
    }
}

#[derive(Debug, Default)]
struct Database {
    rows: Rows,
    durable: Durable,
    /// Written, but not durable yet.
    pending: Vec<Batch>,
    /// Set by tests: the next `sync` or `flush` fails.
    fail_next: bool,
    syncs: u64,
    plants: Plants,
}

impl Database {
    fn make_durable(&mut self, operation: &'static str) -> Result<(), EngineError> {
        if std::mem::take(&mut self.fail_next) {
            return Err(EngineError { operation, message: "injected".to_owned() });
        }
        self.syncs = self.syncs.saturating_add(1);
        if self.plants.lies() {
            return Ok(());
        }
        for batch in std::mem::take(&mut self.pending) {
            self.durable.take_in(batch);
        }
        self.durable.sequence = self.rows.sequence;
        Ok(())
    }

    /// What a crash leaves of this, when the first `batches` that were not made durable happened to reach the disk.
    fn after_crash(&self, batches: usize) -> Self {
        let mut durable = Durable { rows: self.durable.rows.clone(), sequence: self.durable.sequence };
        let mut rows = Rows::of(&durable.rows, durable.sequence);
        for (batch, place) in self.pending.iter().zip(0..) {
            let left = if place < batches { Some(batch.clone()) } else { self.plants.torn(batch) };
            if let Some(left) = left {
                rows.apply(&left);
                durable.take_in(left);
            }
        }
        durable.sequence = rows.sequence;
        Self { rows, durable, plants: self.plants.clone(), ..Self::default() }
    }
}

/// See the module. Clones are the same database.
#[derive(Clone, Debug, Default)]
pub struct MemoryEngine {
    database: Arc<Mutex<Database>>,
}

/// A database is consistent between calls, so a panic elsewhere does not make it unusable.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryEngine {
    /// Loses all that was not made durable. Snapshots taken before must be dropped.
    pub fn crash(&self) {
        let mut database = locked(&self.database);
        database.pending.clear();
        database.rows = Rows::of(&database.durable.rows, database.durable.sequence);
    }

    /// A database with what is durable in this one, and the first `batches` that are not.
    pub(super) fn copy(&self, batches: usize) -> Self {
        Self { database: Arc::new(Mutex::new(locked(&self.database).after_crash(batches))) }
    }

    /// Writes that are not durable yet.
    pub(super) fn pending(&self) -> usize {
        locked(&self.database).pending.len()
    }

    pub(super) fn plant(&self, plant: Plant) {
        locked(&self.database).plants.add(plant);
    }

    pub(super) fn plants(&self) -> Plants {
        locked(&self.database).plants.clone()
    }

    /// Makes the next `sync` or `flush` fail.
    pub fn fail_next_sync(&self) {
        locked(&self.database).fail_next = true;
    }

    /// How often something was made durable.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        locked(&self.database).syncs
    }

    pub(super) fn holding(rows: BTreeMap<Vec<u8>, Bytes>) -> Self {
        let durable = Durable { rows, sequence: 1 };
        let database = Database { rows: Rows::of(&durable.rows, 1), durable, ..Database::default() };
        Self { database: Arc::new(Mutex::new(database)) }
    }
}

impl Reader for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let mut database = locked(&self.database);
        if database.plants.hides(key) {
            return Ok(None);
        }
        Ok(database.rows.versions.get(key).and_then(|versions| versions.last()?.1.clone()))
    }

    fn scan(
        &self,
        lower: &[u8],
        upper: &[u8],
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), EngineError> {
        locked(&self.database).rows.scan(u64::MAX, (lower, upper), direction, visit);
        Ok(())
    }
}

impl Engine for MemoryEngine {
    type Disk = MemoryDisk;
    type Snapshot = MemorySnapshot;

    fn write(&self, batch: &Batch) -> Result<(), EngineError> {
        let mut database = locked(&self.database);
        let batch = database.plants.cut(batch);
        database.rows.apply(&batch);
        database.pending.push(batch);
        Ok(())
    }

    fn sync(&self) -> Result<(), EngineError> {
        locked(&self.database).make_durable("sync")
    }

    fn flush(&self) -> Result<(), EngineError> {
        locked(&self.database).make_durable("flush")
    }

    fn snapshot(&self) -> MemorySnapshot {
        let mut database = locked(&self.database);
        let sequence = database.rows.sequence;
        let pins = database.rows.pins.entry(sequence).or_default();
        *pins = pins.saturating_add(1);
        MemorySnapshot { database: Arc::clone(&self.database), sequence }
    }

    fn sequence(&self) -> u64 {
        locked(&self.database).rows.sequence
    }
}

/// A moment of a [`MemoryEngine`].
#[derive(Debug)]
pub struct MemorySnapshot {
    database: Arc<Mutex<Database>>,
    sequence: u64,
}

impl Reader for MemorySnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let database = locked(&self.database);
        Ok(database.rows.versions.get(key).and_then(|versions| Rows::at(versions, self.sequence).cloned()))
    }

    fn scan(
        &self,
        lower: &[u8],
        upper: &[u8],
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), EngineError> {
        locked(&self.database).rows.scan(self.sequence, (lower, upper), direction, visit);
        Ok(())
    }
}

impl Drop for MemorySnapshot {
    fn drop(&mut self) {
        let mut database = locked(&self.database);
        let Some(pins) = database.rows.pins.get_mut(&self.sequence) else { return };
        *pins = pins.saturating_sub(1);
        if *pins == 0 {
            database.rows.pins.remove(&self.sequence);
        }
    }
}
