//! What is checked before a command is proposed.
//!
//! Invariant: whatever is refused here is decided again, the same way, when the command is applied; the door
//! only saves the log from what cannot pass. A refusal that newer data could overturn is confirmed in a
//! linearizable view first.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tally::ids::{Fingerprint, RequestKey};

use super::Surface;
use crate::dto::batch::parse_key;
use crate::dto::body::{canonical, parse};
use crate::error::{Code, Problem};
use crate::limits::BODY_MS_MAX;
use crate::ports::StateView;

/// Which form the caller expects to be there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Precondition {
    /// `If-None-Match: *`: none.
    Absent,
    /// `If-Match: "n"`: this revision.
    Revision(u32),
}

impl Precondition {
    fn text(precondition: Option<Self>) -> String {
        match precondition {
            None => String::new(),
            Some(Self::Absent) => "if-none-match: *".to_owned(),
            Some(Self::Revision(revision)) => format!("if-match: \"{revision}\""),
        }
    }
}

/// Reads a JSON body: 415, then 413, then 400.
pub(super) async fn body(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Value, Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > bytes_max) {
        return Err(Problem::new(Code::TooLarge));
    }
    let collected = Limited::new(body, bytes_max).collect();
    let collected = tokio::time::timeout(Duration::from_millis(BODY_MS_MAX), collected)
        .await
        .map_err(|_| Problem::wrong("", "Isi tidak tiba pada waktunya."))?;
    let bytes = collected.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Problem::new(Code::TooLarge)
        } else {
            Problem::wrong("", "Isi terputus.")
        }
    })?;
    parse(&bytes.to_bytes())
}

/// Reads `Idempotency-Key`, which must be there: 400.
pub(super) fn key(headers: &HeaderMap) -> Result<RequestKey, Problem> {
    let wrong = || Problem::wrong("Idempotency-Key", "Kepala ini harus ada satu kali dan berupa UUID.");
    let mut values = headers.get_all("idempotency-key").iter();
    let value = values.next().and_then(|value| value.to_str().ok()).ok_or_else(wrong)?;
    if values.next().is_some() {
        return Err(wrong());
    }
    parse_key(value).ok_or_else(wrong)
}

/// Reads `If-Match` and `If-None-Match` strictly: 400 for anything but one of the two forms of `api.md`.
pub(super) fn precondition(headers: &HeaderMap) -> Result<Option<Precondition>, Problem> {
    let one = |name: &http::HeaderName| -> Result<Option<String>, Problem> {
        let mut values = headers.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let text = value.to_str().ok().filter(|_| values.next().is_none());
        let text = text.ok_or_else(|| Problem::wrong(name.as_str(), "Kepala ini hanya boleh sekali."))?;
        Ok(Some(text.trim().to_owned()))
    };
    match (one(&IF_MATCH)?, one(&IF_NONE_MATCH)?) {
        (None, None) => Ok(None),
        (None, Some(star)) if star == "*" => Ok(Some(Precondition::Absent)),
        (None, Some(_)) => Err(Problem::wrong("If-None-Match", "Hanya * yang diterima.")),
        (Some(text), None) => revision(&text)
            .map(|revision| Some(Precondition::Revision(revision)))
            .ok_or_else(|| Problem::wrong("If-Match", "Harus satu revisi dalam tanda petik, mulai \"1\".")),
        (Some(_), Some(_)) => {
            Err(Problem::wrong("If-Match", "If-Match dan If-None-Match tidak boleh bersama."))
        }
    }
}

fn revision(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('"')?.strip_suffix('"')?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// What makes two requests the same request.
pub(super) fn fingerprint(
    method: &str,
    path: &str,
    precondition: Option<Precondition>,
    body: &Value,
) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in [method, path, &Precondition::text(precondition), &canonical(body)] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    Fingerprint(hash.finalize().first_chunk().copied().unwrap_or_default())
}

/// Judges by what this node knows; a refusal that newer data could overturn is judged once more.
pub(super) async fn judged<T: Send>(
    surface: &Surface,
    judge: impl Fn(&dyn StateView) -> Result<T, Problem> + Send + Sync,
) -> Result<T, Problem> {
    let local = surface.ports().queries.local()?;
    match judge(local.as_ref()) {
        Err(problem) if matches!(problem.code, Code::NotFound | Code::Forbidden) => {
            judge(surface.linearizable().await?.as_ref())
        }
        judgement => judgement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_quoted_revision_is_one() {
        assert_eq!(revision("\"1\""), Some(1));
        assert_eq!(revision("\"4294967295\""), Some(u32::MAX));
        for wrong in [
            "",
            "1",
            "*",
            "\"\"",
            "\"0\"",
            "\"01\"",
            "\"-1\"",
            "\"+1\"",
            "W/\"1\"",
            "\"1\", \"2\"",
            "\"1\"x",
            "\"a\"",
            "\"4294967296\"",
            "\"",
            "\" 1\"",
        ] {
            assert_eq!(revision(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_fingerprint_covers_method_path_precondition_and_body() {
        let body = serde_json::json!({"a": 1, "b": 2});
        let base = fingerprint("PUT", "/x", Some(Precondition::Absent), &body);
        let reordered = serde_json::json!({"b": 2, "a": 1});
        assert_eq!(base, fingerprint("PUT", "/x", Some(Precondition::Absent), &reordered));
        let others = [
            fingerprint("POST", "/x", Some(Precondition::Absent), &body),
            fingerprint("PUT", "/y", Some(Precondition::Absent), &body),
            fingerprint("PUT", "/x", Some(Precondition::Revision(1)), &body),
            fingerprint("PUT", "/x", None, &body),
            fingerprint("PUT", "/x", Some(Precondition::Absent), &serde_json::json!({"a": 1})),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
