//! Reads of the state, the same on `public` and `officer`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use tally::contest::Contest;
use tally::ids::ContestId;
use tally::region::{RegionCode, StationCode};
use tally::station::Station;

use super::params::Params;
use super::{Pinned, Surface, attachments, complaints, events, exports, feed, page, search};
use crate::dto::contests::{self, Contests};
use crate::dto::status::Status;
use crate::dto::{regions, results, stations};
use crate::error::{Code, Problem};
use crate::ports::StateView;

/// The paths that everybody may read.
pub(super) fn router() -> Router<Surface> {
    Router::new()
        .route("/api/v1/contests", get(contests))
        .route("/api/v1/regions/{region}", get(region))
        .route("/api/v1/results/{contest}/{region}", get(results))
        .route("/api/v1/stations/{station}", get(station))
        .route("/api/v1/stations/{station}/{contest}", get(tally))
        .route("/api/v1/stations/{station}/complaints", get(complaints::of_station))
        .route("/api/v1/anomalies/{contest}/{region}", get(search::anomalies))
        .route("/api/v1/search", get(search::search))
        .route("/api/v1/changes", get(feed::changes))
        .route("/api/v1/events", get(events::events))
        .route("/api/v1/exports/{contest}/{file}", get(exports::download))
        .route("/api/v1/status", get(status))
        .route("/openapi.json", get(description))
        .route("/api/v1/attachments/{sha256}", get(attachments::download))
}

fn not_found() -> Problem {
    Problem::new(Code::NotFound)
}

/// A contest by the text of its identifier, or 404.
pub(super) fn contest_named(view: &dyn StateView, text: &str) -> Result<Arc<Contest>, Problem> {
    let id = ContestId::parse(text);
    let contest = id.map(|id| view.contest(&id)).transpose()?.flatten();
    contest.ok_or_else(|| Problem::with_detail(Code::NotFound, "Pemilihan ini tidak ada."))
}

/// A station by the text of its code, or 404.
pub(super) fn station_coded(view: &dyn StateView, text: &str) -> Result<Station, Problem> {
    let code = StationCode::parse(text);
    let station = code.map(|code| view.station(code)).transpose()?.flatten();
    station.ok_or_else(|| Problem::with_detail(Code::NotFound, "TPS ini tidak ada di daftar."))
}

async fn contests(State(surface): State<Surface>, params: Params) -> Result<Response, Problem> {
    let view = surface.view(params.read_options()?).await?;
    let contests = view.contests()?.iter().map(|contest| contests::Contest::of(contest)).collect();
    page(Pinned::of(view.as_ref()), &Contests { contests })
}

async fn region(
    State(surface): State<Surface>,
    Path(region): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let view = surface.view(params.read_options()?).await?;
    let code = RegionCode::parse(&region).ok_or_else(not_found)?;
    let read = regions::read(view.as_ref(), code)?.ok_or_else(not_found)?;
    page(Pinned::of(view.as_ref()), &read)
}

async fn results(
    State(surface): State<Surface>,
    Path((contest, region)): Path<(String, String)>,
    params: Params,
) -> Result<Response, Problem> {
    let view = surface.view(params.read_options()?).await?;
    let contest = contest_named(view.as_ref(), &contest)?;
    let code = RegionCode::parse(&region).ok_or_else(not_found)?;
    let read = results::read(view.as_ref(), &contest, code)?.ok_or_else(not_found)?;
    page(Pinned::of(view.as_ref()), &read)
}

async fn station(
    State(surface): State<Surface>,
    Path(station): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let view = surface.view(params.read_options()?).await?;
    let code = StationCode::parse(&station).ok_or_else(not_found)?;
    let read = stations::read(view.as_ref(), code)?.ok_or_else(not_found)?;
    page(Pinned::of(view.as_ref()), &read)
}

async fn tally(
    State(surface): State<Surface>,
    Path((station, contest)): Path<(String, String)>,
    params: Params,
) -> Result<Response, Problem> {
    let view = surface.view(params.read_options()?).await?;
    let contest = contest_named(view.as_ref(), &contest)?;
    let station = station_coded(view.as_ref(), &station)?;
    if !contest.held_at(station.code) {
        return Err(Problem::with_detail(Code::NotFound, "Pemilihan ini tidak diadakan di TPS itu."));
    }
    let mut tally = stations::read_tally(view.as_ref(), &contest, &station)?;
    let pinned = Pinned::of(view.as_ref());
    // What is known of attachments is beside the state; a view must not be held while it is fetched.
    drop(view);
    attachments::describe(&surface, &mut tally.attachments).await;
    page(pinned, &tally)
}

async fn status(State(surface): State<Surface>, params: Params) -> Result<Response, Problem> {
    let view = surface.view(params.read_options()?).await?;
    let status = Status::from(surface.ports().operations.status());
    page(Pinned::of(view.as_ref()), &status)
}

async fn description() -> Result<Response, Problem> {
    let mut response = page(Pinned::past(0), &crate::openapi::description())?;
    response.extensions_mut().remove::<Pinned>();
    Ok(response)
}
