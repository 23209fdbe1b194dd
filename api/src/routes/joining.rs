//! A new node comes in: operators invite at `ops`, the node asks at `officer`.
//!
//! Invariant: a new node has no account and no certificate; the secret of its invitation is all it can show, and it
//! opens nothing but this door.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse as _, Response};
use tally::ids::LogTime;

use super::{Surface, door, json};
use crate::dto::joining::{parse_answer, parse_invitation, parse_join};
use crate::error::{Code, Problem};
use crate::limits::JSON_BYTES_MAX;

/// Where a new node asks.
pub(super) const JOIN: &str = "/api/v1/cluster/join";

/// `POST /cluster/invitations`.
pub(super) async fn invite(State(surface): State<Surface>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (secret, valid_s) = parse_invitation(&door::body(&parts.headers, body, JSON_BYTES_MAX).await?)?;
    let now = surface.ports().queries.now();
    let expires_at = LogTime(now.0.saturating_add(u64::from(valid_s).saturating_mul(1_000)));
    json(StatusCode::CREATED, &surface.api.0.invitations.invite(secret, expires_at, now)?)
}

/// `GET /cluster/invitations/{id}`.
pub(super) async fn look(
    State(surface): State<Surface>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    json(StatusCode::OK, &surface.api.0.invitations.look(&id, surface.ports().queries.now())?)
}

/// `DELETE /cluster/invitations/{id}`.
pub(super) async fn withdraw(State(surface): State<Surface>, Path(id): Path<String>) -> Response {
    surface.api.0.invitations.withdraw(&id, surface.ports().queries.now());
    StatusCode::NO_CONTENT.into_response()
}

/// `POST /cluster/invitations/{id}/answer`.
pub(super) async fn answer(
    State(surface): State<Surface>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let answer = parse_answer(&door::body(&parts.headers, body, JSON_BYTES_MAX).await?)?;
    json(StatusCode::OK, &surface.api.0.invitations.answer(&id, &answer, surface.ports().queries.now())?)
}

/// `POST /cluster/join`: 202 until the operator has answered; then who the node is.
pub(super) async fn join(State(surface): State<Surface>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let shown = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = shown.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let secret = secret.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let asked = parse_join(&door::body(&parts.headers, body, JSON_BYTES_MAX).await?)?;
    let answer = surface.api.0.invitations.ask(secret.as_bytes(), &asked, surface.ports().queries.now())?;
    match answer {
        Some(answer) => json(StatusCode::OK, &answer),
        None => Ok(StatusCode::ACCEPTED.into_response()),
    }
}
