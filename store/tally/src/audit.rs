//! The audit log: every change of rights or master data and every event of security, beside what forms went through.
//!
//! Invariant: a line is written in the decision that it tells of, or not at all, and is never changed. It holds numbers
//! and names, no secrets and no wording.

use alloc::string::String;

use crate::account::{Role, Scope};
use crate::command::Principal;
use crate::complaint::{ComplaintKind, ComplaintVerdict};
use crate::ids::{AccountId, ContestId, LogTime, NodeId};
use crate::region::StationCode;

/// An address of the Internet: IPv6, or IPv4 mapped into it.
pub type Address = [u8; 16];

/// Who did something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Actor {
    /// The system itself.
    System,
    /// An operator at the ops listener.
    Operator,
    /// An account.
    Account(AccountId),
    /// Somebody without one.
    Public,
}

impl Actor {
    /// The actor behind a principal.
    #[must_use]
    pub const fn of(principal: Principal) -> Self {
        match principal {
            Principal::System => Self::System,
            Principal::Operator => Self::Operator,
            Principal::Session { account, .. } => Self::Account(account),
            Principal::Public => Self::Public,
        }
    }
}

/// What an account is after a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountChange {
    /// Its name.
    pub username: String,
    /// Its role.
    pub role: Role,
    /// Its scope.
    pub scope: Scope,
    /// Whether it may sign in.
    pub active: bool,
    /// Whether it is new.
    pub created: bool,
    /// Whether it got another password or a code.
    pub credential: bool,
}

/// Something that a node saw and did not let pass. Numbers frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Sighting {
    /// A credential was wrong.
    SignInFailed,
    /// Too many credentials were tried: nobody looked at them any more.
    SignInBlocked,
    /// An account asked for what its role or scope does not allow.
    Denied,
    /// An account wrote more than its limit allows (R30).
    TooMany,
}

impl Sighting {
    /// All sightings, in the order of their stored numbers.
    pub const ALL: [Self; 4] = [Self::SignInFailed, Self::SignInBlocked, Self::Denied, Self::TooMany];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::SignInFailed => 1,
            Self::SignInBlocked => 2,
            Self::Denied => 3,
            Self::TooMany => 4,
        }
    }

    /// The sighting with that stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|sighting| sighting.number() == number)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInFailed => "sign_in_failed",
            Self::SignInBlocked => "sign_in_blocked",
            Self::Denied => "denied",
            Self::TooMany => "too_many",
        }
    }
}

/// Equal sightings of a few seconds, put together so that a flood cannot fill the log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Observation {
    /// What was seen.
    pub sighting: Sighting,
    /// The name that was given, shortened to what a name can have.
    pub username: String,
    /// Where it came from.
    pub address: Address,
    /// How often.
    pub count: u32,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AuditEvent {
    /// The cluster was founded.
    Founded,
    /// The feature level was raised.
    LevelRaised(u32),
    /// A node number was taken.
    NodeAllocated(NodeId),
    /// Regions were defined.
    RegionsDefined {
        /// New ones.
        created: u32,
        /// Renamed ones.
        changed: u32,
    },
    /// Stations were defined.
    StationsDefined {
        /// New ones.
        created: u32,
        /// Changed ones.
        changed: u32,
    },
    /// A contest was defined.
    ContestDefined(ContestId),
    /// An account was made or changed.
    AccountDefined(AccountChange),
    /// An account signed in.
    SignedIn {
        /// Whose session it is.
        account: AccountId,
        /// From where, if known.
        address: Option<Address>,
        /// Whether by a one-time code.
        by_code: bool,
    },
    /// The actor signed out.
    SignedOut,
    /// The actor chose another password.
    PasswordChanged,
    /// The actor set a second factor up, or took it away.
    SecondFactor {
        /// Whether there is one now.
        enabled: bool,
    },
    /// All sessions of an account were ended.
    SessionsEnded {
        /// Whose.
        account: AccountId,
    },
    /// A node saw something.
    Observed(Observation),
    /// Somebody said that a form is wrong.
    Complained {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The complaint's number.
        number: u32,
        /// What it is about.
        kind: ComplaintKind,
    },
    /// A complaint was answered.
    ComplaintAnswered {
        /// The contest.
        contest: ContestId,
        /// The station.
        station: StationCode,
        /// The complaint's number.
        number: u32,
        /// What was decided.
        verdict: ComplaintVerdict,
    },
}

/// A line of the audit log; its place in the Raft log is its key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditRecord {
    /// Log time.
    pub at: LogTime,
    /// Who did it.
    pub actor: Actor,
    /// What happened.
    pub event: AuditEvent,
}
