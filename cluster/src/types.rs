//! The types that openraft is run with, and how they become the store's types and back.
//!
//! Invariant: an entry's bytes are never encoded again between the proposer and any disk: openraft's entry and
//! the store's entry share one [`Bytes`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use openraft::vote::RaftLeaderId as _;
use openraft::vote::leader_id_std;
use store::{LogEntry, Payload};
use tally::outcome::Answer;

use crate::member::Member;
use crate::rpc::wire::{self, WireError};

pub(crate) use crate::executor::Runtime;

openraft::declare_raft_types!(
    /// What openraft is instantiated with. One leader a term, so that a log id is a term and an index.
    pub(crate) TypeConfig:
        D = ProposalBytes,
        R = Answers,
        NodeId = u64,
        Node = Member,
        LeaderId = leader_id_std::LeaderId<u64, u64>,
        AsyncRuntime = Runtime,
);

/// A proposal as `store::codec` wrote it.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct ProposalBytes(pub(crate) Bytes);

impl fmt::Debug for ProposalBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "proposal of {} bytes", self.0.len())
    }
}

impl fmt::Display for ProposalBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// The answers to one entry's items, in their order; none for blanks and memberships.
#[derive(Debug, Default)]
pub(crate) struct Answers(pub(crate) Vec<Answer>);

pub(crate) type RaftVote = openraft::type_config::alias::VoteOf<TypeConfig>;
pub(crate) type RaftLogId = openraft::type_config::alias::LogIdOf<TypeConfig>;
pub(crate) type RaftEntry = openraft::type_config::alias::EntryOf<TypeConfig>;
pub(crate) type RaftMembership = openraft::Membership<u64, Member>;
pub(crate) type RaftStoredMembership = openraft::type_config::alias::StoredMembershipOf<TypeConfig>;
pub(crate) type RaftSnapshotMeta = openraft::type_config::alias::SnapshotMetaOf<TypeConfig>;
pub(crate) type RaftMetrics = openraft::RaftMetrics<TypeConfig>;

/// openraft's log id.
pub(crate) fn raft_log_id(id: store::LogId) -> RaftLogId {
    RaftLogId { leader_id: leader_id_std::CommittedLeaderId::new(id.term), index: id.index }
}

/// The store's log id.
pub(crate) fn store_log_id(id: RaftLogId) -> store::LogId {
    store::LogId { term: id.leader_id.term, index: id.index }
}

/// openraft's vote.
pub(crate) fn raft_vote(vote: store::Vote) -> RaftVote {
    RaftVote { leader_id: leader_id_std::LeaderId::new(vote.term, vote.node), committed: vote.committed }
}

/// The store's vote.
pub(crate) fn store_vote(vote: &RaftVote) -> store::Vote {
    store::Vote { term: vote.leader_id.term, node: vote.leader_id.voted_for, committed: vote.committed }
}

/// The store's entry; only a membership is encoded here, and it is rare.
pub(crate) fn store_entry(entry: RaftEntry) -> LogEntry {
    let payload = match entry.payload {
        openraft::EntryPayload::Blank => Payload::Blank,
        openraft::EntryPayload::Normal(proposal) => Payload::Proposal(proposal.0),
        openraft::EntryPayload::Membership(membership) => {
            Payload::Membership(wire::membership::encode(&membership))
        }
    };
    LogEntry { id: store_log_id(entry.log_id), payload }
}

/// openraft's entry. Fails only when a stored membership cannot be read.
pub(crate) fn raft_entry(entry: LogEntry) -> Result<RaftEntry, WireError> {
    let payload = match entry.payload {
        Payload::Blank => openraft::EntryPayload::Blank,
        Payload::Proposal(bytes) => openraft::EntryPayload::Normal(ProposalBytes(bytes)),
        Payload::Membership(bytes) => openraft::EntryPayload::Membership(wire::membership::decode(&bytes)?),
    };
    Ok(RaftEntry { log_id: raft_log_id(entry.id), payload })
}

/// The voters of a membership, of every configuration that is in force.
pub(crate) fn voters(membership: &RaftMembership) -> BTreeSet<u64> {
    membership.voter_ids().collect()
}

/// The members by number.
pub(crate) fn members(membership: &RaftMembership) -> BTreeMap<u64, Member> {
    membership.nodes().map(|(id, member)| (*id, member.clone())).collect()
}
