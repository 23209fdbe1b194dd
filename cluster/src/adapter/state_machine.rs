//! The state, as openraft wants it.
//!
//! Invariant: an answer leaves only after the batch with its effects was written.

use std::io;

use futures_util::{Stream, StreamExt as _};
use openraft::OptionalSend;
use openraft::storage::{ApplyResponder, EntryResponder, RaftStateMachine};
use store::{Engine, LogEntry};

use super::snapshot::{Builder, Snapshot, SnapshotData, built, copy, stored_membership};
use crate::apply::ApplyWorker;
use crate::types::{
    Answers, RaftLogId, RaftSnapshotMeta, RaftStoredMembership, TypeConfig, raft_log_id, store_entry,
};

/// Entries written in one batch at most: bounds memory and the wait of the first of them.
const ROUND_ENTRIES_MAX: usize = 1_024;
/// Bytes of entries in one batch at most.
const ROUND_BYTES_MAX: usize = 4 * 1024 * 1024;

/// See the module.
pub(crate) struct StateMachine<E: Engine>(pub(crate) ApplyWorker<E>);

/// Entries of one batch and who waits for them.
#[derive(Default)]
struct Round {
    entries: Vec<LogEntry>,
    responders: Vec<Option<ApplyResponder<TypeConfig>>>,
    bytes: usize,
}

impl Round {
    fn push(&mut self, (entry, responder): EntryResponder<TypeConfig>) {
        let entry = store_entry(entry);
        self.bytes = self.bytes.saturating_add(entry.payload.size());
        self.entries.push(entry);
        self.responders.push(responder);
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= ROUND_ENTRIES_MAX || self.bytes >= ROUND_BYTES_MAX
    }
}

impl<E: Engine> StateMachine<E> {
    async fn finish(&self, round: Round) -> io::Result<()> {
        if round.entries.is_empty() {
            return Ok(());
        }
        let answers = self.0.apply(round.entries).await?;
        for (responder, answers) in round.responders.into_iter().zip(answers) {
            if let Some(responder) = responder {
                responder.send(Answers(answers));
            }
        }
        Ok(())
    }
}

impl<E: Engine> RaftStateMachine<TypeConfig> for StateMachine<E> {
    type SnapshotData = SnapshotData<E>;
    type SnapshotBuilder = Builder<E>;

    async fn applied_state(&mut self) -> io::Result<(Option<RaftLogId>, RaftStoredMembership)> {
        let applied = self.0.machine().applied();
        let membership = stored_membership(applied.membership_id, applied.membership.as_ref());
        Ok((applied.id.map(raft_log_id), membership.map_err(io::Error::other)?))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<TypeConfig>>> + Unpin + OptionalSend,
    {
        let mut round = Round::default();
        while let Some(entry) = entries.next().await {
            round.push(entry?);
            if round.is_full() {
                self.finish(std::mem::take(&mut round)).await?;
            }
        }
        self.finish(round).await
    }

    async fn get_snapshot_builder(&mut self) -> Builder<E> {
        Builder(self.0.machine().clone())
    }

    async fn install_snapshot(&mut self, _meta: &RaftSnapshotMeta, data: SnapshotData<E>) -> io::Result<()> {
        match data {
            SnapshotData::Received(received) => self.0.install(*received).await,
            // One that another state in this process built goes the way of a sent one, without the wire.
            SnapshotData::Built(handle) => {
                self.0.install(copy(self.0.machine().clone(), handle).await?).await
            }
        }
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot<E>>> {
        self.0.machine().current_snapshot().map(built).transpose()
    }
}
