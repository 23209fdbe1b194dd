//! The table of a region's page: what lies right below it.
//!
//! Invariant: rows are in the order of their codes, those without any form included, so that what is missing
//! can be seen.

use tally::contest::Contest;
use tally::station::TallyState;

use crate::dto::results::{ResultChild, ResultRegionLine, ResultStationLine, ResultsPage, Totals};
use crate::dto::text::grouped;

use super::number::{Share, percent};
use super::region::{COLUMNS_MAX, ballot_order, votes_at, votes_sum};
use super::words;

/// What stands where nothing is counted.
const NOTHING: &str = "\u{2013}";

/// One row.
pub(super) struct Child {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) cells: Vec<Cell>,
    pub(super) votes: String,
    /// Progress of a region, state of a station.
    pub(super) status: String,
    /// Share of the stations that are in, of a region.
    pub(super) share: Option<String>,
    pub(super) complete: bool,
    /// What deserves a look.
    pub(super) marks: Vec<String>,
}

/// One option's votes in a row.
pub(super) struct Cell {
    pub(super) votes: String,
    pub(super) percent: String,
    pub(super) leading: bool,
}

/// The rows of a page.
pub(super) fn rows(page: &ResultsPage, contest: &Contest) -> Vec<Child> {
    let order = ballot_order(contest);
    let row = |child: &ResultChild| match child {
        ResultChild::Region(line) => region_row(line, contest, &order),
        ResultChild::Station(line) => station_row(line, contest, &order),
    };
    page.children.iter().map(row).collect()
}

fn region_row(line: &ResultRegionLine, contest: &Contest, order: &[usize]) -> Child {
    let progress = &line.progress;
    let mark = |count: u64, word| (count > 0).then(|| format!("{} {word}", grouped(count)));
    let marks = [mark(progress.held, "ditahan"), mark(progress.flagged, "ditandai")];
    Child {
        name: line.name.clone(),
        address: format!("/{}/{}", contest.id, line.code),
        cells: cells(Some(&line.totals), order),
        votes: grouped(votes_sum(&line.totals)),
        status: format!("{} dari {}", grouped(progress.reported), grouped(progress.stations)),
        share: Share::of_progress(progress.reported, progress.stations).map(Share::text),
        complete: progress.stations > 0 && progress.reported == progress.stations,
        marks: marks.into_iter().flatten().collect(),
    }
}

fn station_row(line: &ResultStationLine, contest: &Contest, order: &[usize]) -> Child {
    let state = TallyState::ALL.into_iter().find(|state| state.name() == line.state);
    let marks = if line.flags > 0 { vec![format!("{} tanda", grouped(line.flags))] } else { Vec::new() };
    let totals = line.totals.as_ref();
    Child {
        name: line.name.clone(),
        address: format!("/tps/{}/{}", line.code, contest.id),
        cells: cells(totals, order),
        votes: totals.map_or_else(|| NOTHING.to_owned(), |totals| grouped(votes_sum(totals))),
        status: words::state(state).to_owned(),
        share: None,
        complete: totals.is_some(),
        marks,
    }
}

/// A cell for each option, or none at all when the ballot is too long for a table.
fn cells(totals: Option<&Totals>, order: &[usize]) -> Vec<Cell> {
    if order.len() > COLUMNS_MAX {
        return Vec::new();
    }
    let whole = totals.map_or(0, votes_sum);
    let most = order.iter().map(|position| totals.map_or(0, |totals| votes_at(totals, *position))).max();
    let cell = |position: &usize| {
        let Some(totals) = totals else {
            return Cell { votes: String::new(), percent: NOTHING.to_owned(), leading: false };
        };
        let votes = votes_at(totals, *position);
        Cell {
            votes: grouped(votes),
            percent: percent(votes, whole),
            leading: votes > 0 && Some(votes) == most,
        }
    };
    order.iter().map(cell).collect()
}
