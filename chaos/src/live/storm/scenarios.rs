//! Scenarios: which faults, and how much of what must have happened for a run to say anything.
//!
//! Invariant: a run in which too little happened proves nothing, and says so.

use super::strikes::Kind;

/// A scenario of `rakit-chaos live`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Scenario {
    /// The leader is killed again and again, now and then another node, or all.
    Kills,
    /// Nodes are stopped and go on.
    Pauses,
    /// Lines are cut: both ways, one way, around the leader, into halves, rings and bridges.
    Partitions,
    /// Lines are slow, thin, come and go, or are reset.
    BadLines,
    /// Leadership is handed over again and again.
    HandOvers,
    /// All of it in turn.
    Mixed,
}

impl Scenario {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Kills, Self::Pauses, Self::Partitions, Self::BadLines, Self::HandOvers, Self::Mixed];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kills => "kills",
            Self::Pauses => "pauses",
            Self::Partitions => "partitions",
            Self::BadLines => "bad-lines",
            Self::HandOvers => "hand-overs",
            Self::Mixed => "mixed",
        }
    }

    /// What it does, in a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Kills => "kill -9 of the leader, of others, of all",
            Self::Pauses => "nodes are stopped for up to 2.5 s and go on",
            Self::Partitions => "cut lines: both ways, one way, minority, bridge, ring",
            Self::BadLines => "lines that are slow, thin, come and go, or are reset",
            Self::HandOvers => "planned hand-overs, one after the other",
            Self::Mixed => "all of these in turn",
        }
    }

    /// Its faults; one that stands twice comes twice as often.
    pub(super) fn kinds(self) -> Vec<Kind> {
        match self {
            Self::Kills => {
                let mut kinds = vec![Kind::KillLeader; 7];
                kinds.extend([Kind::KillOne, Kind::KillOne, Kind::KillAll]);
                kinds
            }
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
            Self::BadLines => vec![Kind::Slow, Kind::Thin, Kind::Flap, Kind::Reset],
            Self::HandOvers => vec![Kind::HandOver],
            Self::Mixed => {
                let parts = [Self::Kills, Self::Pauses, Self::Partitions, Self::BadLines, Self::HandOvers];
                let mut kinds: Vec<Kind> = parts.into_iter().flat_map(Self::kinds).collect();
                kinds.sort_unstable();
                kinds.dedup();
                kinds
            }
        }
    }

    /// Least strikes and acknowledged writes of a run of so many seconds that says anything.
    #[must_use]
    pub fn least(self, seconds: u64) -> (usize, u64) {
        let strikes = usize::try_from(seconds.div_euclid(8)).unwrap_or(usize::MAX);
        (strikes.max(1), seconds.saturating_mul(20))
    }
}
