//! Results of a region in the common data format of NIST SP 1500-100 version 2, as JSON.
//!
//! Invariant: counts are those of `/results` of the same view; what the format has no word for, such as forms that are held, is in
//! its notes, not in a field that means something else.

use serde_json::{Value, json};
use tally::contest::{Contest, ContestOption};
use tally::region::Level;

use crate::dto::results::{Progress, ResultChild, ResultsPage, Totals};
use crate::dto::text::day;

/// Time of a report on nothing.
const NEVER: &str = "1970-01-01T00:00:00Z";

/// A unit of the report.
struct Unit<'a> {
    code: &'a str,
    name: &'a str,
    /// The format's word for what it is, and ours where it has none.
    kind: (&'static str, Option<&'static str>),
    progress: Option<&'a Progress>,
    totals: Option<&'a Totals>,
}

/// The report of a region and of what lies right below it.
pub(super) fn report(page: &ResultsPage, contest: &Contest) -> Value {
    // The format knows whole seconds only.
    let second = page.as_of.at.as_deref().and_then(|at| at.get(..19)).map(|at| format!("{at}Z"));
    let at = second.as_deref().unwrap_or(NEVER);
    let units = units(page);
    let progress = &page.progress;
    let complete = progress.stations > 0 && progress.reported == progress.stations;
    let village = page.region.level == Level::Village.name();
    json!({
        "@type": "ElectionResults.ElectionReport",
        "Format": if village { "precinct-level" } else { "summary-contest" },
        "GeneratedDate": at,
        "Issuer": "Rakit",
        "IssuerAbbreviation": "Rakit",
        "Notes": format!(
            "Hasil sementara, bukan hasil resmi. {} dari {} TPS masuk; {} ditahan dan tidak dijumlahkan.",
            progress.reported, progress.stations, progress.held
        ),
        "SequenceStart": 1,
        "SequenceEnd": 1,
        "Status": if complete { "unofficial-complete" } else { "unofficial-partial" },
        "VendorApplicationId": "rakit",
        "ExternalIdentifier": [{
            "@type": "ElectionResults.ExternalIdentifier",
            "Type": "other",
            "OtherType": "rakit-index",
            "Value": page.as_of.index.to_string(),
        }],
        "GpUnit": gp_units(&units),
        "Election": [election(page, contest, &units, at)],
    })
}

fn election(page: &ResultsPage, contest: &Contest, units: &[Unit<'_>], at: &str) -> Value {
    let polled = contest.poll_day.map_or_else(|| at.get(..10).unwrap_or_default().to_owned(), day);
    let scope = unit_id(&page.region.code);
    let selections = contest.options.iter().map(|option| selection(&option.id, units));
    json!({
        "@type": "ElectionResults.Election",
        "Name": text(&contest.name),
        "Type": "general",
        "StartDate": polled,
        "EndDate": polled,
        "ElectionScopeId": scope,
        "BallotCounts": units.iter().filter_map(ballots).collect::<Value>(),
        "Candidate": contest.options.iter().map(candidate).collect::<Value>(),
        "Contest": [{
            "@type": "ElectionResults.CandidateContest",
            "@id": format!("contest-{}", contest.id),
            "Name": contest.name,
            "ElectionDistrictId": scope,
            "VotesAllowed": 1,
            "VoteVariation": "plurality",
            "TotalSubUnits": page.progress.stations,
            "SubUnitsReported": page.progress.reported,
            "ContestSelection": selections.collect::<Value>(),
        }],
    })
}

fn unit_id(code: &str) -> String {
    format!("unit-{code}")
}

fn text(words: &str) -> Value {
    json!({
        "@type": "ElectionResults.InternationalizedText",
        "Text": [{ "@type": "ElectionResults.LanguageString", "Content": words, "Language": "id" }],
    })
}

fn candidate(option: &ContestOption) -> Value {
    json!({
        "@type": "ElectionResults.Candidate",
        "@id": format!("candidate-{}", option.id),
        "BallotName": text(&option.name),
    })
}

fn selection(option: &str, units: &[Unit<'_>]) -> Value {
    let count = |unit: &Unit<'_>| {
        let votes = unit.totals?.votes.of(option)?;
        Some(json!({
            "@type": "ElectionResults.VoteCounts",
            "GpUnitId": unit_id(unit.code),
            "Type": "total",
            "Count": votes,
        }))
    };
    json!({
        "@type": "ElectionResults.CandidateSelection",
        "@id": format!("selection-{option}"),
        "CandidateIds": [format!("candidate-{option}")],
        "VoteCounts": units.iter().filter_map(count).collect::<Value>(),
    })
}

fn ballots(unit: &Unit<'_>) -> Option<Value> {
    let totals = unit.totals?;
    Some(json!({
        "@type": "ElectionResults.BallotCounts",
        "GpUnitId": unit_id(unit.code),
        "Type": "total",
        "BallotsCast": totals.total,
        "BallotsRejected": totals.invalid,
    }))
}

/// The region itself, then what lies right below it.
fn units(page: &ResultsPage) -> Vec<Unit<'_>> {
    let level = Level::ALL.into_iter().find(|level| level.name() == page.region.level);
    let below = level.and_then(|level| Level::from_number(level.number().saturating_add(1)));
    let own = Unit {
        code: &page.region.code,
        name: &page.region.name,
        kind: kind(level),
        progress: Some(&page.progress),
        totals: Some(&page.totals),
    };
    let children = page.children.iter().map(|child| match child {
        ResultChild::Region(line) => Unit {
            code: &line.code,
            name: &line.name,
            kind: kind(below),
            progress: Some(&line.progress),
            totals: Some(&line.totals),
        },
        ResultChild::Station(line) => Unit {
            code: &line.code,
            name: &line.name,
            kind: ("polling-place", None),
            progress: None,
            totals: line.totals.as_ref(),
        },
    });
    std::iter::once(own).chain(children).collect()
}

const fn kind(level: Option<Level>) -> (&'static str, Option<&'static str>) {
    match level {
        Some(Level::Nation) => ("country", None),
        Some(Level::Province) => ("other", Some("province")),
        Some(Level::Regency) => ("other", Some("regency")),
        Some(Level::District) => ("other", Some("district")),
        Some(Level::Village) => ("village", None),
        None => ("other", Some("region")),
    }
}

fn gp_units(units: &[Unit<'_>]) -> Value {
    let below: Value = units.iter().skip(1).map(|unit| unit_id(unit.code)).collect();
    let mut written: Vec<Value> = units.iter().map(gp_unit).collect();
    if let Some(own) = written.first_mut().and_then(Value::as_object_mut) {
        own.insert("ComposingGpUnitIds".to_owned(), below);
    }
    Value::Array(written)
}

fn gp_unit(unit: &Unit<'_>) -> Value {
    let (kind, other) = unit.kind;
    let mut written = json!({
        "@type": "ElectionResults.ReportingUnit",
        "@id": unit_id(unit.code),
        "Name": text(unit.name),
        "Type": kind,
        "ExternalIdentifier": [{
            "@type": "ElectionResults.ExternalIdentifier",
            "Type": "national-level",
            "Value": unit.code,
        }],
    });
    let Some(fields) = written.as_object_mut() else { return written };
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    if let Some(other) = other {
        put("OtherType", other.into());
    }
    if let Some(totals) = unit.totals {
        put("VotersParticipated", totals.turnout.into());
        put("VotersRegistered", totals.registered.into());
    }
    if let Some(progress) = unit.progress {
        put("TotalSubUnits", progress.stations.into());
        put("SubUnitsReported", progress.reported.into());
    }
    written
}
