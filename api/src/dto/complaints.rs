//! Complaints on the wire: what anybody says is wrong with a form, and what was answered.
//!
//! Invariant: nothing here has room for who wrote a complaint; whoever sends such a thing is refused, since unknown keys
//! are.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tally::complaint::{
    COMPLAINT_ANSWER_BYTES_MAX, COMPLAINT_BYTES_MAX, Complaint, ComplaintAnswer, ComplaintKind,
    ComplaintReceipt, ComplaintVerdict, NewComplaint, text_allowed,
};
use tally::contest::Contest;
use tally::form::Field;
use tally::outcome::Outcome;
use tally::station::StationKind;
use utoipa::ToSchema;

use super::body::{Errors, Object, count};
use super::flags::pointer;
use super::outcome::unexpected;
use super::text::time;
use crate::error::Problem;

/// Largest number that a box of any station can hold.
const COUNT_MAX: u32 = StationKind::Pos.count_max();

/// What is told of a complaint that waits.
const OPEN: &str = "open";

/// Body of a complaint.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplaintBody {
    /// The contest.
    pub contest: String,
    /// Revision of the form that was seen.
    pub revision: u32,
    /// `wrong_number`, `unreadable_photo`, `wrong_station` or `other`.
    pub kind: String,
    /// JSON pointer of the box that is wrong, if one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The number that stands there on paper or on the photo; only with a box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<u32>,
    /// What is wrong, in one line of at most 500 bytes; needed with `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Body of an answer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplaintAnswerBody {
    /// `accepted`, `declined` or `duplicate`.
    pub verdict: String,
    /// Why, in one line of at most 1,000 bytes; everybody reads it.
    pub text: String,
}

/// Proof that a complaint, or an answer, is kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct ComplaintTaken {
    /// The contest.
    pub contest: String,
    /// The station.
    pub station: String,
    /// Number of the complaint among those about this form, from 1.
    pub number: u32,
    /// `open`, `accepted`, `declined` or `duplicate`.
    pub state: String,
    /// Log index.
    pub index: u64,
    /// Term.
    pub term: u64,
    /// Log time.
    pub at: String,
    /// Node that proposed it.
    pub node: u64,
}

/// Answer of `/stations/{station}/complaints`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct StationComplaints {
    /// The station.
    pub station: String,
    /// By contest and number.
    pub complaints: Vec<ComplaintEntry>,
}

/// Answer of `/complaints`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct WaitingComplaints {
    /// The region that was looked at.
    pub region: String,
    /// By station, contest and number. A page may be short, or empty, and still have a next one; a form's complaints are
    /// never split, so it may also be a little longer than asked.
    pub complaints: Vec<WaitingComplaint>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// A complaint that waits for an answer, and where.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct WaitingComplaint {
    /// Code of the station.
    pub station: String,
    /// Name of the station.
    pub name: String,
    /// The complaint.
    pub complaint: ComplaintEntry,
}

/// One complaint.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ComplaintEntry {
    /// The contest.
    pub contest: String,
    /// Its number among those about this form, from 1.
    pub number: u32,
    /// Revision of the form that it is about.
    pub revision: u32,
    /// `wrong_number`, `unreadable_photo`, `wrong_station` or `other`.
    pub kind: String,
    /// JSON pointer of the box that is meant.
    #[schema(required)]
    pub field: Option<String>,
    /// The number that was read there instead.
    #[schema(required)]
    pub read: Option<u32>,
    /// In the reporter's words; may be empty.
    pub text: String,
    /// Log time.
    pub at: String,
    /// Log index.
    pub index: u64,
    /// What was answered; null while it waits.
    #[schema(required)]
    pub answer: Option<ComplaintAnswered>,
}

/// What was answered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ComplaintAnswered {
    /// `accepted`, `declined` or `duplicate`.
    pub verdict: String,
    /// Why.
    pub text: String,
    /// Role of who decided it.
    pub role: String,
    /// Log time.
    pub at: String,
    /// Log index.
    pub index: u64,
}

/// What a body says, before the contest is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComplaintRequest {
    /// The contest as it was named.
    pub contest: String,
    /// Revision of the form that was seen.
    pub revision: u32,
    /// JSON pointer of the box, if one is named.
    field: Option<String>,
    /// All else.
    told: NewComplaint,
}

impl ComplaintRequest {
    /// The complaint, where the contest is known: a box that its form does not have is a wrong place of the body.
    pub fn about(&self, contest: &Contest) -> Result<NewComplaint, Problem> {
        let Some(named) = &self.field else { return Ok(self.told.clone()) };
        let field = field_at(named, contest);
        let field =
            field.ok_or_else(|| Problem::wrong("/field", "Formulir ini tidak mempunyai kotak itu."))?;
        Ok(NewComplaint { field: Some(field), ..self.told.clone() })
    }
}

