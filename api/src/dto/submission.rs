//! What an officer sends: the body of a PUT.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tally::contest::Contest;
use tally::ids::AttachmentId;
use tally::rules::{RuleId, RuleSet};
use tally::station::{CountKind, Submission};
use utoipa::ToSchema;

use super::body::{Errors, Object};
use super::form::{self, Form};
use super::text::{parse_hex, parse_time};
use crate::error::Problem;

/// Keys that a submission may have beside what names it.
pub const SUBMISSION_KEYS: [&str; 6] =
    ["form", "confirm", "reason", "attachments", "observed_at", "count_kind"];

/// Body of `PUT /tallies/{contest}/{station}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TallyBody {
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

/// Reads a submission. Without a contest, which then is unknown, the form itself is left unread.
pub fn parse(object: &Object<'_>, contest: Option<&Contest>, errors: &mut Errors) -> Option<Submission> {
    let form = object.required("form", errors);
    let form = match contest {
        Some(contest) => form.and_then(|form| form::parse(form, &object.at("form"), contest, errors)),
        None => form.map(|_| tally::form::Form::default()),
    };
    let confirm = confirm(object, errors);
    let reason = object.optional_text("reason", errors).map(str::to_owned);
    let attachments = attachments(object, errors);
    let observed_at = object
        .optional("observed_at")
        .and_then(|_| object.parsed("observed_at", "Harus berupa waktu RFC 3339.", errors, parse_time));
    let count_kind = object.optional("count_kind").and_then(|_| {
        object.parsed("count_kind", "Jenis penghitungan ini tidak dikenal.", errors, |text| {
            CountKind::ALL.into_iter().find(|kind| kind.name() == text)
        })
    });
    Some(Submission {
        form: form?,
        confirm,
        reason,
        attachments,
        // Who holds them is found out on the way to the leader.
        holders: Vec::new(),
        observed_at,
        count_kind: count_kind.unwrap_or_default(),
    })
}

fn confirm(object: &Object<'_>, errors: &mut Errors) -> RuleSet {
    let mut rules = RuleSet::default();
    for (position, value) in object.list("confirm", errors).iter().enumerate() {
        match value.as_str().and_then(RuleId::parse) {
            Some(rule) => rules = rules.with(rule),
            None => {
                errors
                    .push(format!("{}/{position}", object.at("confirm")), "Harus nomor aturan seperti R07.");
            }
        }
    }
    rules
}

fn attachments(object: &Object<'_>, errors: &mut Errors) -> Vec<AttachmentId> {
    let mut attachments = Vec::new();
    for (position, value) in object.list("attachments", errors).iter().enumerate() {
        match value.as_str().and_then(parse_hex) {
            Some(digest) => attachments.push(AttachmentId(digest)),
            None => errors.push(
                format!("{}/{position}", object.at("attachments")),
                "Harus SHA-256 dalam 64 angka heksadesimal kecil.",
            ),
        }
    }
    attachments
}

/// Reads the body of a PUT.
pub fn parse_body(value: &Value, contest: Option<&Contest>) -> Result<Submission, Problem> {
    let mut errors = Errors::default();
    let submission = Object::read(value, "", &SUBMISSION_KEYS, &mut errors)
        .and_then(|object| parse(&object, contest, &mut errors));
    errors.finish(submission)
}
