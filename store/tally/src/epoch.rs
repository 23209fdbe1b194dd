//! How a history went on after a disaster: one record an epoch, readable for ever.
//!
//! Invariant: no command makes or changes such a record. It is written into the rows that a new epoch begins
//! with, so that every node of that epoch has it, and it is hashed like all rows.

use alloc::vec::Vec;

use crate::ids::{LogTime, NodeId};

/// Why a new epoch began.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EpochCause {
    /// A new cluster was made from a backup.
    Restored,
    /// The voters' majority was lost, and one node's data became a cluster of its own.
    Recovered,
}

impl EpochCause {
    /// The stored number. Frozen.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Restored => 1,
            Self::Recovered => 2,
        }
    }

    /// The cause with that stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Restored, Self::Recovered].into_iter().find(|cause| cause.number() == number)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Recovered => "recovered",
        }
    }
}

/// What a new epoch began with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EpochRecord {
    /// Why.
    pub cause: EpochCause,
    /// When, by the clock of the machine it was done on.
    pub at: LogTime,
    /// The cluster whose history goes on here.
    pub cluster: [u8; 16],
    /// The epoch that ended.
    pub epoch: u64,
    /// The node whose data it was.
    pub node: NodeId,
    /// Index of the last entry kept.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// Last index that the node knew to be committed; what is between it and `index` was kept all the same.
    pub committed: u64,
    /// State hash at `index`, before anything was changed.
    pub hash: u128,
    /// The voters that were given up; none for a restored backup.
    pub given_up: Vec<NodeId>,
}
