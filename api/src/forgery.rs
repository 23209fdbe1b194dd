//! Whether a form was sent by one of our own pages, and not by a page of another site in a visitor's browser.
//!
//! Invariant: a form is believed only if it brings back what its page gave it, which no other site can read, and the
//! browser does not say that it comes from elsewhere.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Uri};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What every cookie is bound to.
const BOUND: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The value of a cookie by its whole name.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// What a form must bring back: whoever knows it knows the token that is in the cookie.
pub(crate) fn proof_of(token: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"rakit desk form\0");
    hash.update(token.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// Whether two texts are the same, told in a time that does not depend on where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}

/// Whether a browser says that a page of another site sent the request.
pub(crate) fn foreign(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return false };
    // HTTP/2 names the host in the address.
    let host =
        text(HOST.as_str()).or_else(|| uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    origin.split_once("://").is_none_or(|(_, from)| !from.eq_ignore_ascii_case(host))
}

/// Sets a cookie that only this host's own pages send, and only over TLS; an empty value takes it away.
pub(crate) fn set_cookie(response: &mut Response, name: &str, value: &str) {
    // An empty one is taken away at once.
    let ends = if value.is_empty() { "; Max-Age=0" } else { "" };
    let line = HeaderValue::from_str(&format!("{name}={value}; {BOUND}{ends}"));
    if let Ok(line) = line {
        response.headers_mut().append(SET_COOKIE, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_request_of_another_site_is_told_by_what_browsers_say() {
        let told = |pairs: &[(&'static str, &'static str)], uri: &'static str| {
            foreign(&headers(pairs), &Uri::from_static(uri))
        };
        assert!(told(&[("sec-fetch-site", "cross-site")], "/"));
        assert!(told(&[("sec-fetch-site", "same-site")], "/"));
        assert!(!told(&[("sec-fetch-site", "same-origin"), ("origin", "https://x")], "/"));
        assert!(!told(&[("origin", "https://a:1"), ("host", "a:1")], "/"));
        assert!(!told(&[("origin", "https://a:1")], "https://a:1/"));
        assert!(told(&[("origin", "https://b"), ("host", "a")], "/"));
        assert!(told(&[("origin", "null"), ("host", "a")], "/"));
        assert!(!told(&[("host", "a")], "/"));
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let all = headers(&[("cookie", "a=1; __Host-rakit-masuk=2; __Host-rakit=3")]);
        assert_eq!(
            (cookie(&all, "__Host-rakit"), cookie(&all, "__Host-rakit-masuk")),
            (Some("3"), Some("2"))
        );
        assert_eq!(cookie(&headers(&[]), "__Host-rakit"), None);
    }

    #[test]
    fn a_token_against_forged_forms_belongs_to_one_session() {
        assert_ne!(proof_of("a"), proof_of("b"));
        assert!(same(&proof_of("a"), &proof_of("a")));
    }
}
