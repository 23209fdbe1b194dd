//! The pages as routes, for listeners and moments without a publisher.
//!
//! Invariant: the same bytes and headers as the publisher's, only made at each request.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};

use askama::Template;

use crate::ports::{Operations, Queries, ReadError};
use crate::publisher::page::{Kind, Page};

use super::{Target, assets, frame, notice, status};

/// What the handlers need.
#[derive(Clone)]
struct Pages {
    queries: Arc<dyn Queries>,
    operations: Arc<dyn Operations>,
}

/// All pages and their assets, GET and HEAD.
pub fn public_pages(queries: Arc<dyn Queries>, operations: Arc<dyn Operations>) -> Router {
    let mut router = Router::new()
        .route("/", get(state_page))
        .route("/{contest}/{region}", get(state_page))
        .route("/tps/{station}", get(state_page))
        .route("/tps/{station}/{contest}", get(state_page))
        .route("/status", get(status_page));
    for asset in assets::all() {
        let page = Arc::new(Page::compressed(Kind::Asset(asset.media_type), asset.bytes.clone()));
        let file = move |request: Request| std::future::ready(answer(&page, &request));
        router = router.route(asset.path, get(file));
    }
    router.with_state(Pages { queries, operations })
}

async fn state_page(State(pages): State<Pages>, request: Request) -> Response {
    let Some(target) = Target::parse(request.uri().path()) else {
        return not_found();
    };
    let stale = frame::stale(pages.queries.freshness().leader_age_ms);
    let rendered = pages.queries.local().and_then(|view| super::render(&*view, target, stale));
    match rendered {
        Ok(Some(rendered)) => answer(&Page::plain(Kind::Html, rendered.body), &request),
        Ok(None) => not_found(),
        Err(error) => unavailable(&error),
    }
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
pub(super) fn not_found() -> Response {
    let page = Page::plain(Kind::Notice, notice::NOT_FOUND.clone());
    let mut response = page.respond(&http::Method::GET, &http::HeaderMap::new()).map(Body::new);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn unavailable(error: &ReadError) -> Response {
    tracing::warn!(%error, "page not rendered");
    let page = Page::plain(Kind::Notice, notice::UNAVAILABLE.clone());
    let mut response = page.respond(&http::Method::GET, &http::HeaderMap::new()).map(Body::new);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}
