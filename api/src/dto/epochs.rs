//! How a cluster's epochs began.

use serde::{Deserialize, Serialize};
use tally::epoch::EpochRecord;
use tally::ids::hex;
use utoipa::ToSchema;

use super::text::time;

/// Answer of `GET /cluster/epochs`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Epochs {
    /// One for each epoch but the first, oldest first.
    pub epochs: Vec<Epoch>,
}

/// How an epoch began.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Epoch {
    /// Its number.
    pub epoch: u64,
    /// `restored` from a backup, or `recovered` from a node that outlived its majority.
    pub cause: String,
    /// When, by the clock of the machine it was done on.
    pub at: String,
    /// The cluster whose history goes on.
    pub from_cluster: String,
    /// The epoch that ended.
    pub from_epoch: u64,
    /// The node whose data it was.
    pub from_node: u64,
    /// Index of the last entry kept.
    pub from_index: u64,
    /// Its term.
    pub from_term: u64,
    /// Last index that the node knew to be committed.
    pub from_committed: u64,
    /// State hash at `from_index`, 32 hexadecimal digits.
    pub from_hash: String,
    /// The voters that were given up.
    pub given_up: Vec<u64>,
}

impl Epochs {
    /// In the words of the contract.
    #[must_use]
    pub fn of(records: Vec<(u64, EpochRecord)>) -> Self {
        let epoch = |(epoch, record): (u64, EpochRecord)| Epoch {
            epoch,
            cause: record.cause.name().to_owned(),
            at: time(record.at),
            from_cluster: hex(&record.cluster),
            from_epoch: record.epoch,
            from_node: record.node.0,
            from_index: record.index,
            from_term: record.term,
            from_committed: record.committed,
            from_hash: hex(&record.hash.to_be_bytes()),
            given_up: record.given_up.iter().map(|node| node.0).collect(),
        };
        Self { epochs: records.into_iter().map(epoch).collect() }
    }
}
