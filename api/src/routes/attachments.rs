//! Photos and scans of forms: handing them in, handing them out, looking at them again.
//!
//! Invariant: nothing is handed out that no accepted form names or that a scanner found infected; what is handed out
//! is never shown as a page of this site.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use tally::account::Role;
use tally::ids::{AttachmentId, hex};

use super::params::Params;
use super::{Listener, Pinned, Surface, downloads, json};
use crate::auth::Caller;
use crate::dto::attachments::Uploaded;
use crate::dto::stations::Attachment;
use crate::dto::text::parse_hex;
use crate::error::{Code, Problem};
use crate::intake::{self, Announced};
use crate::ports::{AttachmentInfo, Content};

/// Whether a role hands photos in: those who report, read a second time or certify.
const fn hands_in(role: Role) -> bool {
    match role {
        Role::SuperAdmin | Role::Certifier | Role::Reviewer | Role::Officer => true,
        Role::Admin | Role::Auditor => false,
    }
}

/// `POST /attachments`.
pub(super) async fn upload(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let announced = Announced::read(&parts.headers)?;
    if !hands_in(caller.account.role) {
        return Err(Problem::new(Code::Forbidden));
    }
    let shared = &surface.api.0;
    let stored = intake::take_in(&shared.intake, &shared.ports, caller.account.id, announced, body).await?;
    json(StatusCode::CREATED, &Uploaded::of(&stored))
}

fn absent() -> Problem {
    Problem::with_detail(Code::NotFound, "Lampiran ini tidak ada, atau belum ada formulir yang menyebutnya.")
}

fn withdrawn() -> Problem {
    Problem::with_detail(
        Code::Gone,
        "Lampiran ini ditarik: pemindai menemukan isi berbahaya di dalamnya. Formulirnya tetap berlaku.",
    )
}

/// `GET /attachments/{sha256}`.
pub(super) async fn download(
    State(surface): State<Surface>,
    Path(sha256): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let id = parse_hex::<32>(&sha256).map(AttachmentId).ok_or_else(absent)?;
    let view = surface.view(params.read_options()?).await?;
    let named = view.names_attachment(id)?;
    let pinned = Pinned::of(view.as_ref());
    drop(view);
    if !named {
        return Err(absent());
    }
    let downloads = match surface.listener {
        Listener::Public => &surface.api.0.downloads_public,
        Listener::Officer | Listener::Ops => &surface.api.0.downloads_officer,
    };
    let place = Arc::clone(downloads).try_acquire_owned().map_err(|_| Problem::new(Code::Overloaded))?;
    let reader = surface.ports().attachments.open(id).await?;
    let info = reader.info();
    if info.scan.as_ref().is_some_and(|scan| !scan.clean) {
        return Err(withdrawn());
    }
    let content: Box<dyn Content> = reader;
    let mut response = Response::new(downloads::body(Arc::from(content), place));
    headers(response.headers_mut(), &info);
    response.extensions_mut().insert(pinned);
    Ok(response)
}

fn headers(headers: &mut HeaderMap, info: &AttachmentInfo) {
    let sha256 = hex(&info.id.0);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(info.media_type.name()));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(info.size));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    let name = format!("attachment; filename=\"{sha256}.{}\"", info.media_type.extension());
    for (header, text) in [(CONTENT_DISPOSITION, name), (ETAG, format!("\"{sha256}\""))] {
        headers.extend(HeaderValue::from_str(&text).ok().map(|value| (header, value)));
    }
}

/// Fills in what is known of attachments that a form names; what could not be had stays unknown.
pub(super) async fn describe(surface: &Surface, attachments: &mut [Attachment]) {
    if attachments.is_empty() {
        return;
    }
    let ids = attachments.iter().filter_map(|attachment| parse_hex::<32>(&attachment.sha256));
    let ids: Vec<AttachmentId> = ids.map(AttachmentId).collect();
    let known = surface.ports().attachments.describe(ids).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "attachments could not be described");
        Vec::new()
    });
    for (attachment, info) in attachments.iter_mut().zip(known) {
        attachment.media_type = info.as_ref().map(|info| info.media_type.name().to_owned());
        attachment.size = info.as_ref().map(|info| info.size);
    }
}

/// `POST /attachments/rescan`.
pub(super) async fn rescan(State(surface): State<Surface>) -> Result<Response, Problem> {
    json(StatusCode::ACCEPTED, &surface.api.0.rescan.begin(surface.ports()))
}

/// `GET /attachments/rescan`.
pub(super) async fn progress(State(surface): State<Surface>) -> Result<Response, Problem> {
    json(StatusCode::OK, &surface.api.0.rescan.progress(surface.ports()))
}
