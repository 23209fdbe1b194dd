//! Answers: kept under request keys, and sent from the leader to the node that was asked.

use tally::outcome::{Answer, ComplaintProblem, DefinitionProblem, FormProblem, Outcome, Refusal};

use super::complaints::ComplaintReceiptV1;
use super::form::{FlagV1, ReceiptV1};
use super::{choice, record};
use crate::codec::frame::{
    CodecError, Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Stored, no_variant, put_number,
};

choice! {
    /// See [`FormProblem`].
    FormProblemV1 for FormProblem {
        1 => CountTooLarge { field: u16, count_max: u32 },
        2 => PartMissing(field: u16),
        3 => OptionsDiffer,
        4 => ReasonTooLong,
        5 => TooManyAttachments,
    }
}

choice! {
    /// See [`DefinitionProblem`].
    DefinitionProblemV1 for DefinitionProblem {
        1 => ParentUnknown { position: u32 },
        2 => Malformed { position: u32 },
        3 => ContestDiffers,
        4 => RegionUnknown,
        5 => LastSuperAdmin,
        6 => Length,
    }
}

choice! {
    /// See [`ComplaintProblem`].
    ComplaintProblemV1 for ComplaintProblem {
        1 => Text,
        2 => Field,
        3 => Count,
    }
}

choice! {
    /// See [`Refusal`].
    RefusalV1 for Refusal {
        1 => Unauthenticated,
        2 => Forbidden,
        3 => StationUnknown,
        4 => ContestUnknown,
        5 => ContestNotHeld,
        6 => IdempotencyMismatch,
        7 => StaleRevision { current_revision: u32, digest: Option<[u8; 32]> },
        8 => InvalidState { state: u8, current_revision: u32 },
        9 => InvalidForm(problems: Vec<FormProblemV1>),
        10 => ConfirmationRequired { flags: Vec<FlagV1>, reason_missing: bool, photo_missing: bool },
        11 => DefinitionConflict(problem: DefinitionProblemV1),
        12 => LevelTooLow { level: u32 },
        13 => LevelOutOfOrder { level: u32 },
        14 => AlreadyFounded,
        15 => SamePerson,
        16 => ComplaintsFull,
        17 => ComplaintUnknown,
        18 => ComplaintAnswered,
        19 => InvalidComplaint(problem: ComplaintProblemV1),
    }
}

choice! {
    /// See [`Outcome`].
    OutcomeV1 for Outcome {
        1 => Tallied { receipt: ReceiptV1, state: u8, flags: Vec<FlagV1>, first: bool, differences: Vec<u16> },
        2 => Defined { created: u32, changed: u32, unchanged: u32 },
        3 => SessionOpened { account: u64, expires_at: u64 },
        4 => Done,
        5 => NodeAllocated(node: u64),
        6 => LevelRaised(level: u32),
        7 => Refused(refusal: RefusalV1),
        8 => Complained(receipt: ComplaintReceiptV1),
    }
}

record! {
    /// See [`Answer`].
    AnswerV1 for Answer { outcome: OutcomeV1, replay: bool }
}

/// Answers in the order of what was asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::codec) struct AnswersV1 {
    pub(in crate::codec) answers: Vec<AnswerV1>,
}

impl Encode for AnswersV1 {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.answers.encode(encoder)
    }
}

impl<Context> Decode<Context> for AnswersV1 {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Ok(Self { answers: Decode::decode(decoder)? })
    }
}
