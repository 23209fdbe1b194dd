//! Results as files.
//!
//! Invariant: a file goes out whole, with its length and its tag, or not at all; whoever asks for one costs a place of a
//! bounded number.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use super::params::Params;
use super::reading::contest_named;
use super::{Listener, Pinned, Surface, downloads};
use crate::dto::text::grouped;
use crate::error::{Code, Problem};
use crate::export::region::{Failure, Format, Made, Order, WORKBOOK_STATIONS_MAX};
use crate::publisher::accepts_gzip;

/// Seconds after which a file that is being made is worth asking for again.
const NOT_YET_S: u32 = 10;

fn missing() -> Problem {
    Problem::with_detail(Code::NotFound, "Berkas ini tidak ada. Contoh: /api/v1/exports/ppwp/3175.csv")
}

/// `GET /exports/{contest}/{region}.csv` and its like.
pub(super) async fn download(
    State(surface): State<Surface>,
    Path((contest, file)): Path<(String, String)>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = surface.view(params.read_options()?).await?;
    let (region, format) = Format::parse(&file).ok_or_else(missing)?;
    let contest = contest_named(view.as_ref(), &contest)?;
    if !contest.held_in(region) || view.region(region)?.is_none() {
        return Err(missing());
    }
    let version = view.aggregate(&contest.id, region)?.map_or(0, |aggregate| aggregate.version);
    let epoch = view.ledger()?.epoch;
    let asked = Pinned::of(view.as_ref());
    drop(view);
    let shared = &surface.api.0;
    let downloads = match surface.listener {
        Listener::Public => &shared.downloads_public,
        Listener::Officer | Listener::Ops => &shared.downloads_officer,
    };
    let place = Arc::clone(downloads).try_acquire_owned().map_err(|_| Problem::new(Code::Overloaded))?;
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().any(|value| accepts_gzip(value.as_bytes()));
    let packed = format.packs() && accepted;
    let order = Order { contest: contest.id, region, format, packed };
    let made = shared.exports.get(surface.ports(), order, (epoch, version)).await.map_err(problem)?;
    let mut response = Response::new(Body::empty());
    describe(response.headers_mut(), &made, order);
    let (index, confirmed) = made.moment();
    let of_file = Pinned { index, confirmed };
    // Of the same sums: what holds at the file's index holds at the later one of the request as well.
    response.extensions_mut().insert(if index < asked.index { asked } else { of_file });
    *response.body_mut() = downloads::body(made, place);
    Ok(response)
}

fn problem(failure: Failure) -> Problem {
    let overloaded = |detail: &str| {
        let problem = Problem::with_detail(Code::Overloaded, detail);
        Problem { retry_after_s: Some(NOT_YET_S), ..problem }
    };
    match failure {
        Failure::Missing => missing(),
        Failure::TooManyStations => {
            let most = grouped(WORKBOOK_STATIONS_MAX);
            let detail = format!(
                "Buku kerja memuat paling banyak {most} TPS. Ambil .csv, atau wilayah yang lebih kecil."
            );
            Problem::with_detail(Code::TooLarge, detail)
        }
        Failure::Overloaded => overloaded("Terlalu banyak berkas sedang dibuat. Coba lagi sebentar."),
        Failure::NotYet => overloaded("Berkas ini sedang dibuat. Coba lagi sebentar; ia akan sudah siap."),
        Failure::DiskFull => Problem::new(Code::DiskFull),
        Failure::Failed => Problem::new(Code::Internal),
    }
}

fn describe(headers: &mut HeaderMap, made: &Made, order: Order) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(order.format.media_type()));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(made.size()));
    if order.format.packs() {
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if order.packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let name =
        format!("attachment; filename=\"{}-{}.{}\"", order.contest, order.region, order.format.ending());
    for (header, text) in [(CONTENT_DISPOSITION, name), (ETAG, made.tag().to_owned())] {
        headers.extend(HeaderValue::from_str(&text).ok().map(|value| (header, value)));
    }
}
