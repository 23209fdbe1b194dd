//! Writes of one form: every status of the contract, and the order of the checks.

use std::sync::atomic::Ordering;

use api::ports::{ReadError, SubmitError};
use serde_json::{Value, json};

use super::world::{FAR, Reply, SECOND, STATION, World, form, misread, raw, refused, tally, uuid};

const PATH: &str = "/api/v1/tallies/ppwp/3175091001087";

#[tokio::test]
async fn a_first_report_is_201_with_a_receipt_and_a_correction_200() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let first = world.put(&token, STATION, 0, &tally(&form())).await;
    assert_eq!(first.status, 201, "{first:?}");
    let keys: Vec<&String> = first.body["receipt"].as_object().expect("a receipt").keys().collect();
    assert_eq!(
        keys,
        [
            "contest",
            "station",
            "revision",
            "index",
            "term",
            "at",
            "digest",
            "leaf_index",
            "checkpoint",
            "node"
        ]
    );
    assert_eq!(first.body["state"], "reported");
    assert_eq!(first.body["flags"], json!([]));
    assert_eq!(first.body["receipt"]["revision"], 1);
    assert_eq!(first.body["receipt"]["leaf_index"], 0);
    assert_eq!(first.body["receipt"]["at"], "2024-02-14T08:40:00.000Z");
    let mut changed = form();
    changed["votes"]["100025"] = 42.into();
    changed["votes"]["100026"] = 98.into();
    let second = world.put(&token, STATION, 1, &tally(&changed)).await;
    assert_eq!((second.status, &second.body["receipt"]["revision"]), (200, &json!(2)), "{second:?}");
}

#[tokio::test]
async fn an_unconfirmed_rule_is_422_with_flags_and_stores_nothing() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let mut form = form();
    form["votes"]["100027"] = 68.into();
    let reply = world.put(&token, STATION, 0, &tally(&form)).await;
    refused(&reply, 422, "confirmation-required");
    let flag = &reply.body["flags"][0];
    assert_eq!((&flag["rule"], &flag["severity"]), (&json!("R07"), &json!("confirm")));
    assert_eq!(flag["message"], "Jumlah suara semua pilihan 208 tidak sama dengan suara sah 200.");
    assert_eq!(
        flag["fields"],
        json!(["/valid", "/votes/100025", "/votes/100026", "/votes/100027"]),
        "all boxes of the sum"
    );
    // 68 may be 60, and 99 may be 91 as well: what fits is proposed, and nothing is applied.
    for (option, count) in [("100027", 60), ("100026", 91)] {
        let wanted = json!({ format!("/votes/{option}"): count });
        let proposals = reply.body["proposals"].as_array().expect("a list");
        let found = proposals.iter().find(|proposal| proposal["fields"] == wanted);
        assert_eq!(found.expect("it is proposed")["repairs"], json!(["R07"]), "{proposals:?}");
    }
    let stored = world.get(&format!("/api/v1/stations/{STATION}/ppwp")).await;
    assert_eq!((&stored.body["state"], &stored.body["revision"]), (&json!("absent"), &json!(0)));
    let mut body = tally(&form);
    body["confirm"] = json!(["R07", "R12"]);
    let reply = world.put(&token, STATION, 0, &body).await;
    refused(&reply, 422, "confirmation-required");
    assert!(reply.body["detail"].as_str().expect("text").contains("alasan"));
    body["reason"] = "sesuai formulir".into();
    let reply = world.put(&token, STATION, 0, &body).await;
    assert_eq!((reply.status, &reply.body["flags"][0]["rule"]), (201, &json!("R07")), "{reply:?}");
}

#[tokio::test]
async fn the_likeliest_repair_is_proposed_first() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let mut form = form();
    // 130 read as 170, which happens often; or no vote and a digit that is none.
    form["votes"] = json!({"100025": 170, "100026": 30, "100027": 40});
    let reply = world.put(&token, STATION, 0, &tally(&form)).await;
    refused(&reply, 422, "confirmation-required");
    assert_eq!(
        reply.body["proposals"],
        json!([{
            "fields": {"/votes/100025": 130},
            "reason": "Mungkin salah baca satu angka: 170 menjadi 130.",
            "repairs": ["R07"]
        }, {
            "fields": {"/votes/100027": 0},
            "reason": "Mungkin ada satu angka yang berlebih: 40 menjadi 0.",
            "repairs": ["R07"]
        }])
    );
}

