//! What NIST SP 1500-100 version 2 says about the parts of an election report that ours is made of.
//!
//! Invariant: each fact stands here in our words, from the published JSON schema of the standard: which fields a class must and may
//! have, which words a field may hold, and that references lead to something in the report. A class that is not here is not to be
//! written.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// A class: its name, fields that it must have beside `@type`, and those that it may have.
const CLASSES: [(&str, &[&str], &[&str]); 12] = [
    (
        "ElectionReport",
        &[
            "Format",
            "GeneratedDate",
            "Issuer",
            "IssuerAbbreviation",
            "SequenceEnd",
            "SequenceStart",
            "Status",
            "VendorApplicationId",
        ],
        &[
            "Election",
            "ExternalIdentifier",
            "GpUnit",
            "IsTest",
            "Notes",
            "Office",
            "Party",
            "Person",
            "TestType",
        ],
    ),
    (
        "Election",
        &["ElectionScopeId", "EndDate", "Name", "StartDate", "Type"],
        &["BallotCounts", "Candidate", "Contest", "CountStatus", "ExternalIdentifier", "OtherType"],
    ),
    (
        "BallotCounts",
        &["GpUnitId", "Type"],
        &["BallotsCast", "BallotsOutstanding", "BallotsRejected", "OtherType", "Round"],
    ),
    (
        "CandidateContest",
        &["@id", "ElectionDistrictId", "Name", "VotesAllowed"],
        &[
            "Abbreviation",
            "BallotTitle",
            "ContestSelection",
            "CountStatus",
            "ExternalIdentifier",
            "NumberElected",
            "OfficeIds",
            "OtherCounts",
            "SequenceOrder",
            "SubUnitsReported",
            "TotalSubUnits",
            "VoteVariation",
        ],
    ),
    (
        "CandidateSelection",
        &["@id"],
        &["CandidateIds", "EndorsementPartyIds", "IsWriteIn", "SequenceOrder", "VoteCounts"],
    ),
    (
        "Candidate",
        &["@id", "BallotName"],
        &["ExternalIdentifier", "PartyId", "PersonId", "PostElectionStatus"],
    ),
    ("VoteCounts", &["Count", "GpUnitId", "Type"], &["OtherType", "Round"]),
    (
        "ReportingUnit",
        &["@id", "Type"],
        &[
            "ComposingGpUnitIds",
            "CountStatus",
            "ExternalIdentifier",
            "IsDistricted",
            "Name",
            "Number",
            "OtherType",
            "SubUnitsReported",
            "TotalSubUnits",
            "VotersParticipated",
            "VotersRegistered",
        ],
    ),
    ("ExternalIdentifier", &["Type", "Value"], &["Label", "OtherType"]),
    ("InternationalizedText", &["Text"], &["Label"]),
    ("LanguageString", &["Content", "Language"], &[]),
    ("CountStatus", &["Status", "Type"], &["OtherType"]),
];

/// Fields whose words are counted up by the standard.
const WORDS: [(&str, &[&str]); 8] = [
    ("ElectionReport.Format", &["precinct-level", "summary-contest"]),
    (
        "ElectionReport.Status",
        &["certified", "correction", "pre-election", "recount", "unofficial-complete", "unofficial-partial"],
    ),
    ("Election.Type", &["general", "other", "primary", "runoff", "special"]),
    ("ExternalIdentifier.Type", &["fips", "local-level", "national-level", "ocd-id", "other", "state-level"]),
    ("VoteCounts.Type", &["absentee", "early", "election-day", "other", "provisional", "seats", "total"]),
    ("BallotCounts.Type", &["absentee", "early", "election-day", "other", "provisional", "seats", "total"]),
    (
        "ReportingUnit.Type",
        &[
            "city",
            "country",
            "county",
            "municipality",
            "other",
            "polling-place",
            "precinct",
            "state",
            "village",
        ],
    ),
    ("CandidateContest.VoteVariation", &["majority", "n-of-m", "other", "plurality", "proportional"]),
];

/// Fields that hold text, though their name ends like that of a reference.
const NO_REFERENCES: [&str; 2] = ["@id", "VendorApplicationId"];
const WHOLE_NUMBERS: [&str; 12] = [
    "BallotsCast",
    "BallotsOutstanding",
    "BallotsRejected",
    "Count",
    "NumberElected",
    "SequenceEnd",
    "SequenceOrder",
    "SequenceStart",
    "SubUnitsReported",
    "TotalSubUnits",
    "VotersParticipated",
    "VotersRegistered",
];

