//! The cluster as operators see it, and what they ask of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tally::ids::NodeId;
use utoipa::ToSchema;

use super::body::{Errors, Object};
use crate::error::Problem;
use crate::ports::{self, ClusterStatus, MemberRequest};

/// Answer of `GET /cluster`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Cluster {
    /// Identifier.
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
    #[schema(required)]
    pub leader: Option<u64>,
    /// The members.
    pub nodes: Vec<Member>,
    /// Log index this node has applied.
    pub index: u64,
    /// Last log index on this node.
    pub last_index: u64,
    /// Last log index known to be committed.
    pub committed: u64,
    /// How long this node's certificates last.
    pub certificates: Vec<CertificateLife>,
    /// Whether the members' states are equal.
    pub equality: Equality,
}

/// Whether states are equal, as the node knows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Equality {
    /// Why the node's own state is set apart: it serves nobody then.
    #[schema(required)]
    pub quarantine: Option<String>,
    /// Members whose state differs from a majority's or that say so themselves.
    pub differing: Vec<u64>,
    /// Newest index at which a majority of the voters have the same state.
    #[schema(required)]
    pub agreed: Option<u64>,
    /// Index at which voters differ and no state has a majority.
    #[schema(required)]
    pub split: Option<u64>,
    /// Index of the last pass of the scrubber that found nothing.
    #[schema(required)]
    pub scrubbed: Option<u64>,
}

/// How long a certificate of a node lasts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct CertificateLife {
    /// `authority`, `peer` or `server`.
    pub name: String,
    /// Whole days left; negative once it has ended.
    pub days: i64,
}

/// A member.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Member {
    /// Its number.
    pub id: u64,
    /// Incarnation of its log, 32 hexadecimal digits.
    pub incarnation: String,
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
    /// What the room on its disk allows: `plenty`, `no-uploads`, `scarce` or `critical`.
    pub disk: String,
    /// Where its peers reach it.
    pub peer_address: String,
    /// Where officers reach it.
    pub officer_url: String,
    /// Where the public reaches it.
    pub public_url: String,
}

/// Body of `POST /cluster/members`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberBody {
    /// Its number, from `POST /cluster/node-numbers`.
    pub id: u64,
    /// Incarnation of its log, 32 hexadecimal digits.
    pub incarnation: String,
    /// `voter`, `learner` or `edge`.
    pub role: String,
    /// Where its peers reach it.
    pub peer_address: String,
    /// Where officers reach it.
    pub officer_url: String,
    /// Where the public reaches it.
    pub public_url: String,
}

/// Answer of `POST /cluster/node-numbers`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct NodeNumber {
    /// The number, given out once.
    pub id: u64,
}

/// Body of `POST /cluster/members/{id}/replace`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplacementBody {
    /// The learner that votes in its place.
    pub by: u64,
}

/// Answer of `POST /cluster/transfer` and `POST /cluster/drain`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Leader {
    /// The leader now.
    pub leader: u64,
}

/// Answer of `POST /cluster/snapshot`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Snapshot {
    /// Log index of the snapshot.
    pub index: u64,
}

/// Body and answer of `POST /cluster/level`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Level {
    /// The feature level.
    pub level: u32,
}

/// Answer of `GET /state-hash`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct StateHash {
    /// Log index.
    pub index: u64,
    /// Hash of the state there, 32 hexadecimal digits.
    pub hash: String,
}

/// Answer of `GET /state-hash/points`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct HashPoints {
    /// The node.
    pub node: u64,
    /// Its state hash now.
    pub now: StateHash,
    /// Those it remembers, oldest first.
    pub points: Vec<StateHash>,
    /// What it knows about equality.
    pub equality: Equality,
}