#[tokio::test]
async fn a_hold_by_rule_is_stored_and_left_out_of_the_sums() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let reply = world.put(&token, STATION, 0, &tally(&misread(91))).await;
    assert_eq!((reply.status, &reply.body["state"]), (201, &json!("held")), "{reply:?}");
    let nation = world.get("/api/v1/results/ppwp/0").await;
    assert_eq!(nation.body["progress"]["reported"], 1);
    assert_eq!(nation.body["progress"]["held"], 1);
    assert_eq!(nation.body["totals"]["votes"]["100025"], 0);
}

#[tokio::test]
async fn wrong_revisions_are_412_and_tell_the_current_one() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let absent = world.put(&token, STATION, 1, &tally(&form())).await;
    refused(&absent, 412, "stale-revision");
    assert_eq!((&absent.body["current_revision"], &absent.body["digest"]), (&json!(0), &Value::Null));
    assert!(absent.body.as_object().expect("an object").contains_key("digest"));
    let first = world.put(&token, STATION, 0, &tally(&form())).await;
    let again = world.put(&token, STATION, 0, &tally(&misread(41))).await;
    refused(&again, 412, "stale-revision");
    assert_eq!(again.body["current_revision"], 1);
    assert_eq!(again.body["digest"], first.body["receipt"]["digest"]);
    let beyond = world.put(&token, STATION, 2, &tally(&form())).await;
    refused(&beyond, 412, "stale-revision");
}

#[tokio::test]
async fn holds_and_releases_move_the_state_and_refuse_what_does_not_fit() {
    let world = World::new().await;
    let (officer, certifier) = (world.token("petugas").await, world.token("pengesah").await);
    world.put(&officer, STATION, 0, &tally(&form())).await;
    refused(&world.step(&officer, "holds", STATION, 1).await, 403, "forbidden");
    let early = world.step(&certifier, "releases", STATION, 1).await;
    refused(&early, 409, "invalid-state");
    assert_eq!((&early.body["state"], &early.body["current_revision"]), (&json!("reported"), &json!(1)));
    let held = world.step(&certifier, "holds", STATION, 1).await;
    assert_eq!((held.status, &held.body["state"]), (200, &json!("held")), "{held:?}");
    assert_eq!(held.body.as_object().expect("an object").len(), 2);
    refused(&world.step(&certifier, "releases", STATION, 2).await, 412, "stale-revision");
    refused(&world.step(&certifier, "holds", FAR, 1).await, 403, "forbidden");
    let absent = world.step(&certifier, "holds", SECOND, 1).await;
    refused(&absent, 412, "stale-revision");
    let released = world.step(&certifier, "releases", STATION, 1).await;
    assert_eq!((released.status, &released.body["state"]), (200, &json!("reported")));
    let page = world.get(&format!("/api/v1/stations/{STATION}/ppwp")).await;
    let kinds: Vec<&str> = page.body["history"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["report", "hold", "release"]);
    assert_eq!(page.body["history"][1]["reason"], "diperiksa");
    assert_eq!(page.body["history"][2]["role"], "certifier");
}

