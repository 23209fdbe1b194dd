//! Accounts, their rights, and their sessions.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::audit::Address;
use crate::ids::{AccountId, LogTime, RequestKey, SessionId};
use crate::region::{RegionCode, StationCode};

/// What an account may do. Numbers frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Everything.
    SuperAdmin,
    /// Accounts and master data within scope.
    Admin,
    /// Certify, hold, release, approve within scope.
    Certifier,
    /// Second reading within scope.
    Reviewer,
    /// Report and correct, own stations.
    Officer,
    /// Read all, audit log.
    Auditor,
}

impl Role {
    /// All roles, in the order of their stored numbers.
    pub const ALL: [Self; 6] =
        [Self::SuperAdmin, Self::Admin, Self::Certifier, Self::Reviewer, Self::Officer, Self::Auditor];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::SuperAdmin => 1,
            Self::Admin => 2,
            Self::Certifier => 3,
            Self::Reviewer => 4,
            Self::Officer => 5,
            Self::Auditor => 6,
        }
    }

    /// The role with that stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::Admin => "admin",
            Self::Certifier => "certifier",
            Self::Reviewer => "reviewer",
            Self::Officer => "officer",
            Self::Auditor => "auditor",
        }
    }

    /// The role with that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether the role may make and change accounts of another role. An admin's are those that work on forms.
    #[must_use]
    pub const fn governs(self, other: Self) -> bool {
        match self {
            Self::SuperAdmin => true,
            Self::Admin => matches!(other, Self::Officer | Self::Reviewer | Self::Certifier),
            Self::Certifier | Self::Reviewer | Self::Officer | Self::Auditor => false,
        }
    }

    /// Whether the role may report and correct forms.
    #[must_use]
    pub const fn reports(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Officer)
    }

    /// Whether the role may hold, release, certify and approve forms.
    #[must_use]
    pub const fn certifies(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Certifier)
    }

    /// Whether the role may answer complaints.
    #[must_use]
    pub const fn answers(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Admin | Self::Certifier | Self::Reviewer)
    }

    /// Whether the role may read a form a second time.
    #[must_use]
    pub const fn reviews(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Reviewer)
    }
}

/// Where an account may act: below a region, or at one station.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Scope {
    /// A region and all below it.
    Region(RegionCode),
    /// One station.
    Station(StationCode),
}

impl Scope {
    /// Reads a region code (`0` for everywhere) or a station code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        RegionCode::parse(text).map(Self::Region).or_else(|| StationCode::parse(text).map(Self::Station))
    }

    /// Whether a station lies in it.
    #[must_use]
    pub fn covers(self, station: StationCode) -> bool {
        match self {
            Self::Region(region) => region.contains(station.village()),
            Self::Station(own) => own == station,
        }
    }

    /// Whether a whole region lies in it.
    #[must_use]
    pub fn covers_region(self, region: RegionCode) -> bool {
        match self {
            Self::Region(own) => own.contains(region),
            Self::Station(_) => false,
        }
    }

    /// Whether all of another scope lies in it.
    #[must_use]
    pub fn covers_scope(self, other: Self) -> bool {
        match other {
            Self::Region(region) => self.covers_region(region),
            Self::Station(station) => self.covers(station),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(region) => region.fmt(formatter),
            Self::Station(station) => station.fmt(formatter),
        }
    }
}

/// Longest user name, in bytes.
pub const USERNAME_BYTES_MAX: usize = 64;

/// Fewest bytes of a second factor's secret (RFC 4226, 4: 128 bits).
pub const SECRET_BYTES_MIN: usize = 16;
/// Most bytes of a second factor's secret.
pub const SECRET_BYTES_MAX: usize = 64;

/// The first use of a one-time code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CodeUse {
    /// The attempt that used it: the client's key, so that a lost answer can be asked for again.
    pub attempt: RequestKey,
    /// The session it opened last.
    pub session: SessionId,
    /// Log time of the first use.
    pub at: LogTime,
}

/// A one-time code, which its holder got on paper.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ActivationCode {
    /// SHA-256 over the name and the code. Codes have 80 random bits: nothing slower is needed.
    pub digest: [u8; 32],
    /// Its use, if it was used.
    pub used: Option<CodeUse>,
}

/// A second factor: codes of six digits that change every 30 s (RFC 6238).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecondFactor {
    /// The secret that is shared with the holder's device.
    pub secret: Vec<u8>,
    /// Time step of the last code that was used; older ones are dead.
    pub last_step: u64,
}

/// An account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its name: 1 to 64 of `a-z`, `0-9`, `.`, `-`, `_`.
    pub username: String,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// The argon2id hash in PHC form, once a password was chosen. Opaque here.
    pub password_hash: Option<String>,
    /// The one-time code, if one was given out.
    pub code: Option<ActivationCode>,
    /// The second factor, if one was set up.
    pub second_factor: Option<SecondFactor>,
    /// Whether it may sign in and act.
    pub active: bool,
    /// Sessions opened at this log time or before are dead (password changed or switched off).
    pub sessions_after: LogTime,
}

impl Account {
    /// What [`Self::sessions_after`] must be for all sessions opened so far to be dead, also those of this very
    /// millisecond.
    #[must_use]
    pub fn ending_sessions(&self, now: LogTime) -> LogTime {
        LogTime(now.0.max(self.sessions_after.0.saturating_add(1)))
    }
}

/// Whether a user name has an allowed shape.
#[must_use]
pub fn username_allowed(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    !name.is_empty() && name.len() <= USERNAME_BYTES_MAX && name.bytes().all(allowed)
}

/// A session. Closing it deletes the row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// When it was opened, in log time.
    pub opened_at: LogTime,
    /// When it ends, in log time, whatever happens.
    pub expires_at: LogTime,
    /// It ends too when it was not used for so long, in milliseconds.
    pub idle_ms: u64,
    /// When it was last known to be used, in log time: late by at most an eighth of `idle_ms`.
    pub seen_at: LogTime,
    /// Where it was opened from, if known.
    pub address: Option<Address>,
}

impl Session {
    /// Whether it is not over at a log time. The account may still be switched off.
    #[must_use]
    pub const fn alive_at(&self, now: LogTime) -> bool {
        now.0 < self.expires_at.0 && now.0 < self.seen_at.0.saturating_add(self.idle_ms)
    }

    /// Whether its use should be written down.
    #[must_use]
    pub const fn unseen_at(&self, now: LogTime) -> bool {
        now.0.saturating_sub(self.seen_at.0) >= self.idle_ms / 8
    }
}
