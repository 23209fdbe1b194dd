//! Complaints: handed in by anybody within bounds, answered by officials in scope, shown to all with their answers.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;

use api::ports::SubmitError;
use serde_json::{Value, json};

use super::world::{FAR, Reply, SECOND, STATION, World, call, form, raw_from, refused, tally, uuid};

const PATH: &str = "/api/v1/stations/3175091001087/complaints";

/// A country in which one station has reported.
async fn reported() -> World {
    let world = World::new().await;
    let officer = world.token("petugas").await;
    assert_eq!(world.put(&officer, STATION, 0, &tally(&form())).await.status, 201);
    world
}

fn complaint(text: &str) -> Value {
    json!({"contest": "ppwp", "revision": 1, "kind": "wrong_number", "field": "/votes/100025", "read": 91, "text": text})
}

/// A complaint of the somebody with that number, under a key.
async fn complain_as(world: &World, somebody: u32, key: &str, body: &Value) -> Reply {
    let address = IpAddr::V4(Ipv4Addr::from_bits(0xc000_0200 + somebody));
    let headers = [("idempotency-key", key), ("content-type", "application/json")];
    raw_from(&world.officer, Some(address), ("POST", PATH), &headers, body.to_string().into_bytes()).await
}

async fn complain(world: &World, somebody: u32, text: &str) -> Reply {
    complain_as(world, somebody, &uuid(), &complaint(text)).await
}

async fn answer(world: &World, token: &str, number: u32, verdict: &str) -> Reply {
    let path = format!("{PATH}/ppwp/{number}/answer");
    let body = json!({"verdict": verdict, "text": "angka sama dengan foto"});
    world.by(token, "POST", &path, &[("idempotency-key", &uuid())], Some(&body)).await
}

#[tokio::test]
async fn anybody_complains_and_everybody_reads_it_with_its_answer() {
    let world = reported().await;
    let taken = complain(&world, 1, "41 terbaca 91").await;
    assert_eq!(taken.status, 201, "{taken:?}");
    let told = ["contest", "station", "number", "state"].map(|key| taken.body[key].clone());
    assert_eq!(told, [json!("ppwp"), json!(STATION), json!(1), json!("open")]);
    let listed = world.get(PATH).await;
    let entry = &listed.body["complaints"][0];
    assert_eq!(entry["at"], taken.body["at"]);
    let said = ["kind", "field", "read", "text", "revision", "answer"].map(|key| entry[key].clone());
    let expected = json!(["wrong_number", "/votes/100025", 91, "41 terbaca 91", 1, null]);
    assert_eq!(Value::from(said.to_vec()), expected);
    let reviewer = world.token("pembaca").await;
    let waiting = world.by(&reviewer, "GET", "/api/v1/complaints?region=31", &[], None).await;
    assert_eq!(waiting.body["complaints"][0]["station"], STATION, "{waiting:?}");
    let answered = answer(&world, &reviewer, 1, "declined").await;
    assert_eq!((answered.status, &answered.body["state"]), (200, &json!("declined")), "{answered:?}");
    let listed = world.get(PATH).await;
    let answer = &listed.body["complaints"][0]["answer"];
    assert_eq!((&answer["verdict"], &answer["role"]), (&json!("declined"), &json!("reviewer")));
    let waiting = world.by(&reviewer, "GET", "/api/v1/complaints?region=31", &[], None).await;
    assert_eq!((&waiting.body["complaints"], &waiting.body["next"]), (&json!([]), &Value::Null));
    let form = world.get(&format!("/api/v1/stations/{STATION}/ppwp")).await;
    assert_eq!((&form.body["revision"], &form.body["state"]), (&json!(1), &json!("reported")));
}

