//! Photos: every way an upload is refused, and what is handed out.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use image::{DynamicImage, ImageFormat, RgbImage};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::photos::BAD;
use super::world::{Reply, STATION, World, form, raw, refused, tally};

const UPLOAD: &str = "/api/v1/attachments";

fn image_as(format: ImageFormat, shade: u8) -> Vec<u8> {
    let pixels = RgbImage::from_pixel(24, 16, image::Rgb([shade, 90, 10]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(pixels).write_to(&mut bytes, format).expect("an image");
    bytes.into_inner()
}

async fn upload(world: &World, token: &str, kind: &str, bytes: Vec<u8>) -> Reply {
    let bearer = format!("Bearer {token}");
    raw(&world.officer, "POST", UPLOAD, &[("authorization", &bearer), ("content-type", kind)], bytes).await
}

fn kept(world: &World) -> (usize, usize) {
    (world.photos.stored.lock().unwrap().len(), world.photos.waiting.load(Ordering::Relaxed))
}

/// Status, headers and all bytes.
async fn bytes_of(router: &Router, path: &str) -> (u16, http::HeaderMap, Bytes) {
    let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    (parts.status.as_u16(), parts.headers, body.collect().await.expect("a body").to_bytes())
}

async fn report(world: &World, token: &str, sha256: &Value) {
    let mut body = tally(&form());
    body["attachments"] = json!([sha256]);
    let reply = world.put(token, STATION, 0, &body).await;
    assert_eq!(reply.status, 201, "{reply:?}");
}

#[tokio::test]
async fn a_photo_is_stored_named_and_handed_out() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let reply = upload(&world, &token, "Image/JPEG; q=1", image_as(ImageFormat::Jpeg, 7)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!((&reply.body["media_type"], &reply.body["scan"]), (&json!("image/jpeg"), &json!("clean")));
    assert_eq!(kept(&world), (1, 0));
    let path = format!("{UPLOAD}/{}", reply.body["sha256"].as_str().unwrap());
    refused(&world.get(&path).await, 404, "not-found");
    report(&world, &token, &reply.body["sha256"]).await;

    let (status, headers, bytes) = bytes_of(&world.public, &path).await;
    assert_eq!(status, 200);
    assert_eq!(u64::try_from(bytes.len()).unwrap(), reply.body["size"].as_u64().unwrap());
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert!(header("cache-control").contains("immutable"));
    assert!(header("content-disposition").starts_with("attachment; filename="));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
    assert_eq!(header("content-length"), bytes.len().to_string());
    let cached = raw(&world.public, "GET", &path, &[("if-none-match", &header("etag"))], Vec::new()).await;
    assert_eq!((cached.status, cached.text.as_str()), (304, ""));
    let head = raw(&world.public, "HEAD", &path, &[], Vec::new()).await;
    assert_eq!((head.status, head.header("content-length")), (200, header("content-length").as_str()));

    let page = world.get(&format!("/api/v1/stations/{STATION}/ppwp")).await;
    assert_eq!(page.body["attachments"][0]["media_type"], "image/jpeg", "{page:?}");
    assert_eq!(page.body["attachments"][0]["size"], reply.body["size"]);
}

#[tokio::test]
async fn every_refusal_has_its_code_and_leaves_nothing() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let jpeg = || image_as(ImageFormat::Jpeg, 7);
    let mut infected = jpeg();
    infected.extend_from_slice(BAD);
    let cases = [
        ("text/html", jpeg(), 415, "unsupported-media-type"),
        ("", jpeg(), 415, "unsupported-media-type"),
        ("image/png", jpeg(), 415, "unsupported-media-type"),
        ("image/jpeg", b"PK\x03\x04zip".to_vec(), 415, "unsupported-media-type"),
        ("image/jpeg", Vec::new(), 415, "unsupported-media-type"),
        ("image/jpeg", jpeg()[..60].to_vec(), 422, "invalid-form"),
        ("application/pdf", b"%PDF-1.4 /JavaScript".to_vec(), 422, "invalid-form"),
        ("image/jpeg", infected, 422, "infected"),
        ("image/jpeg", vec![0; 10 * 1024 * 1024 + 1], 413, "too-large"),
    ];
    for (kind, bytes, status, code) in cases {
        refused(&upload(&world, &token, kind, bytes).await, status, code);
        assert_eq!(kept(&world), (0, 0), "{kind} {code}");
    }
    refused(&raw(&world.officer, "POST", UPLOAD, &[], jpeg()).await, 401, "unauthenticated");
    let auditor = world.token("pemantau").await;
    refused(&upload(&world, &auditor, "image/jpeg", jpeg()).await, 403, "forbidden");
    refused(&raw(&world.public, "POST", UPLOAD, &[], jpeg()).await, 405, "method-not-allowed");
    world.photos.scanner_gone.store(true, Ordering::Relaxed);
    refused(&upload(&world, &token, "image/jpeg", jpeg()).await, 503, "scanner-unavailable");
    world.photos.scanner_gone.store(false, Ordering::Relaxed);
    world.photos.disk_full.store(true, Ordering::Relaxed);
    refused(&upload(&world, &token, "image/jpeg", jpeg()).await, 507, "disk-full");
    assert_eq!(kept(&world), (0, 0));
}

#[tokio::test]
async fn an_account_has_a_share_of_the_places() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let endless = || {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let request = Request::builder().method("POST").uri(UPLOAD);
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "image/jpeg").body(body).expect("a request");
        tokio::spawn(world.officer.clone().oneshot(request))
    };
    let waiting: Vec<_> = (0..16).map(|_| endless()).collect();
    while world.photos.waiting.load(Ordering::Relaxed) < 16 {
        tokio::task::yield_now().await;
    }
    let more = upload(&world, &token, "image/jpeg", image_as(ImageFormat::Jpeg, 7)).await;
    refused(&more, 503, "overloaded");
    let other = world.token("admin").await;
    assert_eq!(upload(&world, &other, "image/jpeg", image_as(ImageFormat::Jpeg, 7)).await.status, 201);
    for one in waiting {
        one.abort();
        drop(one.await);
    }
    assert_eq!(world.photos.waiting.load(Ordering::Relaxed), 0, "whoever goes away leaves nothing");
    assert_eq!(upload(&world, &token, "image/jpeg", image_as(ImageFormat::Jpeg, 9)).await.status, 201);
}

