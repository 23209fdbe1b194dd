//! A form at the desk: as tables to read, as boxes to fill in, and what was filled in as the contract wants it.
//!
//! Invariant: what is shown and what is asked for are the same boxes, those of `web::paper` and the contest's options.

use serde_json::{Map, Value as Json};

use super::blocks::{Field, Group, Kind, Row, Table, columns};
use crate::dto::contests::Contest;
use crate::dto::form::Form;
use crate::export::Value;
use crate::web::paper::{BALLOTS, DISABLED, PEOPLE, SUMS, USE_OF_BALLOTS, VALID, VOTERS, VOTES};

const PARTS: [(&str, &str); 3] = [("male", "L"), ("female", "P"), ("total", "Jumlah")];

const FOUR: [&str; 4] = ["Uraian", "#L", "#P", "#Jumlah"];

fn options(contest: &Contest) -> Vec<(String, String)> {
    let mut options: Vec<_> = contest.options.iter().collect();
    options.sort_by_key(|option| option.order);
    let named = options
        .into_iter()
        .map(|option| (format!("/votes/{}", option.id), format!("{}. {}", option.order, option.name)));
    named.collect()
}

/// What a box holds.
fn at(form: &Json, pointer: &str) -> Value {
    form.pointer(pointer).and_then(Json::as_u64).map_or(Value::Unknown, Value::Count)
}

/// The form as tables.
pub(super) fn tables(form: &Form, contest: &Contest) -> Vec<Table> {
    let form = serde_json::to_value(form).unwrap_or_default();
    let mut tables: Vec<Table> = Vec::new();
    let table = |caption: &str, names: &[&str], rows: Vec<Vec<Value>>| Table {
        caption: caption.to_owned(),
        columns: columns(names),
        rows: rows.into_iter().map(|cells| Row { cells, ..Row::default() }).collect(),
        empty: String::new(),
    };
    let people = |heading: &str| {
        let lines = PEOPLE.iter().filter(|(group, ..)| *group == heading);
        lines
            .map(|(_, pointer, name)| {
                let counts = PARTS.map(|(part, _)| at(&form, &format!("{pointer}/{part}")));
                [Value::from(*name)].into_iter().chain(counts).collect()
            })
            .collect::<Vec<Vec<Value>>>()
    };
    let counts = |lines: Vec<(String, String)>| {
        lines.into_iter().map(|(pointer, name)| vec![name.into(), at(&form, &pointer)]).collect::<Vec<_>>()
    };
    let owned = |lines: &[(&str, &str)]| {
        lines.iter().map(|(pointer, name)| ((*pointer).to_owned(), (*name).to_owned())).collect::<Vec<_>>()
    };
    tables.push(table(VOTERS, &FOUR, people(VOTERS)));
    tables.push(table(USE_OF_BALLOTS, &["Uraian", "#Jumlah"], counts(owned(&BALLOTS))));
    tables.push(table(DISABLED, &FOUR, people(DISABLED)));
    tables.push(table(VOTES, &["Nomor urut dan nama", "#Suara"], counts(options(contest))));
    tables.push(table(VALID, &["Uraian", "#Jumlah"], counts(owned(&SUMS))));
    tables
}

/// Empty boxes to fill in, or such as hold what was sent already.
pub(super) fn groups(contest: &Contest, held: impl Fn(&str) -> String) -> Vec<Group> {
    let field = |pointer: &str, label: &str| {
        Field::new(pointer, label, Kind::Number).optional().holding(held(pointer))
    };
    let people = |pointer: &str, name: &str| Group {
        heading: name.to_owned(),
        fields: PARTS.map(|(part, label)| field(&format!("{pointer}/{part}"), label)).into(),
    };
    let counts = |heading: &str, lines: Vec<(String, String)>| Group {
        heading: heading.to_owned(),
        fields: lines.iter().map(|(pointer, name)| field(pointer, name)).collect(),
    };
    let owned = |lines: &[(&str, &str)]| {
        lines.iter().map(|(pointer, name)| ((*pointer).to_owned(), (*name).to_owned())).collect::<Vec<_>>()
    };
    let of = |part: &str| {
        let lines = PEOPLE.iter().filter(move |(heading, ..)| *heading == part);
        lines.map(|(_, pointer, name)| people(pointer, name)).collect::<Vec<_>>()
    };
    let mut groups = of(VOTERS);
    groups.push(counts(USE_OF_BALLOTS, owned(&BALLOTS)));
    groups.extend(of(DISABLED));
    groups.push(counts(VOTES, options(contest)));
    groups.push(counts(VALID, owned(&SUMS)));
    groups
}

/// What was filled in, as the contract wants it. A part of which no box is filled is not known; a box that is no number
/// stays as it was written, and the contract says what is wrong with it.
pub(super) fn filled(contest: &Contest, held: impl Fn(&str) -> String) -> Json {
    let number = |pointer: &str| {
        let text = held(pointer);
        match text.as_str() {
            "" => None,
            text => Some(text.parse::<u32>().map_or_else(|_| Json::String(text.to_owned()), Json::from)),
        }
    };
    let part = |names: &[(String, &str)]| {
        let filled: Map<String, Json> =
            names.iter().filter_map(|(pointer, name)| Some(((*name).to_owned(), number(pointer)?))).collect();
        if filled.is_empty() { Json::Null } else { Json::Object(filled) }
    };
    let people = |pointer: &str| part(&PARTS.map(|(name, _)| (format!("{pointer}/{name}"), name)));
    let turnout: Map<String, Json> = ["dpt", "dptb", "dpk", "total"]
        .into_iter()
        .map(|name| (name.to_owned(), people(&format!("/turnout/{name}"))))
        .filter(|(_, people)| !people.is_null())
        .collect();
    let ballots =
        BALLOTS.map(|(pointer, _)| (pointer.to_owned(), pointer.rsplit('/').next().unwrap_or_default()));
    let votes: Map<String, Json> = contest
        .options
        .iter()
        .filter_map(|option| Some((option.id.clone(), number(&format!("/votes/{}", option.id))?)))
        .collect();
    let mut form = Map::new();
    let mut put = |name: &str, value: Json| form.insert(name.to_owned(), value);
    put("registered", people("/registered"));
    put("turnout", if turnout.is_empty() { Json::Null } else { Json::Object(turnout) });
    put("ballots", part(&ballots));
    put("disabled", people("/disabled"));
    put("votes", Json::Object(votes));
    for (pointer, _) in SUMS {
        put(pointer.trim_start_matches('/'), number(pointer).unwrap_or_default());
    }
    Json::Object(form)
}

/// What the boxes at these pointers are called.
pub(super) fn names(contest: &Contest, pointers: &[String]) -> Vec<String> {
    let people = PEOPLE.iter().flat_map(|(_, pointer, name)| {
        PARTS.map(|(part, label)| (format!("{pointer}/{part}"), format!("{name} ({label})")))
    });
    let fixed =
        BALLOTS.iter().chain(&SUMS).map(|(pointer, name)| ((*pointer).to_owned(), (*name).to_owned()));
    let all: Vec<(String, String)> = people.chain(fixed).chain(options(contest)).collect();
    let named = pointers.iter().map(|pointer| {
        all.iter()
            .find(|(other, _)| other == pointer)
            .map_or_else(|| pointer.clone(), |(_, name)| name.clone())
    });
    named.collect()
}
