//! The entry app as a browser asks for it.

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::{SHIPPED, SOURCES, routes};

/// All that a first visit brings, compressed, in bytes.
const FIRST_VISIT_BYTES_MAX: usize = 60 * 1024;

async fn ask(path: &str, header: (&str, &str)) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = Request::get(path).header(header.0, header.1).body(Body::empty()).unwrap();
    let (parts, body) = routes().oneshot(request).await.unwrap().into_parts();
    (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn the_page_names_only_files_that_are_served() {
    let (status, headers, body) = ask("/entri/", ("accept", "*/*")).await;
    assert_eq!((status, &headers["cache-control"]), (StatusCode::OK, &"no-cache".parse().unwrap()));
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(!policy.contains("unsafe") && policy.contains("require-trusted-types-for"), "{policy}");
    let page = String::from_utf8(body).unwrap();
    assert!(!page.contains("{{") && !page.contains("<style") && !page.contains("://"), "{page}");
    let named: Vec<&str> = page.split('"').filter(|text| text.starts_with("/entri/")).collect();
    assert!(named.len() > 20, "{named:?}");
    for path in named {
        let (status, headers, body) = ask(path, ("accept", "*/*")).await;
        assert!(status == StatusCode::OK && !body.is_empty(), "{path}");
        assert!(headers["cache-control"].to_str().unwrap().contains("immutable"), "{path}");
    }
}

#[tokio::test]
async fn the_worker_keeps_what_runs_and_is_asked_for_anew() {
    let (_, headers, body) = ask("/entri/sw.js", ("accept", "*/*")).await;
    assert_eq!(headers["cache-control"], "no-cache");
    let worker = String::from_utf8(body).unwrap();
    assert!(!worker.contains("{{"), "{worker}");
    for source in SOURCES {
        let address = format!("\"/entri/{}/{}\"", SHIPPED.version, source.name);
        assert_eq!(worker.contains(&address), source.media_type != "image/png", "{address}");
    }
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let (_, headers, _) = ask("/entri/", ("accept-encoding", "br")).await;
    assert_eq!(headers["content-encoding"], "br");
    let tag = headers["etag"].to_str().unwrap().replace("-br", "");
    assert_eq!(ask("/entri/", ("if-none-match", &tag)).await.0, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn files_of_another_release_and_other_paths_are_not_found() {
    let other = format!("/entri/{}/rahasia.js", SHIPPED.version);
    for path in ["/entri/000000000000/app.js", other.as_str()] {
        assert_eq!(ask(path, ("accept", "*/*")).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, headers, _) = ask("/entri", ("accept", "*/*")).await;
    assert_eq!((status, &headers["location"]), (StatusCode::PERMANENT_REDIRECT, &"/entri/".parse().unwrap()));
}

#[tokio::test]
async fn a_first_visit_is_small() {
    let mut paths = vec!["/entri/".to_owned(), "/entri/sw.js".to_owned()];
    // Pictures for the home screen are only asked for when the app is put there.
    let first = SOURCES.iter().filter(|source| source.media_type != "image/png");
    paths.extend(first.map(|source| format!("/entri/{}/{}", SHIPPED.version, source.name)));
    let mut bytes = 0;
    for path in &paths {
        bytes += ask(path, ("accept-encoding", "gzip, br")).await.2.len();
    }
    assert!(bytes < FIRST_VISIT_BYTES_MAX, "{bytes} bytes");
}
