//! What an account may know of itself.

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::response::Response;
use tally::account::Scope;
use tally::contest::Contest;
use tally::region::{Level, RegionCode, StationCode};
use tally::station::Station;

use super::params::Params;
use super::reading::contest_named;
use super::{Pinned, Surface, page};
use crate::auth::Caller;
use crate::dto::session::{Account, OwnStation, OwnStations};
use crate::dto::text::station_name;
use crate::error::Problem;
use crate::ports::{ReadError, StateView};
use crate::walk::passed;

/// `GET /me`.
pub(super) async fn account(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    params: Params,
) -> Result<Response, Problem> {
    let view = surface.view(params.read_options()?).await?;
    let account = view.account(caller.account.id)?.unwrap_or(caller.account);
    page(Pinned::of(view.as_ref()), &Account::from(&account))
}

/// `GET /me/stations`.
pub(super) async fn stations(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    params: Params,
) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let limit = params.limit()?;
    let named = params.one("contest")?.ok_or_else(|| Problem::wrong("contest", "Harus ada."))?;
    let after = params.after_station()?;
    let view = surface.view(options).await?;
    let contest = contest_named(view.as_ref(), named)?;
    let mut walk = Walk { view: view.as_ref(), contest: &contest, after, found: Vec::new(), wanted: limit };
    walk.scope(caller.account.scope)?;
    let full = walk.found.len() == limit;
    let next = walk.found.last().filter(|_| full).map(|station| station.code.to_string());
    let mut stations = Vec::with_capacity(walk.found.len());
    for station in &walk.found {
        stations.push(own_station(view.as_ref(), &contest, station)?);
    }
    let link = next.as_ref().and_then(|next| {
        let url =
            format!("</api/v1/me/stations?contest={}&limit={limit}&next={next}>; rel=\"next\"", contest.id);
        HeaderValue::from_str(&url).ok()
    });
    let mut response =
        page(Pinned::of(view.as_ref()), &OwnStations { contest: contest.id.to_string(), stations, next })?;
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    Ok(response)
}

fn own_station(view: &dyn StateView, contest: &Contest, station: &Station) -> Result<OwnStation, ReadError> {
    let tally = view.tally(&contest.id, station.code)?;
    Ok(OwnStation {
        code: station.code.to_string(),
        number: station.code.station_number(),
        name: station_name(station),
        state: tally.as_ref().map_or("absent", |tally| tally.state.name()).to_owned(),
        revision: tally.as_ref().map_or(0, |tally| tally.revision),
    })
}

/// A walk through the tree in the order of station codes, as far as one page needs.
struct Walk<'a> {
    view: &'a dyn StateView,
    contest: &'a Contest,
    after: Option<StationCode>,
    found: Vec<Station>,
    wanted: usize,
}

impl Walk<'_> {
    fn scope(&mut self, scope: Scope) -> Result<(), ReadError> {
        match scope {
            Scope::Region(region) => self.region(region),
            Scope::Station(station) => {
                let station = self.view.station(station)?;
                self.take(station);
                Ok(())
            }
        }
    }

    /// No deeper than the tree has levels.
    fn region(&mut self, region: RegionCode) -> Result<(), ReadError> {
        if self.found.len() >= self.wanted || !self.contest.held_in(region) || passed(self.after, region) {
            return Ok(());
        }
        if region.level() == Level::Village {
            let stations = self.view.stations_of(region)?;
            self.take(stations);
            return Ok(());
        }
        for below in self.view.regions_below(region)? {
            self.region(below.code)?;
        }
        Ok(())
    }

    fn take(&mut self, stations: impl IntoIterator<Item = Station>) {
        let room = self.wanted.saturating_sub(self.found.len());
        let wanted = stations.into_iter().filter(|station| {
            self.contest.held_at(station.code) && self.after.is_none_or(|after| station.code > after)
        });
        self.found.extend(wanted.take(room));
    }
}
