//! Accounts, their rights, and their sessions.

use alloc::string::String;
use core::fmt;

use crate::ids::{AccountId, LogTime, SessionId};
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

    /// Whether the role may report and correct forms.
    #[must_use]
    pub const fn reports(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Officer)
    }

    /// Whether the role may hold and release forms.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Certifier)
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
    /// The argon2id hash in PHC form. Opaque here.
    pub password_hash: String,
    /// Whether it may sign in and act.
    pub active: bool,
    /// Sessions opened at this log time or before are dead (password changed or switched off).
    pub sessions_after: LogTime,
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
}
