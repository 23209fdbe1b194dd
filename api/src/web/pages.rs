//! The pages as routes, for listeners and moments without a publisher.
//!
//! Invariant: the same bytes and headers as the publisher's, only made at each request.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use tally::region::StationCode;
use tokio::sync::Semaphore;

use askama::Template;

use crate::dto::sirekap::SirekapFile;
use crate::error::{Code, Problem};
use crate::limits::{SEARCH_BYTES_MAX, SEARCH_DEFAULT, WALKS_MAX};
use crate::ports::{Operations, Queries, ReadError, StateView};
use crate::publisher::page::{Kind, Page};
use crate::search::Search;

use super::{AFTER, Conditions, Rendered, Target, assets, docs, kiosk, notice, search, status};

/// What the handlers need.
#[derive(Clone)]
struct Pages {
    queries: Arc<dyn Queries>,
    operations: Arc<dyn Operations>,
    search: Arc<Search>,
    walks: Arc<Semaphore>,
}

/// All pages and their assets, GET and HEAD.
pub(crate) fn public_pages(
    queries: Arc<dyn Queries>,
    operations: Arc<dyn Operations>,
    search: Arc<Search>,
) -> Router {
    let mut router = Router::new()
        .route("/", get(state_page))
        .route("/{contest}/{region}", get(state_page))
        .route("/tps/{station}", get(state_page))
        .route("/tps/{station}/{contest}", get(state_page))
        .route("/janggal/{contest}/{region}", get(state_page))
        .route("/tentang", get(state_page))
        .route("/cari", get(search_page))
        .route("/pemilu/{*file}", get(sirekap_file))
        .route("/wilayah/{*file}", get(sirekap_file))
        .route("/docs", get(docs_page))
        .route("/status", get(status_page));
    router = router.merge(kiosk::routes());
    for asset in assets::all() {
        let page = Arc::new(Page::compressed(Kind::Asset(asset.media_type), asset.bytes.clone()));
        let file = move |request: Request| std::future::ready(answer(&page, &request));
        router = router.route(asset.path, get(file));
    }
    let walks = Arc::new(Semaphore::new(WALKS_MAX));
    router.with_state(Pages { queries, operations, search, walks })
}

async fn state_page(State(pages): State<Pages>, request: Request) -> Response {
    let Some(target) = Target::parse(request.uri().path()) else {
        return not_found();
    };
    let conditions = Conditions::quiet(pages.queries.freshness().leader_age_ms);
    let after = parameter(&request, AFTER).and_then(|after| StationCode::parse(&after));
    let Ok(place) = Arc::clone(&pages.walks).try_acquire_owned() else {
        return unavailable(&ReadError::Overloaded);
    };
    // Thousands of rows at worst: not on a thread that answers a hundred thousand others a second.
    let page = tokio::task::spawn_blocking(move || {
        let _place = place;
        pages.queries.local().and_then(|view| rendered(&*view, target, after, conditions))
    });
    let page = page.await.unwrap_or_else(|error| Err(ReadError::Store(error.to_string())));
    match page {
        Ok(Some(rendered)) => answer(&Page::plain(Kind::Html, rendered.body), &request),
        Ok(None) => not_found(),
        Err(error) => unavailable(&error),
    }
}

fn rendered(
    view: &dyn StateView,
    target: Target,
    after: Option<StationCode>,
    conditions: Conditions,
) -> Result<Option<Rendered>, ReadError> {
    match (target, after) {
        (Target::Anomalies(id, region), Some(after)) => match view.contest(&id)? {
            Some(contest) => super::anomalies_page(view, &contest, (region, Some(after)), conditions),
            None => Ok(None),
        },
        (target, _) => super::render(view, target, conditions),
    }
}

/// A query parameter, the first of its name.
fn parameter(request: &Request, name: &str) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).ok()?;
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// "Cari TPS": what was typed is found or not, and never an error.
async fn search_page(State(pages): State<Pages>, request: Request) -> Response {
    let mut text = parameter(&request, "q").unwrap_or_default();
    let end = (0..=SEARCH_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    let conditions = Conditions::quiet(pages.queries.freshness().leader_age_ms);
    let searched = match pages.queries.local() {
        Ok(view) => pages.search.find(view, text.clone(), SEARCH_DEFAULT).await,
        Err(error) => Err(error),
    };
    let page = searched.and_then(|outcome| {
        let page = search::page(&*outcome.view, text, outcome.found, conditions)?;
        page.render().map_err(|error| ReadError::Store(format!("page not rendered: {error}")))
    });
    match page {
        Ok(body) => answer(&Page::plain(Kind::Html, body.into()), &request),
        Err(error) => unavailable(&error),
    }
}

/// A file as Sirekap had it, for listeners without a publisher.
async fn sirekap_file(State(pages): State<Pages>, request: Request) -> Result<Response, Problem> {
    let file = SirekapFile::parse(request.uri().path()).ok_or_else(|| Problem::new(Code::NotFound))?;
    let value = file.read(&*pages.queries.local()?)?.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(answer(&Page::plain(Kind::Json, value.to_string().into()), &request))
}

async fn docs_page(request: Request) -> Response {
    static PAGE: LazyLock<Page> = LazyLock::new(|| Page::compressed(Kind::Html, docs::PAGE.clone()));
    answer(&PAGE, &request)
}

async fn status_page(State(pages): State<Pages>, request: Request) -> Response {
    let page = status::page(pages.operations.status(), pages.queries.freshness());
    match page.render() {
        Ok(body) => answer(&Page::plain(Kind::Html, body.into()), &request),
        Err(error) => unavailable(&ReadError::Store(error.to_string())),
    }
}

fn answer(page: &Page, request: &Request) -> Response {
    page.respond(request.method(), request.headers()).map(Body::new)
}

/// The page that says that there is none.
pub(crate) fn not_found() -> Response {
    let page = Page::plain(Kind::Notice, notice::NOT_FOUND.clone());
    let mut response = page.respond(&http::Method::GET, &http::HeaderMap::new()).map(Body::new);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// The answer to an address that is nothing: a page for somebody with a browser, a problem for programs.
pub(crate) async fn nowhere(request: Request) -> Result<Response, Problem> {
    let program = request.uri().path().starts_with("/api/");
    let accepted = request.headers().get_all(header::ACCEPT);
    let reads_pages =
        accepted.iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")));
    if program || !reads_pages {
        return Err(Problem::new(Code::NotFound));
    }
    let mut response = not_found();
    // It is another answer for another reader.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn unavailable(error: &ReadError) -> Response {
    tracing::warn!(%error, "page not rendered");
    let page = Page::plain(Kind::Notice, notice::UNAVAILABLE.clone());
    let mut response = page.respond(&http::Method::GET, &http::HeaderMap::new()).map(Body::new);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}