/// The box that a JSON pointer into the form names.
#[must_use]
pub fn field_at(named: &str, contest: &Contest) -> Option<Field> {
    let fixed = (0_u16..).zip(Field::FIXED).map(|(number, _)| Field(number));
    let votes = (0..contest.options.len()).filter_map(Field::votes);
    fixed.chain(votes).find(|field| pointer(*field, contest) == named)
}

/// Reads the body of a complaint.
pub fn parse(value: &Value) -> Result<ComplaintRequest, Problem> {
    const KEYS: [&str; 6] = ["contest", "revision", "kind", "field", "read", "text"];
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &KEYS, &mut errors) else {
        return errors.finish(None);
    };
    let contest = object.text("contest", &mut errors).map(str::to_owned);
    let revision = object.count("revision", u32::MAX, &mut errors);
    if revision == Some(0) {
        errors.push("/revision", "Harus revisi formulir yang dilihat, mulai 1.");
    }
    let kind = object.parsed(
        "kind",
        "Harus wrong_number, unreadable_photo, wrong_station, atau other.",
        &mut errors,
        ComplaintKind::parse,
    );
    let field = object.optional_text("field", &mut errors).map(str::to_owned);
    let read = object.optional("read").and_then(|read| count(read, "/read", COUNT_MAX, &mut errors));
    if read.is_some() && field.is_none() {
        errors.push("/field", "Sebutkan kotak yang angkanya dibaca.");
    }
    let text = object.optional_text("text", &mut errors).unwrap_or_default();
    if !text_allowed(text, COMPLAINT_BYTES_MAX) {
        errors.push("/text", "Satu baris, paling panjang 500 bita, tanpa karakter kendali.");
    } else if kind == Some(ComplaintKind::Other) && text.trim().is_empty() {
        errors.push("/text", "Tulis apa yang salah.");
    }
    let read_whole = contest.zip(revision).zip(kind).map(|((contest, revision), kind)| ComplaintRequest {
        contest,
        revision,
        field,
        told: NewComplaint { kind, field: None, read, text: text.to_owned() },
    });
    errors.finish(read_whole)
}

/// Reads the body of an answer.
pub fn parse_answer(value: &Value) -> Result<(ComplaintVerdict, String), Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["verdict", "text"], &mut errors) else {
        return errors.finish(None);
    };
    let verdict = object.parsed(
        "verdict",
        "Harus accepted, declined, atau duplicate.",
        &mut errors,
        ComplaintVerdict::parse,
    );
    let allowed = |text: &str| {
        let kept = !text.trim().is_empty() && text_allowed(text, COMPLAINT_ANSWER_BYTES_MAX);
        kept.then(|| text.to_owned())
    };
    let text = object.parsed(
        "text",
        "Harus diisi: satu baris, paling panjang 1.000 bita, tanpa karakter kendali.",
        &mut errors,
        allowed,
    );
    errors.finish(verdict.zip(text))
}

impl From<&ComplaintReceipt> for ComplaintTaken {
    fn from(receipt: &ComplaintReceipt) -> Self {
        Self {
            contest: receipt.contest.to_string(),
            station: receipt.station.to_string(),
            number: receipt.number,
            state: receipt.verdict.map_or(OPEN, ComplaintVerdict::name).to_owned(),
            index: receipt.index,
            term: receipt.term,
            at: time(receipt.at),
            node: receipt.node.0,
        }
    }
}

impl ComplaintEntry {
    /// A complaint about a form of a contest.
    #[must_use]
    pub fn of(number: u32, complaint: &Complaint, contest: &Contest) -> Self {
        Self {
            contest: contest.id.to_string(),
            number,
            revision: complaint.revision,
            kind: complaint.kind.name().to_owned(),
            field: complaint.field.map(|field| pointer(field, contest)),
            read: complaint.read,
            text: complaint.text.clone(),
            at: time(complaint.at),
            index: complaint.index,
            answer: complaint.answer.as_ref().map(ComplaintAnswered::from),
        }
    }
}

impl From<&ComplaintAnswer> for ComplaintAnswered {
    fn from(answer: &ComplaintAnswer) -> Self {
        Self {
            verdict: answer.verdict.name().to_owned(),
            text: answer.text.clone(),
            role: answer.role.name().to_owned(),
            at: time(answer.at),
            index: answer.index,
        }
    }
}

/// Reads the outcome of a complaint or of an answer to one.
pub fn taken(outcome: &Outcome) -> Result<ComplaintTaken, Problem> {
    match outcome {
        Outcome::Complained(receipt) => Ok(receipt.into()),
        Outcome::Refused(refusal) => Err(Problem::of_refusal(refusal)),
        Outcome::Tallied { .. }
        | Outcome::Defined { .. }
        | Outcome::SessionOpened { .. }
        | Outcome::Done
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_) => Err(unexpected(outcome)),
    }
}
