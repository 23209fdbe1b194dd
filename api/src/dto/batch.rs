//! Batches on the wire: many forms in one request, each judged for itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tally::contest::Contest;
use tally::ids::RequestKey;
use tally::station::Submission;
use utoipa::ToSchema;

use super::body::{Errors, Object};
use super::flags::Flag;
use super::form::Form;
use super::receipt::Receipt;
use super::submission;
use crate::error::{Problem, ProblemBody};
use crate::limits::BATCH_ITEMS_MAX;

const ITEM_KEYS: [&str; 10] = [
    "key",
    "contest",
    "station",
    "if_revision",
    "form",
    "confirm",
    "reason",
    "attachments",
    "observed_at",
    "count_kind",
];

/// Body of `POST /batches`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchBody {
    /// The forms, at most 500.
    pub items: Vec<BatchItem>,
}

/// One form of a batch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchItem {
    /// Its idempotency key, a UUID.
    pub key: String,
    /// The contest.
    pub contest: String,
    /// The station.
    pub station: String,
    /// Revision the caller saw; 0 for a first report.
    pub if_revision: u32,
    /// The form.
    pub form: Form,
    /// Rules confirmed as broken on paper.
    #[serde(default)]
    pub confirm: Vec<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// SHA-256 of photos, hexadecimal.
    #[serde(default)]
    pub attachments: Vec<String>,
    /// When the form was read.
    #[serde(default)]
    pub observed_at: Option<String>,
    /// How it came to be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_kind: Option<String>,
}

/// Answer to a batch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct BatchResults {
    /// One result for each item, in order.
    pub results: Vec<BatchResult>,
}

/// What one item came to: a receipt with state and flags, or a problem.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct BatchResult {
    /// The item's key.
    pub key: String,
    /// The status that the single PUT would have had.
    pub status: u16,
    /// Proof of acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// State of the form now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What the rules found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<Flag>>,
    /// Why it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<ProblemBody>,
}

/// The part of an item that can be read without knowing its contest.
pub struct RawItem<'v> {
    /// Its key as it was written.
    pub key_text: String,
    /// Its key.
    pub key: RequestKey,
    /// The item itself.
    pub value: &'v Value,
    /// Where it stands.
    pub pointer: String,
}

/// The named part of an item.
pub struct NamedItem<'v> {
    /// The contest as written.
    pub contest: &'v str,
    /// The station as written.
    pub station: &'v str,
    /// Revision the caller saw.
    pub if_revision: u32,
    object: Object<'v>,
    errors: Errors,
}

/// Reads the list and the key of each item; a list that is wrong as such is refused as a whole.
pub fn parse(value: &Value) -> Result<Vec<RawItem<'_>>, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["items"], &mut errors) else {
        return errors.finish(None);
    };
    let _ = object.required("items", &mut errors);
    let values = object.list("items", &mut errors);
    if values.is_empty() || values.len() > BATCH_ITEMS_MAX {
        errors.push("/items", format!("Harus ada 1 sampai {BATCH_ITEMS_MAX} isian."));
        return errors.finish(None);
    }
    let mut items = Vec::with_capacity(values.len());
    for (position, value) in values.iter().enumerate() {
        let pointer = format!("/items/{position}");
        let key_text = value.get("key").and_then(Value::as_str);
        match key_text.and_then(|text| Some((text, parse_key(text)?))) {
            Some((text, key)) => items.push(RawItem { key_text: text.to_owned(), key, value, pointer }),
            None => errors.push(format!("{pointer}/key"), "Harus ada dan berupa UUID."),
        }
    }
    errors.finish(Some(items))
}

/// Reads a key: a UUID in its usual form with hyphens.
#[must_use]
pub fn parse_key(text: &str) -> Option<RequestKey> {
    if text.len() != 36 {
        return None;
    }
    uuid::Uuid::try_parse(text).ok().map(|uuid| RequestKey(uuid.into_bytes()))
}

/// Reads what names an item.
pub fn name<'v>(item: &RawItem<'v>) -> Result<NamedItem<'v>, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(item.value, &item.pointer, &ITEM_KEYS, &mut errors) else {
        return errors.finish(None);
    };
    let contest = object.text("contest", &mut errors);
    let station = object.text("station", &mut errors);
    let if_revision = object.count("if_revision", u32::MAX, &mut errors);
    match (contest, station, if_revision) {
        (Some(contest), Some(station), Some(if_revision)) => {
            Ok(NamedItem { contest, station, if_revision, object, errors })
        }
        _ => errors.finish(None),
    }
}

impl NamedItem<'_> {
    /// Reads the rest, against the options of the contest where that is known.
    pub fn submission(self, contest: Option<&Contest>) -> Result<Submission, Problem> {
        let mut errors = self.errors;
        let submission = submission::parse(&self.object, contest, &mut errors);
        errors.finish(submission)
    }
}
