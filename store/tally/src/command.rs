//! What can be asked of the state, one variant a command.
//!
//! Invariant: a command holds all that its decision needs beyond the rows: no clock is read, no number drawn.

use alloc::string::String;
use alloc::vec::Vec;

use crate::account::{Role, Scope, SecondFactor};
use crate::audit::{Address, Observation};
use crate::complaint::{ComplaintVerdict, NewComplaint};
use crate::contest::Contest;
use crate::form::Form;
use crate::ids::{AccountId, ContestId, Fingerprint, LogTime, NodeId, RequestKey, SessionId};
use crate::region::{Level, RegionCode, StationCode};
use crate::station::{StationKind, Submission};

/// Who asks. Rights are judged against the rows at the log time of the entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Principal {
    /// The system itself: first account, time marks, node numbers; never reachable by a person's request.
    System,
    /// An operator at the ops listener (loopback or a client certificate of this cluster).
    Operator,
    /// An account, through one of its sessions.
    Session {
        /// The account.
        account: AccountId,
        /// The session.
        session: SessionId,
    },
    /// Anybody: no account, no name, nothing that tells one from another.
    Public,
}

impl Principal {
    /// The account in whose name request keys are kept.
    #[must_use]
    pub const fn account(self) -> AccountId {
        match self {
            Self::System | Self::Operator => AccountId::SYSTEM,
            Self::Session { account, .. } => account,
            Self::Public => AccountId::PUBLIC,
        }
    }
}

/// What all items of a proposal share. `proposed_at` and `node` are stamped by the leader, by nobody else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Who asks.
    pub principal: Principal,
    /// The leader that proposed it.
    pub node: NodeId,
    /// The leader's clock.
    pub proposed_at: LogTime,
}

/// Makes a request recognisable when it comes again (promise P2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestIdentity {
    /// The client's key.
    pub key: RequestKey,
    /// What the key was first used for.
    pub fingerprint: Fingerprint,
}

/// One command of a proposal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    /// The request's identity; only housekeeping has none.
    pub request: Option<RequestIdentity>,
    /// The command.
    pub command: Command,
}

/// What one log entry holds. Items are decided in order, each sees what the ones before it did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proposal {
    /// Shared by all items.
    pub header: Header,
    /// The commands.
    pub items: Vec<Item>,
}

/// A region to define or rename.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegionDefinition {
    /// Its code.
    pub code: RegionCode,
    /// Its name.
    pub name: String,
}

/// A station to define or change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StationDefinition {
    /// Its code; the village must be defined before.
    pub code: StationCode,
    /// What kind of place it is.
    pub kind: StationKind,
    /// A name of its own, if any.
    pub name: Option<String>,
    /// Voters in the register, where known.
    pub registered: Option<u32>,
}

/// What an account shall prove itself with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NewCredential {
    /// What it has; of a new account malformed.
    Kept,
    /// A password: its argon2id hash in PHC form.
    Password(String),
    /// A one-time code: SHA-256 over the name and the code.
    Code([u8; 32]),
}

/// What was offered to open a session with, as far as the gateway could check it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Proof {
    /// The hash that the password was checked against; another current hash refuses.
    Password(String),
    /// A one-time code.
    Code {
        /// SHA-256 over the name and the code.
        digest: [u8; 32],
        /// The client's key for the attempt, or a random one.
        attempt: RequestKey,
    },
}

/// An account to define. An existing one gets the new role, scope, credential and activity.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountDefinition {
    /// Its name.
    pub username: String,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// What it proves itself with.
    pub credential: NewCredential,
    /// Whether it may sign in.
    pub active: bool,
}

