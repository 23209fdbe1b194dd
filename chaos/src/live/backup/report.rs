//! What a run of `backup` came to.

use std::fmt;

/// A run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Writes acknowledged in all.
    pub acknowledged: u64,
    pub(super) backup_index: u64,
    /// Nodes that remembered the state hash of that index, which was the backup's.
    pub(super) hashes: u32,
    /// Writes up to the backup's index, each found in the restored cluster and no others.
    pub(super) restored: u64,
    /// What the plan of recovery said, and writes up to there and beyond.
    pub(super) kept_through: u64,
    pub(super) kept: u64,
    pub(super) lost: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "backup at index {}: {} writes in the restored cluster, as acknowledged; {} nodes remember that index, with its hash",
            self.backup_index, self.restored, self.hashes
        )?;
        writeln!(
            formatter,
            "two of three destroyed: kept through {}: {} writes there as acknowledged, {} lost, all of them announced",
            self.kept_through, self.kept, self.lost
        )?;
        writeln!(formatter, "{} writes acknowledged", self.acknowledged)
    }
}
