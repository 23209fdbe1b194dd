//! The Raft log as plain functions.
//!
//! Invariant: a callback says `Ok` only after a flush that began when its write was done, and callbacks are
//! called in the order of their writes. Entries are contiguous: from the one after `purged` to `last`. The
//! tail in memory holds what the database holds, cut in the same call.

mod mark;
mod open;
mod purge;
mod scrub;
mod sync;
mod tail;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::codec::{self, CodecError};
use crate::engine::{Batch, Direction, Disk, Engine};
use crate::keys;
use crate::lock::locked;
use crate::{Flushed, Identity, LogEntry, LogId, StoreError, Vote};

pub(crate) use mark::MarkFile;
pub(crate) use open::{create, create_at, look, missing, open};
use sync::Worker;
use tail::Tail;

/// Called when the disk fails, with what failed. Must not return: the default writes one line and aborts.
pub type Fatal = Arc<dyn Fn(&str) + Send + Sync>;

/// Who runs flushes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flusher {
    /// A thread of the log.
    Thread,
    /// The caller, with [`Log::drive`]: for simulation.
    Driven,
}

/// Ends of the log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LogState {
    /// Last entry purged.
    pub purged: Option<LogId>,
    /// Last entry; the purged one when the log is empty.
    pub last: Option<LogId>,
}

/// Numbers for metrics and the watchdog.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LogStatistics {
    /// Flushes so far.
    pub fsyncs: u64,
    /// Time all of them took, in microseconds.
    pub fsync_total_us: u64,
    /// Time the last one took, in microseconds.
    pub fsync_last_us: u64,
    /// Age of the oldest write that no flush has covered, in milliseconds; 0 for none.
    pub oldest_unsynced_ms: u64,
}

/// Where the log begins and ends, and its newest part. One lock, held for memory work and buffered writes.
#[derive(Debug)]
struct Ends {
    state: LogState,
    vote: Option<Vote>,
    tail: Tail,
}

/// What all clones and threads of a log share.
struct Shared<E: Engine> {
    engine: E,
    disk: E::Disk,
    identity: Identity,
    ends: Mutex<Ends>,
    worker: Worker,
    /// Held until the last clone is gone.
    _lock: Arc<<E::Disk as Disk>::Lock>,
}

/// The log. Clones are the same log; it is flushed and closed with its last clone.
pub struct Log<E: Engine> {
    shared: Arc<Shared<E>>,
    /// Stops the threads when the last clone goes.
    threads: Arc<sync::Threads<E>>,
}

impl<E: Engine> Clone for Log<E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), threads: Arc::clone(&self.threads) }
    }
}