impl From<ClusterStatus> for Cluster {
    fn from(status: ClusterStatus) -> Self {
        let nodes = status.nodes.into_iter().map(|node| Member {
            id: node.id.0,
            incarnation: node.incarnation,
            role: node.role.to_owned(),
            reachable: node.reachable,
            index: node.index,
            lag: node.lag,
            release: node.release,
            disk: node.disk.to_owned(),
            peer_address: node.peer_address,
            officer_url: node.officer_url,
            public_url: node.public_url,
        });
        Self {
            cluster: status.cluster,
            name: status.name,
            epoch: status.epoch,
            level: status.level,
            term: status.term,
            leader: status.leader.map(|leader| leader.0),
            nodes: nodes.collect(),
            index: status.index,
            last_index: status.last_index,
            committed: status.committed,
            certificates: status
                .certificates
                .iter()
                .map(|end| CertificateLife { name: end.name.to_owned(), days: end.days })
                .collect(),
            equality: status.equality.into(),
        }
    }
}

impl From<ports::Equality> for Equality {
    fn from(equality: ports::Equality) -> Self {
        Self {
            quarantine: equality.quarantine,
            differing: equality.differing.into_iter().map(|node| node.0).collect(),
            agreed: equality.agreed,
            split: equality.split,
            scrubbed: equality.scrubbed,
        }
    }
}

impl From<ports::StateHash> for StateHash {
    fn from(point: ports::StateHash) -> Self {
        Self { index: point.index, hash: point.hash }
    }
}

impl From<ports::HashPoints> for HashPoints {
    fn from(told: ports::HashPoints) -> Self {
        Self {
            node: told.node.0,
            now: told.now.into(),
            points: told.points.into_iter().map(StateHash::from).collect(),
            equality: told.equality.into(),
        }
    }
}

/// Reads the body of `POST /cluster/members`.
pub fn parse_member(value: &Value) -> Result<MemberRequest, Problem> {
    const KEYS: [&str; 6] = ["id", "incarnation", "role", "peer_address", "officer_url", "public_url"];
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &KEYS, &mut errors) else { return errors.finish(None) };
    let id = object.required("id", &mut errors).and_then(Value::as_u64).filter(|id| *id > 0);
    if id.is_none() {
        errors.push("/id", "Harus nomor simpul.");
    }
    let role = object.parsed("role", "Harus voter, learner, atau edge.", &mut errors, |text| {
        ["voter", "learner", "edge"].contains(&text).then(|| text.to_owned())
    });
    let incarnation = object.parsed("incarnation", "Harus 32 angka heksadesimal.", &mut errors, |text| {
        super::text::parse_hex::<16>(text).map(|_| text.to_owned())
    });
    let mut address = |key: &str| object.text(key, &mut errors).map(str::to_owned);
    let (peer, officer, public) = (address("peer_address"), address("officer_url"), address("public_url"));
    let member = id.zip(role).zip(incarnation).zip(peer).zip(officer).zip(public);
    let member = member.map(|(((((id, role), incarnation), peer_address), officer_url), public_url)| {
        MemberRequest { id: NodeId(id), incarnation, role, peer_address, officer_url, public_url }
    });
    errors.finish(member)
}

/// Reads `{"to": n | null}`; an empty object leaves the choice to the cluster.
pub fn parse_transfer(value: &Value) -> Result<Option<NodeId>, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["to"], &mut errors) else { return errors.finish(None) };
    let to = object.optional("to").map(Value::as_u64);
    if to == Some(None) {
        errors.push("/to", "Harus nomor simpul.");
    }
    errors.finish(Some(to.flatten().map(NodeId)))
}

/// Reads `{"by": n}`.
pub fn parse_replacement(value: &Value) -> Result<NodeId, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["by"], &mut errors) else { return errors.finish(None) };
    let by = object.required("by", &mut errors).and_then(Value::as_u64).filter(|id| *id > 0);
    if by.is_none() {
        errors.push("/by", "Harus nomor simpul.");
    }
    errors.finish(by.map(NodeId))
}

/// Reads `{"level": n}`.
pub fn parse_level(value: &Value) -> Result<u32, Problem> {
    let mut errors = Errors::default();
    let level = Object::read(value, "", &["level"], &mut errors)
        .and_then(|object| object.count("level", u32::MAX, &mut errors));
    errors.finish(level)
}
