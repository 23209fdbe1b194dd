//! Steps on a form beside reports: holds, releases, certifications, approvals, second readings.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tally::command::REASON_BYTES_MAX;
use tally::contest::Contest;
use tally::outcome::Outcome;
use tally::region::Level;
use utoipa::ToSchema;

use super::body::{Errors, Object};
use super::flags::{Subject, pointer};
use super::form::{self, Form};
use super::outcome::{refused, unexpected};
use super::receipt::Receipt;
use crate::error::Problem;

/// Body of a hold, a release, a certification or an approval.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepBody {
    /// Why.
    pub reason: String,
    /// Level of a certification: `district`, `regency`, `province` or `nation`; that of the account's own scope when
    /// missing. Other steps do not look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// Body of a second reading.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBody {
    /// What was read.
    pub form: Form,
}

/// Answer to a second reading.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Reviewed {
    /// Proof of it.
    pub receipt: Receipt,
    /// `reviewed`, `disputed`, or `held` while somebody holds the form.
    pub state: String,
    /// JSON pointers of the boxes in which the readings differ.
    pub differences: Vec<String>,
}

/// What a step says beside its target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StepRequest {
    /// Why.
    pub reason: String,
    /// The level of a certification, if one is named.
    pub level: Option<Level>,
}

/// Reads the body of a hold, a release, a certification or an approval.
pub fn parse_step(value: &Value) -> Result<StepRequest, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["reason", "level"], &mut errors) else {
        return errors.finish(None);
    };
    let allowed =
        |text: &str| (!text.trim().is_empty() && text.len() <= REASON_BYTES_MAX).then(|| text.to_owned());
    let reason =
        object.parsed("reason", "Alasan harus diisi, paling panjang 2.000 bita.", &mut errors, allowed);
    let level = object.optional("level").and_then(|_| {
        object.parsed("level", "Harus district, regency, province, atau nation.", &mut errors, |text| {
            Level::ALL.into_iter().find(|level| level.name() == text && *level != Level::Village)
        })
    });
    errors.finish(reason.map(|reason| StepRequest { reason, level }))
}

/// Reads the body of a second reading; without a contest, which then is unknown, the form is left unread.
pub fn parse_review(value: &Value, contest: Option<&Contest>) -> Result<tally::form::Form, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["form"], &mut errors) else {
        return errors.finish(None);
    };
    let form = object.required("form", &mut errors);
    let form = match contest {
        Some(contest) => form.and_then(|form| form::parse(form, &object.at("form"), contest, &mut errors)),
        None => form.map(|_| tally::form::Form::default()),
    };
    errors.finish(form)
}

/// Reads the outcome of a second reading.
pub fn reviewed(outcome: &Outcome, subject: Subject<'_>) -> Result<Reviewed, Problem> {
    match outcome {
        Outcome::Tallied { receipt, state, differences, .. } => Ok(Reviewed {
            receipt: receipt.into(),
            state: state.name().to_owned(),
            differences: differences.iter().map(|field| pointer(*field, subject.contest)).collect(),
        }),
        Outcome::Refused(refusal) => Err(refused(refusal, subject)),
        Outcome::Defined { .. }
        | Outcome::SessionOpened { .. }
        | Outcome::Done
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)
        | Outcome::Complained(_) => Err(unexpected(outcome)),
    }
}
