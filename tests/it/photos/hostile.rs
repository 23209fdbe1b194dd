//! Files that must not come in: the right code for each, and nothing of any of them left anywhere.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use image::ImageFormat;
use reqwest::{Body, Method};
use rustix::process::Signal;
use tests::clamd::eicar;
use tests::client::{Officer, send};
use tests::pictures::{as_format, contains, packed_objects, pdf, photo, png, zip};
use tests::process::resident_kib;

use super::{World, report, upload};

/// How much more memory a node may hold after all of it than before: pixels of one picture, and what the heap has
/// not given back yet.
const GROWTH_KIB_MAX: u64 = 300 * 1024;

/// Name, declared kind, bytes, status and code.
type Case = (&'static str, &'static str, Vec<u8>, u16, &'static str);

fn cases() -> Vec<Case> {
    let mut infected = photo(1, (64, 48));
    infected.extend(eicar());
    let script = b"9 0 <</S /JavaScript /JS (app.alert(1))>>";
    vec![
        ("the test string", "image/jpeg", eicar(), 422, "infected"),
        ("in a photo", "image/jpeg", infected, 422, "infected"),
        ("in an archive", "image/jpeg", zip(&eicar()), 422, "infected"),
        ("an archive", "image/jpeg", zip(b"harmless"), 415, "unsupported-media-type"),
        ("another kind", "image/png", photo(2, (64, 48)), 415, "unsupported-media-type"),
        ("another kind again", "application/pdf", photo(2, (64, 48)), 415, "unsupported-media-type"),
        ("a page", "text/html", b"<script>".to_vec(), 415, "unsupported-media-type"),
        ("a picture on paper", "image/svg+xml", b"<svg/>".to_vec(), 415, "unsupported-media-type"),
        ("200 megapixels", "image/png", png((20_000, 10_000), 0, 20_001 * 10_000), 422, "invalid-form"),
        ("a claim of pixels", "image/png", png((65_000, 65_000), 0, 10), 422, "invalid-form"),
        ("half a photo", "image/jpeg", photo(3, (64, 48))[..200].to_vec(), 422, "invalid-form"),
        (
            "a script",
            "application/pdf",
            pdf("/Names <</JavaScript 4 0 R>>", &[b"<</S /JavaScript /JS (x)>>".to_vec()]),
            422,
            "invalid-form",
        ),
        ("a packed script", "application/pdf", pdf("", &[packed_objects(script)]), 422, "invalid-form"),
        (
            "a hidden script",
            "application/pdf",
            pdf("/A <</S /J#61vaScript /#4aS (x)>>", &[]),
            422,
            "invalid-form",
        ),
        ("a start", "application/pdf", pdf("/OpenAction 3 0 R", &[]), 422, "invalid-form"),
        ("no document", "application/pdf", b"%PDF-1.7 nothing".to_vec(), 422, "invalid-form"),
    ]
}

#[tokio::test]
async fn hostile_files_are_refused_and_leave_nothing() {
    let mut world = World::new().await;
    let officer = world.cluster.admin(0).await;
    let pid = world.cluster.pid(0).expect("a running node");
    // The first decoding brings in what stays.
    drop(upload(&officer, "image/png", png((6_000, 4_000), 0, 10)).await.expect_status(422));
    let before_kib = resident_kib(pid).expect("a running node");
    for (name, kind, bytes, status, code) in cases() {
        let answer = upload(&officer, kind, bytes).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{name}: {answer:?}");
        world.assert_empty(name);
    }
    too_much(&officer).await;
    world.assert_empty("11 MB");
    let nobody = Officer::try_login(world.cluster.http(), &officer.base, "siapa", "pun").await.unwrap();
    nobody.expect_problem(401, "unauthenticated");
    scanner_fails(&mut world, &officer).await;
    stalled(&officer).await;
    world.assert_empty("a stalled upload");
    let after_kib = resident_kib(pid).expect("still the same process");
    assert!(after_kib < before_kib + GROWTH_KIB_MAX, "{before_kib} KiB became {after_kib} KiB");
    cleaned(&world, &officer).await;
}

async fn too_much(officer: &Officer) {
    let request = officer.request(Method::POST, "/api/v1/attachments").header("Content-Type", "image/jpeg");
    send(request.body(vec![0xff; 11_000_000])).await.expect("an answer").expect_problem(413, "too-large");
    // Without a length it is cut where it becomes too much.
    let parts = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0xff_u8; 100_000])).take(110);
    let request = officer.request(Method::POST, "/api/v1/attachments").header("Content-Type", "image/jpeg");
    let answer = send(request.body(Body::wrap_stream(parts))).await.expect("an answer");
    answer.expect_problem(413, "too-large");
}

