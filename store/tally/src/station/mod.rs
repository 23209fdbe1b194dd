//! Stations, the form a station has in a contest, and the history of that form.
//!
//! Invariant: history only grows. The current row is what its last event says, and only a report or a
//! correction raises the revision.

mod history;

use alloc::string::String;
use alloc::vec::Vec;

use crate::form::Form;
use crate::ids::{AccountId, AttachmentId, FormDigest, LogTime, NodeId};
use crate::region::{Level, StationCode};
use crate::rules::{Flag, RuleSet};

pub use history::{Event, EventKind, Receipt};

/// What kind of place a station is. The numbers are stored and frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum StationKind {
    /// An ordinary station at home.
    Home,
    /// A special location at home, numbered 9xx.
    Special,
    /// A station abroad (TPSLN).
    Tpsln,
    /// A travelling ballot box abroad (kotak suara keliling).
    Ksk,
    /// A postal count abroad.
    Pos,
}

impl StationKind {
    /// All kinds, in the order of their stored numbers.
    pub const ALL: [Self; 5] = [Self::Home, Self::Special, Self::Tpsln, Self::Ksk, Self::Pos];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Home => 0,
            Self::Special => 1,
            Self::Tpsln => 2,
            Self::Ksk => 3,
            Self::Pos => 4,
        }
    }

    /// The kind with that stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Special => "special",
            Self::Tpsln => "tpsln",
            Self::Ksk => "ksk",
            Self::Pos => "pos",
        }
    }

    /// Largest number one box of the form can hold there (rule R03).
    #[must_use]
    pub const fn count_max(self) -> u32 {
        match self {
            Self::Home | Self::Special => 999,
            Self::Tpsln | Self::Ksk => 9_999,
            Self::Pos => 99_999,
        }
    }
}

/// A station as the register has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Station {
    /// Its code.
    pub code: StationCode,
    /// What kind of place it is.
    pub kind: StationKind,
    /// Its name where it has one of its own; else `TPS 001` is said at the edge.
    pub name: Option<String>,
    /// Voters in the register, where known.
    pub registered: Option<u32>,
    /// Log index that defined it.
    pub index: u64,
}

/// State of the form of a station in a contest. `absent` is a row that is not there. Numbers frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TallyState {
    /// Reported or corrected, not checked by anybody.
    Reported,
    /// A second reading agrees.
    Reviewed,
    /// A second reading differs; still counted.
    Disputed,
    /// Left out of the sums, by a rule or by hand.
    Held,
    /// Certified; no correction can change it, only a hold by hand.
    Certified,
}

impl TallyState {
    /// All states, in the order of their stored numbers.
    pub const ALL: [Self; 5] = [Self::Reported, Self::Reviewed, Self::Disputed, Self::Held, Self::Certified];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Reported => 1,
            Self::Reviewed => 2,
            Self::Disputed => 3,
            Self::Held => 4,
            Self::Certified => 5,
        }
    }

    /// The state with that stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Reviewed => "reviewed",
            Self::Disputed => "disputed",
            Self::Held => "held",
            Self::Certified => "certified",
        }
    }

    /// Whether a form in this state adds to the sums.
    #[must_use]
    pub const fn counted(self) -> bool {
        !matches!(self, Self::Held)
    }
}

/// How a form came to be counted (KPU's list). Numbers frozen.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum CountKind {
    /// Reguler.
    #[default]
    Regular,
    /// Penghitungan suara ulang.
    Recount,
    /// Penghitungan suara susulan.
    DelayedCount,
    /// Pemungutan suara ulang.
    Revote,
    /// Pemungutan suara susulan.
    DelayedVote,
    /// Pemungutan suara lanjutan.
    ContinuedVote,
}

