//! A small country to count in, and forms about it that keep every rule.
//!
//! Invariant: each number gives one form, and no two numbers below half a million the same one.

use api::dto::master::{RegionEntry, RegionsBody, StationEntry};
use api::dto::submission::TallyBody;
use serde_json::{Value, json};

use super::{Trouble, harness};
use crate::steps;

/// The contest.
pub(super) const CONTEST: &str = "ppwp";
/// Stations that officers write for.
pub(super) const STATIONS: u64 = 264;
/// Votes of an option are below this.
const VOTES: u64 = 80;
const VILLAGES: [u64; 6] =
    [3_101_011_001, 3_101_011_002, 3_101_021_001, 3_201_011_001, 3_201_011_002, 3_202_011_001];
pub(super) const OPTIONS: [&str; 3] = ["100025", "100026", "100027"];
/// Names of all regions: no two alike, so that a letter that is left out names nobody else.
const NAMES: [(&str, &str); 15] = [
    ("31", "JAKARTA"),
    ("32", "PRIANGAN"),
    ("3101", "KEPULAUAN"),
    ("3201", "BOGOR"),
    ("3202", "SUKABUMI"),
    ("310101", "TIDUNG"),
    ("310102", "KELAPA"),
    ("320101", "CIBINONG"),
    ("320201", "WARUNGKIARA"),
    ("3101011001", "PANGGANG"),
    ("3101011002", "UNTUNG JAWA"),
    ("3101021001", "HARAPAN"),
    ("3201011001", "PAKANSARI"),
    ("3201011002", "NANGGEWER"),
    ("3202011001", "CITEPUS"),
];
const ROLL: u64 = 250;

/// Code of a station, counted from 0.
pub(super) fn station(number: u64) -> String {
    let village = usize::try_from(number).ok().and_then(|number| VILLAGES.get(number.checked_rem(6)?));
    let place = number.checked_div(6).unwrap_or(0).saturating_add(1);
    format!("{}{place:03}", village.copied().unwrap_or_default())
}

/// The number of a station by its code.
pub(super) fn number_of_station(code: &str) -> Option<u64> {
    let (village, place) = code.split_at_checked(10)?;
    let village = VILLAGES.iter().position(|known| known.to_string() == village)?;
    let above = place.parse::<u64>().ok()?.checked_sub(1)?.checked_mul(6)?;
    above.checked_add(u64::try_from(village).ok()?)
}

/// The name of a region.
fn name_of(code: &str) -> &'static str {
    NAMES.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}

/// What people look for, and the code of what they mean: names, names without one of their letters, codes, and stations
/// by village and number.
pub(super) fn searches() -> Vec<(String, String)> {
    let mut searches = Vec::new();
    for (code, name) in NAMES {
        // The third letter: people get the first ones right.
        let typed: String = name.chars().take(2).chain(name.chars().skip(3)).collect();
        searches.extend([name, &typed, code].map(|text| (text.to_lowercase(), code.to_owned())));
    }
    for number in 0..STATIONS {
        let code = station(number);
        let Some((village, place)) = code.split_at_checked(10) else { continue };
        let place = place.trim_start_matches('0');
        searches.push((format!("{} TPS {place}", name_of(village)), code.clone()));
        searches.push((code.clone(), code));
    }
    searches
}

/// All regions, and so many stations.
pub(super) fn regions(stations: u64) -> RegionsBody {
    let mut codes: Vec<String> = VILLAGES
        .iter()
        .flat_map(|village| [2, 4, 6, 10].map(|digits| village.to_string().chars().take(digits).collect()))
        .collect();
    // Parents before children.
    codes.sort_by_key(|code: &String| (code.len(), code.clone()));
    codes.dedup();
    let regions =
        codes.into_iter().map(|code| RegionEntry { name: name_of(&code).to_owned(), code }).collect();
    let entry = |number| StationEntry {
        code: station(number),
        kind: "home".to_owned(),
        name: None,
        registered: u32::try_from(ROLL).ok(),
    };
    RegionsBody { regions, stations: (0..stations).map(entry).collect() }
}

/// The contest.
pub(super) fn contests() -> Value {
    let option = |(order, id): (u64, &&str)| json!({"id": id, "name": format!("PASANGAN {order}"), "order": order, "color": null, "party": null});
    let options: Vec<Value> = (1..).zip(&OPTIONS).map(option).collect();
    json!({"contests": [{
        "id": CONTEST, "name": "Presiden dan Wakil Presiden", "kind": "ppwp", "region": "0", "regions": ["0"],
        "partial_forms": true, "photo_required": false, "options": options,
    }]})
}

