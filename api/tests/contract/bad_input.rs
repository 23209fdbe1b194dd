//! Anything malformed: the code of the contract, the place, and nothing stored.

use serde_json::{Value, json};

use super::world::{STATION, World, call, form, raw, refused, tally, uuid};

const PATH: &str = "/api/v1/tallies/ppwp/3175091001087";

fn changed(pointer: &str, value: Value) -> Value {
    let mut body = tally(&form());
    *body.pointer_mut(pointer).expect("a place") = value;
    body
}

fn without(parent: &str, key: &str) -> Value {
    let mut body = tally(&form());
    body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object").remove(key);
    body
}

fn with(parent: &str, key: &str, value: Value) -> Value {
    let mut body = tally(&form());
    body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object").insert(key.to_owned(), value);
    body
}

#[tokio::test]
async fn each_wrong_place_of_a_form_is_told_by_its_pointer() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let before = world.node.remembered();
    let cases = [
        (changed("/form/valid", json!(-1)), "/form/valid"),
        (changed("/form/valid", json!(1.0)), "/form/valid"),
        (changed("/form/valid", json!("200")), "/form/valid"),
        (changed("/form/total", json!(100_000)), "/form/total"),
        (changed("/form/turnout/dpt/male", json!(null)), "/form/turnout/dpt/male"),
        (changed("/form/registered", json!([])), "/form/registered"),
        (changed("/form/votes", json!(null)), "/form/votes"),
        (changed("/form/votes/100025", json!(null)), "/form/votes/100025"),
        (changed("/form", json!(7)), "/form"),
        (without("/form", "disabled"), "/form/disabled"),
        (without("/form/ballots", "unused"), "/form/ballots/unused"),
        (without("/form/votes", "100027"), "/form/votes/100027"),
        (without("", "form"), "/form"),
        (with("/form", "extra", json!(1)), "/form/extra"),
        (with("/form/votes", "100028", json!(1)), "/form/votes/100028"),
        (with("/form/votes", "a/b~c", json!(1)), "/form/votes/a~1b~0c"),
        (with("", "extra", json!(1)), "/extra"),
        (changed("/confirm", json!("R07")), "/confirm"),
        (changed("/confirm", json!(["R7"])), "/confirm/0"),
        (changed("/reason", json!(7)), "/reason"),
        (changed("/attachments", json!(["xyz"])), "/attachments/0"),
        (changed("/observed_at", json!("kemarin")), "/observed_at"),
        (with("", "count_kind", json!("rahasia")), "/count_kind"),
        (json!([]), ""),
    ];
    for (body, pointer) in cases {
        let reply = world.put(&token, STATION, 0, &body).await;
        refused(&reply, 400, "bad-request");
        let errors = reply.body["errors"].as_array().expect("a list");
        assert!(errors.iter().any(|error| error["pointer"] == pointer), "{pointer} in {reply:?}");
    }
    assert_eq!(world.node.remembered(), before, "nothing was proposed");
}

#[tokio::test]
async fn bounds_of_the_kind_of_station_are_invalid_form() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let reply = world.put(&token, STATION, 0, &changed("/form/votes/100026", json!(1_000))).await;
    refused(&reply, 422, "invalid-form");
    assert_eq!(reply.body["errors"][0]["pointer"], "/form/votes/100026");
    assert_eq!(reply.body["errors"][0]["detail"], "Kotak ini paling besar 999 (R03).");
    let reply = world.put(&token, STATION, 0, &changed("/form/ballots", Value::Null)).await;
    refused(&reply, 422, "invalid-form");
    assert_eq!(reply.body["errors"][0]["pointer"], "/form/ballots");
    let reply = world.put(&token, STATION, 0, &changed("/reason", json!("x".repeat(2_001)))).await;
    refused(&reply, 422, "invalid-form");
}

#[tokio::test]
async fn bodies_that_are_no_json_or_say_a_thing_twice_are_400() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.token("petugas").await);
    let twice = tally(&form()).to_string().replace("\"100025\":41", "\"100025\":41,\"100025\":41");
    for body in ["", "{", "{}{}", "null", "\"form\"", twice.as_str()] {
        let key = uuid();
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json; charset=utf-8"),
            ("idempotency-key", key.as_str()),
            ("if-none-match", "*"),
        ];
        let reply = raw(&world.officer, "PUT", PATH, &headers, body.as_bytes().to_vec()).await;
        refused(&reply, 400, "bad-request");
    }
}