impl CountKind {
    /// All kinds, in the order of their stored numbers.
    pub const ALL: [Self; 6] = [
        Self::Regular,
        Self::Recount,
        Self::DelayedCount,
        Self::Revote,
        Self::DelayedVote,
        Self::ContinuedVote,
    ];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Regular => 0,
            Self::Recount => 1,
            Self::DelayedCount => 2,
            Self::Revote => 3,
            Self::DelayedVote => 4,
            Self::ContinuedVote => 5,
        }
    }

    /// The kind with that stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Recount => "recount",
            Self::DelayedCount => "delayed_count",
            Self::Revote => "revote",
            Self::DelayedVote => "delayed_vote",
            Self::ContinuedVote => "continued_vote",
        }
    }
}

/// What an officer hands in: a form and what stands beside it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Submission {
    /// The form.
    pub form: Form,
    /// Rules whose violation the officer confirms as being so on paper.
    pub confirm: RuleSet,
    /// Why, in the officer's words.
    pub reason: Option<String>,
    /// Photos of the form.
    pub attachments: Vec<AttachmentId>,
    /// Nodes that had every one of them on disk before this was proposed. The rules do not look at it: whoever
    /// admits the proposal does.
    pub holders: Vec<NodeId>,
    /// When the form was read, as the officer's device has it.
    pub observed_at: Option<LogTime>,
    /// How the form came to be counted.
    pub count_kind: CountKind,
}

/// A second reading that differs from the form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reading {
    /// Who read it.
    pub account: AccountId,
    /// What they read.
    pub form: Form,
    /// Its digest.
    pub digest: FormDigest,
}

/// How often a form was read, by different accounts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Readings {
    /// By its author only.
    One,
    /// By another account too, and alike.
    Agreed,
    /// By another account too, and differently; until it is decided who is right.
    Differ(Reading),
}

impl Readings {
    /// The reading that differs from the form, if one does.
    #[must_use]
    pub const fn differing(&self) -> Option<&Reading> {
        match self {
            Self::One | Self::Agreed => None,
            Self::Differ(reading) => Some(reading),
        }
    }
}

/// The current form of a station in a contest. Its state follows from the facts beside it, see [`Tally::settled`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tally {
    /// State of the form.
    pub state: TallyState,
    /// Whether it is held by hand; such a hold outlives a correction.
    pub held_by_hand: bool,
    /// Whether it is held by a rule, or was when it was accepted and nobody has released it since.
    pub held_by_rule: bool,
    /// How often the form was read, and whether alike.
    pub readings: Readings,
    /// The highest level that certified it. Kept while it is held; gone with a correction.
    pub certified: Option<Level>,
    /// Whether a correction waits for a second person's approval (R27).
    pub approval_pending: bool,
    /// Whose reading the form is.
    pub author: AccountId,
    /// 1 for the first report, one more with each correction.
    pub revision: u32,
    /// Events in the history; the last has sequence `events`, the first 1.
    pub events: u32,
    /// The form at this revision.
    pub form: Form,
    /// Its digest.
    pub digest: FormDigest,
    /// What the rules found when it was accepted.
    pub flags: Vec<Flag>,
    /// Log index of the last event.
    pub index: u64,
    /// Log time of the last event.
    pub at: LogTime,
}

impl Tally {
    /// Whether the form asks for attention: a rule is broken, or two readings differ.
    #[must_use]
    pub const fn flagged(&self) -> bool {
        !self.flags.is_empty() || matches!(self.state, TallyState::Disputed)
    }

    /// The state that the facts make: a hold hides all else, then come two readings that differ, a certification, two
    /// readings that agree.
    #[must_use]
    pub const fn state_of_facts(&self) -> TallyState {
        if self.held_by_hand || self.held_by_rule {
            return TallyState::Held;
        }
        match self.readings {
            Readings::Differ(_) => TallyState::Disputed,
            Readings::One | Readings::Agreed if self.certified.is_some() => TallyState::Certified,
            Readings::Agreed => TallyState::Reviewed,
            Readings::One => TallyState::Reported,
        }
    }

    /// The same with the state that the facts make.
    #[must_use]
    pub fn settled(self) -> Self {
        Self { state: self.state_of_facts(), ..self }
    }
}
