//! What every answer has, whoever made it: common headers, problem bodies, 304, a count.
//!
//! Invariant: no answer leaves without saying which node gave it and at which log index, and a panic in a
//! handler ends its request only.

use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;

use super::{Listener, Pinned, RequestId, Surface, Worded};
use crate::error::{Code, Problem};

/// How long caches may keep a public answer: short, but they may serve it while they ask again, and for a day
/// when no node answers.
const PUBLIC_CACHING: &str = "public, max-age=2, stale-while-revalidate=15, stale-if-error=86400";

/// Runs a request and completes its answer.
pub(super) async fn envelope(State(surface): State<Surface>, mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let wanted = request.headers().get_all(IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>();
    let reads = matches!(method, Method::GET | Method::HEAD);
    let fresh = request.uri().query().is_some_and(asks_for_freshness);
    let mut response = if surface.listener == Listener::Public && !reads {
        let problem = Problem { allow: Some("GET, HEAD".to_owned()), ..Problem::new(Code::MethodNotAllowed) };
        problem.respond(&id)
    } else {
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        answered.unwrap_or_else(|_| {
            tracing::error!(request = %id, "a handler panicked");
            Problem::new(Code::Internal).respond(&id)
        })
    };
    response = with_problem_body(response, &id);
    if reads && response.status() == StatusCode::OK && matches_tag(response.headers(), &wanted) {
        response = not_modified(response);
    }
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    if fresh {
        // What was fresh for one reader is not for the next: no cache may hand it on, not even when nodes are away.
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    complete(&surface, &mut response, &id);
    surface.api.0.meters.answered(surface.listener, response.status().as_u16());
    response
}

/// Whether a query asks how old an answer may be, or waits for what is new; a name in percent signs is taken for one.
fn asks_for_freshness(query: &str) -> bool {
    const OPTIONS: [&str; 4] = ["consistency", "max_age_ms", "min_index", "wait_ms"];
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names.into_iter().any(|name| name.contains('%') || OPTIONS.contains(&name))
}

/// Writes the body of a problem; turns refusals of the router itself into problems.
fn with_problem_body(mut response: Response, id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return problem.respond(id);
    }
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if !failed || response.extensions().get::<Worded>().is_some() || written(response.headers()) {
        return response;
    }
    let code =
        Code::ALL.into_iter().find(|code| code.status() == response.status()).unwrap_or(Code::BadRequest);
    let allow = response.headers().get(ALLOW).and_then(|allow| allow.to_str().ok());
    let allow = allow.map(|allow| allow.split(',').map(str::trim).collect::<Vec<_>>().join(", "));
    Problem { allow, ..Problem::new(code) }.respond(id)
}

/// Whether an answer brings a body of its own: the router's own refusals have none or a plain text.
fn written(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    ["application/", "text/html"].iter().any(|start| kind.starts_with(start))
}

fn matches_tag(headers: &HeaderMap, wanted: &[HeaderValue]) -> bool {
    let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok()) else { return false };
    let strong = tag.trim_start_matches("W/");
    let mut listed = wanted.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    listed.any(|one| {
        let one = one.trim();
        one == "*" || one.trim_start_matches("W/") == strong
    })
}

fn not_modified(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    *response.body_mut() = Body::empty();
    response.headers_mut().remove(CONTENT_TYPE);
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}

fn complete(surface: &Surface, response: &mut Response, id: &str) {
    let freshness = surface.ports().queries.freshness();
    let pinned = response.extensions().get::<Pinned>().copied();
    let index = pinned.map_or(freshness.index, |pinned| pinned.index);
    let age_ms = pinned.map_or(freshness.leader_age_ms, |pinned| freshness.age_of(index, pinned.confirmed));
    let fresh = matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED);
    let headers = response.headers_mut();
    headers.insert("rakit-node", HeaderValue::from(freshness.node.0));
    headers.insert("rakit-index", HeaderValue::from(index));
    headers.insert("rakit-leader-age-ms", HeaderValue::from(age_ms));
    headers
        .extend(HeaderValue::from_str(id).ok().map(|id| (http::HeaderName::from_static("request-id"), id)));
    if surface.listener == Listener::Public {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        let caching = match surface.listener {
            Listener::Public if fresh => PUBLIC_CACHING,
            Listener::Officer if fresh => "private, no-cache",
            Listener::Public | Listener::Officer | Listener::Ops => "no-store",
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    }
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
}