/// Votes of the form of a number, in ballot order.
pub(super) fn votes(number: u64) -> [u64; 3] {
    let digit = |over: u64| number.checked_div(over).and_then(|rest| rest.checked_rem(VOTES)).unwrap_or(0);
    [digit(1), digit(VOTES), digit(VOTES.saturating_mul(VOTES))]
}

/// Votes of a form as it came from a node, in ballot order.
pub(super) fn votes_of(form: &api::dto::form::Form) -> [u64; 3] {
    OPTIONS.map(|option| form.votes.of(option).unwrap_or_default())
}

/// The number of a form as it came from a node.
pub(super) fn number_of(form: &api::dto::form::Form) -> u64 {
    votes_of(form)
        .into_iter()
        .rev()
        .fold(0, |number, digit| number.saturating_mul(VOTES).saturating_add(digit))
}

/// Whether one form in place of another is a large change (R27).
pub(super) fn is_large_change(old: u64, new: u64) -> bool {
    steps::is_large_change(votes(old), votes(new))
}

/// Codes of all regions, parents before children.
pub(super) fn region_codes() -> Vec<String> {
    regions(0).regions.into_iter().map(|region| region.code).chain(["0".to_owned()]).collect()
}

/// The form of a number.
pub(super) fn body(number: u64) -> Result<TallyBody, Trouble> {
    let people = |total: u64| {
        let male = total.checked_div(2).unwrap_or(0);
        json!({"male": male, "female": total.saturating_sub(male), "total": total})
    };
    let votes = votes(number);
    let total = votes.iter().fold(0, |sum: u64, votes| sum.saturating_add(*votes));
    // Two in a hundred more than voters, as the law wants.
    let received = ROLL.saturating_add(ROLL.div_ceil(50));
    let counts: serde_json::Map<String, Value> =
        OPTIONS.iter().zip(votes).map(|(option, votes)| ((*option).to_owned(), json!(votes))).collect();
    let form = json!({
        "registered": people(ROLL),
        "turnout": {"dpt": people(total), "dptb": people(0), "dpk": people(0), "total": people(total)},
        "ballots": {"received": received, "used": total, "returned": 0, "unused": received.saturating_sub(total)},
        "disabled": people(0), "votes": counts, "valid": total, "invalid": 0, "total": total,
    });
    let body = json!({"form": form, "confirm": [], "reason": null, "attachments": [], "observed_at": null});
    serde_json::from_value(body).map_err(harness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_change_is_one_of_many_votes_or_of_the_leader() {
        let number =
            |votes: [u64; 3]| votes.into_iter().rev().fold(0, |number, digit| number * VOTES + digit);
        let large = |old, new| is_large_change(number(old), number(new));
        assert!(!large([42, 59, 2], [42, 69, 2]) && !large([79, 0, 60], [79, 0, 10]));
        assert!(
            large([79, 0, 60], [79, 0, 9])
                && large([42, 41, 2], [41, 42, 2])
                && large([42, 42, 2], [42, 41, 2])
        );
    }

    #[test]
    fn every_region_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> = NAMES.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names.len(), NAMES.len());
        assert!(regions(0).regions.iter().all(|region| !region.name.is_empty()));
        assert_eq!(regions(0).regions.len(), NAMES.len());
        let searches = searches();
        let means = |text: &str| searches.iter().find(|(asked, _)| asked == text).map(|(_, code)| &**code);
        assert_eq!(means("jaarta"), Some("31"));
        assert_eq!(means("PANGGANG TPS 44"), Some("3101011001044"));
    }

    #[test]
    fn stations_and_forms_are_all_different() {
        let codes: std::collections::BTreeSet<String> = (0..STATIONS).map(station).collect();
        assert_eq!(codes.len(), 264);
        assert!((0..STATIONS).all(|number| number_of_station(&station(number)) == Some(number)));
        assert_eq!((number_of_station("31"), number_of_station("3101011001000")), (None, None));
        assert!(codes.contains("3101011001001") && codes.contains("3202011001044"), "{codes:?}");
        let forms: std::collections::BTreeSet<[u64; 3]> = (0..10_000).map(votes).collect();
        assert_eq!(forms.len(), 10_000);
        assert_eq!(votes_of(&body(81).unwrap().form), votes(81));
        assert!(
            [1, 79, 80, 6_400, 12_345]
                .iter()
                .all(|number| number_of(&body(*number).unwrap().form) == *number)
        );
    }
}
