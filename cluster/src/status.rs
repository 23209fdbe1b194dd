//! The cluster as this node sees it.
//!
//! Invariant: asking never waits and never fails; what is not known is `None`.

use openraft::ServerState;
use store::Engine;
use tally::ids::NodeId;

use crate::handle::Cluster;
use crate::leadership::matched;
use crate::member::{Member, MemberRole};
use crate::rpc::transfers::SnapshotBytes;
use crate::space::Room;
use crate::types::{members, voters};

/// What a member does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Votes.
    Voter,
    /// Follows, may be promoted.
    Learner,
    /// Follows, serves reads only.
    Edge,
}

/// A member as this node sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MemberStatus {
    /// Who it is.
    pub member: Member,
    /// What it does.
    pub role: Role,
    /// Whether this node has a connection to it, or it acknowledged something lately; always for itself.
    pub reachable: bool,
    /// Last log index known to be on it: the leader knows all, others only themselves and what peers told.
    pub index: Option<u64>,
    /// Release it runs, when it told.
    pub release: Option<String>,
    /// What the room on its disk allows, as it told last.
    pub room: Room,
    /// The entry it lost after acknowledging it, when this node as leader found that out and fenced it.
    pub lost_index: Option<u64>,
    /// Its clock minus this node's when it last told, in milliseconds.
    pub clock_offset_ms: Option<i64>,
}

/// The cluster as this node sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Status {
    /// This node.
    pub node: NodeId,
    /// Its term.
    pub term: u64,
    /// The leader, if known.
    pub leader: Option<NodeId>,
    /// `leader`, `candidate`, `follower`, `learner` or `stopped`.
    pub state: &'static str,
    /// All members, by number.
    pub members: Vec<MemberStatus>,
    /// Last index in the log.
    pub last_index: u64,
    /// Last index known to be committed.
    pub committed: u64,
    /// Last index applied.
    pub applied: u64,
    /// Last index purged from the log.
    pub purged: u64,
    /// Index of the current snapshot.
    pub snapshot: Option<u64>,
    /// See [`Cluster::leader_age_ms`].
    pub leader_age_ms: i64,
    /// See [`Cluster::is_recovered`].
    pub recovered: bool,
    /// See [`Cluster::clock_deviation_ms`].
    pub clock_deviation_ms: Option<i64>,
    /// Items waiting for an answer at this node.
    pub items_in_flight: usize,
}

impl<E: Engine> Cluster<E> {
    /// Proposals refused since the start because the queue before Raft stood still.
    #[must_use]
    pub fn proposals_refused(&self) -> u64 {
        self.inner.admission.queue.refused()
    }

    /// Bytes of snapshots that went out and came in since the start.
    #[must_use]
    pub fn snapshot_bytes(&self) -> SnapshotBytes {
        self.inner.transfers.bytes()
    }

    /// The cluster as this node sees it now.
    #[must_use]
    pub fn status(&self) -> Status {
        let metrics = self.metrics();
        let alive = self.alive();
        let membership = metrics.membership_config.membership();
        let voters = voters(membership);
        let hellos = self.told();
        let myself = self.inner.settings.node;
        let applied = *self.inner.applied.borrow();
        let last_index = metrics.last_log_index.unwrap_or_default();
        let describe = |(id, mut member): (u64, Member)| {
            member.id = NodeId(id);
            let own = member.id == myself;
            let hello = hellos.get(&member.id);
            let role = match member.role {
                MemberRole::Edge => Role::Edge,
                MemberRole::Voter if voters.contains(&id) => Role::Voter,
                MemberRole::Voter => Role::Learner,
            };
            MemberStatus {
                role,
                reachable: own || alive.contains(&id) || self.inner.peers.is_connected(member.id),
                index: if own {
                    Some(last_index)
                } else {
                    matched(&metrics, id).or(hello.map(|told| told.applied))
                },
                release: if own {
                    Some(self.inner.settings.release.clone())
                } else {
                    hello.map(|told| told.release.clone())
                },
                room: self.room_of(member.id),
                lost_index: self.inner.fence.lost(&member),
                clock_offset_ms: if own { Some(0) } else { hello.map(|told| told.clock_offset_ms) },
                member,
            }
        };
        Status {
            node: myself,
            term: metrics.current_term,
            leader: metrics.current_leader.map(NodeId),
            state: state_name(metrics.state),
            members: members(membership).into_iter().map(describe).collect(),
            last_index,
            committed: metrics.local_committed.map_or(0, |id| id.index),
            applied,
            purged: metrics.purged.map_or(0, |id| id.index),
            snapshot: metrics.snapshot.map(|id| id.index),
            leader_age_ms: self.leader_age_ms(),
            recovered: self.is_recovered(),
            clock_deviation_ms: self.clock_deviation_ms(),
            items_in_flight: self.inner.admission.in_flight().0,
        }
    }
}

const fn state_name(state: ServerState) -> &'static str {
    match state {
        ServerState::Learner => "learner",
        ServerState::Follower => "follower",
        ServerState::Candidate => "candidate",
        ServerState::Leader => "leader",
        ServerState::Shutdown => "stopped",
    }
}
