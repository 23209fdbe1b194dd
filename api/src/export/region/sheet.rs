//! The region's children as a sheet to print.

use tally::contest::Contest;
use tally::region::Level;

use super::super::{Column, Sheet, Value};
use crate::dto::results::{ResultChild, ResultsPage, Totals};
use crate::web;

/// Most options with a column of their own; a sheet is no wider.
const OPTIONS_MAX: usize = 8;

/// The sheet of a page: a row for each child and one for all of them.
pub(super) fn of(page: &ResultsPage, contest: &Contest) -> Sheet {
    let mut order = web::ballot_order(contest);
    if order.len() > OPTIONS_MAX {
        order.clear();
    }
    let level = Level::ALL.into_iter().find(|level| level.name() == page.region.level);
    let column = |name: String, numeric| Column { name, numeric };
    let mut columns = vec![column(web::children_words(level.unwrap_or(Level::Nation)).to_owned(), false)];
    columns.extend(order.iter().filter_map(|position| {
        contest.options.get(*position).map(|option| column(format!("No. {}", option.order), true))
    }));
    for name in ["Suara sah", "Tidak sah", "Jumlah suara", "TPS masuk", "Dari"] {
        columns.push(column(name.to_owned(), true));
    }
    let row = |name: &str, totals: Option<&Totals>, (reported, stations): (u64, u64)| {
        let mut row = vec![Value::from(name)];
        let count = |count: Option<u64>| count.map_or(Value::Unknown, Value::Count);
        row.extend(order.iter().map(|position| {
            count(totals.and_then(|totals| totals.votes.0.get(*position)).map(|(_, votes)| *votes))
        }));
        row.extend([
            count(totals.map(|totals| totals.valid)),
            count(totals.map(|totals| totals.invalid)),
            count(totals.map(|totals| totals.total)),
            Value::Count(reported),
            Value::Count(stations),
        ]);
        row
    };
    let mut rows: Vec<Vec<Value>> = page
        .children
        .iter()
        .map(|child| match child {
            ResultChild::Region(line) => {
                row(&line.name, Some(&line.totals), (line.progress.reported, line.progress.stations))
            }
            ResultChild::Station(line) => {
                row(&line.name, line.totals.as_ref(), (u64::from(line.revision > 0), 1))
            }
        })
        .collect();
    rows.push(row("Jumlah", Some(&page.totals), (page.progress.reported, page.progress.stations)));
    let candidates = order.iter().filter_map(|position| contest.options.get(*position));
    let notes = candidates.map(|option| format!("{}. {}", option.order, option.name)).collect();
    let time = page.as_of.at.as_deref().map_or_else(
        || "belum ada formulir".to_owned(),
        |at| format!("data per {}", web::when(at, &page.region.code)),
    );
    Sheet {
        title: format!("{} \u{2013} {}", contest.name, page.region.name),
        notes,
        source: format!(
            "Sumber: formulir C.Hasil TPS, Rakit; {time}, versi {}, indeks {}. Hasil sementara, bukan hasil resmi.",
            page.as_of.version, page.as_of.index
        ),
        file: format!("{}-{}", contest.id, page.region.code),
        columns,
        rows,
        cut: false,
    }
}
