//! Giving a backup away: its manifest, then its objects by their hash, piece by piece.
//!
//! Invariant: no answer is larger than [`BACKUP_BYTES_MAX`], so a transfer of any size takes little memory and
//! goes on after a cut with the byte that was to come next.

use axum::extract::{Path, State};
use axum::http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, RANGE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

use super::{Surface, json};
use crate::dto::epochs::Epochs;
use crate::dto::text::parse_hex;
use crate::error::{Code, Problem};
use crate::limits::BACKUP_BYTES_MAX;
use crate::ports::OfferedBackup;

/// Names the backup that an answer is about.
const BACKUP: HeaderName = HeaderName::from_static("rakit-backup");

fn octets(status: StatusCode, body: Bytes) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    response
}

fn shown(offered: OfferedBackup) -> Response {
    let mut response = octets(StatusCode::OK, offered.manifest);
    response.headers_mut().extend(HeaderValue::from_str(&offered.id).ok().map(|id| (BACKUP, id)));
    response
}

fn gone() -> Problem {
    Problem::with_detail(
        Code::NotFound,
        "Cadangan ini tidak ditawarkan lagi; mintalah yang baru di /api/v1/backup.",
    )
}

/// `GET /backup`.
pub(super) async fn offer(State(surface): State<Surface>) -> Result<Response, Problem> {
    if let Some(offered) = surface.ports().backups.offer().await? {
        return Ok(shown(offered));
    }
    let mut response = json(StatusCode::ACCEPTED, &serde_json::json!({"state": "preparing"}))?;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    Ok(response)
}

/// `GET /backup/{id}`.
pub(super) async fn manifest(
    State(surface): State<Surface>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    surface.ports().backups.offered(&id).map(shown).ok_or_else(gone)
}

/// `GET /backup/{id}/objects/{sha256}`.
pub(super) async fn object(
    State(surface): State<Surface>,
    Path((id, sha256)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sha256 = parse_hex::<32>(&sha256).ok_or_else(|| Problem::new(Code::NotFound))?;
    let (offset, length) = range(&headers).ok_or_else(|| {
        Problem::wrong("Range", "Harus bytes=AWAL- atau bytes=AWAL-AKHIR, satu bagian saja.")
    })?;
    let found = surface.ports().backups.object(&id, sha256, offset, length).await?;
    let (bytes, size) = found.ok_or_else(gone)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let Some(last) = offset.checked_add(length).and_then(|end| end.checked_sub(1)).filter(|_| length > 0)
    else {
        return Err(Problem::wrong("Range", format!("Isinya hanya {size} bita.")));
    };
    let mut response = octets(StatusCode::PARTIAL_CONTENT, bytes);
    let place = HeaderValue::from_str(&format!("bytes {offset}-{last}/{size}"));
    response.headers_mut().extend(place.ok().map(|place| (CONTENT_RANGE, place)));
    Ok(response)
}

/// Where to begin and how many bytes, no more than fit an answer.
fn range(headers: &HeaderMap) -> Option<(u64, usize)> {
    let (first, last) = headers.get(RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|_| digits)
    };
    let first = number(first)?;
    if last.is_empty() {
        return Some((first, BACKUP_BYTES_MAX));
    }
    let length = number(last)?.checked_sub(first)?.saturating_add(1);
    Some((first, usize::try_from(length).unwrap_or(usize::MAX).min(BACKUP_BYTES_MAX)))
}

/// `GET /cluster/epochs`.
pub(super) async fn epochs(State(surface): State<Surface>) -> Result<Response, Problem> {
    json(StatusCode::OK, &Epochs::of(surface.ports().backups.epochs()?))
}
