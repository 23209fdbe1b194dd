//! What the rules and the repairs are worth on real rows, read from standard input as comma-separated values:
//!
//! ```text
//! zcat FILE | cargo run --release -p tally --example misreads -- pairs     # columns feb_*, mar_*: before and after
//! zcat FILE | cargo run --release -p tally --example misreads -- rows      # columns of published rows
//! ```
//!
//! `pairs` says of each row whose values differ whether a rule stops the first one and whether the second is proposed;
//! `rows` says how often each rule flags rows whose sums all hold, and the rest.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a measurement that stops where a file is not what it should be"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, stdin};

use tally::contest::{Contest, ContestOption};
use tally::digest::form_digest;
use tally::form::{Field, Form, People, Turnout};
use tally::ids::ContestId;
use tally::neighbourhood::{NeighbourForm, Neighbourhood};
use tally::region::{RegionCode, StationCode};
use tally::repair::repairs;
use tally::rules::{Circumstances, Severity, check_in};
use tally::station::{Station, StationKind};

fn contest() -> Contest {
    let option = |order: u32| ContestOption {
        id: (100_024 + order).to_string(),
        name: order.to_string(),
        order,
        color: None,
        party: None,
    };
    Contest {
        id: ContestId::parse("ppwp").unwrap(),
        name: "Presiden".into(),
        kind: "ppwp".into(),
        regions: vec![RegionCode::NATION],
        partial_forms: true,
        photo_required: false,
        reason_required: false,
        poll_day: None,
        options: (1..=3).map(option).collect(),
        exemptions: Vec::new(),
        index: 0,
    }
}

/// A row by its columns; an empty cell is a number that was not published.
struct Row<'a> {
    columns: &'a BTreeMap<String, usize>,
    cells: Vec<&'a str>,
}

impl Row<'_> {
    fn count(&self, column: &str) -> Option<u32> {
        self.cells.get(*self.columns.get(column)?)?.trim().parse().ok()
    }

    fn votes(&self, prefix: &str) -> Option<Vec<u32>> {
        (1..=3).map(|order| self.count(&format!("{prefix}p{order}"))).collect()
    }

    fn people(&self, name: &str) -> Option<People> {
        let [total, male, female] = ["j", "l", "p"].map(|column| self.count(&format!("{name}_{column}")));
        Some(People { male: male?, female: female?, total: total? })
    }
}

