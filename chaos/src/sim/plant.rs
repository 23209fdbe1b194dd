//! Faults planted into the product, to see that the judges notice.
//!
//! Invariant: each is reachable from the simulator alone; the product has no switch for any of them.

use cluster::Timers;
use store::engine::memory_faults::Plant as StorePlant;

/// A fault that some judge must notice.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, clap::ValueEnum)]
pub enum Plant {
    /// A leader that restarts leads on without an election.
    LeaderRestore,
    /// Flushes say that they are done and do nothing.
    UnsyncedAcknowledgement,
    /// What is on this node is told as linearizable.
    StaleRead,
    /// Some retries are not recognised.
    SkippedDeduplication,
    /// Rows outlive a crash and the applied position does not: entries are applied twice.
    DoubleApply,
    /// Votes and the marks about them are not written.
    ForgottenVote,
    /// Snapshots lack the remembered requests.
    SnapshotLacksRequests,
    /// Snapshots lack some sums.
    SnapshotLacksSums,
    /// Some sums are not written.
    WrongAggregate,
    /// One node now and then does not see a row, as if it went by an order that differs.
    UnevenApply,
    /// An officer's retry is a new request.
    RetryWithNewKey,
    /// Whoever has ever heard of a leader says to be as new as can be.
    ForgottenAge,
    /// Nobody stands for election until a leader was silent for ten seconds.
    SlowElection,
    /// Now and then level and log time are not written.
    ForgottenLevel,
}

impl Plant {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::LeaderRestore,
        Self::UnsyncedAcknowledgement,
        Self::StaleRead,
        Self::SkippedDeduplication,
        Self::DoubleApply,
        Self::ForgottenVote,
        Self::SnapshotLacksRequests,
        Self::SnapshotLacksSums,
        Self::WrongAggregate,
        Self::UnevenApply,
        Self::RetryWithNewKey,
        Self::ForgottenAge,
        Self::SlowElection,
        Self::ForgottenLevel,
    ];

    /// What is wrong with the databases of a node: how their names begin, and what.
    pub(super) fn in_store(self, node: u64) -> Vec<(&'static str, StorePlant)> {
        const VOTE: [u8; 2] = [0, 3];
        const LEDGER: u8 = 0x10;
        const TALLY: u8 = 0x17;
        const AGGREGATE: u8 = 0x19;
        const REQUEST: u8 = 0x1b;
        match self {
            Self::UnsyncedAcknowledgement => vec![("log", StorePlant::LyingFlush(20))],
            Self::SkippedDeduplication => vec![("state", StorePlant::Hides(vec![REQUEST], 1))],
            Self::DoubleApply => vec![("state", StorePlant::Tears(vec![0]))],
            Self::ForgottenVote => vec![("log", StorePlant::Drops(VOTE.to_vec(), 1))],
            Self::SnapshotLacksRequests => vec![("state", StorePlant::Omits(vec![REQUEST]))],
            Self::SnapshotLacksSums => vec![("state", StorePlant::Omits(vec![AGGREGATE]))],
            Self::WrongAggregate => vec![("state", StorePlant::Drops(vec![AGGREGATE], 211))],
            Self::ForgottenLevel => vec![("state", StorePlant::Drops(vec![LEDGER], 5))],
            Self::UnevenApply if node == 2 => vec![("state", StorePlant::Hides(vec![TALLY], 97))],
            Self::UnevenApply
            | Self::LeaderRestore
            | Self::StaleRead
            | Self::RetryWithNewKey
            | Self::ForgottenAge
            | Self::SlowElection => Vec::new(),
        }
    }

    /// The judge whose promise it breaks: whoever else notices it, this one must.
    pub(super) const fn judge(self) -> &'static str {
        match self {
            Self::UnsyncedAcknowledgement => "acknowledged",
            Self::LeaderRestore | Self::StaleRead => "linearizability",
            Self::RetryWithNewKey => "exactly-once",
            // Some nodes still remember the request, others do not.
            Self::SkippedDeduplication | Self::DoubleApply | Self::UnevenApply => "equality",
            Self::WrongAggregate => "sums",
            Self::ForgottenVote => "agreement",
            // The store looks at a received snapshot before it goes on with it.
            Self::SnapshotLacksRequests | Self::SnapshotLacksSums => "start",
            Self::ForgottenAge => "age",
            Self::SlowElection => "liveness",
            Self::ForgottenLevel => "level",
        }
    }

    /// What nodes' timers are.
    pub(super) fn timers(self) -> Timers {
        if self == Self::SlowElection {
            return Timers { election_min_ms: 10_000, election_max_ms: 10_500, ..Timers::LAN };
        }
        Timers::LAN
    }

    /// The file about what was flushed would tell on the log.
    pub(super) const fn lies_about_marks(self) -> bool {
        matches!(self, Self::UnsyncedAcknowledgement | Self::ForgottenVote)
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self)
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