#[tokio::test]
async fn a_page_shows_what_was_written_as_text_and_its_answer() {
    let world = reported().await;
    let script = "<script>alert(1)</script>\"'&";
    assert_eq!(complain(&world, 1, script).await.status, 201);
    let page = world.get(&format!("/tps/{STATION}/ppwp")).await;
    assert!(!page.text.contains("alert(1)</script>") && page.text.contains("alert(1)"), "{}", page.text);
    assert!(page.text.contains("Menunggu jawaban petugas") && page.text.contains("terbaca 91"));
    assert!(page.text.contains("href=\"/lapor/3175091001087/ppwp\"") && page.text.contains("WIB"));
    let certifier = world.token("pengesah").await;
    assert_eq!(answer(&world, &certifier, 1, "accepted").await.status, 200);
    let page = world.get(&format!("/tps/{STATION}/ppwp")).await;
    assert!(page.text.contains("Laporan benar") && page.text.contains("angka sama dengan foto"));
    let without = world.get(&format!("/tps/{SECOND}/ppwp")).await;
    assert!(!without.text.contains("/lapor/"), "there is no form to complain about");
    let led = world.get("/lapor/3175091001087/ppwp").await;
    let there = "https://127.0.0.1:2/lapor/3175091001087/ppwp";
    assert_eq!((led.status, led.header("location")), (307, there));
    assert_eq!(world.get("/lapor/x/ppwp").await.status, 404);
}

#[tokio::test]
async fn the_public_listener_takes_none() {
    let world = reported().await;
    let headers = [("idempotency-key", "0d1a4d9c-4f6f-4c39-9d0c-0a8f3f9f3a11")];
    refused(
        &call(&world.public, "POST", PATH, &headers, Some(&complaint("x"))).await,
        405,
        "method-not-allowed",
    );
    refused(
        &call(&world.public, "POST", "/lapor/3175091001087/ppwp", &[], None).await,
        405,
        "method-not-allowed",
    );
}

#[tokio::test]
async fn an_address_has_five_in_ten_minutes_and_retries_cost_nothing() {
    let world = reported().await;
    let key = uuid();
    let first = complain_as(&world, 1, &key, &complaint("pertama")).await;
    assert_eq!(first.status, 201);
    let remembered = world.node.remembered();
    for _ in 0..10 {
        let again = complain_as(&world, 1, &key, &complaint("pertama")).await;
        assert_eq!((again.status, &again.body), (201, &first.body), "{again:?}");
        assert_eq!(again.header("idempotent-replay"), "true");
    }
    assert_eq!(world.node.remembered(), remembered);
    refused(&complain_as(&world, 1, &key, &complaint("lain")).await, 422, "idempotency-mismatch");
    for number in 2..=5 {
        assert_eq!(complain(&world, 1, &format!("nomor {number}")).await.status, 201);
    }
    let sixth = complain(&world, 1, "nomor 6").await;
    refused(&sixth, 429, "too-many-requests");
    assert_eq!(sixth.header("retry-after"), "600");
    assert_eq!(complain(&world, 2, "orang lain").await.status, 201);
    world.node.clock_ms.fetch_add(10 * 60 * 1_000, Ordering::Relaxed);
    assert_eq!(complain(&world, 1, "nomor 6").await.status, 201);
}

#[tokio::test]
async fn a_form_has_ten_open_ones_at_most() {
    let world = reported().await;
    for somebody in 1..=10 {
        assert_eq!(complain(&world, somebody, "sama").await.status, 201);
    }
    refused(&complain(&world, 11, "sama").await, 409, "complaints-full");
    let admin = world.token("admin").await;
    assert_eq!(answer(&world, &admin, 4, "duplicate").await.status, 200);
    assert_eq!(complain(&world, 12, "sama").await.body["number"], 11);
}

