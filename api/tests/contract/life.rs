//! The life of a form over HTTP: second readings, certifications, approvals, and what its page says of them.

use serde_json::{Value, json};

use super::world::{FAR, Reply, STATION, World, form, refused, tally, uuid};

/// A form of one option's votes, its sums broken alike for every reader.
fn read(votes: u32) -> Value {
    let mut form = form();
    form["votes"]["100025"] = votes.into();
    form
}

async fn review(world: &World, username: &str, revision: u32, form: &Value) -> Reply {
    review_with_key(world, username, revision, form, &uuid()).await
}

async fn review_with_key(world: &World, username: &str, revision: u32, form: &Value, key: &str) -> Reply {
    let token = world.token(username).await;
    let path = format!("/api/v1/tallies/ppwp/{STATION}/reviews");
    let revision = format!("\"{revision}\"");
    let headers = [("idempotency-key", key), ("if-match", revision.as_str())];
    world.by(&token, "POST", &path, &headers, Some(&json!({"form": form}))).await
}

async fn step(world: &World, username: &str, step: &str, revision: u32, body: &Value) -> Reply {
    let token = world.token(username).await;
    let path = format!("/api/v1/tallies/ppwp/{STATION}/{step}");
    let revision = format!("\"{revision}\"");
    let headers = [("idempotency-key", uuid()), ("if-match", revision)];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.by(&token, "POST", &path, &headers, Some(body)).await
}

async fn page(world: &World) -> Value {
    world.get(&format!("/api/v1/stations/{STATION}/ppwp")).await.body
}

async fn reported(form: &Value) -> World {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let reply = world.put(&token, STATION, 0, &tally(form)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    world
}

#[tokio::test]
async fn a_second_reading_agrees_or_disputes_and_a_third_decides() {
    let world = reported(&form()).await;
    let same = review(&world, "pembaca", 1, &form()).await;
    assert_eq!(
        (same.status, &same.body["state"], &same.body["differences"]),
        (200, &json!("reviewed"), &json!([]))
    );
    assert_eq!(same.body["receipt"]["revision"], 1);
    let other = review(&world, "pembaca-dua", 1, &read(47)).await;
    assert_eq!(
        (&other.body["state"], &other.body["differences"]),
        (&json!("disputed"), &json!(["/votes/100025"]))
    );
    let shown = page(&world).await;
    assert_eq!((&shown["state"], &shown["flags"][0]["rule"]), (&json!("disputed"), &json!("R18")));
    assert_eq!(shown["history"][2]["reading"]["votes"]["100025"], 47);
    assert_eq!(shown["history"][2]["form"]["votes"]["100025"], 41, "what stands is not what was read");
    let third = review(&world, "pembaca-tiga", 1, &read(47)).await;
    assert_eq!(
        (&third.body["state"], &third.body["receipt"]["revision"]),
        (&json!("reviewed"), &json!(2)),
        "{third:?}"
    );
    let shown = page(&world).await;
    assert_eq!(
        (&shown["form"]["votes"]["100025"], &shown["history"][3]["kind"]),
        (&json!(47), &json!("correction"))
    );
    let feed = world.get("/api/v1/changes?after=0").await.body;
    let kinds: Vec<&str> =
        feed["changes"].as_array().unwrap().iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["report", "review", "review", "correction"]);
    assert_eq!(feed["changes"][2]["form"]["votes"]["100025"], 41, "the feed tells the form that stands");
}

#[tokio::test]
async fn readings_are_checked_as_the_contract_orders() {
    let world = reported(&form()).await;
    let token = world.token("pembaca").await;
    let path = format!("/api/v1/tallies/ppwp/{STATION}/reviews");
    let body = json!({"form": form()});
    let key = uuid();
    refused(
        &world.by(&token, "POST", &path, &[("if-match", "\"1\"")], Some(&body)).await,
        400,
        "bad-request",
    );
    let keyed = [("idempotency-key", key.as_str())];
    refused(&world.by(&token, "POST", &path, &keyed, Some(&body)).await, 428, "precondition-required");
    let none = [("idempotency-key", key.as_str()), ("if-none-match", "*")];
    refused(&world.by(&token, "POST", &path, &none, Some(&body)).await, 400, "bad-request");
    refused(&review(&world, "pembaca", 2, &form()).await, 412, "stale-revision");
    refused(&review(&world, "petugas", 1, &form()).await, 403, "forbidden");
    refused(&review(&world, "admin", 9, &form()).await, 412, "stale-revision");
    let mut partial = form();
    partial["disabled"] = Value::Null;
    refused(&review(&world, "pembaca", 1, &partial).await, 422, "invalid-form");
    refused(&review(&world, "pembaca", 1, &json!({})).await, 400, "bad-request");
    let unknown = format!("/api/v1/tallies/ppwp/{FAR}0/reviews");
    let headers = [("idempotency-key", key.as_str()), ("if-match", "\"1\"")];
    refused(&world.by(&token, "POST", &unknown, &headers, Some(&body)).await, 404, "not-found");
    let first = review_with_key(&world, "pembaca", 1, &read(47), &key).await;
    let again = review_with_key(&world, "pembaca", 1, &read(47), &key).await;
    assert_eq!((first.status, &first.body), (200, &again.body));
    assert_eq!(again.header("idempotent-replay"), "true");
    refused(&review_with_key(&world, "pembaca", 1, &form(), &key).await, 422, "idempotency-mismatch");
}

