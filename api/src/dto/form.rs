//! The form on the wire.
//!
//! Invariant: every key is present on the wire, a part that is not known is null, and votes are named by the
//! contest's options, each exactly once.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tally::contest::Contest;
use tally::form;
use utoipa::ToSchema;

use super::body::{Errors, Object, count};

/// The largest count any box of any form can hold; what a station's kind allows is decided later (R03).
pub const COUNT_MAX: u32 = 99_999;

const PARTS: [&str; 8] =
    ["registered", "turnout", "ballots", "disabled", "votes", "valid", "invalid", "total"];

/// Men, women and their sum, as written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Laki-laki.
    pub male: u32,
    /// Perempuan.
    pub female: u32,
    /// Jumlah, as written.
    pub total: u32,
}

/// Part I.B: voters who voted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Turnout {
    /// On the permanent roll.
    pub dpt: People,
    /// Moved voters.
    pub dptb: People,
    /// Special voters.
    pub dpk: People,
    /// All of them.
    pub total: People,
}

/// Part II: ballot papers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ballots {
    /// Received.
    pub received: u32,
    /// Used.
    pub used: u32,
    /// Returned.
    pub returned: u32,
    /// Unused.
    pub unused: u32,
}

/// Counts by option, in the order of the contest's options.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Votes(pub Vec<(String, u64)>);

impl Votes {
    /// The count of an option.
    #[must_use]
    pub fn of(&self, option: &str) -> Option<u64> {
        self.0.iter().find(|(id, _)| id == option).map(|(_, votes)| *votes)
    }

    /// Counts in the order of a contest's options; options beyond the counts have none.
    #[must_use]
    pub fn named(contest: &Contest, counts: impl IntoIterator<Item = u64>) -> Self {
        let mut counts = counts.into_iter();
        let named = contest.options.iter().map(|option| (option.id.clone(), counts.next().unwrap_or(0)));
        Self(named.collect())
    }
}

impl Serialize for Votes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (option, votes) in &self.0 {
            map.serialize_entry(option, votes)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Votes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Votes;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("counts by option")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Votes, A::Error> {
                let mut votes = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    votes.push(entry);
                }
                Ok(Votes(votes))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The form of one station in one contest.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// I.A, voters on the roll.
    #[schema(required)]
    pub registered: Option<People>,
    /// I.B, voters who voted.
    #[schema(required)]
    pub turnout: Option<Turnout>,
    /// II, ballot papers.
    #[schema(required)]
    pub ballots: Option<Ballots>,
    /// III, voters with disabilities who voted.
    #[schema(required)]
    pub disabled: Option<People>,
    /// IV, votes by option.
    #[schema(value_type = std::collections::BTreeMap<String, u32>)]
    pub votes: Votes,
    /// V.A, valid votes.
    #[schema(required)]
    pub valid: Option<u32>,
    /// V.B, invalid votes.
    #[schema(required)]
    pub invalid: Option<u32>,
    /// V.C, valid and invalid votes.
    #[schema(required)]
    pub total: Option<u32>,
}

impl From<form::People> for People {
    fn from(people: form::People) -> Self {
        Self { male: people.male, female: people.female, total: people.total }
    }
}

impl Form {
    /// The wire shape of a stored form.
    #[must_use]
    pub fn of(form: &form::Form, contest: &Contest) -> Self {
        Self {
            registered: form.registered.map(People::from),
            turnout: form.turnout.map(|turnout| Turnout {
                dpt: turnout.dpt.into(),
                dptb: turnout.dptb.into(),
                dpk: turnout.dpk.into(),
                total: turnout.total.into(),
            }),
            ballots: form.ballots.map(|ballots| Ballots {
                received: ballots.received,
                used: ballots.used,
                returned: ballots.returned,
                unused: ballots.unused,
            }),
            disabled: form.disabled.map(People::from),
            votes: Votes::named(contest, form.votes.iter().copied().map(u64::from)),
            valid: form.valid,
            invalid: form.invalid,
            total: form.total,
        }
    }
}

