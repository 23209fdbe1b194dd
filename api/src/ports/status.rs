//! The cluster as a node sees it, for operators and the public.
//!
//! Invariant: what is not known is `None`; nothing here waits for anybody.

use tally::ids::NodeId;

/// A member of the cluster as `/status` shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MemberStatus {
    /// Its number.
    pub id: NodeId,
    /// Incarnation of its log, 32 hexadecimal digits.
    pub incarnation: String,
    /// `voter`, `learner` or `edge`.
    pub role: &'static str,
    /// Whether this node reached it lately.
    pub reachable: bool,
    /// Last log index known to be on it, if known.
    pub index: Option<u64>,
    /// Entries it is behind the last one, if known.
    pub lag: Option<u64>,
    /// Release it runs, if known.
    pub release: Option<String>,
    /// What the room on its disk allows: `plenty`, `no-uploads`, `scarce` or `critical`.
    pub disk: &'static str,
    /// Where its peers reach it.
    pub peer_address: String,
    /// Where officers reach it.
    pub officer_url: String,
    /// Where the public reaches it.
    pub public_url: String,
}

/// The cluster as this node sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClusterStatus {
    /// Identifier, 32 hexadecimal digits; zeros until founded.
    pub cluster: String,
    /// Name.
    pub name: String,
    /// Epoch.
    pub epoch: u64,
    /// Feature level.
    pub level: u32,
    /// Term.
    pub term: u64,
    /// Leader, if known.
    pub leader: Option<NodeId>,
    /// This node's view of all members.
    pub nodes: Vec<MemberStatus>,
    /// Log index this node has applied.
    pub index: u64,
    /// Last log index on this node.
    pub last_index: u64,
    /// Last log index this node knows to be committed.
    pub committed: u64,
    /// How long this node's certificates last.
    pub certificates: Vec<CertificateDays>,
    /// Whether the members' states are equal.
    pub equality: Equality,
}

/// Whether states are equal, as this node knows it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Equality {
    /// Why this node's own state is set apart.
    pub quarantine: Option<String>,
    /// Members whose state differs from a majority's or that say so themselves.
    pub differing: Vec<NodeId>,
    /// Newest index at which a majority of the voters have the same state.
    pub agreed: Option<u64>,
    /// Index at which voters differ and no state has a majority.
    pub split: Option<u64>,
    /// Index of the last pass of the scrubber that found nothing.
    pub scrubbed: Option<u64>,
}

/// How long a certificate lasts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CertificateDays {
    /// Which: `authority`, `peer` or `server`.
    pub name: &'static str,
    /// Whole days left; negative once it has ended.
    pub days: i64,
}

/// State hash of this node at an index.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StateHash {
    /// The index.
    pub index: u64,
    /// 32 hexadecimal digits.
    pub hash: String,
}

/// What a node's state summed up to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HashPoints {
    /// The node.
    pub node: NodeId,
    /// Its state hash now.
    pub now: StateHash,
    /// Those it remembers, oldest first.
    pub points: Vec<StateHash>,
    /// What it knows about equality.
    pub equality: Equality,
}
