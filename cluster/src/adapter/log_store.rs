//! The log, as openraft wants it.
//!
//! Invariant: a vote and a truncation are on disk when their call returns; an append is when its callback says.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};

use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader};
use store::{Engine, Flushed, Log};
use tokio::sync::oneshot;

use super::io_error;
use crate::settings::APPEND_BYTES_MAX;
use crate::types::{
    RaftEntry, RaftLogId, RaftVote, TypeConfig, raft_entry, raft_log_id, raft_vote, store_entry,
    store_log_id, store_vote,
};

/// See the module.
pub(crate) struct LogStore<E: Engine>(pub(crate) Log<E>);

impl<E: Engine> LogStore<E> {
    fn read(&self, first: u64, end: u64, bytes_max: usize) -> io::Result<Vec<RaftEntry>> {
        if first >= end {
            return Ok(Vec::new());
        }
        let entries = self.0.read(first, end, bytes_max).map_err(io_error)?;
        entries.into_iter().map(|entry| raft_entry(entry).map_err(io::Error::other)).collect()
    }
}

/// A callback for the store, and where its result arrives.
fn awaited() -> (Flushed, impl Future<Output = io::Result<()>>) {
    let (sender, receiver) = oneshot::channel();
    let flushed: Flushed = Box::new(move |result| {
        // The waiter is gone only when the node is being stopped.
        drop(sender.send(result));
    });
    let wait = async { receiver.await.unwrap_or_else(|_| Err(io::Error::other("the log was closed"))) };
    (flushed, wait)
}

impl<E: Engine> RaftLogReader<TypeConfig> for LogStore<E> {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> io::Result<Vec<RaftEntry>> {
        let first = match range.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => self.0.state().purged.map_or(0, |purged| purged.index.saturating_add(1)),
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        self.read(first, end, usize::MAX)
    }

    async fn read_vote(&mut self) -> io::Result<Option<RaftVote>> {
        Ok(self.0.vote().map_err(io_error)?.map(raft_vote))
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<RaftEntry>> {
        self.read(start, end, APPEND_BYTES_MAX)
    }
}

impl<E: Engine> RaftLogStorage<TypeConfig> for LogStore<E> {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<TypeConfig>> {
        let state = self.0.state();
        Ok(LogState {
            last_purged_log_id: state.purged.map(raft_log_id),
            last_log_id: state.last.map(raft_log_id),
        })
    }

    async fn get_log_reader(&mut self) -> Self {
        Self(self.0.clone())
    }

    async fn save_vote(&mut self, vote: &RaftVote) -> io::Result<()> {
        let (flushed, wait) = awaited();
        self.0.save_vote(store_vote(vote), flushed).map_err(io_error)?;
        wait.await
    }

    async fn save_committed(&mut self, committed: Option<RaftLogId>) -> io::Result<()> {
        self.0.save_committed(committed.map(store_log_id)).map_err(io_error)
    }

    async fn read_committed(&mut self) -> io::Result<Option<RaftLogId>> {
        Ok(self.0.committed().map_err(io_error)?.map(raft_log_id))
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> io::Result<()>
    where
        I: IntoIterator<Item = RaftEntry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries = entries.into_iter().map(store_entry).collect();
        self.0.append(entries, Box::new(|result| callback.io_completed(result))).map_err(io_error)
    }

    async fn truncate_after(&mut self, last_log_id: Option<RaftLogId>) -> io::Result<()> {
        let (flushed, wait) = awaited();
        self.0.truncate_after(last_log_id.map(store_log_id), flushed).map_err(io_error)?;
        wait.await
    }

    async fn purge(&mut self, log_id: RaftLogId) -> io::Result<()> {
        self.0.purge(store_log_id(log_id)).map_err(io_error)
    }
}
