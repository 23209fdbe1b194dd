//! The pages for people, in Indonesian, rendered on the server and readable without a script.
//!
//! Invariant: a page is made from one view and is the same on every node at the same index; everything that
//! came from outside is escaped by the templates; nothing on a page names another host.

mod about;
mod anomalies;
mod assets;
mod children;
mod complaints;
mod docs;
mod embedded;
pub mod entry;
mod form;
mod frame;
mod kiosk;
pub(crate) mod lapor;
mod moment;
mod notice;
mod number;
mod pages;
pub(crate) mod paper;
mod region;
mod search;
mod stand_in;
mod status;
mod target;
mod tiles;
mod trail;
mod words;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use askama::Template;
use bytes::Bytes;
use tally::account::Role;
use tally::complaint::{ComplaintKind, ComplaintVerdict};
use tally::contest::Contest;
use tally::ids::ContestId;
use tally::region::{Level, RegionCode, StationCode};
use tally::station::{EventKind, TallyState};

use crate::dto::text::parse_time;

use crate::ports::{ReadError, StateView};

pub use frame::{Conditions, LEADER_AGE_MS_MAX};
pub use notice::{NOT_FOUND, UNAVAILABLE};
pub(crate) use pages::{not_found, nowhere, public_pages};
pub use stand_in::StandIn;
pub use target::Target;

/// Addresses of the style sheet, of that of the desk, and of the icon.
pub(crate) fn asset_addresses() -> (&'static str, &'static str, &'static str) {
    (&assets::STYLE.address, &assets::DESK_STYLE.address, &assets::ICON.address)
}

/// Paths of the files that pages need.
#[must_use]
pub fn asset_paths() -> Vec<&'static str> {
    assets::all().into_iter().map(|asset| asset.path).collect()
}

/// The files that pages need: path, media type and bytes of each.
pub(crate) fn public_files() -> Vec<(&'static str, &'static str, Bytes)> {
    assets::all().into_iter().map(|asset| (asset.path, asset.media_type, asset.bytes.clone())).collect()
}

/// What a kind of complaint is called by its name on the wire.
pub(crate) fn complaint_words(name: &str) -> &'static str {
    ComplaintKind::parse(name).map_or("", complaints::kind_words)
}

/// What was decided about a complaint, by its name on the wire.
pub(crate) fn verdict_words(name: &str) -> &'static str {
    ComplaintVerdict::parse(name).map_or("", complaints::verdict_words)
}

/// What a role is called by its name on the wire.
pub(crate) fn role_words(name: &str) -> &'static str {
    Role::parse(name).map_or("", words::role)
}

/// What a form's state is called by its name on the wire.
pub(crate) fn state_words(name: &str) -> &'static str {
    words::state(TallyState::ALL.into_iter().find(|state| state.name() == name))
}

/// Positions of a contest's options in the order of the ballot.
pub(crate) fn ballot_order(contest: &Contest) -> Vec<usize> {
    region::ballot_order(contest)
}

/// What the children of a region of a level are called.
pub(crate) const fn children_words(level: Level) -> &'static str {
    words::children(level)
}

/// The parameter that a later part of a list is asked for with: the station to go on after.
pub(crate) const AFTER: &str = "sesudah";

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
    /// Regions, stations and contests; no form.
    MasterData,
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

/// Renders the page at a target; `None` when there is nothing there.
pub fn render(
    view: &dyn StateView,
    target: Target,
    conditions: Conditions,
) -> Result<Option<Rendered>, ReadError> {
    match target {
        Target::Home => {
            let Some(contest) = view.contests()?.into_iter().next() else {
                let body = notice::NOTHING_YET.clone();
                return Ok(Some(Rendered { subject: Subject::Nothing, body }));
            };
            region_page(view, &contest, contest.region(), conditions)
        }
        Target::Region(id, region) => match view.contest(&id)? {
            Some(contest) => region_page(view, &contest, region, conditions),
            None => Ok(None),
        },
        Target::Station(station) => {
            let contests = view.contests()?;
            match contests.iter().find(|contest| contest.held_at(station)) {
                Some(contest) => form_page(view, contest, station, conditions),
                None => Ok(None),
            }
        }
        Target::Anomalies(id, region) => match view.contest(&id)? {
            Some(contest) => anomalies_page(view, &contest, (region, None), conditions),
            None => Ok(None),
        },
        Target::About => rendered(Subject::MasterData, &about::page(conditions)).map(Some),
        Target::Form(station, id) => match view.contest(&id)? {
            Some(contest) => form_page(view, &contest, station, conditions),
            None => Ok(None),
        },
    }
}

fn region_page(
    view: &dyn StateView,
    contest: &Contest,
    region: RegionCode,
    conditions: Conditions,
) -> Result<Option<Rendered>, ReadError> {
    let page = region::render(view, contest, region, conditions)?;
    page.map(|page| rendered(Subject::Region(contest.id, region), &page)).transpose()
}

/// The forms of a region that deserve a look, from after a station on.
fn anomalies_page(
    view: &dyn StateView,
    contest: &Contest,
    (region, after): (RegionCode, Option<StationCode>),
    conditions: Conditions,
) -> Result<Option<Rendered>, ReadError> {
    let page = anomalies::render(view, contest, (region, after), conditions)?;
    page.map(|page| rendered(Subject::Region(contest.id, region), &page)).transpose()
}

fn form_page(
    view: &dyn StateView,
    contest: &Contest,
    station: StationCode,
    conditions: Conditions,
) -> Result<Option<Rendered>, ReadError> {
    let page = form::render(view, contest, station, conditions)?;
    page.map(|page| rendered(Subject::Form(contest.id, station), &page)).transpose()
}

fn rendered(subject: Subject, page: &impl Template) -> Result<Rendered, ReadError> {
    let body = page.render().map_err(|error| ReadError::Store(format!("page not rendered: {error}")))?;
    Ok(Rendered { subject, body: Bytes::from(body) })
}
