//! Contests on the wire: what `/contests` answers, and the same shape read back.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tally::contest::{self, Exemption};
use tally::ids::ContestId;
use tally::region::RegionCode;
use tally::rules::RuleId;
use utoipa::ToSchema;

use super::body::{Errors, Object};
use super::text::{day, parse_day};
use crate::error::Problem;

const CONTEST_KEYS: [&str; 11] = [
    "id",
    "name",
    "kind",
    "region",
    "regions",
    "partial_forms",
    "photo_required",
    "reason_required",
    "poll_day",
    "options",
    "exemptions",
];

/// Answer of `/contests`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Contests {
    /// All contests, by id.
    pub contests: Vec<Contest>,
}

/// A contest.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Contest {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// What is elected.
    pub kind: String,
    /// Smallest region that contains all of `regions`.
    pub region: String,
    /// Where it is held.
    pub regions: Vec<String>,
    /// Whether officers may leave parts of the form out.
    pub partial_forms: bool,
    /// Whether a confirmation wants a photo.
    pub photo_required: bool,
    /// The ballot.
    pub options: Vec<ContestOption>,
    /// Whether a correction wants a reason; false when missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reason_required: bool,
    /// Day of the poll, `YYYY-MM-DD`, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_day: Option<String>,
}

/// One line of the ballot.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ContestOption {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Ballot number.
    pub order: u32,
    /// Neutral colour, `#RRGGBB`.
    #[schema(required)]
    pub color: Option<String>,
    /// Party or parties.
    #[schema(required)]
    pub party: Option<String>,
}

impl Contest {
    /// The wire shape of a contest.
    #[must_use]
    pub fn of(contest: &contest::Contest) -> Self {
        Self {
            id: contest.id.to_string(),
            name: contest.name.clone(),
            kind: contest.kind.clone(),
            region: contest.region().to_string(),
            regions: contest.regions.iter().map(RegionCode::to_string).collect(),
            partial_forms: contest.partial_forms,
            photo_required: contest.photo_required,
            options: contest.options.iter().map(ContestOption::of).collect(),
            reason_required: contest.reason_required,
            poll_day: contest.poll_day.map(day),
        }
    }
}

impl ContestOption {
    fn of(option: &contest::ContestOption) -> Self {
        Self {
            id: option.id.clone(),
            name: option.name.clone(),
            order: option.order,
            color: option.color.clone(),
            party: option.party.clone(),
        }
    }
}

/// Reads the body of `POST /master/contests`.
pub fn parse(value: &Value) -> Result<Vec<contest::Contest>, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["contests"], &mut errors) else {
        return errors.finish(None);
    };
    let _ = object.required("contests", &mut errors);
    let mut contests = Vec::new();
    for (position, value) in object.list("contests", &mut errors).iter().enumerate() {
        contests.extend(contest(value, &format!("/contests/{position}"), &mut errors));
    }
    errors.finish(Some(contests))
}

fn contest(value: &Value, pointer: &str, errors: &mut Errors) -> Option<contest::Contest> {
    let object = Object::read(value, pointer, &CONTEST_KEYS, errors)?;
    let id = object.parsed(
        "id",
        "Harus 1 sampai 24 huruf kecil, angka, atau tanda hubung.",
        errors,
        ContestId::parse,
    );
    let name = object.text("name", errors).map(str::to_owned);
    let kind = object.text("kind", errors).map(str::to_owned);
    let mut regions = Vec::new();
    let _ = object.required("regions", errors);
    for (position, value) in object.list("regions", errors).iter().enumerate() {
        match value.as_str().and_then(RegionCode::parse) {
            Some(region) => regions.push(region),
            None => errors.push(format!("{}/{position}", object.at("regions")), "Harus kode wilayah."),
        }
    }
    if object.optional("region").is_some() {
        object.parsed("region", "Harus kode wilayah.", errors, RegionCode::parse);
    }
    let partial_forms = object.flag("partial_forms", false, errors);
    let photo_required = object.flag("photo_required", false, errors);
    let reason_required = object.flag("reason_required", false, errors);
    let poll_day = object
        .optional("poll_day")
        .and_then(|_| object.parsed("poll_day", "Harus tanggal seperti 2024-02-14.", errors, parse_day));
    let _ = object.required("options", errors);
    let mut options = Vec::new();
    for (position, value) in object.list("options", errors).iter().enumerate() {
        let pointer = format!("{}/{position}", object.at("options"));
        let read = option(value, &pointer, errors);
        if let Some(read) = read {
            if options.iter().any(|other: &contest::ContestOption| other.id == read.id) {
                errors.push(format!("{pointer}/id"), "Pilihan ini muncul dua kali.");
            }
            options.push(read);
        }
    }
    let exemptions = exemptions(&object, errors);
    Some(contest::Contest {
        id: id?,
        name: name?,
        kind: kind?,
        regions,
        partial_forms,
        photo_required,
        reason_required,
        poll_day,
        options,
        exemptions,
        index: 0,
    })
}

fn option(value: &Value, pointer: &str, errors: &mut Errors) -> Option<contest::ContestOption> {
    let object = Object::read(value, pointer, &["id", "name", "order", "color", "party"], errors)?;
    let id = object.text("id", errors).map(str::to_owned);
    let name = object.text("name", errors).map(str::to_owned);
    let order = object.count("order", u32::MAX, errors);
    let color = object.optional_text("color", errors).map(str::to_owned);
    let party = object.optional_text("party", errors).map(str::to_owned);
    Some(contest::ContestOption { id: id?, name: name?, order: order?, color, party })
}

fn exemptions(object: &Object<'_>, errors: &mut Errors) -> Vec<Exemption> {
    let mut exemptions = Vec::new();
    for (position, value) in object.list("exemptions", errors).iter().enumerate() {
        let pointer = format!("{}/{position}", object.at("exemptions"));
        let Some(item) = Object::read(value, &pointer, &["rule", "region"], errors) else { continue };
        let rule = item.parsed("rule", "Harus nomor aturan seperti R22.", errors, RuleId::parse);
        let region = item.parsed("region", "Harus kode wilayah.", errors, RegionCode::parse);
        if let (Some(rule), Some(region)) = (rule, region) {
            exemptions.push(Exemption { rule, region });
        }
    }
    exemptions
}
