//! Scenarios: which faults, and how much of what must have happened for a run to say anything.
//!
//! Invariant: a run in which too little happened proves nothing, and says so.

use super::strikes::Kind;

/// A scenario of `rakit-chaos live`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Scenario {
    /// The leader is killed again and again, now and then another node, all, or all but one.
    Kills,
    /// All nodes but one are killed, and the one goes on for readers.
    Survivors,
    /// Nodes are stopped and go on.
    Pauses,
    /// Lines are cut: both ways, one way, around the leader, into halves, rings and bridges.
    Partitions,
    /// The same between hosts of their own, where the kernel drops packets: no line ends, nobody is told; some only lose.
    Hosts,
    /// Lines are slow, thin, come and go, or are reset.
    BadLines,
    /// Leadership is handed over again and again.
    HandOvers,
    /// Disks lose power, are full, hang; where the machine allows that.
    Disks,
    /// What operators do, and what happens to them: hand-overs, roll-outs, wrong clocks, a new authority, backups,
    /// a flood of readers.
    Operators,
    /// All of it in turn.
    Mixed,
}

impl Scenario {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Kills,
        Self::Survivors,
        Self::Pauses,
        Self::Partitions,
        Self::Hosts,
        Self::BadLines,
        Self::HandOvers,
        Self::Disks,
        Self::Operators,
        Self::Mixed,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kills => "kills",
            Self::Survivors => "survivors",
            Self::Pauses => "pauses",
            Self::Partitions => "partitions",
            Self::Hosts => "hosts",
            Self::BadLines => "bad-lines",
            Self::HandOvers => "hand-overs",
            Self::Disks => "disks",
            Self::Operators => "operators",
            Self::Mixed => "mixed",
        }
    }

    /// What it does, in a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Kills => "kill -9 of the leader, of others, of all, of all but one",
            Self::Survivors => "kill -9 of all but one, which goes on for readers",
            Self::Pauses => "nodes are stopped for up to 2.5 s and go on",
            Self::Partitions => "cut lines: both ways, one way, minority, bridge, ring",
            Self::Hosts => "the same between network namespaces, with dropped packets; and lossy lines",
            Self::BadLines => "lines that are slow, thin, come and go, or are reset",
            Self::HandOvers => "planned hand-overs, one after the other",
            Self::Disks => "power losses of one and of all, full disks, a hung disk of the leader",
            Self::Operators => {
                "hand-overs, roll-outs, wrong clocks, a new authority; beside them backups and a flood of readers"
            }
            Self::Mixed => "all of these in turn",
        }
    }

    /// Its faults; one that stands twice comes twice as often.
    pub(super) fn kinds(self) -> Vec<Kind> {
        match self {
            Self::Kills => {
                let mut kinds = vec![Kind::KillLeader; 7];
                kinds.extend([Kind::KillOne, Kind::KillOne, Kind::KillAll, Kind::KillMost]);
                kinds
            }
            Self::Survivors => vec![Kind::KillMost],
            Self::Pauses => vec![Kind::PauseLeader, Kind::PauseLeader, Kind::PauseOne],
            Self::Partitions => vec![
                Kind::CutLeader,
                Kind::CutMinority,
                Kind::CutOne,
                Kind::MuteLeader,
                Kind::DeafenLeader,
                Kind::Bridge,
                Kind::Ring,
            ],
            Self::Hosts => {
                let mut kinds = Self::Partitions.kinds();
                kinds.extend([Kind::Flap, Kind::Lossy]);
                kinds
            }
            Self::BadLines => vec![Kind::Slow, Kind::Thin, Kind::Flap, Kind::Reset],
            Self::HandOvers => vec![Kind::HandOver],
            Self::Disks => {
                let mut kinds = vec![Kind::PowerOne; 4];
                kinds.extend([Kind::PowerAll, Kind::PowerAll, Kind::FillOne, Kind::HangLeader]);
                kinds
            }
            Self::Operators => {
                vec![
                    Kind::HandOver,
                    Kind::HandOver,
                    Kind::RollOut,
                    Kind::SkewOne,
                    Kind::SkewLeader,
                    Kind::NewAuthority,
                ]
            }
            Self::Mixed => {
                // Lines between hosts are another machine than lines through doors.
                let others = [Self::Mixed, Self::Hosts];
                let parts = Self::ALL.into_iter().filter(|scenario| !others.contains(scenario));
                let mut kinds: Vec<Kind> = parts.into_iter().flat_map(Self::kinds).collect();
                kinds.sort_unstable();
                kinds.dedup();
                kinds
            }
        }
    }

    /// Of a hundred faults so many have something else beside them.
    pub(super) const fn beside_percent(self) -> u64 {
        match self {
            Self::Operators => 60,
            Self::Mixed => 30,
            Self::Kills
            | Self::Survivors
            | Self::Pauses
            | Self::Partitions
            | Self::Hosts
            | Self::BadLines
            | Self::HandOvers
            | Self::Disks => 0,
        }
    }

    /// Least strikes and acknowledged writes of a run of so many seconds that says anything.
    #[must_use]
    pub fn least(self, seconds: u64) -> (usize, u64) {
        // A hung disk, a roll-out and a new authority take their time, and so do those who ask the one that is left.
        let slow = matches!(self, Self::Disks | Self::Operators | Self::Survivors);
        let seconds_each = if slow { 16 } else { 8 };
        let strikes = usize::try_from(seconds.div_euclid(seconds_each)).unwrap_or(usize::MAX);
        (strikes.max(1), seconds.saturating_mul(20))
    }
}