/// A scanner that hangs, dies under an upload, and is gone.
async fn scanner_fails(world: &mut World, officer: &Officer) {
    let good = photo(4, (1_600, 1_200));
    world.clamd.signal(Signal::STOP);
    let hung = upload(officer, "image/jpeg", good.clone()).await;
    hung.expect_problem(503, "scanner-unavailable");
    assert!(!hung.header("retry-after").is_empty(), "{hung:?}");
    world.assert_empty("a scanner that hangs");
    // It holds the bytes of an upload when it dies.
    let uploading = upload(officer, "image/jpeg", good.clone());
    let killing = async {
        tests::wait::until("an upload to be on its way to the scanner", async || {
            world.clamd.is_asked().then_some(())
        })
        .await;
        world.clamd.signal(Signal::KILL);
    };
    let (died, ()) = tokio::join!(uploading, killing);
    died.expect_problem(503, "scanner-unavailable");
    world.assert_empty("a scanner that dies");
    world.clamd.kill();
    upload(officer, "image/jpeg", good).await.expect_problem(503, "scanner-unavailable");
    world.assert_empty("no scanner");
    world.clamd.again().await;
}

async fn stalled(officer: &Officer) {
    let first = stream::once(async { Ok::<_, std::io::Error>(photo(5, (64, 48))[..100].to_vec()) });
    let body = Body::wrap_stream(first.chain(stream::pending()));
    let request = officer.request(Method::POST, "/api/v1/attachments").header("Content-Type", "image/jpeg");
    let answer = send(request.timeout(Duration::from_mins(2)).body(body)).await.expect("an answer");
    answer.expect_problem(400, "bad-request");
}

/// Files that are made harmless rather than refused.
async fn cleaned(world: &World, officer: &Officer) {
    let mut glued = photo(6, (64, 48));
    glued.extend(zip(b"rahasia"));
    glued.extend(b"<script>alert(1)</script>");
    let uploaded = upload(officer, "image/jpeg", glued).await.expect_status(201).json();
    let index = report(officer, &tests::register::stations()[3], &uploaded).await;
    let path = format!("/api/v1/attachments/{}", uploaded["sha256"].as_str().unwrap());
    let url = format!("{}{path}?min_index={index}", world.cluster.nodes()[2].public);
    let kept = world.cluster.http().get(url).send().await.unwrap().bytes().await.unwrap();
    assert!(kept.starts_with(&[0xff, 0xd8, 0xff]) && kept.ends_with(&[0xff, 0xd9]));
    assert!(!contains(&kept, b"script") && !contains(&kept, b"PK\x03\x04"));

    let webp = upload(officer, "image/webp", as_format(7, (64, 48), ImageFormat::WebP)).await;
    assert_eq!(webp.expect_status(201).json()["media_type"], "image/jpeg");
    // Bombs in what a picture says beside its pixels, and behind them: they go off nowhere.
    for bomb in [png((64, 64), 300_000_000, 65 * 64), png((64, 64), 0, 300_000_000)] {
        let answer = upload(officer, "image/png", bomb).await;
        assert!(matches!(answer.status, 201 | 422), "{answer:?}");
    }
    let pid = world.cluster.pid(0).expect("a running node");
    assert!(resident_kib(pid).expect("a running node") < 700 * 1024);
}
