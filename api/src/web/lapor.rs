//! The page on which anybody says that a form is wrong: its numbers to point at, and a few fields to fill in.
//!
//! Invariant: the page asks for nothing about who fills it in, works without a script, and is kept by nobody, since it
//! carries a proof of its own.

use askama::Template;
use tally::complaint::ComplaintKind;
use tally::contest::Contest;
use tally::region::StationCode;

use crate::dto::text::station_name;
use crate::ports::{ReadError, StateView};

use super::complaints::{BoxGroup, groups, kind_words};
use super::form::{Paper, paper};
use super::frame::{Conditions, Frame};
use super::{assets, trail};

/// What was filled in, as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filled {
    pub(crate) kind: String,
    pub(crate) field: String,
    pub(crate) read: String,
    pub(crate) text: String,
}

/// What the page says beside the form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// What the form must bring back to be believed.
    pub(crate) proof: String,
    /// Key under which it is sent, and sent again.
    pub(crate) key: String,
    pub(crate) filled: Filled,
    /// Number of the complaint that was just taken.
    pub(crate) taken: Option<u32>,
    /// Why nothing was taken.
    pub(crate) problem: Option<String>,
}

/// One choice of a list.
struct KindChoice {
    value: &'static str,
    words: &'static str,
}

/// What the page shows.
#[derive(Template)]
#[template(path = "lapor.html")]
struct LaporPage {
    frame: Frame,
    desk_style: &'static str,
    contest_name: String,
    place: String,
    name: String,
    code: String,
    revision: u32,
    station_address: String,
    action: String,
    form: Option<Paper>,
    kinds: [KindChoice; 4],
    groups: Vec<BoxGroup>,
    proof: String,
    key: String,
    filled: Filled,
    taken: Option<u32>,
    problem: Option<String>,
}

/// Renders the page; `None` when there is no such station or it does not hold the contest.
pub(crate) fn page(
    view: &dyn StateView,
    contest: &Contest,
    code: StationCode,
    said: Said,
    conditions: Conditions,
) -> Result<Option<String>, ReadError> {
    let Some(station) = view.station(code)?.filter(|_| contest.held_at(code)) else { return Ok(None) };
    let tally = view.tally(&contest.id, code)?;
    let steps = trail::steps(view, contest, code.village())?;
    let above: Vec<&str> = steps.iter().skip(1).map(|step| step.name.as_str()).collect();
    let name = station_name(&station);
    let page = LaporPage {
        frame: Frame::new(format!("Laporkan kesalahan: {name} \u{2013} {}", contest.name), conditions),
        desk_style: &assets::DESK_STYLE.address,
        contest_name: contest.name.clone(),
        place: above.join(" \u{203a} "),
        name,
        code: code.to_string(),
        revision: tally.as_ref().map_or(0, |tally| tally.revision),
        station_address: format!("/tps/{code}/{}", contest.id),
        action: format!("/lapor/{code}/{}", contest.id),
        form: tally.as_ref().map(|tally| paper(&tally.form, contest)),
        kinds: ComplaintKind::ALL.map(|kind| KindChoice { value: kind.name(), words: kind_words(kind) }),
        groups: tally.map_or_else(Vec::new, |tally| groups(&tally.form, contest)),
        proof: said.proof,
        key: said.key,
        filled: said.filled,
        taken: said.taken,
        problem: said.problem,
    };
    page.render().map(Some).map_err(|error| ReadError::Store(format!("page not rendered: {error}")))
}