#[tokio::test]
async fn what_cannot_be_said_is_400_and_what_was_not_seen_is_412() {
    let world = reported().await;
    let with = |key: &str, value: Value| {
        let mut body = complaint("x");
        body[key] = value;
        body
    };
    let wrong = [
        with("kind", json!("wrong")),
        with("revision", json!(0)),
        with("field", json!("/votes/9")),
        with("field", Value::Null),
        with("read", json!(100_000)),
        with("text", json!("dua\nbaris")),
        with("text", json!("x".repeat(501))),
        with("nama", json!("siapa")),
        json!({"contest": "ppwp", "revision": 1, "kind": "other", "text": " "}),
    ];
    for body in wrong {
        let reply = complain_as(&world, 1, &uuid(), &body).await;
        refused(&reply, 400, "bad-request");
    }
    // Larger than that station's boxes are: only the rules know.
    refused(&complain_as(&world, 1, &uuid(), &with("read", json!(1_000))).await, 400, "bad-request");
    refused(&complain_as(&world, 1, &uuid(), &with("contest", json!("tiada"))).await, 404, "not-found");
    refused(&complain_as(&world, 1, &uuid(), &with("contest", json!("pdpr-3201"))).await, 404, "not-found");
    let stale = complain_as(&world, 1, &uuid(), &with("revision", json!(2))).await;
    refused(&stale, 412, "stale-revision");
    assert_eq!(stale.body["current_revision"], 1);
    let none = call(&world.officer, "POST", PATH, &[], Some(&complaint("x"))).await;
    refused(&none, 400, "bad-request");
    let key = uuid();
    let foreign = [("idempotency-key", key.as_str()), ("sec-fetch-site", "cross-site")];
    refused(&call(&world.officer, "POST", PATH, &foreign, Some(&complaint("x"))).await, 403, "forbidden");
    assert_eq!(world.get(PATH).await.body["complaints"], json!([]));
}

#[tokio::test]
async fn officials_answer_once_in_their_scope() {
    let world = reported().await;
    assert_eq!(complain(&world, 1, "x").await.status, 201);
    for (username, status, code) in [("petugas", 403, "forbidden"), ("pemantau", 403, "forbidden")] {
        let token = world.token(username).await;
        refused(&answer(&world, &token, 1, "declined").await, status, code);
    }
    let reviewer = world.token("pembaca").await;
    let far = format!("/api/v1/stations/{FAR}/complaints/ppwp/1/answer");
    let body = json!({"verdict": "declined", "text": "x"});
    let key = [("idempotency-key", "0d1a4d9c-4f6f-4c39-9d0c-0a8f3f9f3a12")];
    refused(&world.by(&reviewer, "POST", &far, &key, Some(&body)).await, 403, "forbidden");
    refused(&answer(&world, &reviewer, 2, "declined").await, 404, "not-found");
    refused(&answer(&world, &reviewer, 1, "mungkin").await, 400, "bad-request");
    assert_eq!(answer(&world, &reviewer, 1, "declined").await.status, 200);
    refused(&answer(&world, &reviewer, 1, "accepted").await, 409, "invalid-state");
    refused(&call(&world.officer, "GET", "/api/v1/complaints", &[], None).await, 401, "unauthenticated");
}

#[tokio::test]
async fn who_is_shed_comes_back_later_than_officers_do() {
    let world = reported().await;
    *world.node.submit_fault.lock().unwrap() = Some(SubmitError::Overloaded { retry_after_s: 1 });
    let shed = complain(&world, 1, "x").await;
    refused(&shed, 503, "overloaded");
    assert_eq!(shed.header("retry-after"), "30");
}

#[tokio::test]
async fn what_waits_is_read_page_by_page() {
    let world = reported().await;
    let officer = world.token("petugas").await;
    assert_eq!(world.put(&officer, SECOND, 0, &tally(&form())).await.status, 201);
    for station in [STATION, SECOND] {
        let path = format!("/api/v1/stations/{station}/complaints");
        let key = uuid();
        let headers = [("idempotency-key", key.as_str())];
        let reply = call(&world.officer, "POST", &path, &headers, Some(&complaint("x"))).await;
        assert_eq!(reply.status, 201, "{reply:?}");
    }
    let auditor = world.token("pemantau").await;
    let first = world.by(&auditor, "GET", "/api/v1/complaints?limit=1", &[], None).await;
    let next = first.body["next"].as_str().expect("more");
    assert_eq!((first.body["region"].as_str(), next), (Some("0"), "3175091001087.ppwp"));
    let path = format!("/api/v1/complaints?limit=1&next={next}");
    let second = world.by(&auditor, "GET", &path, &[], None).await;
    assert_eq!(second.body["complaints"][0]["station"], SECOND);
    for wrong in ["next=x", "region=317", "limit=0"] {
        let reply = world.by(&auditor, "GET", &format!("/api/v1/complaints?{wrong}"), &[], None).await;
        refused(&reply, 400, "bad-request");
    }
}
