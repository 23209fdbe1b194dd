//! The entry app of officers at `/entri/`: files inside the binary, served to whoever asks, with no account.
//!
//! Invariant: all files of one release lie below one address that changes with any of them, so a device never
//! runs parts of two releases; only the page and the service worker keep their address, and are asked for
//! anew each time.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderValue, header};

use super::embedded::{self, SCRIPT, Source, sources};
use super::pages::not_found;
use crate::publisher::page::{Kind, Page};

#[cfg(test)]
mod tests;

/// What the app may do: run its own files and ask its own host, nothing else; no markup is ever made from text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types entri";
/// The camera reads activation codes; nothing else of the device is asked for.
const PERMISSIONS: &str = "camera=(self), microphone=(), geolocation=()";

const PAGE: &str = include_str!("index.html");
const WORKER: &str = include_str!("sw.js");

const SOURCES: &[Source] = &sources! {
    "style.css": "text/css; charset=utf-8",
    "app.js": SCRIPT,
    "backoff.js": SCRIPT,
    "bus.js": SCRIPT,
    "camera.js": SCRIPT,
    "canonical.js": SCRIPT,
    "checks.js": SCRIPT,
    "dom.js": SCRIPT,
    "drafts.js": SCRIPT,
    "drain.js": SCRIPT,
    "form-boxes.js": SCRIPT,
    "form-findings.js": SCRIPT,
    "form-photos.js": SCRIPT,
    "knowledge.js": SCRIPT,
    "lean-qr.mjs": SCRIPT,
    "photos.js": SCRIPT,
    "qr.js": SCRIPT,
    "queue.js": SCRIPT,
    "repairs.js": SCRIPT,
    "screen-form.js": SCRIPT,
    "screen-outcome.js": SCRIPT,
    "screen-readback.js": SCRIPT,
    "screen-signin.js": SCRIPT,
    "screen-stations.js": SCRIPT,
    "server.js": SCRIPT,
    "session.js": SCRIPT,
    "shape.js": SCRIPT,
    "store.js": SCRIPT,
    "texts.js": SCRIPT,
    "verdict.js": SCRIPT,
    "words.js": SCRIPT,
    "manifest.webmanifest": "application/manifest+json",
    "icon.svg": "image/svg+xml",
    "icon-192.png": "image/png",
    "icon-512.png": "image/png",
};

/// Everything, ready to send.
struct Shipped {
    version: String,
    page: Page,
    worker: Page,
    files: Vec<(&'static str, Page)>,
}

static SHIPPED: LazyLock<Arc<Shipped>> = LazyLock::new(|| Arc::new(ship()));

/// The part of addresses that changes with any file.
fn version() -> String {
    let fixed = [("index.html", PAGE.as_bytes()), ("sw.js", WORKER.as_bytes())];
    embedded::version(fixed.into_iter().chain(SOURCES.iter().map(|source| (source.name, source.bytes))))
}

fn ship() -> Shipped {
    let version = version();
    let address = |source: &Source| format!("/entri/{version}/{}", source.name);
    let scripts = SOURCES.iter().filter(|source| source.media_type == SCRIPT);
    let preloads: Vec<String> =
        scripts.map(|source| format!("<link rel=\"modulepreload\" href=\"{}\">", address(source))).collect();
    // Pictures for the home screen are only asked for when the app is put there.
    let kept = SOURCES.iter().filter(|source| source.media_type != "image/png");
    let listed: Vec<String> = kept.map(|source| format!("\"{}\"", address(source))).collect();
    let filled = |template: &str| {
        let text = template.replace("{{version}}", &version).replace("{{preloads}}", &preloads.join("\n"));
        Bytes::from(text.replace("\"{{files}}\"", &listed.join(",")))
    };
    let compressed = |source: &Source| {
        let kind = Kind::Asset(source.media_type);
        (source.name, Page::compressed(kind, Bytes::from_static(source.bytes)))
    };
    Shipped {
        page: Page::compressed(Kind::Asset("text/html; charset=utf-8"), filled(PAGE)),
        worker: Page::compressed(Kind::Asset(SCRIPT), filled(WORKER)),
        files: SOURCES.iter().map(compressed).collect(),
        version,
    }
}

/// Whether an address stands for the same bytes for ever.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Lasting {
    Versioned,
    AskAgain,
}

fn answer(page: &Page, request: &Request, lasting: Lasting) -> Response {
    let mut response = page.respond(request.method(), request.headers()).map(Body::new);
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::HeaderName::from_static("permissions-policy"), PERMISSIONS);
    set(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if lasting == Lasting::AskAgain {
        set(header::CACHE_CONTROL, "no-cache");
    }
    response
}

async fn page(request: Request) -> Response {
    answer(&SHIPPED.page, &request, Lasting::AskAgain)
}

async fn worker(request: Request) -> Response {
    answer(&SHIPPED.worker, &request, Lasting::AskAgain)
}

async fn file(Path((version, name)): Path<(String, String)>, request: Request) -> Response {
    let shipped = SHIPPED.as_ref();
    let found = shipped.files.iter().find(|(known, _)| version == shipped.version && *known == name);
    found.map_or_else(not_found, |(_, page)| answer(page, &request, Lasting::Versioned))
}

/// The files of the entry app, GET and HEAD.
pub fn routes() -> Router {
    Router::new()
        .route("/entri", get(async || Redirect::permanent("/entri/").into_response()))
        .route("/entri/", get(page))
        .route("/entri/sw.js", get(worker))
        .route("/entri/{version}/{file}", get(file))
}
