//! What a rule says of a form.

use alloc::vec::Vec;
use core::fmt;

use crate::form::Field;

/// Number of a rule: `R07` is 7. Stored and frozen. 1 to 63.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RuleId(u8);

impl RuleId {
    /// A rule by its number; `None` outside 1 to 63.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= 63 { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Reads `R07`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('R').filter(|digits| digits.len() == 2)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::new(digits.parse().ok()?)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "R{:02}", self.0)
    }
}

/// A set of rules, as bits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RuleSet(pub u64);

impl RuleSet {
    /// The set with one rule more.
    #[must_use]
    pub const fn with(self, rule: RuleId) -> Self {
        Self(self.0 | (1 << rule.0))
    }

    /// Whether a rule is in it.
    #[must_use]
    pub const fn contains(self, rule: RuleId) -> bool {
        self.0 & (1 << rule.0) != 0
    }
}

impl FromIterator<RuleId> for RuleSet {
    fn from_iter<I: IntoIterator<Item = RuleId>>(rules: I) -> Self {
        rules.into_iter().fold(Self::default(), Self::with)
    }
}

/// What a broken rule leads to. Ordered from mild to severe; numbers frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Counted and flagged (TANDAI).
    Note,
    /// Refused until fixed or confirmed (KONFIRMASI).
    Confirm,
    /// Stored, left out of the sums until released (TAHAN).
    Hold,
}

impl Severity {
    /// All severities, in the order of their stored numbers.
    pub const ALL: [Self; 3] = [Self::Note, Self::Confirm, Self::Hold];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Confirm => 2,
            Self::Hold => 3,
        }
    }

    /// The severity with that stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.number() == number)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Confirm => "confirm",
            Self::Hold => "hold",
        }
    }
}

/// One broken rule, at its highest severity, with all the boxes it concerns.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flag {
    /// The rule.
    pub rule: RuleId,
    /// What it leads to.
    pub severity: Severity,
    /// The boxes, in ascending order, each once.
    pub fields: Vec<Field>,
}