fn rows(mut each: impl FnMut(&str, &Row<'_>)) {
    let mut lines = stdin().lock().lines();
    let header = lines.next().unwrap().unwrap();
    let columns: BTreeMap<String, usize> =
        header.split(',').enumerate().map(|(place, name)| (name.trim().to_owned(), place)).collect();
    for line in lines {
        let line = line.unwrap();
        let row = Row { columns: &columns, cells: line.split(',').collect() };
        each(row.cells[0], &row);
    }
}

fn station(code: &str) -> Option<Station> {
    let code = StationCode::parse(code)?;
    let kind = match (code.abroad(), code.station_number() >= 900) {
        (true, _) => StationKind::Tpsln,
        (false, true) => StationKind::Special,
        (false, false) => StationKind::Home,
    };
    Some(Station { code, kind, name: None, registered: None, index: 0 })
}

#[derive(Default)]
struct Pairs {
    both: u64,
    same: u64,
    changed: u64,
    refused: u64,
    asked: u64,
    held: u64,
    noted: u64,
    passed: u64,
    /// By the printed sum being right or not: rows, with one proposal, right, with several, among them, first.
    proposals: [[u64; 6]; 2],
}

fn pairs() {
    let contest = contest();
    let mut found = Pairs::default();
    rows(|code, row| {
        let Some(station) = station(code) else { return };
        let (Some(before), Some(after)) = (row.votes("feb_"), row.votes("mar_")) else { return };
        found.both += 1;
        let form = Form {
            votes: before,
            valid: row.count("feb_sah"),
            total: row.count("feb_total"),
            ..Form::default()
        };
        if form.votes == after {
            found.same += 1;
            return;
        }
        found.changed += 1;
        let beyond = form.boxes().any(|(_, count)| count > station.kind.count_max());
        let flags = check_in(&form, &contest, &station, Circumstances::default());
        let worst = flags.iter().map(|flag| flag.severity).max();
        match worst {
            _ if beyond => found.refused += 1,
            Some(Severity::Confirm) => found.asked += 1,
            Some(Severity::Hold) => found.held += 1,
            Some(Severity::Note) => found.noted += 1,
            None => found.passed += 1,
        }
        let right_sum = form.valid == Some(after.iter().sum());
        let proposed: Vec<Vec<u32>> = repairs(&form, &contest, &station)
            .into_iter()
            .map(|repair| {
                let mut votes = form.votes.clone();
                for (field, count) in repair.boxes {
                    if let Some(place) = field.option_position() {
                        votes[place] = count;
                    }
                }
                votes
            })
            .collect();
        let counts = &mut found.proposals[usize::from(right_sum)];
        counts[0] += 1;
        let right = proposed.contains(&after);
        match proposed.len() {
            0 => {}
            1 => {
                counts[1] += 1;
                counts[2] += u64::from(right);
            }
            _ => {
                counts[3] += 1;
                counts[4] += u64::from(right);
            }
        }
        counts[5] += u64::from(proposed.first() == Some(&after));
    });
    println!("rows with both values {}, unchanged {}, changed {}", found.both, found.same, found.changed);
    println!(
        "of the changed: refused (R03) {}, confirmation asked {}, held {}, noted only {}, passed {}",
        found.refused, found.asked, found.held, found.noted, found.passed
    );
    for (name, [rows, one, one_right, several, among, first]) in
        ["printed sum wrong or missing", "printed sum right"].into_iter().zip(found.proposals)
    {
        println!(
            "{name}: {rows}; one proposal {one} (right {one_right}), several {several} (right among them {among}), right first {first}"
        );
    }
}

fn published(row: &Row<'_>) -> Option<Form> {
    let known = |people: Option<People>| people.filter(|people| people.total > 0);
    let turnout = || {
        Some(Turnout {
            dpt: row.people("pengguna_dpt")?,
            dptb: row.people("pengguna_dptb")?,
            dpk: row.people("pengguna_dpk")?,
            total: known(row.people("pengguna_total"))?,
        })
    };
    Some(Form {
        registered: known(row.people("dpt")),
        turnout: turnout(),
        votes: row.votes("suara_")?,
        valid: row.count("suara_sah"),
        invalid: row.count("suara_tidak_sah"),
        total: row.count("suara_total"),
        ..Form::default()
    })
}

/// A row is clean when all of its parts are known and every sum holds.
fn clean(form: &Form, flags: &[u8]) -> bool {
    let known =
        form.registered.is_some() && form.turnout.is_some() && form.total.is_some_and(|total| total > 0);
    known && !flags.iter().any(|rule| (7..=13).contains(rule))
}

fn flagged() {
    let contest = contest();
    let mut villages: BTreeMap<RegionCode, Neighbourhood> = BTreeMap::new();
    let mut flags_of: [BTreeMap<u8, u64>; 2] = [BTreeMap::new(), BTreeMap::new()];
    let mut counts = [0_u64; 2];
    rows(|code, row| {
        let (Some(station), Some(form)) = (station(code), published(row)) else { return };
        let neighbours = villages.entry(station.code.village()).or_default();
        let neighbour = NeighbourForm::of(station.code, &form, &form_digest(&form, &contest));
        let likeness = neighbour.likeness;
        let circumstances =
            Circumstances { neighbours: Some(neighbours), likeness, ..Circumstances::default() };
        let flags: Vec<u8> = check_in(&form, &contest, &station, circumstances)
            .iter()
            .map(|flag| flag.rule.number())
            .collect();
        *neighbours = neighbours.with(neighbour);
        let clean = usize::from(clean(&form, &flags));
        counts[clean] += 1;
        for rule in flags {
            *flags_of[clean].entry(rule).or_default() += 1;
        }
    });
    for (name, place) in [("clean rows", 1), ("other rows", 0)] {
        println!("{name}: {}", counts[place]);
        for (rule, count) in &flags_of[place] {
            println!("  R{rule:02} {count:>7}  {:.2} %", *count as f64 * 100.0 / counts[place] as f64);
        }
    }
}

fn main() {
    // Every box has a place; the largest option of a contest is far below what a field can number.
    assert!(Field::votes(2).is_some());
    match std::env::args().nth(1).as_deref() {
        Some("pairs") => pairs(),
        Some("rows") => flagged(),
        _ => println!("usage: misreads pairs|rows < FILE"),
    }
}
