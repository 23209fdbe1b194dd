//! How a new cluster comes to be: a plan, left by `rakit init` with the node of the lowest number.
//!
//! Invariant: carrying the plan out is safe at any moment and any number of times: what is done already is seen and
//! left alone, and the plan is removed only when all of it is in the log. Only `rakit init` writes a plan, so a node
//! that lost its data never founds a second history.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tally::ids::hex;

use crate::durable::{self, Access};
use crate::failure::Failure;
use crate::tls::identity::cluster_from_hex;

/// Name of the plan in the founder's data directory.
const FILE: &str = "founding.json";

/// What the founder has to do on its first start.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// Name of the cluster.
    pub name: String,
    /// The first members.
    pub members: Vec<FoundingMember>,
    /// The first administrator.
    pub administrator: Administrator,
}

/// One of the first members.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FoundingMember {
    /// Its number.
    pub id: u64,
    /// Incarnation of its log, 32 hexadecimal digits.
    pub incarnation: String,
    /// Where its peers reach it.
    pub peer_address: String,
    /// Where officers reach it.
    pub officer_url: String,
    /// Where the public reaches it.
    pub public_url: String,
    /// Where operators reach it.
    pub ops_url: String,
}

/// The first administrator.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Administrator {
    /// User name.
    pub username: String,
    /// argon2id hash in PHC form.
    pub password_hash: String,
}

impl Founding {
    /// Leaves the plan with the founder.
    pub fn save(&self, data: &Path) -> Result<(), Failure> {
        let path = data.join(FILE);
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| Failure::failed(error.to_string()))?;
        durable::write(&path, &bytes, Access::Owner).map_err(|error| fault(&path, &error))
    }

    /// The plan, if this node has one to carry out.
    pub fn load(data: &Path) -> Result<Option<Self>, Failure> {
        let path = data.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(&path, &error)),
        };
        let plan: Self = serde_json::from_slice(&bytes).map_err(|error| fault(&path, &error.into()))?;
        let readable = plan.members.iter().all(|member| cluster_from_hex(&member.incarnation).is_some());
        if !readable || plan.members.is_empty() {
            return Err(fault(&path, &io::ErrorKind::InvalidData.into()));
        }
        Ok(Some(plan))
    }

    /// Removes the plan: it is carried out.
    pub fn finished(data: &Path) -> io::Result<()> {
        durable::remove(&data.join(FILE))
    }

    /// The members as the cluster takes them.
    #[must_use]
    pub fn cluster_members(&self) -> Vec<cluster::Member> {
        let members = self.members.iter().map(|member| cluster::Member {
            id: tally::ids::NodeId(member.id),
            role: cluster::MemberRole::Voter,
            incarnation: cluster_from_hex(&member.incarnation).unwrap_or_default(),
            peer_address: member.peer_address.clone(),
            officer_url: member.officer_url.clone(),
            public_url: member.public_url.clone(),
            ops_url: member.ops_url.clone(),
        });
        members.collect()
    }
}

impl FoundingMember {
    /// A member from a node's settings.
    #[must_use]
    pub fn of(id: u64, incarnation: &[u8; 16], listeners: &crate::settings::Listeners) -> Self {
        Self {
            id,
            incarnation: hex(incarnation),
            peer_address: listeners.peer.advertised.clone(),
            officer_url: listeners.officer_url(),
            public_url: listeners.public.url.clone(),
            ops_url: listeners.ops.url.clone(),
        }
    }
}

fn fault(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    Failure::precondition(format!("{shown}: {error}"))
}
