//! Complaints: what anybody says is wrong with a station's form, and what was answered.
//!
//! Invariant: a complaint holds nothing about who wrote it, and is never changed but by the one answer it gets. How many
//! there are of a form is bounded, so that nobody can fill the state with them.

use alloc::string::String;

use crate::account::Role;
use crate::form::Field;
use crate::ids::{AccountId, ContestId, LogTime, NodeId};

use crate::region::StationCode;

/// Longest text of a complaint, in bytes.
pub const COMPLAINT_BYTES_MAX: usize = 500;
/// Longest text of an answer, in bytes.
pub const COMPLAINT_ANSWER_BYTES_MAX: usize = 1_000;
/// Most complaints about one station's form in a contest that wait for an answer.
pub const COMPLAINTS_OPEN_MAX: u32 = 10;
/// Most complaints about one station's form in a contest, answered ones too.
pub const COMPLAINTS_MAX: u32 = 100;

/// What a complaint is about. Numbers frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ComplaintKind {
    /// A number is not the one on paper or on the photo.
    WrongNumber,
    /// The photo cannot be read, or none is there.
    UnreadablePhoto,
    /// The form or its photo is of another station.
    WrongStation,
    /// Something else, which the text says.
    Other,
}

impl ComplaintKind {
    /// All kinds, in the order of their stored numbers.
    pub const ALL: [Self; 4] = [Self::WrongNumber, Self::UnreadablePhoto, Self::WrongStation, Self::Other];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::WrongNumber => 1,
            Self::UnreadablePhoto => 2,
            Self::WrongStation => 3,
            Self::Other => 4,
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
            Self::WrongNumber => "wrong_number",
            Self::UnreadablePhoto => "unreadable_photo",
            Self::WrongStation => "wrong_station",
            Self::Other => "other",
        }
    }

    /// The kind with that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What was decided about a complaint. Numbers frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ComplaintVerdict {
    /// It is right; what follows is a step on the form.
    Accepted,
    /// It is not.
    Declined,
    /// Another complaint says the same.
    Duplicate,
}

impl ComplaintVerdict {
    /// All verdicts, in the order of their stored numbers.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Declined, Self::Duplicate];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Accepted => 1,
            Self::Declined => 2,
            Self::Duplicate => 3,
        }
    }

    /// The verdict with that stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.number() == number)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Duplicate => "duplicate",
        }
    }

    /// The verdict with that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// What somebody hands in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewComplaint {
    /// What it is about.
    pub kind: ComplaintKind,
    /// The box that is wrong, if one is named.
    pub field: Option<Field>,
    /// The number that was read there instead; only with a box.
    pub read: Option<u32>,
    /// In the reporter's words; empty where the kind says enough.
    pub text: String,
}

/// A complaint about a station's form; its number is in its key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Complaint {
    /// Revision of the form that it is about.
    pub revision: u32,
    /// What it is about.
    pub kind: ComplaintKind,
    /// The box that is wrong, if one is named.
    pub field: Option<Field>,
    /// The number that was read there instead.
    pub read: Option<u32>,
    /// In the reporter's words.
    pub text: String,
    /// Log time at which it came.
    pub at: LogTime,
    /// Log index at which it came.
    pub index: u64,
    /// The answer; none while it waits for one.
    pub answer: Option<ComplaintAnswer>,
}

/// What an official answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComplaintAnswer {
    /// What was decided.
    pub verdict: ComplaintVerdict,
    /// Why.
    pub text: String,
    /// Who decided it.
    pub account: AccountId,
    /// In which role.
    pub role: Role,
    /// Log time.
    pub at: LogTime,
    /// Log index.
    pub index: u64,
}

/// How many complaints about a station's form there are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Complaints {
    /// All of them: they are numbered from 1 to this.
    pub all: u32,
    /// Those that wait for an answer.
    pub open: u32,
}

impl Complaints {
    /// How often what is known of them changed: by each complaint and by each answer.
    #[must_use]
    pub fn version(self) -> u64 {
        u64::from(self.all).saturating_add(u64::from(self.all.saturating_sub(self.open)))
    }

    /// Whether one more is taken.
    #[must_use]
    pub const fn has_room(self) -> bool {
        self.open < COMPLAINTS_OPEN_MAX && self.all < COMPLAINTS_MAX
    }
}

/// Proof that a complaint, or an answer to one, is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComplaintReceipt {
    /// The contest.
    pub contest: ContestId,
    /// The station.
    pub station: StationCode,
    /// Number of the complaint among those about this form, from 1.
    pub number: u32,
    /// What was decided; none while it waits for an answer.
    pub verdict: Option<ComplaintVerdict>,
    /// Log index.
    pub index: u64,
    /// Term of that index.
    pub term: u64,
    /// Log time.
    pub at: LogTime,
    /// The leader that proposed it.
    pub node: NodeId,
}

/// Whether a text may stand beside a form for everybody to read: no longer than so many bytes, nothing that steers a
/// terminal, breaks the line, or turns the direction of what follows (Unicode's bidirectional controls).
#[must_use]
pub fn text_allowed(text: &str, bytes_max: usize) -> bool {
    let steers = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.len() <= bytes_max && !text.chars().any(steers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_read_back() {
        for kind in ComplaintKind::ALL {
            assert_eq!(ComplaintKind::from_number(kind.number()), Some(kind));
            assert_eq!(ComplaintKind::parse(kind.name()), Some(kind));
        }
        for verdict in ComplaintVerdict::ALL {
            assert_eq!(ComplaintVerdict::from_number(verdict.number()), Some(verdict));
            assert_eq!(ComplaintVerdict::parse(verdict.name()), Some(verdict));
        }
        assert_eq!((ComplaintKind::from_number(0), ComplaintVerdict::parse("")), (None, None));
    }

    #[test]
    fn texts_are_bounded_in_bytes_and_steer_nothing() {
        assert!(text_allowed("", 0) && text_allowed("41 terbaca 91 \u{2013} lihat foto", 40));
        assert!(!text_allowed("\u{e9}\u{e9}", 3), "four bytes are no three");
        for steering in ["a\nb", "\u{1b}[2J", "\0", "\u{7f}", "\u{85}", "\u{202e}14", "\u{2066}", "\u{2028}"]
        {
            assert!(!text_allowed(steering, 100), "{steering:?}");
        }
    }

    #[test]
    fn each_complaint_and_each_answer_is_another_version() {
        let version = |all, open| Complaints { all, open }.version();
        assert_eq!([version(0, 0), version(1, 1), version(1, 0), version(2, 1)], [0, 1, 2, 3]);
    }
}
