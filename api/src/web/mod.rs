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
pub(crate) mod paper;
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
use tally::account::Role;
use tally::contest::Contest;
use tally::ids::ContestId;
use tally::region::{Level, RegionCode, StationCode};
use tally::station::{EventKind, TallyState};

use crate::dto::text::parse_time;

use crate::ports::{ReadError, StateView};

pub use frame::{LEADER_AGE_MS_MAX, stale};
pub use notice::{NOT_FOUND, UNAVAILABLE};
pub use pages::public_pages;
pub use target::Target;

/// Addresses of the style sheet, of that of the desk, and of the icon.
pub(crate) fn asset_addresses() -> (&'static str, &'static str, &'static str) {
    (&assets::STYLE.address, &assets::DESK_STYLE.address, &assets::ICON.address)
}

/// What a role is called by its name on the wire.
pub(crate) fn role_words(name: &str) -> &'static str {
    Role::parse(name).map_or("", words::role)
}

/// What a form's state is called by its name on the wire.
pub(crate) fn state_words(name: &str) -> &'static str {
    words::state(TallyState::ALL.into_iter().find(|state| state.name() == name))
}

/// What a level is called by its name on the wire.
pub(crate) fn level_words(name: &str) -> &'static str {
    Level::ALL.into_iter().find(|level| level.name() == name).map_or("", words::level)
}

/// What happened, by its name on the wire.
pub(crate) fn event_words(name: &str) -> &'static str {
    EventKind::ALL.into_iter().find(|kind| kind.name() == name).map_or("", words::event)
}

/// A time of the wire as people read it, in the zone of a region or a station.
pub(crate) fn when(time: &str, place: &str) -> String {
    let region = StationCode::parse(place).map(StationCode::village).or_else(|| RegionCode::parse(place));
    let zone = moment::Zone::of(region.unwrap_or(RegionCode::NATION));
    parse_time(time).map_or_else(|| time.to_owned(), |time| moment::written(time, zone))
}

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
