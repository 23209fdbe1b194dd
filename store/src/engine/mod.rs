//! What the store needs from a database: an ordered map of bytes, written in batches.
//!
//! Invariant: a batch is written whole or not at all, also across a crash; what was written before a
//! [`Engine::sync`] or [`Engine::flush`] that returned `Ok` is there after any crash. The contract that both
//! engines pass is `contract`.

#[cfg(test)]
mod contract;
pub mod disk;
#[cfg(feature = "rocks")]
pub mod files;
pub mod memory;
pub mod memory_disk;
pub mod memory_faults;
#[cfg(feature = "rocks")]
pub mod rocks;
#[cfg(feature = "rocks")]
mod rocks_options;

use std::ops::ControlFlow;

use bytes::Bytes;

pub use disk::{Disk, OpenMode};

/// The database failed. After one such error nothing it says can be trusted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the database failed: {operation}: {message}")]
pub struct EngineError {
    /// What was tried.
    pub operation: &'static str,
    /// What the database said.
    pub message: String,
}

/// Which of the two databases of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Raft log, vote and marks: every write goes to a write-ahead log that [`Engine::sync`] makes durable.
    Log,
    /// The state: no write-ahead log; [`Engine::flush`] makes durable, a crash goes back to the last flush.
    State,
}

/// Direction of a scan.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// From the lower bound up.
    Forward,
    /// From the upper bound down.
    Reverse,
}

/// One change of a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Write the value under the key.
    Put(Vec<u8>, Bytes),
    /// Remove the key.
    Delete(Vec<u8>),
    /// Remove all keys from the first (included) to the second (excluded).
    DeleteRange(Vec<u8>, Vec<u8>),
}

/// Changes that are written together, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Batch {
    changes: Vec<Change>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub const fn new() -> Self {
        Self { changes: Vec::new() }
    }

    /// Adds a put.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Bytes>) {
        self.changes.push(Change::Put(key.into(), value.into()));
    }

    /// Adds a delete.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.changes.push(Change::Delete(key.into()));
    }

    /// Adds a delete of all keys from `first` (included) to `end` (excluded).
    pub fn delete_range(&mut self, first: impl Into<Vec<u8>>, end: impl Into<Vec<u8>>) {
        self.changes.push(Change::DeleteRange(first.into(), end.into()));
    }

    /// The changes, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Leaves out what `keep` says no to.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Change) -> bool) {
        self.changes.retain(keep);
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// What a scan shows each row to, key and value; it may end the scan.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// Reading, at one moment or at the newest state.
pub trait Reader: Send + Sync {
    /// The value under a key.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Shows the rows from `lower` (included) to `upper` (excluded) in the order of their keys, or the other
    /// way round. Both bounds are always given, so that no scan walks over what was deleted outside them.
    fn scan(
        &self,
        lower: &[u8],
        upper: &[u8],
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), EngineError>;
}

/// An ordered map of bytes on some disk. Clones are the same database; it closes with its last clone.
pub trait Engine: Reader + Clone + Send + Sync + 'static {
    /// The disk it lives on.
    type Disk: Disk<Engine = Self>;
    /// A reader that never changes, whatever is written after it was taken.
    type Snapshot: Reader + Send + Sync + 'static;

    /// Writes a batch. It can be read on return; whether it survives a crash is up to `sync` and `flush`.
    fn write(&self, batch: &Batch) -> Result<(), EngineError>;

    /// Makes durable all that was written before the call.
    fn sync(&self) -> Result<(), EngineError>;

    /// Moves all that was written before the call to its final place on disk, durably.
    fn flush(&self) -> Result<(), EngineError>;

    /// Shows all rows from `lower` (included) to `upper` (excluded), in order, past the caches: for reading what
    /// is on disk to see that it can be read.
    fn survey(&self, lower: &[u8], upper: &[u8], visit: Visit<'_>) -> Result<(), EngineError> {
        self.scan(lower, upper, Direction::Forward, visit)
    }

    /// A reader of the state as it is now.
    fn snapshot(&self) -> Self::Snapshot;

    /// A number that grows with each change, and after a crash is that of the last change that was kept.
    fn sequence(&self) -> u64;
}

/// Rows that [`walk`] copies before it shows them.
const PAGE_ROWS: usize = 1_000;

/// Shows the rows from `lower` (included) to `upper` (excluded) like a forward scan, but outside of it: a page is
/// copied first. Whoever is shown a row may take its time and read the same database. `reader` must not change
/// meanwhile.
pub(crate) fn walk<R: Reader>(
    reader: &R,
    lower: &[u8],
    upper: &[u8],
    visit: Visit<'_>,
) -> Result<(), EngineError> {
    let mut lower = lower.to_vec();
    loop {
        let mut page: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let scanned = reader.scan(&lower, upper, Direction::Forward, &mut |key, value| {
            page.push((key.to_vec(), value.to_vec()));
            if page.len() < PAGE_ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        for (key, value) in &page {
            if visit(key, value).is_break() {
                return Ok(());
            }
        }
        // What could be read was shown before it is said that the rest cannot.
        scanned?;
        match page.pop() {
            Some((last, _)) if page.len().saturating_add(1) == PAGE_ROWS => lower = crate::keys::after(last),
            Some(_) | None => return Ok(()),
        }
    }
}
