//! The kiosk at `/kios`: files inside the binary, for screens that people touch.
//!
//! Invariant: the page and the service worker are asked for anew each time; what a device keeps is one whole release, each
//! file with the digest that this release has.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, header};
use sha2::{Digest as _, Sha256};

use super::assets;
use super::embedded::{self, SCRIPT, Source, sources};
use super::pages::not_found;
use crate::publisher::page::{Kind, Page};

/// What the kiosk may do: run its own files and ask its own host.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const STYLE: &str = "text/css; charset=utf-8";

const PAGE: &str = include_str!("index.html");
const WORKER: &str = include_str!("sw.js");

const SOURCES: &[Source] = &sources! {
    "kiosk.css": STYLE,
    "kiosk.js": SCRIPT,
    "kiosk-idle.js": SCRIPT,
    "kiosk-results.js": SCRIPT,
    "kiosk-search.js": SCRIPT,
    "kiosk-server.js": SCRIPT,
    "kiosk-settings.js": SCRIPT,
    "kiosk-sheet.js": SCRIPT,
    "kiosk-slip.js": SCRIPT,
    "kiosk-staff.js": SCRIPT,
    "kiosk-text.js": SCRIPT,
    "kiosk-view.js": SCRIPT,
};

/// What the entry app has too.
const SHARED: [(&str, &[u8]); 3] = [
    ("backoff.js", include_bytes!("../entry/backoff.js")),
    ("lean-qr.mjs", include_bytes!("../entry/lean-qr.mjs")),
    ("qr.js", include_bytes!("../entry/qr.js")),
];

/// Everything, ready to send.
struct Shipped {
    page: Page,
    worker: Page,
    files: Vec<(&'static str, Page)>,
}

static SHIPPED: LazyLock<Arc<Shipped>> = LazyLock::new(|| Arc::new(ship()));

/// Name, media type and bytes of every file but the page and the worker.
fn files() -> Vec<(&'static str, &'static str, Bytes)> {
    let own = SOURCES.iter().map(|source| (source.name, source.media_type, Bytes::from_static(source.bytes)));
    let shared = SHARED.into_iter().map(|(name, bytes)| (name, SCRIPT, Bytes::from_static(bytes)));
    let style = ("rakit.css", STYLE, assets::STYLE.bytes.clone());
    own.chain(shared).chain([style]).collect()
}

fn ship() -> Shipped {
    let files = files();
    let fixed = [("index.html", PAGE.as_bytes()), ("sw.js", WORKER.as_bytes())];
    let all = fixed.into_iter().chain(files.iter().map(|(name, _, bytes)| (*name, bytes.as_ref())));
    let version = embedded::version(all);
    let page = PAGE.replace("{{version}}", &version);
    let listed = |path: String, bytes: &[u8]| {
        format!("\"{path}\": \"sha256-{}\"", STANDARD.encode(Sha256::digest(bytes)))
    };
    let mut lines = vec![listed("/kios".to_owned(), page.as_bytes())];
    lines.extend(files.iter().map(|(name, _, bytes)| listed(format!("/kios/{name}"), bytes)));
    let worker = WORKER.replace("{{version}}", &version).replace("\"{{files}}\": \"\"", &lines.join(", "));
    let compressed = |(name, media_type, bytes): (&'static str, &'static str, Bytes)| {
        (name, Page::compressed(Kind::Asset(media_type), bytes))
    };
    Shipped {
        page: Page::compressed(Kind::Asset("text/html; charset=utf-8"), Bytes::from(page)),
        worker: Page::compressed(Kind::Asset(SCRIPT), Bytes::from(worker)),
        files: files.into_iter().map(compressed).collect(),
    }
}

/// All of it keeps its address, so all of it is asked for anew: a 304 costs little.
fn answer(page: &Page, request: &Request) -> Response {
    let mut response = page.respond(request.method(), request.headers()).map(Body::new);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // The worker lies in `/kios/` and answers for `/kios` as well.
    headers.insert("service-worker-allowed", HeaderValue::from_static("/kios"));
    response
}

async fn page(request: Request) -> Response {
    answer(&SHIPPED.page, &request)
}

async fn file(Path(name): Path<String>, request: Request) -> Response {
    if name == "sw.js" {
        return answer(&SHIPPED.worker, &request);
    }
    let found = SHIPPED.files.iter().find(|(known, _)| *known == name);
    found.map_or_else(not_found, |(_, page)| answer(page, &request))
}

/// The page and its files, GET and HEAD.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/kios", get(page))
        .route("/kios/", get(async || Redirect::permanent("/kios").into_response()))
        .route("/kios/{file}", get(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_keeps_every_file_by_its_digest() {
        let shipped = ship();
        let worker = String::from_utf8(shipped.worker.body().to_vec()).unwrap();
        assert!(!worker.contains("{{"), "{worker}");
        for (name, page) in &shipped.files {
            let digest = STANDARD.encode(Sha256::digest(page.body()));
            assert!(worker.contains(&format!("\"/kios/{name}\": \"sha256-{digest}\"")), "{name}");
        }
        let digest = STANDARD.encode(Sha256::digest(shipped.page.body()));
        assert!(worker.contains(&format!("\"/kios\": \"sha256-{digest}\"")));
    }

    #[test]
    fn every_file_of_the_folder_is_shipped_and_every_import_is_there() {
        let names: Vec<&str> = files().into_iter().map(|(name, ..)| name).collect();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/kiosk");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let apart = ["index.html", "sw.js", "mod.rs", "package.json"].contains(&name.as_str());
            assert!(apart || names.contains(&name.as_str()), "{name} is not shipped");
        }
        for (_, _, bytes) in files() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for import in text.split("from \"./").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(names.contains(&import), "{import}");
            }
        }
    }
}
