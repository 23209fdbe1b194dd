//! What the caller is told. A refusal is an outcome like any other: it is decided once, replicated, and
//! remembered under the request's key.

use alloc::vec::Vec;

use crate::complaint::ComplaintReceipt;
use crate::form::Field;
use crate::ids::{AccountId, FormDigest, LogTime, NodeId};
use crate::rules::Flag;
use crate::station::{Receipt, TallyState};

/// The answer to one item of a proposal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// What was decided, now or when the key was first used.
    pub outcome: Outcome,
    /// Whether it was decided earlier: the key was known.
    pub replay: bool,
}

/// What was decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A form was accepted, held or released.
    Tallied {
        /// Proof of it.
        receipt: Receipt,
        /// State of the form now.
        state: TallyState,
        /// What the rules found.
        flags: Vec<Flag>,
        /// Whether this was the first report: 201 instead of 200.
        first: bool,
        /// Boxes in which two readings differ.
        differences: Vec<Field>,
    },
    /// Master data was defined.
    Defined {
        /// Rows made.
        created: u32,
        /// Rows changed.
        changed: u32,
        /// Rows that were so already.
        unchanged: u32,
    },
    /// A session was opened.
    SessionOpened {
        /// Whose.
        account: AccountId,
        /// When it ends, in log time.
        expires_at: LogTime,
    },
    /// Nothing to tell beyond that it was done: marks, closed sessions, founding.
    Done,
    /// A node number was taken.
    NodeAllocated(NodeId),
    /// The feature level is now this.
    LevelRaised(u32),
    /// A complaint was taken, or answered.
    Complained(ComplaintReceipt),
    /// Refused; nothing changed but the memory of the request.
    Refused(Refusal),
}

/// Why a command was refused. Grouped by what the caller does next; codes are in [`Refusal::code`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The session is unknown, closed or expired, or the account is not active: sign in.
    Unauthenticated,
    /// The role or the scope does not allow it.
    Forbidden,
    /// Whoever read or wrote the form cannot be the second person to look at it.
    SamePerson,
    /// No such station (R01).
    StationUnknown,
    /// No such contest (R01).
    ContestUnknown,
    /// The station does not hold the contest (R01).
    ContestNotHeld,
    /// The key was used for something else.
    IdempotencyMismatch,
    /// The form is another than the caller saw (R04).
    StaleRevision {
        /// Current revision, 0 for none.
        current_revision: u32,
        /// Current digest, if there is a form.
        digest: Option<FormDigest>,
    },
    /// The state of the form does not allow it.
    InvalidState {
        /// The state it is in.
        state: TallyState,
        /// Current revision.
        current_revision: u32,
    },
    /// The form cannot be what the paper says: a part missing, a number out of bounds, a wrong option count.
    InvalidForm(Vec<FormProblem>),
    /// A rule with severity `confirm` is broken and not confirmed, or confirmed without reason or photo.
    ConfirmationRequired {
        /// All flags of the form.
        flags: Vec<Flag>,
        /// Whether the rules are confirmed but the reason is missing.
        reason_missing: bool,
        /// Whether the rules are confirmed but the photo is missing.
        photo_missing: bool,
    },
    /// Master data contradicts what is there, or is malformed.
    DefinitionConflict(DefinitionProblem),
    /// The active feature level does not know this command yet.
    LevelTooLow {
        /// The active level.
        level: u32,
    },
    /// The level asked for is not the next one.
    LevelOutOfOrder {
        /// The active level.
        level: u32,
    },
    /// The cluster is founded already.
    AlreadyFounded,
    /// There are as many complaints about this form as are kept, or as many that wait for an answer.
    ComplaintsFull,
    /// No complaint about this form has that number.
    ComplaintUnknown,
    /// The complaint has its answer.
    ComplaintAnswered,
    /// A complaint or an answer says what cannot be kept.
    InvalidComplaint(ComplaintProblem),
}

/// What is wrong with a complaint or an answer to one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ComplaintProblem {
    /// The text is missing, too long, or holds control characters.
    Text,
    /// The form has no such box.
    Field,
    /// The number is larger than a box of that station can hold, or no box is named for it.
    Count,
}

/// What is wrong with a form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FormProblem {
    /// A box holds more than the station's kind allows (R03).
    CountTooLarge {
        /// The box.
        field: Field,
        /// The largest count allowed.
        count_max: u32,
    },
    /// A part is missing and this contest takes only whole forms from officers. Named by its first box.
    PartMissing(Field),
    /// The number of votes is not the number of options.
    OptionsDiffer,
    /// The reason is too long.
    ReasonTooLong,
    /// Too many attachments are named.
    TooManyAttachments,
}

/// What is wrong with master data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DefinitionProblem {
    /// The parent of item `position` is not defined.
    ParentUnknown {
        /// Place in the list.
        position: u32,
    },
    /// Item `position` is malformed: name too long or empty, wrong kind for its code, bad user name.
    Malformed {
        /// Place in the list.
        position: u32,
    },
    /// A contest with this id and another definition exists.
    ContestDiffers,
    /// A region of the contest is not defined.
    RegionUnknown,
    /// The last active super admin cannot be taken away.
    LastSuperAdmin,
    /// A list is empty or too long.
    Length,
}

impl Refusal {
    /// The stable code of `api.md`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden | Self::SamePerson => "forbidden",
            Self::StationUnknown | Self::ContestUnknown | Self::ContestNotHeld | Self::ComplaintUnknown => {
                "not-found"
            }
            Self::IdempotencyMismatch => "idempotency-mismatch",
            Self::StaleRevision { .. } => "stale-revision",
            Self::InvalidState { .. } | Self::AlreadyFounded | Self::ComplaintAnswered => "invalid-state",
            Self::InvalidForm(_) => "invalid-form",
            Self::ConfirmationRequired { .. } => "confirmation-required",
            Self::ComplaintsFull => "complaints-full",
            Self::DefinitionConflict(_)
            | Self::LevelTooLow { .. }
            | Self::LevelOutOfOrder { .. }
            | Self::InvalidComplaint(_) => "bad-request",
        }
    }
}
