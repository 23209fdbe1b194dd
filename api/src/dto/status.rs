//! The cluster as everybody may see it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ports::ClusterStatus;

/// Answer of `/status`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Status {
    /// Identifier of the cluster.
    pub cluster: String,
    /// Epoch of its history.
    pub epoch: u64,
    /// Active feature level.
    pub level: u32,
    /// Leader, if known.
    #[schema(required)]
    pub leader: Option<u64>,
    /// The members.
    pub nodes: Vec<Node>,
    /// Log index this node has applied.
    pub index: u64,
}

/// A member.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Node {
    /// Its number.
    pub id: u64,
    /// `voter`, `learner` or `edge`.
    pub role: String,
    /// Whether this node reached it lately.
    pub reachable: bool,
    /// Last log index known to be on it.
    #[schema(required)]
    pub index: Option<u64>,
    /// Entries it is behind.
    #[schema(required)]
    pub lag: Option<u64>,
    /// Release it runs.
    #[schema(required)]
    pub release: Option<String>,
}

impl From<ClusterStatus> for Status {
    fn from(status: ClusterStatus) -> Self {
        let nodes = status.nodes.into_iter().map(|node| Node {
            id: node.id.0,
            role: node.role.to_owned(),
            reachable: node.reachable,
            index: node.index,
            lag: node.lag,
            release: node.release,
        });
        Self {
            cluster: status.cluster,
            epoch: status.epoch,
            level: status.level,
            leader: status.leader.map(|leader| leader.0),
            nodes: nodes.collect(),
            index: status.index,
        }
    }
}