/// Reads a form against the options of its contest.
pub fn parse(value: &Value, pointer: &str, contest: &Contest, errors: &mut Errors) -> Option<form::Form> {
    let object = Object::read(value, pointer, &PARTS, errors)?;
    let registered = part(&object, "registered", errors, people);
    let turnout = part(&object, "turnout", errors, turnout);
    let ballots = part(&object, "ballots", errors, ballots);
    let disabled = part(&object, "disabled", errors, people);
    let votes =
        object.required("votes", errors).and_then(|value| votes(value, &object.at("votes"), contest, errors));
    let number = |value: &Value, pointer: &str, errors: &mut Errors| count(value, pointer, COUNT_MAX, errors);
    let valid = part(&object, "valid", errors, number);
    let invalid = part(&object, "invalid", errors, number);
    let total = part(&object, "total", errors, number);
    Some(form::Form {
        registered: registered?,
        turnout: turnout?,
        ballots: ballots?,
        disabled: disabled?,
        votes: votes?,
        valid: valid?,
        invalid: invalid?,
        total: total?,
    })
}

/// A part that may be null: `None` when it could not be read, `Some(None)` when it is null.
#[expect(clippy::option_option, reason = "the two ways to be missing go different ways in one line")]
fn part<T>(
    object: &Object<'_>,
    key: &str,
    errors: &mut Errors,
    read: impl FnOnce(&Value, &str, &mut Errors) -> Option<T>,
) -> Option<Option<T>> {
    let value = object.required(key, errors)?;
    if value.is_null() {
        return Some(None);
    }
    read(value, &object.at(key), errors).map(Some)
}

fn people(value: &Value, pointer: &str, errors: &mut Errors) -> Option<form::People> {
    let object = Object::read(value, pointer, &["male", "female", "total"], errors)?;
    let male = object.count("male", COUNT_MAX, errors);
    let female = object.count("female", COUNT_MAX, errors);
    let total = object.count("total", COUNT_MAX, errors);
    Some(form::People { male: male?, female: female?, total: total? })
}

fn turnout(value: &Value, pointer: &str, errors: &mut Errors) -> Option<form::Turnout> {
    let object = Object::read(value, pointer, &["dpt", "dptb", "dpk", "total"], errors)?;
    let mut row = |key: &str| people(object.required(key, errors)?, &object.at(key), errors);
    let (dpt, dptb, dpk, total) = (row("dpt"), row("dptb"), row("dpk"), row("total"));
    Some(form::Turnout { dpt: dpt?, dptb: dptb?, dpk: dpk?, total: total? })
}

fn ballots(value: &Value, pointer: &str, errors: &mut Errors) -> Option<form::Ballots> {
    let object = Object::read(value, pointer, &["received", "used", "returned", "unused"], errors)?;
    let mut box_of = |key: &str| object.count(key, COUNT_MAX, errors);
    let (received, used, returned, unused) =
        (box_of("received"), box_of("used"), box_of("returned"), box_of("unused"));
    Some(form::Ballots { received: received?, used: used?, returned: returned?, unused: unused? })
}

fn votes(value: &Value, pointer: &str, contest: &Contest, errors: &mut Errors) -> Option<Vec<u32>> {
    let object = Object::any(value, pointer, errors)?;
    let known: std::collections::BTreeSet<&str> =
        contest.options.iter().map(|option| option.id.as_str()).collect();
    for key in object.map().keys().filter(|key| !known.contains(key.as_str())) {
        errors.push(object.at(key), "Pilihan ini tidak ada di surat suara.");
    }
    let counts: Vec<Option<u32>> =
        contest.options.iter().map(|option| object.count(&option.id, COUNT_MAX, errors)).collect();
    counts.into_iter().collect()
}
