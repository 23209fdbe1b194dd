//! Health and metrics: neither blocks nor touches a disk.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use std::fmt::Write as _;

use super::{Surface, Worded};
use crate::ports::HealthCheck;

fn plain(status: StatusCode, text: String) -> Response {
    let mut response = (status, text).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.extensions_mut().insert(Worded);
    response
}

/// One line per check, so that the reader sees at once which one says no.
fn report(checks: &[HealthCheck]) -> Response {
    let mut text = String::new();
    for check in checks {
        let written = match &check.failure {
            None => writeln!(text, "[+]{} ok", check.name),
            Some(failure) => writeln!(text, "[-]{} {failure}", check.name),
        };
        if written.is_err() {
            break;
        }
    }
    let ready = checks.iter().all(|check| check.failure.is_none());
    text.push_str(if ready { "ready\n" } else { "not ready\n" });
    plain(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}

/// `GET /livez`.
pub(super) async fn live() -> Response {
    plain(StatusCode::OK, "ok\n".to_owned())
}

/// `GET /readyz`: ready for the public and, where they are served, for officers.
pub(super) async fn ready(State(surface): State<Surface>) -> Response {
    let operations = &surface.ports().operations;
    let mut checks = operations.ready_public();
    let officer = if operations.serves_officers() { operations.ready_officer() } else { Vec::new() };
    for check in officer {
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    report(&checks)
}

/// `GET /readyz/public`.
pub(super) async fn ready_public(State(surface): State<Surface>) -> Response {
    report(&surface.ports().operations.ready_public())
}

/// `GET /readyz/officer`.
pub(super) async fn ready_officer(State(surface): State<Surface>) -> Response {
    report(&surface.ports().operations.ready_officer())
}

/// `GET /metrics`.
pub(super) async fn metrics(State(surface): State<Surface>) -> Response {
    let mut text = surface.api.0.meters.text(&surface.api.0.publisher);
    surface.ports().operations.metrics(&mut text);
    let mut response = plain(StatusCode::OK, text);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