#[tokio::test]
async fn scope_role_and_existence() {
    let world = World::new().await;
    let (officer, auditor) = (world.token("petugas").await, world.token("pemantau").await);
    let body = tally(&form());
    refused(&world.put(&officer, FAR, 0, &body).await, 403, "forbidden");
    refused(&world.put(&auditor, STATION, 0, &body).await, 403, "forbidden");
    refused(&world.put(&officer, "3175091001999", 0, &body).await, 404, "not-found");
    refused(&world.put(&officer, "317509100108", 0, &body).await, 404, "not-found");
    let headers = [("idempotency-key", uuid()), ("if-none-match", "*".to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for path in [
        "/api/v1/tallies/pdpr-3201/3175091001087",
        "/api/v1/tallies/none/3175091001087",
        "/api/v1/tallies/PPWP/3175091001087",
    ] {
        refused(&world.by(&officer, "PUT", path, &headers, Some(&body)).await, 404, "not-found");
    }
}

#[tokio::test]
async fn what_the_local_view_does_not_know_yet_is_looked_for_once_more() {
    let world = World::new().await;
    world.node.lag();
    let token = world.token("petugas").await;
    // The session is younger than what this node has applied, and works.
    let reply = world.put(&token, STATION, 0, &tally(&form())).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let station = json!({"stations": [{"code": "3175091001101", "kind": "home", "registered": 250}]});
    world.define("regions", &station).await;
    let reply = world.put(&token, "3175091001101", 0, &tally(&form())).await;
    assert_eq!(reply.status, 201, "a station defined after the lag: {reply:?}");
    *world.node.read_fault.lock().unwrap() = Some(ReadError::NoLeader);
    refused(&world.put(&token, "3175091001999", 0, &tally(&form())).await, 503, "no-leader");
    world.node.catch_up();
}

#[tokio::test]
async fn errors_of_the_cluster_have_their_codes_and_an_unknown_outcome_is_found_by_its_key() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let cases = [
        (SubmitError::NoLeader, 503, "no-leader"),
        (SubmitError::Overloaded { retry_after_s: 3 }, 503, "overloaded"),
        (SubmitError::DiskFull, 507, "disk-full"),
        (SubmitError::TooLarge, 413, "too-large"),
        (SubmitError::AttachmentUnknown, 422, "invalid-form"),
        (SubmitError::AttachmentNotHeld, 503, "no-leader"),
        (SubmitError::Unknown, 503, "no-leader"),
    ];
    for (fault, status, code) in cases {
        *world.node.submit_fault.lock().unwrap() = Some(fault);
        refused(&world.put(&token, STATION, 0, &tally(&form())).await, status, code);
    }
    *world.node.submit_fault.lock().unwrap() = Some(SubmitError::Unknown);
    world.node.fault_after_effect.store(true, Ordering::Relaxed);
    let key = uuid();
    let unknown = world.put_with_key(&token, STATION, 0, &key, &tally(&form())).await;
    refused(&unknown, 503, "no-leader");
    assert!(unknown.body["detail"].as_str().expect("text").contains("kunci yang sama"));
    *world.node.submit_fault.lock().unwrap() = None;
    let found = world.put_with_key(&token, STATION, 0, &key, &tally(&form())).await;
    assert_eq!((found.status, found.header("idempotent-replay")), (201, "true"));
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_contract() {
    let world = World::new().await;
    let officer = world.token("petugas").await;
    let bearer = format!("Bearer {officer}");
    let json_type = ("content-type", "application/json");
    let auth = ("authorization", bearer.as_str());
    let ask = async |method: &str, path: &str, headers: &[(&str, &str)], body: &str| -> Reply {
        raw(&world.officer, method, path, headers, body.as_bytes().to_vec()).await
    };
    let large = format!("\"{}\"", "x".repeat(70_000));
    let whole = tally(&form()).to_string();
    let key = uuid();
    let keyed = ("idempotency-key", key.as_str());
    let unknown = "/api/v1/tallies/ppwp/3175091001999";
    let foreign = format!("/api/v1/tallies/ppwp/{FAR}");
    refused(&ask("PATCH", PATH, &[], &large).await, 401, "unauthenticated");
    let wrong_method = ask("PATCH", PATH, &[auth], &large).await;
    refused(&wrong_method, 405, "method-not-allowed");
    assert_eq!(wrong_method.header("allow"), "PUT");
    refused(&ask("PUT", PATH, &[auth], &large).await, 415, "unsupported-media-type");
    refused(&ask("PUT", PATH, &[auth, json_type], &large).await, 413, "too-large");
    refused(&ask("PUT", unknown, &[auth, json_type], &whole).await, 400, "bad-request");
    refused(&ask("PUT", unknown, &[auth, json_type, keyed], "{}").await, 400, "bad-request");
    refused(&ask("PUT", unknown, &[auth, json_type, keyed], &whole).await, 404, "not-found");
    refused(&ask("PUT", &foreign, &[auth, json_type, keyed], &whole).await, 403, "forbidden");
    refused(&ask("PUT", PATH, &[auth, json_type, keyed], &whole).await, 428, "precondition-required");
    let stale = ("if-match", "\"3\"");
    let broken = tally(&misread(1)).to_string();
    refused(&ask("PUT", PATH, &[auth, json_type, keyed, stale], &broken).await, 412, "stale-revision");
    refused(&ask("PUT", PATH, &[auth, json_type, keyed], &whole).await, 422, "idempotency-mismatch");
}
