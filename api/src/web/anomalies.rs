//! The forms of a region in which rules found something, or that are held.
//!
//! Invariant: nothing is said of a form but what its own page says.

use askama::Template;
use tally::contest::Contest;
use tally::region::{RegionCode, StationCode};
use tally::station::TallyState;

use crate::dto::anomalies::{self, Anomaly};
use crate::dto::results;
use crate::dto::text::grouped;
use crate::ports::{ReadError, StateView};

use super::frame::{Conditions, Frame};
use super::trail::{self, Step};
use super::words;

/// Forms on one page.
const LINES_MAX: usize = 50;

/// What the page shows.
#[derive(Template)]
#[template(path = "anomalies.html")]
pub(super) struct AnomaliesPage {
    frame: Frame,
    contest_name: String,
    above: Vec<Step>,
    name: String,
    results: String,
    flagged: String,
    held: String,
    /// Whether pages come before this one.
    later: bool,
    first: String,
    lines: Vec<Line>,
    next: Option<String>,
}

struct Line {
    name: String,
    village: String,
    address: String,
    state: &'static str,
    class: &'static str,
    flags: Vec<(String, String)>,
}

/// The page of a region from after a station on; `None` when the contest is not held there.
pub(super) fn render(
    view: &dyn StateView,
    contest: &Contest,
    (region, after): (RegionCode, Option<StationCode>),
    conditions: Conditions,
) -> Result<Option<AnomaliesPage>, ReadError> {
    let Some(read) = anomalies::read(view, contest, (region, after), LINES_MAX)? else { return Ok(None) };
    let Some(sums) = results::read_sums(view, contest, region)? else { return Ok(None) };
    let mut above = trail::steps(view, contest, region)?;
    above.pop();
    for step in &mut above {
        step.address = format!("/janggal{}", step.address);
    }
    let first = format!("/janggal/{}/{region}", contest.id);
    let mut frame =
        Frame::new(format!("Janggal di {} \u{2013} {}", sums.region.name, contest.name), conditions);
    frame.data_address = Some(format!("/api/v1/anomalies/{}/{region}", contest.id));
    Ok(Some(AnomaliesPage {
        frame,
        contest_name: contest.name.clone(),
        above,
        name: sums.region.name,
        results: trail::region_address(contest, region),
        flagged: grouped(sums.progress.flagged),
        held: grouped(sums.progress.held),
        later: after.is_some(),
        lines: read.items.into_iter().map(|item| line(item, contest)).collect(),
        next: read.next.map(|next| format!("{first}?sesudah={next}")),
        first,
    }))
}

fn line(item: Anomaly, contest: &Contest) -> Line {
    let state = TallyState::ALL.into_iter().find(|state| state.name() == item.state);
    Line {
        address: format!("/tps/{}/{}", item.station, contest.id),
        name: item.name,
        village: item.village,
        state: words::state(state),
        class: state.map_or("absent", |state| state.name()),
        flags: item.flags.into_iter().map(|flag| (flag.rule, flag.message)).collect(),
    }
}
