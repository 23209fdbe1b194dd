//! The history of a form: one event a step, and the receipt of it.
//!
//! Invariant: an event is never changed once written, and the last one says what the current row says.

use alloc::string::String;
use alloc::vec::Vec;

use super::{CountKind, TallyState};
use crate::account::Role;
use crate::form::{Field, Form};
use crate::ids::{AccountId, AttachmentId, ContestId, FormDigest, LogTime, NodeId};
use crate::region::{Level, StationCode};
use crate::rules::{Flag, RuleSet};

/// What happened to a form. Numbers frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum EventKind {
    /// The first form.
    Report,
    /// A form in place of an older one.
    Correction,
    /// A second reading.
    Review,
    /// Taken out of the sums by hand.
    Hold,
    /// Put back into the sums.
    Release,
    /// Certified at a level.
    Certification,
    /// A correction approved by a second person.
    Approval,
}

impl EventKind {
    /// All kinds, in the order of their stored numbers.
    pub const ALL: [Self; 7] = [
        Self::Report,
        Self::Correction,
        Self::Review,
        Self::Hold,
        Self::Release,
        Self::Certification,
        Self::Approval,
    ];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Report => 1,
            Self::Correction => 2,
            Self::Review => 3,
            Self::Hold => 4,
            Self::Release => 5,
            Self::Certification => 6,
            Self::Approval => 7,
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
            Self::Report => "report",
            Self::Correction => "correction",
            Self::Review => "review",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Certification => "certification",
            Self::Approval => "approval",
        }
    }
}

/// One line of a form's history. Never changed once written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// Revision of the form after it.
    pub revision: u32,
    /// State of the form after it.
    pub state: TallyState,
    /// Who did it.
    pub account: AccountId,
    /// In which role.
    pub role: Role,
    /// Log time.
    pub at: LogTime,
    /// Raft log index.
    pub index: u64,
    /// Raft term.
    pub term: u64,
    /// Place among the items of that log entry, from 0.
    pub item: u16,
    /// Node that proposed it, as the receipt says.
    pub node: NodeId,
    /// Position among all accepted revisions, from 0, in log order; of the current revision for other events.
    pub leaf_index: u64,
    /// Digest of the form after it.
    pub digest: FormDigest,
    /// The form, with a report or a correction.
    pub form: Option<Form>,
    /// What the rules found, with a report or a correction.
    pub flags: Vec<Flag>,
    /// Rules the officer confirmed.
    pub confirm: RuleSet,
    /// Why.
    pub reason: Option<String>,
    /// Photos named with it.
    pub attachments: Vec<AttachmentId>,
    /// When the form was read, as the officer's device has it.
    pub observed_at: Option<LogTime>,
    /// How the form came to be counted.
    pub count_kind: CountKind,
    /// What was read, with a second reading.
    pub reading: Option<Form>,
    /// Boxes in which a reading and the form beside it differ.
    pub differences: Vec<Field>,
    /// The level that certified, with a certification.
    pub level: Option<Level>,
}

/// Proof for the officer that a form is kept: what `receipt` of `api.md` shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// The contest.
    pub contest: ContestId,
    /// The station.
    pub station: StationCode,
    /// Revision of the form.
    pub revision: u32,
    /// Raft log index.
    pub index: u64,
    /// Raft term.
    pub term: u64,
    /// Log time.
    pub at: LogTime,
    /// Digest of the form.
    pub digest: FormDigest,
    /// Position among all accepted revisions.
    pub leaf_index: u64,
    /// Node that proposed it.
    pub node: NodeId,
}
