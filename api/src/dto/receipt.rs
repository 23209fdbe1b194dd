//! Receipts on the wire.

use serde::{Deserialize, Serialize};
use tally::ids::hex;
use tally::station;
use utoipa::ToSchema;

use super::text::time;

/// Proof for the officer that a form is kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Receipt {
    /// The contest.
    pub contest: String,
    /// The station.
    pub station: String,
    /// Revision of the form.
    pub revision: u32,
    /// Log index.
    pub index: u64,
    /// Term.
    pub term: u64,
    /// Log time.
    pub at: String,
    /// Digest of the form, hexadecimal.
    pub digest: String,
    /// Position among all accepted revisions, from 0.
    pub leaf_index: u64,
    /// Signed checkpoint; null until there is a Merkle log.
    #[schema(required)]
    pub checkpoint: Option<String>,
    /// Node that proposed it.
    pub node: u64,
}

impl From<&station::Receipt> for Receipt {
    fn from(receipt: &station::Receipt) -> Self {
        Self {
            contest: receipt.contest.to_string(),
            station: receipt.station.to_string(),
            revision: receipt.revision,
            index: receipt.index,
            term: receipt.term,
            at: time(receipt.at),
            digest: hex(&receipt.digest.0),
            leaf_index: receipt.leaf_index,
            checkpoint: None,
            node: receipt.node.0,
        }
    }
}
