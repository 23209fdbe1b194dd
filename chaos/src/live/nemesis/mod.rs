//! What is done to a cluster: one kind of fault, one file.
//!
//! Invariant: when a strike returns, the processes it hit are gone and nothing of them writes any more; but for a pause
//! and a full disk, which a process may live through.

mod fill;
mod hang;
mod kill;
mod pause;
mod power;

use std::time::Duration;

use super::Trouble;
use super::fleet::Fleet;

/// A fault of the `crash` scenario.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, clap::ValueEnum)]
pub enum Fault {
    /// One node is killed; its disk keeps what the kernel had taken.
    KillOne,
    /// All nodes are killed at once.
    KillAll,
    /// One node loses power, and all it had not flushed.
    CutOne,
    /// All nodes lose power at once.
    CutAll,
    /// The disk of the leader hangs: no flush of it returns.
    HangLeader,
    /// The leader is stopped for ten seconds and goes on.
    PauseLeader,
    /// The disk of one node is full to the last byte for a while.
    FillOne,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::KillOne,
        Self::KillAll,
        Self::CutOne,
        Self::CutAll,
        Self::HangLeader,
        Self::PauseLeader,
        Self::FillOne,
    ];
    /// Those of a run that names none: half of them power losses.
    pub const CRASHES: [Self; 4] = [Self::KillOne, Self::KillAll, Self::CutOne, Self::CutAll];

    /// What it is called in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KillOne => "kill one",
            Self::KillAll => "kill all",
            Self::CutOne => "power loss of one",
            Self::CutAll => "power loss of all",
            Self::HangLeader => "hang of the leader",
            Self::PauseLeader => "pause of the leader",
            Self::FillOne => "full disk of one",
        }
    }

    /// Whether it takes the power.
    #[must_use]
    pub const fn is_power_loss(self) -> bool {
        matches!(self, Self::CutOne | Self::CutAll)
    }

    /// Whether it needs disks of the nodes' own.
    #[must_use]
    pub const fn needs_disks(self) -> bool {
        self.is_power_loss() || matches!(self, Self::FillOne)
    }

    /// Whether it is meant for the node that leads.
    #[must_use]
    pub const fn is_for_leader(self) -> bool {
        matches!(self, Self::HangLeader | Self::PauseLeader)
    }

    /// Whether it hits every node.
    #[must_use]
    pub const fn is_total(self) -> bool {
        matches!(self, Self::KillAll | Self::CutAll)
    }

    /// Strikes those nodes. `disk_first` lets the disk fail under the running process before it dies: then the node
    /// must not acknowledge what it cannot flush. Answers how long it took until another node led, where one had to.
    pub(super) async fn strike(
        self,
        fleet: &mut Fleet,
        targets: &[usize],
        disk_first: bool,
    ) -> Result<Option<Duration>, Trouble> {
        match self {
            Self::KillOne | Self::KillAll => kill::strike(fleet, targets),
            Self::CutOne | Self::CutAll => power::strike(fleet, targets, disk_first)?,
            Self::HangLeader => return hang::strike(fleet, targets).await.map(Some),
            Self::PauseLeader => pause::strike(fleet, targets).await?,
            Self::FillOne => fill::strike(fleet, targets).await?,
        }
        Ok(None)
    }
}
