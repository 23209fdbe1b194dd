//! Who is in the cluster.
//!
//! Invariant: a number is given out once and stands for one incarnation of one node's log.

use tally::ids::NodeId;

/// What a member may do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MemberRole {
    /// May vote once promoted, take officers' writes and lead.
    #[default]
    Voter,
    /// Reads only: never votes, forwards nothing.
    Edge,
}

/// A member as the membership knows it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Member {
    /// Its number.
    pub id: NodeId,
    /// What it may do.
    pub role: MemberRole,
    /// Which incarnation of its log is meant; another one is refused.
    pub incarnation: [u8; 16],
    /// Where its peers reach it.
    pub peer_address: String,
    /// Where officers reach it.
    pub officer_url: String,
    /// Where the public reaches it.
    pub public_url: String,
    /// Where operators reach it.
    pub ops_url: String,
}