#[tokio::test]
async fn what_a_later_scan_finds_is_not_served_any_more() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let never = raw(&world.ops, "GET", "/api/v1/attachments/rescan", &[], Vec::new()).await;
    assert_eq!((never.status, &never.body["state"]), (200, &json!("never")));
    let bad = world.photos.put(BAD);
    let good = world.photos.put(b"baik");
    let name = json!(tally::ids::hex(&bad.id.0));
    report(&world, &token, &name).await;
    let path = format!("{UPLOAD}/{}", name.as_str().unwrap());
    assert_eq!(world.get(&path).await.status, 200);

    let begun = raw(&world.ops, "POST", "/api/v1/attachments/rescan", &[], Vec::new()).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let ended = async {
        loop {
            let told = raw(&world.ops, "GET", "/api/v1/attachments/rescan", &[], Vec::new()).await;
            if told.body["state"] != "running" {
                return told.body;
            }
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(20), ended).await.expect("an end");
    assert_eq!((&told["state"], &told["scanned"], &told["infected"]), (&json!("done"), &json!(2), &json!(1)));
    assert_eq!(told["found"], json!([name]));
    refused(&world.get(&path).await, 410, "gone");
    let known = world.photos.stored.lock().unwrap()[&good.id].0.scan.clone();
    assert!(known.is_some_and(|scan| scan.clean && scan.engine == "Uji 1.0"));
    let page = world.get(&format!("/api/v1/stations/{STATION}/ppwp")).await;
    assert_eq!(page.body["attachments"][0]["sha256"], name, "the form is untouched");
}
