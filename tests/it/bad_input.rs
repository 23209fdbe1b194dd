//! Everything malformed gets the code of the contract, and nothing of it is stored.

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Officer, send};
use tests::cluster::Cluster;
use tests::form;
use tests::register::{CONTEST, stations};
use uuid::Uuid;

/// One bad request and what must come back.
struct Case {
    what: &'static str,
    station: &'static str,
    body: Value,
    status: u16,
    code: &'static str,
}

const STATION: &str = "3101011001001";

fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = form::body(&form::of_votes([10, 20, 30], 2));
    change(&mut body);
    body
}

fn cases() -> Vec<Case> {
    let case = |what, station, body, status, code| Case { what, station, body, status, code };
    vec![
        case("unknown field", STATION, changed(|body| body["surprise"] = json!(1)), 400, "bad-request"),
        case(
            "unknown field in the form",
            STATION,
            changed(|body| body["form"]["dpt"] = json!(1)),
            400,
            "bad-request",
        ),
        case(
            "a part is missing",
            STATION,
            changed(|body| drop(body["form"].as_object_mut().unwrap().remove("ballots"))),
            400,
            "bad-request",
        ),
        case(
            "text for a number",
            STATION,
            changed(|body| body["form"]["valid"] = json!("60")),
            400,
            "bad-request",
        ),
        case("negative", STATION, changed(|body| body["form"]["invalid"] = json!(-1)), 400, "bad-request"),
        case("a fraction", STATION, changed(|body| body["form"]["invalid"] = json!(1.5)), 400, "bad-request"),
        case(
            "an option too many",
            STATION,
            changed(|body| body["form"]["votes"]["100028"] = json!(1)),
            400,
            "bad-request",
        ),
        case(
            "an option too few",
            STATION,
            changed(|body| drop(body["form"]["votes"].as_object_mut().unwrap().remove("100027"))),
            400,
            "bad-request",
        ),
        case(
            "more than a box holds",
            STATION,
            changed(|body| body["form"]["votes"]["100025"] = json!(1000)),
            422,
            "invalid-form",
        ),
        case("no such station", "3101011001999", changed(|_| ()), 404, "not-found"),
        case("a station of 12 digits", "310101100100", changed(|_| ()), 404, "not-found"),
        case("not an object", STATION, json!([1, 2]), 400, "bad-request"),
    ]
}

#[tokio::test]
async fn bad_writes_are_refused_and_leave_nothing() {
    let cluster = Cluster::with_register().await;
    let officer = cluster.admin(0).await;
    for Case { what, station, body, status, code } in cases() {
        let answer = officer.put(station, 0, &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}: {answer:?}");
        answer.expect_problem(status, code);
    }
    headers(&officer).await;
    sizes(&officer).await;
    let view = officer.get(&format!("/api/v1/stations/{STATION}/{CONTEST}")).await.expect_status(200).json();
    assert_eq!((view["state"].as_str(), view["revision"].as_u64()), (Some("absent"), Some(0)), "{view}");
    let results = officer.get(&format!("/api/v1/results/{CONTEST}/0")).await.expect_status(200).json();
    assert_eq!(
        results["progress"]["reported"], 1,
        "the one good item of the batch and nothing else: {results}"
    );
}

/// Preconditions and keys that are missing or not of the one allowed form.
async fn headers(officer: &Officer) {
    let path = format!("/api/v1/tallies/{CONTEST}/{STATION}");
    let body = changed(|_| ());
    let key = Uuid::new_v4().to_string();
    for (what, headers, status, code) in [
        ("no key", vec![("If-None-Match", "*")], 400, "bad-request"),
        (
            "a key that is no uuid",
            vec![("If-None-Match", "*"), ("Idempotency-Key", "abc")],
            400,
            "bad-request",
        ),
        ("no precondition", vec![("Idempotency-Key", key.as_str())], 428, "precondition-required"),
        (
            "both",
            vec![("Idempotency-Key", &key), ("If-None-Match", "*"), ("If-Match", "\"1\"")],
            400,
            "bad-request",
        ),
        ("any revision", vec![("Idempotency-Key", &key), ("If-Match", "*")], 400, "bad-request"),
        ("a weak tag", vec![("Idempotency-Key", &key), ("If-Match", "W/\"1\"")], 400, "bad-request"),
        ("revision zero", vec![("Idempotency-Key", &key), ("If-Match", "\"0\"")], 400, "bad-request"),
        ("no quotes", vec![("Idempotency-Key", &key), ("If-Match", "1")], 400, "bad-request"),
    ] {
        let request =
            headers.iter().fold(officer.request(Method::PUT, &path).json(&body), |request, (name, value)| {
                request.header(*name, *value)
            });
        let answer = send(request).await.unwrap();
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}: {answer:?}");
    }
    let key = Uuid::new_v4();
    let request = officer.request(Method::PUT, &path).header("Idempotency-Key", key.to_string());
    let text =
        request.header("If-None-Match", "*").header("Content-Type", "text/plain").body(body.to_string());
    send(text).await.unwrap().expect_problem(415, "unsupported-media-type");
}

/// Bodies and batches larger than allowed.
async fn sizes(officer: &Officer) {
    let long = changed(|body| body["reason"] = json!("x".repeat(70_000)));
    officer.put(STATION, 0, &long).await.expect_problem(413, "too-large");

    let form = form::of_votes([1, 2, 3], 0);
    let item = |station: &str| {
        json!({"key": Uuid::new_v4().to_string(), "contest": CONTEST, "station": station, "if_revision": 0, "form": form,
               "confirm": [], "reason": null, "attachments": [], "observed_at": null})
    };
    let many: Vec<Value> = (0..501).map(|_| item(STATION)).collect();
    let answer = officer.post("/api/v1/batches", &json!({"items": many})).await;
    assert!(matches!(answer.status, 400 | 413), "501 items: {answer:?}");
    let mixed = json!({"items": [item("3101011001998"), item(&stations()[5])]});
    let answer = officer.post("/api/v1/batches", &mixed).await.expect_status(200).json();
    let statuses: Vec<u64> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [404, 201], "each item for itself: {answer}");
    assert_eq!(answer["results"][0]["problem"]["code"], "not-found", "{answer}");
}
