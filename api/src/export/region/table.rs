//! The columns of a station's row: where it is, what state its form is in, and every box of the form.
//!
//! Invariant: columns depend on the contest alone, so every file of a contest has the same; a box that is not known is
//! empty, never zero.

use tally::contest::Contest;
use tally::form::{Ballots, Form, People};
use tally::region::Level;
use tally::station::{Station, Tally};

use super::super::Value;

/// Names of all columns; boxes as dotted names of the wire.
pub(super) fn columns(contest: &Contest) -> Vec<String> {
    let mut names = vec!["station".to_owned()];
    names.extend(Level::ALL.map(|level| level.name().to_owned()));
    names.extend(["state", "revision"].map(str::to_owned));
    let people = |part: &str| ["male", "female", "total"].map(|column| format!("{part}.{column}"));
    names.extend(
        ["registered", "turnout.dpt", "turnout.dptb", "turnout.dpk", "turnout.total"]
            .into_iter()
            .flat_map(people),
    );
    names.extend(["received", "used", "returned", "unused"].map(|part| format!("ballots.{part}")));
    names.extend(people("disabled"));
    names.extend(contest.options.iter().map(|option| format!("votes.{}", option.id)));
    names.extend(["valid", "invalid", "total"].map(str::to_owned));
    names
}

/// A station's row, one value for every column; names go from the nation to the village.
pub(super) fn row(
    contest: &Contest,
    names: &[String],
    station: &Station,
    tally: Option<&Tally>,
) -> Vec<Value> {
    let mut row = vec![Value::Text(station.code.to_string())];
    let levels = (0..Level::ALL.len()).map(|level| names.get(level).cloned().unwrap_or_default());
    row.extend(levels.map(Value::Text));
    row.push(Value::from(tally.map_or("absent", |tally| tally.state.name())));
    row.push(Value::Count(tally.map_or(0, |tally| u64::from(tally.revision))));
    boxes(contest, tally.map(|tally| &tally.form), &mut row);
    row
}

fn boxes(contest: &Contest, form: Option<&Form>, row: &mut Vec<Value>) {
    let count = |count: Option<u32>| count.map_or(Value::Unknown, |count| Value::Count(u64::from(count)));
    let people = |people: Option<People>| {
        let part = |part: fn(People) -> u32| people.map(part);
        [part(|people| people.male), part(|people| people.female), part(|people| people.total)]
    };
    let turnout = form.and_then(|form| form.turnout);
    let parts = [
        form.and_then(|form| form.registered),
        turnout.map(|part| part.dpt),
        turnout.map(|part| part.dptb),
        turnout.map(|part| part.dpk),
        turnout.map(|part| part.total),
    ];
    row.extend(parts.into_iter().flat_map(people).map(count));
    let ballots = form.and_then(|form| form.ballots);
    let ballots = |part: fn(Ballots) -> u32| count(ballots.map(part));
    row.extend([
        ballots(|part| part.received),
        ballots(|part| part.used),
        ballots(|part| part.returned),
        ballots(|part| part.unused),
    ]);
    row.extend(people(form.and_then(|form| form.disabled)).map(count));
    let votes = |position| count(form.and_then(|form| form.votes.get(position).copied()));
    row.extend((0..contest.options.len()).map(votes));
    let sum = |sum: fn(&Form) -> Option<u32>| count(form.and_then(sum));
    row.extend([sum(|form| form.valid), sum(|form| form.invalid), sum(|form| form.total)]);
}
