//! Looking for a region or a station, and for forms that deserve a look.
//!
//! Invariant: a search costs a place of a bounded number and a bounded time; what is not found is an empty list.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use tally::region::RegionCode;

use super::params::Params;
use super::reading::contest_named;
use super::{Pinned, Surface, page};
use crate::dto::anomalies;
use crate::error::{Code, Problem};
use crate::limits::{SEARCH_BYTES_MAX, SEARCH_DEFAULT, SEARCH_MAX};

/// `GET /search?q=`.
pub(super) async fn search(State(surface): State<Surface>, params: Params) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let limit = if params.one("limit")?.is_some() { params.limit()?.min(SEARCH_MAX) } else { SEARCH_DEFAULT };
    let text = params.one("q")?.ok_or_else(|| Problem::wrong("q", "Tulis yang dicari."))?;
    if text.len() > SEARCH_BYTES_MAX {
        return Err(Problem::wrong("q", format!("Paling panjang {SEARCH_BYTES_MAX} bita.")));
    }
    let text = text.to_owned();
    let view = surface.view(options).await?;
    let outcome = surface.api.0.search.find(view, text, limit).await?;
    let found = outcome.found.ok_or_else(|| Problem::new(Code::Overloaded))?;
    page(Pinned::of(&*outcome.view), &found)
}

/// `GET /anomalies/{contest}/{region}`.
pub(super) async fn anomalies(
    State(surface): State<Surface>,
    Path((contest, region)): Path<(String, String)>,
    params: Params,
) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let limit = params.limit()?;
    let after = params.after_station()?;
    let view = surface.view(options).await?;
    let contest = contest_named(view.as_ref(), &contest)?;
    let region = RegionCode::parse(&region).ok_or_else(|| Problem::new(Code::NotFound))?;
    let place = Arc::clone(&surface.api.0.walks).try_acquire_owned();
    let place = place.map_err(|_| Problem::new(Code::Overloaded))?;
    // Thousands of rows at worst: not on a thread that answers a hundred thousand others a second.
    let read = tokio::task::spawn_blocking(move || {
        let _place = place;
        let read = anomalies::read(&*view, &contest, (region, after), limit)?;
        Ok::<_, Problem>((Pinned::of(&*view), read))
    });
    let (pinned, read) = read.await.map_err(|_| Problem::new(Code::Internal))??;
    page(pinned, &read.ok_or_else(|| Problem::new(Code::NotFound))?)
}