#[tokio::test]
async fn the_same_account_is_not_a_second_reader() {
    let world = World::new().await;
    let token = world.token("admin").await;
    world.put(&token, STATION, 0, &tally(&form())).await;
    let refusal = review(&world, "admin", 1, &form()).await;
    refused(&refusal, 403, "forbidden");
    assert!(refusal.body["detail"].as_str().unwrap().contains("akun lain"), "{refusal:?}");
}

#[tokio::test]
async fn a_form_is_certified_level_by_level() {
    let world = reported(&form()).await;
    let reason = json!({"reason": "rapat pleno"});
    refused(&step(&world, "petugas", "certifications", 1, &reason).await, 403, "forbidden");
    let above = json!({"reason": "rapat pleno", "level": "nation"});
    refused(&step(&world, "pengesah", "certifications", 1, &above).await, 403, "forbidden");
    let wrong = json!({"reason": "rapat pleno", "level": "village"});
    refused(&step(&world, "pengesah", "certifications", 1, &wrong).await, 400, "bad-request");
    let district = json!({"reason": "rapat pleno", "level": "district"});
    let certified = step(&world, "pengesah", "certifications", 1, &district).await;
    assert_eq!((certified.status, &certified.body["state"]), (200, &json!("certified")), "{certified:?}");
    assert_eq!(page(&world).await["certified_level"], "district");
    let again = step(&world, "pengesah", "certifications", 1, &district).await;
    refused(&again, 409, "invalid-state");
    assert_eq!((&again.body["state"], &again.body["current_revision"]), (&json!("certified"), &json!(1)));
    assert_eq!(step(&world, "pengesah", "certifications", 1, &reason).await.status, 200);
    let shown = page(&world).await;
    assert_eq!(
        (&shown["certified_level"], &shown["history"][2]["level"]),
        (&json!("province"), &json!("province"))
    );
    let token = world.token("petugas").await;
    refused(&world.put(&token, STATION, 1, &tally(&read(47))).await, 409, "invalid-state");
    let results = world.get("/api/v1/results/ppwp/0").await.body;
    assert_eq!(results["progress"]["certified"], 1);
}

#[tokio::test]
async fn a_large_correction_is_noted_and_wants_an_approval_before_certification() {
    let world = reported(&read(41)).await;
    let token = world.token("petugas").await;
    let mut leads = form();
    leads["votes"] = json!({"100025": 99, "100026": 41, "100027": 60});
    let corrected = world.put(&token, STATION, 1, &tally(&leads)).await;
    assert_eq!((corrected.status, &corrected.body["state"]), (200, &json!("reported")), "{corrected:?}");
    assert_eq!(
        (&corrected.body["flags"][0]["rule"], &corrected.body["flags"][0]["severity"]),
        (&json!("R27"), &json!("note"))
    );
    assert_eq!(page(&world).await["approval_pending"], true);
    let reason = json!({"reason": "dicocokkan dengan foto"});
    refused(&step(&world, "pengesah", "certifications", 2, &reason).await, 409, "invalid-state");
    let approved = step(&world, "pengesah", "approvals", 2, &reason).await;
    assert_eq!((approved.status, &approved.body["state"]), (200, &json!("reported")), "{approved:?}");
    refused(&step(&world, "pengesah", "approvals", 2, &reason).await, 409, "invalid-state");
    assert_eq!(step(&world, "pengesah", "certifications", 2, &reason).await.status, 200);
    let kinds = page(&world).await["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].clone())
        .collect::<Vec<_>>();
    assert_eq!(kinds, ["report", "correction", "approval", "certification"]);
}

#[tokio::test]
async fn a_revote_replaces_the_form_and_both_stay_readable() {
    let world = reported(&form()).await;
    let token = world.token("petugas").await;
    let mut body = tally(&read(41));
    body["form"]["votes"] = json!({"100025": 60, "100026": 80, "100027": 60});
    body["count_kind"] = "revote".into();
    body["reason"] = "PSU atas putusan Bawaslu".into();
    assert_eq!(world.put(&token, STATION, 1, &body).await.status, 200);
    let shown = page(&world).await;
    let kinds: Vec<&Value> =
        shown["history"].as_array().unwrap().iter().map(|entry| &entry["count_kind"]).collect();
    assert_eq!(kinds, [&Value::Null, &json!("revote")]);
    assert_eq!(shown["history"][0]["form"]["votes"]["100025"], 41);
    assert_eq!(world.get("/api/v1/results/ppwp/0").await.body["totals"]["votes"]["100025"], 60);
}
