//! How many bytes of entries one append carries to one peer (design 9.7).
//!
//! Invariant: what is cut out of one append of openraft's keeps its order, its vote and its commit index, and each
//! part follows the one before it; an entry is never cut.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use openraft::EntryPayload;
use openraft::raft::AppendEntriesRequest;

use crate::settings::APPEND_BYTES_MAX;
use crate::types::{RaftEntry, TypeConfig};

/// An append never carries less, if there is that much: below it the round trips cost more than the bytes.
const BYTES_MIN: usize = 32 * 1024;
/// What an entry weighs beside its payload.
const ENTRY_BYTES: usize = 64;

/// The limit of one peer: halved when an append got no answer in time, doubled again by answers.
#[derive(Debug)]
pub(crate) struct BatchLimit(AtomicUsize);

impl Default for BatchLimit {
    fn default() -> Self {
        Self(AtomicUsize::new(APPEND_BYTES_MAX))
    }
}

impl BatchLimit {
    fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// No answer came in time: the next appends carry half. Answers the new limit in bytes.
    pub(crate) fn halve(&self) -> usize {
        let bytes = self.bytes().div_euclid(2).max(BYTES_MIN);
        self.0.store(bytes, Ordering::Relaxed);
        bytes
    }

    /// An append of that many bytes was answered in time: once they came near the limit, it is doubled.
    pub(crate) fn answered(&self, bytes: usize) {
        let limit = self.bytes();
        if limit < APPEND_BYTES_MAX && bytes.saturating_mul(2) >= limit {
            self.0.store(limit.saturating_mul(2).min(APPEND_BYTES_MAX), Ordering::Relaxed);
        }
    }

    /// An append in parts that keep to the limit.
    pub(crate) fn split(
        &self,
        request: AppendEntriesRequest<TypeConfig>,
    ) -> VecDeque<AppendEntriesRequest<TypeConfig>> {
        let limit = self.bytes();
        let AppendEntriesRequest { vote, prev_log_id, entries, leader_commit } = request;
        let part = |prev_log_id, entries| AppendEntriesRequest { vote, prev_log_id, entries, leader_commit };
        let mut parts = VecDeque::with_capacity(1);
        let (mut previous, mut taken, mut bytes) = (prev_log_id, Vec::new(), 0_usize);
        for entry in entries {
            let next = bytes.saturating_add(bytes_of(&entry));
            if next > limit && !taken.is_empty() {
                let last = taken.last().map(|entry: &RaftEntry| entry.log_id);
                parts.push_back(part(previous, std::mem::take(&mut taken)));
                previous = last;
                bytes = 0;
            }
            bytes = bytes.saturating_add(bytes_of(&entry));
            taken.push(entry);
        }
        parts.push_back(part(previous, taken));
        parts
    }
}

fn bytes_of(entry: &RaftEntry) -> usize {
    let payload = match &entry.payload {
        EntryPayload::Normal(proposal) => proposal.0.len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => 0,
    };
    payload.saturating_add(ENTRY_BYTES)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::types::{ProposalBytes, raft_log_id, raft_vote};

    fn id(index: u64) -> store::LogId {
        store::LogId { term: 1, index }
    }

    fn request(sizes: &[usize]) -> AppendEntriesRequest<TypeConfig> {
        let entry = |(place, size): (usize, &usize)| RaftEntry {
            log_id: raft_log_id(id(u64::try_from(place).unwrap().saturating_add(11))),
            payload: EntryPayload::Normal(ProposalBytes(Bytes::from(vec![0; *size]))),
        };
        AppendEntriesRequest {
            vote: raft_vote(store::Vote { term: 1, node: 1, committed: true }),
            prev_log_id: Some(raft_log_id(id(10))),
            entries: sizes.iter().enumerate().map(entry).collect(),
            leader_commit: Some(raft_log_id(id(9))),
        }
    }

    #[test]
    fn parts_follow_one_another_and_keep_to_the_limit() {
        let limit = BatchLimit::default();
        while limit.halve() > BYTES_MIN {}
        assert_eq!(limit.halve(), BYTES_MIN);
        let sizes = [20_000, 20_000, 5_000, 200_000, 100, 100];
        let parts = limit.split(request(&sizes));
        let lengths: Vec<usize> = parts.iter().map(|part| part.entries.len()).collect();
        assert_eq!(lengths, [1, 2, 1, 2]);
        let mut previous = Some(raft_log_id(id(10)));
        for part in parts {
            assert_eq!(part.prev_log_id, previous);
            assert_eq!(part.leader_commit, Some(raft_log_id(id(9))));
            previous = part.entries.last().map(|entry| entry.log_id);
        }
        assert_eq!(previous, Some(raft_log_id(id(16))));
    }

    #[test]
    fn an_append_without_entries_stays_one() {
        let parts = BatchLimit::default().split(request(&[]));
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].prev_log_id, Some(raft_log_id(id(10))));
    }

    #[test]
    fn answers_bring_the_limit_back_only_when_it_was_used() {
        let limit = BatchLimit::default();
        let halved = limit.halve();
        limit.answered(10);
        assert_eq!(limit.bytes(), halved);
        limit.answered(halved);
        assert_eq!(limit.bytes(), APPEND_BYTES_MAX);
        limit.answered(APPEND_BYTES_MAX);
        assert_eq!(limit.bytes(), APPEND_BYTES_MAX);
    }
}