/// Everything about a report that is not as the standard has it.
pub(super) fn complaints(report: &Value) -> Vec<String> {
    let mut judge = Judge::default();
    judge.ids(report);
    judge.node(report, "report");
    if report["@type"] != "ElectionResults.ElectionReport" {
        judge.complaints.push(format!("the report is a {}", report["@type"]));
    }
    judge.complaints
}

#[derive(Default)]
struct Judge {
    ids: BTreeSet<String>,
    complaints: Vec<String>,
}

impl Judge {
    fn ids(&mut self, node: &Value) {
        if let Some(id) = node["@id"].as_str()
            && !self.ids.insert(id.to_owned())
        {
            self.complaints.push(format!("{id} names two things"));
        }
        match node {
            Value::Object(fields) => fields.values().for_each(|inner| self.ids(inner)),
            Value::Array(items) => items.iter().for_each(|inner| self.ids(inner)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn node(&mut self, node: &Value, at: &str) {
        match node {
            Value::Array(items) => items.iter().for_each(|item| self.node(item, at)),
            Value::Object(fields) => self.object(fields, at),
            Value::Null => self.complaints.push(format!("{at} is null")),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn object(&mut self, fields: &Map<String, Value>, at: &str) {
        let class = fields.get("@type").and_then(Value::as_str).unwrap_or_default();
        let class = class.strip_prefix("ElectionResults.").unwrap_or_default();
        let Some((_, must, may)) = CLASSES.into_iter().find(|(name, ..)| *name == class) else {
            self.complaints.push(format!("{at} is of no class that we know: {class:?}"));
            return;
        };
        for field in must.iter().filter(|field| !fields.contains_key(**field)) {
            self.complaints.push(format!("{at}, a {class}, has no {field}"));
        }
        for (field, value) in fields.iter().filter(|(field, _)| *field != "@type") {
            if !must.contains(&field.as_str()) && !may.contains(&field.as_str()) {
                self.complaints.push(format!("{at}, a {class}, must not have {field}"));
            }
            self.field((class, field), value, &format!("{at}/{field}"));
            self.node(value, &format!("{at}/{field}"));
        }
        if fields.get("Type").is_some_and(|kind| kind == "other") != fields.contains_key("OtherType") {
            self.complaints.push(format!("{at}: another type has a name, and only that"));
        }
    }

    fn field(&mut self, (class, field): (&str, &str), value: &Value, at: &str) {
        let words = WORDS.into_iter().find(|(name, _)| *name == format!("{class}.{field}"));
        let known = words.is_none_or(|(_, words)| value.as_str().is_some_and(|word| words.contains(&word)));
        let counted = !WHOLE_NUMBERS.contains(&field) || value.is_u64();
        let refers = (field.ends_with("Id") || field.ends_with("Ids")) && !NO_REFERENCES.contains(&field);
        let single = std::slice::from_ref(value);
        let references = value.as_array().map_or(single, Vec::as_slice);
        let led = !refers || references.iter().all(|id| id.as_str().is_some_and(|id| self.ids.contains(id)));
        let dated = match field {
            "GeneratedDate" => shaped(value, "0000-00-00T00:00:00Z"),
            "StartDate" | "EndDate" => shaped(value, "0000-00-00"),
            _ => true,
        };
        if !(known && counted && led && dated) {
            self.complaints.push(format!("{at} is {value}"));
        }
    }
}

/// Whether a text looks like another, whatever its digits.
fn shaped(value: &Value, wanted: &str) -> bool {
    let shape = |letter: char| if letter.is_ascii_digit() { '0' } else { letter };
    value.as_str().is_some_and(|text| text.chars().map(shape).eq(wanted.chars()))
}

#[test]
fn wrong_reports_are_noticed() {
    let report = serde_json::json!({
        "@type": "ElectionResults.ElectionReport", "Format": "precinct-contest", "GeneratedDate": "2024-02-14",
        "Issuer": "A", "IssuerAbbreviation": "A", "SequenceStart": 1, "SequenceEnd": "1", "Colour": "red",
        "Status": "unofficial-partial",
        "GpUnit": [{"@type": "ElectionResults.ReportingUnit", "@id": "a", "Type": "other", "ComposingGpUnitIds": ["b"]}],
    });
    let found = complaints(&report).join("\n");
    for wrong in [
        "no VendorApplicationId",
        "Format is",
        "GeneratedDate is",
        "SequenceEnd is",
        "Colour",
        "Ids is",
        "another type",
    ] {
        assert!(found.contains(wrong), "{wrong} is not among\n{found}");
    }
}