impl<E: Engine> Log<E> {
    /// Whose log it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.shared.identity
    }

    /// Where it begins and ends.
    #[must_use]
    pub fn state(&self) -> LogState {
        locked(&self.shared.ends).state
    }

    /// The vote that was saved last.
    pub fn vote(&self) -> Result<Option<Vote>, StoreError> {
        Ok(locked(&self.shared.ends).vote)
    }

    /// What was saved last as committed.
    pub fn committed(&self) -> Result<Option<LogId>, StoreError> {
        let value = self.shared.engine.get(&keys::COMMITTED)?;
        value.map(|value| codec::decode_log_id(&value).map_err(damaged("committed mark"))).transpose()
    }

    /// Appends entries after the last one. They can be read on return; `flushed` is called when they are on
    /// disk. An entry that does not follow the last one breaks the log and is refused.
    pub fn append(&self, entries: Vec<LogEntry>, flushed: Flushed) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for entry in &entries {
            batch.put(keys::entry(entry.id.index), codec::encode_entry(entry));
        }
        let mut ends = locked(&self.shared.ends);
        let mut last = ends.state.last;
        for entry in &entries {
            let follows = last.is_none_or(|last| last.index.checked_add(1) == Some(entry.id.index));
            if !follows {
                return Err(StoreError::LogBroken {
                    index: entry.id.index,
                    detail: "an appended entry does not follow the last one",
                });
            }
            last = Some(entry.id);
        }
        self.write(&batch)?;
        ends.state.last = last;
        for entry in entries {
            ends.tail.push(entry);
        }
        // Under the lock: callbacks queue up in the order of the writes.
        self.shared.worker.enqueue(flushed);
        Ok(())
    }

    /// Saves the vote; `flushed` is called when it is on disk.
    pub fn save_vote(&self, vote: Vote, flushed: Flushed) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        batch.put(keys::VOTE, codec::encode_vote(&vote));
        let mut ends = locked(&self.shared.ends);
        self.write(&batch)?;
        ends.vote = Some(vote);
        self.shared.worker.enqueue(flushed);
        Ok(())
    }

    /// Saves what is known to be committed. Not flushed: it is written after its entries, so it can never
    /// survive them.
    pub fn save_committed(&self, committed: Option<LogId>) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        match committed {
            Some(id) => batch.put(keys::COMMITTED, codec::encode_log_id(&id)),
            None => batch.delete(keys::COMMITTED),
        }
        self.write(&batch)
    }

    /// Removes all entries after `last_kept`, all of them for `None`; `flushed` is called when that is on disk.
    pub fn truncate_after(&self, last_kept: Option<LogId>, flushed: Flushed) -> Result<(), StoreError> {
        let first_removed = last_kept.map_or(0, |last| last.index.saturating_add(1));
        let mut ends = locked(&self.shared.ends);
        if ends.state.last.is_some_and(|last| last.index >= first_removed) {
            let mut batch = Batch::new();
            batch.delete_range(keys::entry(first_removed), keys::ENTRIES_END);
            self.write(&batch)?;
            ends.tail.cut_from(first_removed);
            let purged = ends.state.purged.filter(|purged| purged.index >= first_removed);
            ends.state.last = purged.or(last_kept);
        }
        self.shared.worker.enqueue(flushed);
        Ok(())
    }

    /// Forgets all entries up to and including `through`, which may lie beyond the last one. They cannot be
    /// read on return; they are deleted later, in big steps.
    pub fn purge(&self, through: LogId) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        batch.put(keys::PURGED, codec::encode_log_id(&through));
        {
            let mut ends = locked(&self.shared.ends);
            if ends.state.purged.is_some_and(|purged| purged.index >= through.index) {
                return Ok(());
            }
            self.write(&batch)?;
            ends.tail.cut_through(through.index);
            ends.state.purged = Some(through);
            if ends.state.last.is_none_or(|last| last.index <= through.index) {
                ends.state.last = Some(through);
            }
        }
        self.shared.worker.purge(through.index);
        Ok(())
    }

    /// Entries from `first` (included) to `end` (excluded) that are there, in order, up to `bytes_max` of
    /// payload but at least one. Purged ones are left out. Each is checked against its checksum.
    pub fn read(&self, first: u64, end: u64, bytes_max: usize) -> Result<Vec<LogEntry>, StoreError> {
        let (first, end, tail_first) = {
            let ends = locked(&self.shared.ends);
            let first = first.max(ends.state.purged.map_or(0, |purged| purged.index.saturating_add(1)));
            let end = end.min(ends.state.last.map_or(0, |last| last.index.saturating_add(1)));
            if ends.tail.holds(first) || first >= end {
                return Ok(ends.tail.read(first, end, bytes_max));
            }
            (first, end, ends.tail.first())
        };
        let database_end = tail_first.map_or(end, |tail| tail.min(end));
        // A log that was never purged may begin above what is asked for; below its begin there is nothing.
        let begins_anywhere = self.state().purged.is_none();
        let mut found =
            Found { entries: Vec::new(), bytes: 0, bytes_max, next: first, begins_anywhere, error: None };
        let (lower, upper) = (keys::entry(first), keys::entry(database_end));
        self.shared
            .engine
            .scan(&lower, &upper, Direction::Forward, &mut |key, value| found.add(key, value))?;
        if let Some(error) = found.error {
            return Err(error);
        }
        let begins_later = found.entries.is_empty() && begins_anywhere;
        if (found.next == database_end || begins_later) && database_end < end && found.bytes <= bytes_max {
            found.extend(locked(&self.shared.ends).tail.read(database_end, end, bytes_max));
        }
        Ok(found.entries)
    }

    /// Numbers for metrics and the watchdog; takes no lock that a disk can hold.
    #[must_use]
    pub fn statistics(&self) -> LogStatistics {
        self.shared.worker.statistics()
    }

    /// Age of the oldest write that no flush has covered, in milliseconds; 0 for none.
    #[must_use]
    pub fn oldest_unsynced_ms(&self) -> u64 {
        self.statistics().oldest_unsynced_ms
    }

    /// With [`Flusher::Driven`]: one flush, its callbacks, and deletions that are due.
    pub fn drive(&self) {
        sync::flush_once(&self.shared);
        purge::delete_once(&self.shared);
    }

    fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        self.shared.engine.write(batch).map_err(|error| {
            // A write-ahead log that failed once may have lost what was before; nobody may go on with it.
            self.shared.worker.fail(&error.to_string());
            StoreError::from(error)
        })
    }
}

/// Entries read from the database so far.
struct Found {
    entries: Vec<LogEntry>,
    bytes: usize,
    bytes_max: usize,
    next: u64,
    begins_anywhere: bool,
    error: Option<StoreError>,
}

impl Found {
    /// Adds entries from the tail, as far as there is room.
    fn extend(&mut self, entries: Vec<LogEntry>) {
        for entry in entries {
            self.bytes = self.bytes.saturating_add(entry.payload.size());
            if self.bytes > self.bytes_max && !self.entries.is_empty() {
                return;
            }
            self.entries.push(entry);
        }
    }

    fn add(&mut self, key: &[u8], value: &[u8]) -> ControlFlow<()> {
        match self.decode(key, value) {
            Ok(entry) => {
                self.bytes = self.bytes.saturating_add(entry.payload.size());
                if self.bytes > self.bytes_max && !self.entries.is_empty() {
                    return ControlFlow::Break(());
                }
                self.next = self.next.saturating_add(1);
                self.entries.push(entry);
                ControlFlow::Continue(())
            }
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn decode(&mut self, key: &[u8], value: &[u8]) -> Result<LogEntry, StoreError> {
        let index = keys::entry_index(key);
        if self.begins_anywhere && self.entries.is_empty() {
            self.next = index.unwrap_or(self.next);
        }
        if index != Some(self.next) {
            return Err(StoreError::LogBroken { index: self.next, detail: "an entry is missing" });
        }
        codec::decode_entry(self.next, &Bytes::copy_from_slice(value))
            .map_err(damaged(&format!("log entry {}", self.next)))
    }
}

/// An error about bytes that are not what was written.
fn damaged(what: &str) -> impl FnOnce(CodecError) -> StoreError {
    let what = what.to_owned();
    move |source| StoreError::Damaged { what, source }
}
