//! The pages for people, in Indonesian, rendered on the server and readable without a script.
//!
//! Invariant: a page is made from one view and is the same on every node at the same index; everything that
//! came from outside is escaped by the templates; nothing on a page names another host.

mod assets;
mod children;
pub mod entry;
mod form;
mod frame;
mod moment;
mod notice;
mod number;
mod pages;
mod region;
mod status;
mod target;
mod trail;
mod words;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use askama::Template;
use bytes::Bytes;
use tally::contest::Contest;
use tally::ids::ContestId;
use tally::region::{RegionCode, StationCode};

use crate::ports::{ReadError, StateView};

pub use frame::{LEADER_AGE_MS_MAX, stale};
pub use notice::{NOT_FOUND, UNAVAILABLE};
pub use pages::public_pages;
pub use target::Target;

/// What a page is about: what must change for the page to change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Subject {
    /// Nothing that can be named: no contest is defined.
    Nothing,
    /// Sums of a region.
    Region(ContestId, RegionCode),
    /// The form of a station.
    Form(ContestId, StationCode),
}

/// A rendered page.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// What it is about.
    pub subject: Subject,
    /// The HTML.
    pub body: Bytes,
}

/// Renders the page at a target; `None` when there is nothing there. `stale` marks the page as possibly old.
pub fn render(view: &dyn StateView, target: Target, stale: bool) -> Result<Option<Rendered>, ReadError> {
    match target {
        Target::Home => {
            let Some(contest) = view.contests()?.into_iter().next() else {
                let body = notice::NOTHING_YET.clone();
                return Ok(Some(Rendered { subject: Subject::Nothing, body }));
            };
            region_page(view, &contest, contest.region(), stale)
        }
        Target::Region(id, region) => match view.contest(&id)? {
            Some(contest) => region_page(view, &contest, region, stale),
            None => Ok(None),
        },
        Target::Station(station) => {
            let contests = view.contests()?;
            match contests.iter().find(|contest| contest.held_at(station)) {
                Some(contest) => form_page(view, contest, station, stale),
                None => Ok(None),
            }
        }
        Target::Form(station, id) => match view.contest(&id)? {
            Some(contest) => form_page(view, &contest, station, stale),
            None => Ok(None),
        },
    }
}

fn region_page(
    view: &dyn StateView,
    contest: &Contest,
    region: RegionCode,
    stale: bool,
) -> Result<Option<Rendered>, ReadError> {
    let page = region::render(view, contest, region, stale)?;
    page.map(|page| rendered(Subject::Region(contest.id, region), &page)).transpose()
}

fn form_page(
    view: &dyn StateView,
    contest: &Contest,
    station: StationCode,
    stale: bool,
) -> Result<Option<Rendered>, ReadError> {
    let page = form::render(view, contest, station, stale)?;
    page.map(|page| rendered(Subject::Form(contest.id, station), &page)).transpose()
}

fn rendered(subject: Subject, page: &impl Template) -> Result<Rendered, ReadError> {
    let body = page.render().map_err(|error| ReadError::Store(format!("page not rendered: {error}")))?;
    Ok(Rendered { subject, body: Bytes::from(body) })
}
