//! Flags and proposals on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tally::contest::Contest;
use tally::form::{Field, Form};
use tally::rules;
use tally::station::Station;
use utoipa::ToSchema;

use super::body::escape;
use super::messages;

/// One broken rule, with the numbers in words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Flag {
    /// The rule, such as `R07`.
    pub rule: String,
    /// `confirm`, `hold` or `note`.
    pub severity: String,
    /// What is wrong, in Indonesian, with the numbers in it.
    pub message: String,
    /// JSON pointers into the form.
    pub fields: Vec<String>,
}

/// A change of the form that would make rules hold. Never applied by itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Proposal {
    /// New values by JSON pointer into the form.
    pub fields: BTreeMap<String, u32>,
    /// Why, in Indonesian.
    pub reason: String,
    /// Rules that would hold.
    pub repairs: Vec<String>,
}

/// What the words of a flag are made from.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The form.
    pub form: &'a Form,
    /// Its contest.
    pub contest: &'a Contest,
    /// Its station.
    pub station: &'a Station,
}

/// The JSON pointer of a box in the form.
#[must_use]
pub fn pointer(field: Field, contest: &Contest) -> String {
    if let Some(fixed) = field.fixed_pointer() {
        return fixed.to_owned();
    }
    let option = field.option_position().and_then(|position| contest.options.get(position));
    option.map_or_else(|| "/votes".to_owned(), |option| format!("/votes/{}", escape(&option.id)))
}

impl Flag {
    /// Words a flag of a form.
    #[must_use]
    pub fn of(flag: &rules::Flag, subject: Subject<'_>) -> Self {
        Self {
            rule: flag.rule.to_string(),
            severity: flag.severity.name().to_owned(),
            message: messages::message(flag, subject),
            fields: flag.fields.iter().map(|field| pointer(*field, subject.contest)).collect(),
        }
    }

    /// Words all flags of a form.
    #[must_use]
    pub fn all(flags: &[rules::Flag], subject: Subject<'_>) -> Vec<Self> {
        flags.iter().map(|flag| Self::of(flag, subject)).collect()
    }
}