#[tokio::test]
async fn preconditions_and_keys_are_read_strictly() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let key = uuid();
    let good_key = ("idempotency-key", key.as_str());
    let cases: &[&[(&str, &str)]] = &[
        &[good_key, ("if-match", "*")],
        &[good_key, ("if-match", "W/\"1\"")],
        &[good_key, ("if-match", "\"0\"")],
        &[good_key, ("if-match", "\"1\", \"2\"")],
        &[good_key, ("if-match", "1")],
        &[good_key, ("if-match", "\"1\""), ("if-match", "\"1\"")],
        &[good_key, ("if-none-match", "\"1\"")],
        &[good_key, ("if-none-match", "*"), ("if-match", "\"1\"")],
        &[("if-none-match", "*")],
        &[("idempotency-key", "17"), ("if-none-match", "*")],
        &[("idempotency-key", "00112233445566778899aabbccddeeff"), ("if-none-match", "*")],
        &[good_key, good_key, ("if-none-match", "*")],
    ];
    for headers in cases {
        let reply = world.by(&token, "PUT", PATH, headers, Some(&tally(&form()))).await;
        refused(&reply, 400, "bad-request");
    }
    let reply = world.by(&token, "PUT", PATH, &[good_key], Some(&tally(&form()))).await;
    refused(&reply, 428, "precondition-required");
    let holds = format!("{PATH}/holds");
    let body = json!({"reason": "x"});
    let reply = world.by(&world.token("pengesah").await, "POST", &holds, &[good_key], Some(&body)).await;
    refused(&reply, 428, "precondition-required");
    let headers = [good_key, ("if-none-match", "*")];
    let reply = world.by(&world.token("pengesah").await, "POST", &holds, &headers, Some(&body)).await;
    refused(&reply, 400, "bad-request");
    for body in [json!({}), json!({"reason": ""}), json!({"reason": 1}), json!({"reason": "x", "y": 1})] {
        let headers = [good_key, ("if-match", "\"1\"")];
        let reply = world.by(&token, "POST", &holds, &headers, Some(&body)).await;
        refused(&reply, 400, "bad-request");
    }
}

#[tokio::test]
async fn malformed_known_parameters_are_400_and_unknown_ones_ignored() {
    let world = World::new().await;
    let wrong = [
        "/api/v1/contests?consistency=eventual",
        "/api/v1/contests?consistency=bounded",
        "/api/v1/contests?consistency=local&consistency=local",
        "/api/v1/contests?min_index=-1",
        "/api/v1/contests?min_index=",
        "/api/v1/contests?max_age_ms=soon&consistency=bounded",
        "/api/v1/changes?after=x",
        "/api/v1/changes?limit=0",
        "/api/v1/changes?limit=1001",
        "/api/v1/changes?wait_ms=30001",
        "/api/v1/changes?epoch=one",
    ];
    for path in wrong {
        refused(&world.get(path).await, 400, "bad-request");
    }
    let plain = world.get("/api/v1/contests").await;
    let noisy = world.get("/api/v1/contests?cachebuster=1&x=%00").await;
    assert_eq!((noisy.status, noisy.header("etag")), (200, plain.header("etag")));
}

#[tokio::test]
async fn unknown_paths_and_codes_are_404_problems() {
    let world = World::new().await;
    for path in [
        "/api/v1/nothing",
        "/api/v1/regions/31750",
        "/api/v1/regions/99",
        "/api/v1/regions/x",
        "/api/v1/results/ppwp/99",
        "/api/v1/results/none/0",
        "/api/v1/results/pdpr-3201/31",
        "/api/v1/stations/3175091001999",
        "/api/v1/stations/1",
        "/api/v1/stations/3175091001087/none",
        "/api/v1/stations/3175091001087/pdpr-3201",
        "/api/v1/me",
    ] {
        refused(&world.get(path).await, 404, "not-found");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let reply = call(&world.public, method, "/api/v1/contests", &[], None).await;
        refused(&reply, 405, "method-not-allowed");
        assert_eq!(reply.header("allow"), "GET, HEAD");
    }
}