/// The commands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// Moves log time on; no other effect.
    Mark,
    /// Names the cluster; the first entry of a new history. Refused when a name is set.
    Found {
        /// 128-bit identifier of the cluster.
        cluster: [u8; 16],
        /// Its name.
        name: String,
        /// Epoch, from 1.
        epoch: u64,
        /// First number that a joining node will get.
        next_node: NodeId,
    },
    /// Raises the feature level by one.
    RaiseLevel {
        /// The level wanted.
        level: u32,
    },
    /// Takes the next node number.
    AllocateNode,
    /// Defines or renames regions, parents before children.
    DefineRegions(Vec<RegionDefinition>),
    /// Defines or changes stations.
    DefineStations(Vec<StationDefinition>),
    /// Defines a contest; an equal definition changes nothing, another with the same id is refused.
    DefineContest(Contest),
    /// Defines accounts.
    DefineAccounts(Vec<AccountDefinition>),
    /// Opens a session after the gateway has checked what was offered.
    OpenSession {
        /// The session.
        session: SessionId,
        /// Whose.
        account: AccountId,
        /// What was offered.
        proof: Proof,
        /// Time step of the second factor's code, if one was offered and is right.
        second_factor_step: Option<u64>,
        /// How long it may live, in milliseconds.
        lifetime_ms: u64,
        /// How long it may go unused, in milliseconds.
        idle_ms: u64,
        /// Where it is opened from, if known.
        address: Option<Address>,
    },
    /// Closes the caller's session.
    CloseSession,
    /// Says that the caller's session is in use.
    TouchSession,
    /// Removes sessions that are over.
    ExpireSessions(Vec<SessionId>),
    /// Ends all sessions of an account.
    EndSessions(AccountId),
    /// Puts another password in place of the caller's; all their sessions end.
    SetPassword {
        /// The hash that the old password was checked against; none if there was none.
        before: Option<String>,
        /// The argon2id hash of the new one in PHC form.
        after: String,
    },
    /// Sets up the caller's second factor, after the gateway has checked a code made with it, or takes it away.
    SetSecondFactor(Option<SecondFactor>),
    /// Tells what a node saw and did not let pass.
    Observe(Vec<Observation>),
    /// Reports the first form of a station.
    Report {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The form and what stands beside it.
        submission: Submission,
    },
    /// Puts a form in place of the current one.
    Correct {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The revision the officer saw.
        revision: u32,
        /// The form and what stands beside it.
        submission: Submission,
    },
    /// Takes a form out of the sums.
    Hold {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The revision the caller saw.
        revision: u32,
        /// Why.
        reason: String,
    },
    /// Puts a held form back into the sums.
    Release {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The revision the caller saw.
        revision: u32,
        /// Why.
        reason: String,
    },
    /// Reads the form a second time, independently of who wrote it.
    Review {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The revision the caller saw.
        revision: u32,
        /// What was read.
        form: Form,
    },
    /// Certifies a form at a level.
    Certify {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The revision the caller saw.
        revision: u32,
        /// The level; the caller's own when none is named.
        level: Option<Level>,
        /// Why.
        reason: String,
    },
    /// Approves a correction as the second person (R27).
    Approve {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The revision the caller saw.
        revision: u32,
        /// Why.
        reason: String,
    },
    /// Says that a form is wrong; for everybody.
    Complain {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The revision the caller saw.
        revision: u32,
        /// What is wrong.
        complaint: NewComplaint,
    },
    /// Answers a complaint.
    AnswerComplaint {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The complaint's number.
        number: u32,
        /// What was decided.
        verdict: ComplaintVerdict,
        /// Why.
        text: String,
    },
}

/// Longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 2_000;
/// Most attachments one submission may name.
pub const ATTACHMENTS_MAX: usize = 16;
/// Most regions, stations or accounts that one command defines.
pub const DEFINITIONS_MAX: usize = 20_000;
/// Most sessions that one command removes.
pub const EXPIRED_SESSIONS_MAX: usize = 1_000;
/// Most observations of one command.
pub const OBSERVATIONS_MAX: usize = 200;
/// Largest encoded proposal, in bytes: one log entry.
pub const PROPOSAL_BYTES_MAX: usize = 256 * 1024;
/// Longest name of a region, station, contest or option, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// Longest time between two entries that log time will move on, in milliseconds.
pub const LOG_TIME_STEP_MS_MAX: u64 = 60_000;

/// When an event was proposed, after the rule that log time never goes back and never leaps (9.3).
#[must_use]
pub fn log_time(last: LogTime, proposed_at: LogTime) -> LogTime {
    if last == LogTime::default() {
        return proposed_at;
    }
    LogTime(proposed_at.0.clamp(last.0, last.0.saturating_add(LOG_TIME_STEP_MS_MAX)))
}
