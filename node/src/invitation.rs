//! The file that brings a new node and a cluster together (design 9.2): where to ask, whom to trust, what to show.
//!
//! Invariant: whoever holds the file may become one node of the cluster, once, until it expires; so it is readable by
//! its owner only and never holds a key.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::durable::{self, Access};
use crate::failure::Failure;
use crate::text;
use crate::tls::identity::cluster_from_hex;

/// The format that this release writes and reads.
const FORMAT: u32 = 1;
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;

/// See the module.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationFile {
    /// Format of the file.
    pub format: u32,
    /// Identifier of the cluster.
    pub cluster: String,
    /// Whether it is for a node that only reads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edge: bool,
    /// Officer URL of the node that waits for the request.
    pub officer_url: String,
    /// What the new node shows.
    pub secret: String,
    /// Certificate of the cluster's authority (PEM).
    pub authority: String,
}

impl InvitationFile {
    /// A new invitation with a secret of its own.
    pub fn new(cluster: String, edge: bool, officer_url: String, authority: String) -> Result<Self, Failure> {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(|error| Failure::failed(error.to_string()))?;
        Ok(Self { format: FORMAT, cluster, edge, officer_url, secret: tally::ids::hex(&secret), authority })
    }

    /// Writes it where only the owner reads it.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        let shown = path.display();
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| Failure::failed(error.to_string()))?;
        durable::write(path, &bytes, Access::Owner).map_err(|error| {
            Failure::failed(text!("{shown}: tidak dapat ditulis: {error}", "{shown}: cannot write: {error}"))
        })
    }

    /// Reads it.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let wrong = |fault: String| {
            Failure::usage(text!(
                "{shown}: bukan undangan ({fault}); buat dengan `rakit node invite`",
                "{shown}: not an invitation ({fault}); make one with `rakit node invite`"
            ))
        };
        let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let file: Self = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if file.format != FORMAT {
            return Err(wrong(format!("format {}", file.format)));
        }
        // Found now, not when a number was used up for it.
        file.cluster().ok_or_else(|| wrong(format!("cluster {:?}", file.cluster)))?;
        Ok(file)
    }

    /// Identifier of the cluster.
    #[must_use]
    pub fn cluster(&self) -> Option<[u8; 16]> {
        cluster_from_hex(&self.cluster)
    }
}
