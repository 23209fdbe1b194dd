//! What a command came to, as the caller is told.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tally::outcome::{Outcome, Refusal};
use utoipa::ToSchema;

use super::flags::{Flag, Subject};
use super::messages;
use super::proposals::proposals;
use super::receipt::Receipt;
use crate::error::{Code, Problem};

/// Answer to an accepted form.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Accepted {
    /// Proof of it.
    pub receipt: Receipt,
    /// State of the form now.
    pub state: String,
    /// What the rules found.
    pub flags: Vec<Flag>,
}

/// Answer to a hold, a release, a certification or an approval.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Moved {
    /// Proof of it.
    pub receipt: Receipt,
    /// State of the form now.
    pub state: String,
}

/// Reads the outcome of a report or a correction: 201 for a first form, else 200.
pub fn accepted(outcome: &Outcome, subject: Subject<'_>) -> Result<(StatusCode, Accepted), Problem> {
    match outcome {
        Outcome::Tallied { receipt, state, flags, first, .. } => {
            let status = if *first { StatusCode::CREATED } else { StatusCode::OK };
            let flags = Flag::all(flags, subject);
            Ok((status, Accepted { receipt: receipt.into(), state: state.name().to_owned(), flags }))
        }
        Outcome::Refused(refusal) => Err(refused(refusal, subject)),
        Outcome::Defined { .. }
        | Outcome::SessionOpened { .. }
        | Outcome::Done
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)
        | Outcome::Complained(_) => Err(unexpected(outcome)),
    }
}

/// Reads the outcome of a hold, a release, a certification or an approval.
pub fn moved(outcome: &Outcome) -> Result<Moved, Problem> {
    match outcome {
        Outcome::Tallied { receipt, state, .. } => {
            Ok(Moved { receipt: receipt.into(), state: state.name().to_owned() })
        }
        Outcome::Refused(refusal) => Err(Problem::of_refusal(refusal)),
        Outcome::Defined { .. }
        | Outcome::SessionOpened { .. }
        | Outcome::Done
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)
        | Outcome::Complained(_) => Err(unexpected(outcome)),
    }
}

/// An outcome that does not belong to the command: a bug, told as such.
#[must_use]
pub fn unexpected(outcome: &Outcome) -> Problem {
    tracing::error!(?outcome, "an outcome that does not belong to its command");
    Problem::new(Code::Internal)
}

/// Words a refusal where the form is known.
#[must_use]
pub fn refused(refusal: &Refusal, subject: Subject<'_>) -> Problem {
    let mut problem = Problem::of_refusal(refusal);
    match refusal {
        Refusal::InvalidForm(problems) => {
            problem.extra.errors = Some(messages::form_problems(problems, subject));
        }
        Refusal::ConfirmationRequired { flags, reason_missing, photo_missing } => {
            problem.extra.flags = Some(Flag::all(flags, subject));
            problem.extra.proposals = Some(proposals(subject));
            let missing = match (reason_missing, photo_missing) {
                (true, true) => Some("Konfirmasi perlu alasan dan foto formulir."),
                (true, false) => Some("Konfirmasi perlu alasan."),
                (false, true) => Some("Konfirmasi perlu foto formulir."),
                (false, false) => None,
            };
            problem.detail = missing.map(str::to_owned);
        }
        Refusal::Unauthenticated
        | Refusal::Forbidden
        | Refusal::SamePerson
        | Refusal::StationUnknown
        | Refusal::ContestUnknown
        | Refusal::ContestNotHeld
        | Refusal::IdempotencyMismatch
        | Refusal::StaleRevision { .. }
        | Refusal::InvalidState { .. }
        | Refusal::DefinitionConflict(_)
        | Refusal::LevelTooLow { .. }
        | Refusal::LevelOutOfOrder { .. }
        | Refusal::AlreadyFounded
        | Refusal::ComplaintsFull
        | Refusal::ComplaintUnknown
        | Refusal::ComplaintAnswered
        | Refusal::InvalidComplaint(_) => {}
    }
    problem
}
