//! Master data in bulk.

use serde_json::{Value, json};
use tally::region::RegionCode;

use super::world::{World, call, contest, refused, uuid};

async fn post(world: &World, kind: &str, key: &str, body: &Value) -> super::world::Reply {
    call(&world.ops, "POST", &format!("/api/v1/master/{kind}"), &[("idempotency-key", key)], Some(body)).await
}

#[tokio::test]
async fn rows_are_counted_as_created_changed_and_unchanged() {
    let world = World::founded();
    let key = uuid();
    let body = json!({"regions": [{"code": "31", "name": "DKI"}, {"code": "3175", "name": "TIMUR"}]});
    let first = post(&world, "regions", &key, &body).await;
    assert_eq!((first.status, &first.body), (200, &json!({"created": 2, "changed": 0, "unchanged": 0})));
    let again = post(&world, "regions", &key, &body).await;
    assert_eq!((again.header("idempotent-replay"), &again.body), ("true", &first.body));
    let renamed = json!({"regions": [{"code": "31", "name": "DKJ"}, {"code": "3175", "name": "TIMUR"}]});
    refused(&post(&world, "regions", &key, &renamed).await, 422, "idempotency-mismatch");
    let reply = post(&world, "regions", &uuid(), &renamed).await;
    assert_eq!(reply.body, json!({"created": 0, "changed": 1, "unchanged": 1}));
}

#[tokio::test]
async fn a_long_list_becomes_many_commands_and_one_answer() {
    let world = World::founded();
    let mut regions = vec![
        json!({"code": "31", "name": "A"}),
        json!({"code": "3101", "name": "B"}),
        json!({"code": "310101", "name": "C"}),
    ];
    regions.extend(
        (0..1_500).map(|number| json!({"code": format!("310101{number:04}"), "name": format!("D{number}")})),
    );
    let stations: Vec<Value> = (0..1_500)
        .map(|number| json!({"code": format!("310101{number:04}001"), "kind": "home", "registered": 200}))
        .collect();
    let key = uuid();
    let body = json!({"regions": regions, "stations": stations});
    let reply = post(&world, "regions", &key, &body).await;
    assert_eq!(reply.body["created"], 3_003, "{reply:?}");
    let again = post(&world, "regions", &key, &body).await;
    assert_eq!((again.header("idempotent-replay"), &again.body), ("true", &reply.body));
    let nation = world.get("/api/v1/regions/0").await;
    assert_eq!(nation.body["stations"], 1_500);
}

#[tokio::test]
async fn contradictions_are_told_by_their_place() {
    let world = World::new().await;
    let orphan = json!({"regions": [{"code": "33", "name": "X"}, {"code": "3402", "name": "Y"}]});
    let reply = post(&world, "regions", &uuid(), &orphan).await;
    refused(&reply, 400, "bad-request");
    assert_eq!(reply.body["errors"][0]["pointer"], "/regions/1");
    let wrong_kind = json!({"stations": [{"code": "3175091001901", "kind": "home"}]});
    let reply = post(&world, "regions", &uuid(), &wrong_kind).await;
    refused(&reply, 400, "bad-request");
    assert_eq!(reply.body["errors"][0]["pointer"], "/stations/0");
    let mut other = contest("ppwp", "0");
    other["name"] = "Lain".into();
    let reply = post(&world, "contests", &uuid(), &json!({"contests": [other]})).await;
    refused(&reply, 400, "bad-request");
    let same = post(&world, "contests", &uuid(), &json!({"contests": [contest("ppwp", "0")]})).await;
    assert_eq!(same.body, json!({"created": 0, "changed": 0, "unchanged": 1}));
    let nowhere = post(&world, "contests", &uuid(), &json!({"contests": [contest("x", "99")]})).await;
    refused(&nowhere, 400, "bad-request");
    let last = json!({"accounts": [{"username": "admin", "password": "x", "role": "officer", "scope": "0"}]});
    refused(&post(&world, "accounts", &uuid(), &last).await, 400, "bad-request");
}

#[tokio::test]
async fn malformed_master_data_is_400() {
    let world = World::founded();
    let cases = [
        ("regions", json!({})),
        ("regions", json!({"regions": [{"code": "1", "name": "x"}]})),
        ("regions", json!({"regions": [{"code": "11", "name": ""}]})),
        ("regions", json!({"regions": [{"code": "11", "name": "x", "y": 1}]})),
        ("regions", json!({"stations": [{"code": "1101010001001", "kind": "tent"}]})),
        ("contests", json!({"contests": []})),
        ("contests", json!({"contests": [{"id": "A"}]})),
        (
            "contests",
            json!({"contests": [{"id": "a", "name": "x", "kind": "y", "regions": ["0"], "options": [{"id": "1", "name": "x", "order": 1}, {"id": "1", "name": "x", "order": 2}]}]}),
        ),
        ("accounts", json!({"accounts": []})),
        (
            "accounts",
            json!({"accounts": [{"username": "A", "password": "x", "role": "officer", "scope": "0"}]}),
        ),
        ("accounts", json!({"accounts": [{"username": "a", "role": "officer", "scope": "0"}]})),
        (
            "accounts",
            json!({"accounts": [{"username": "a", "password": "x", "password_hash": "y", "role": "officer", "scope": "0"}]}),
        ),
        (
            "accounts",
            json!({"accounts": [{"username": "a", "password_hash": "y", "role": "officer", "scope": "0"}]}),
        ),
        ("accounts", json!({"accounts": [{"username": "a", "password": "x", "role": "king", "scope": "0"}]})),
    ];
    for (kind, body) in cases {
        let reply = post(&world, kind, &uuid(), &body).await;
        refused(&reply, 400, "bad-request");
        assert!(reply.body["errors"].is_array(), "{reply:?}");
    }
    let body = json!({"regions": [{"code": "11", "name": "x"}]});
    let reply = call(&world.ops, "POST", "/api/v1/master/regions", &[], Some(&body)).await;
    refused(&reply, 400, "bad-request");
    assert_eq!(reply.body["errors"][0]["pointer"], "Idempotency-Key");
}

#[tokio::test]
async fn only_a_super_admin_defines_at_officer() {
    let world = World::new().await;
    let body = json!({"regions": [{"code": "33", "name": "JAWA TENGAH"}]});
    let headers = [("idempotency-key", uuid())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let officer = world.token("petugas").await;
    refused(
        &world.by(&officer, "POST", "/api/v1/master/regions", &headers, Some(&body)).await,
        403,
        "forbidden",
    );
    let admin = world.token("admin").await;
    let reply = world.by(&admin, "POST", "/api/v1/master/regions", &headers, Some(&body)).await;
    assert_eq!((reply.status, &reply.body["created"]), (200, &json!(1)), "{reply:?}");
}

#[tokio::test]
async fn a_plain_password_signs_in_and_given_again_changes_nothing() {
    let world = World::new().await;
    let account =
        json!({"username": "baru", "password": "rahasia", "role": "officer", "scope": "3175091001087"});
    let body = json!({"accounts": [account]});
    assert_eq!(world.define("accounts", &body).await.body["created"], 1);
    assert_eq!(world.define("accounts", &body).await.body["unchanged"], 1);
    let sign_in = json!({"username": "baru", "password": "rahasia"});
    let reply = call(&world.officer, "POST", "/api/v1/session", &[], Some(&sign_in)).await;
    assert_eq!((reply.status, &reply.body["account"]["scope"]), (201, &json!("3175091001087")));
    let closed = json!({"accounts": [{"username": "baru", "password": "rahasia", "role": "officer", "scope": "3175091001087", "active": false}]});
    assert_eq!(world.define("accounts", &closed).await.body["changed"], 1);
    let reply = call(&world.officer, "POST", "/api/v1/session", &[], Some(&sign_in)).await;
    refused(&reply, 401, "unauthenticated");
}

#[tokio::test]
async fn the_examples_of_contests_are_taken() {
    for example in [
        include_str!("../../../docs/contests/ppwp.json"),
        include_str!("../../../docs/contests/pdpr.json"),
        include_str!("../../../docs/contests/pdpd.json"),
        include_str!("../../../docs/contests/pdprdp.json"),
        include_str!("../../../docs/contests/pdprdk.json"),
        include_str!("../../../docs/contests/pkwkp.json"),
        include_str!("../../../docs/contests/pkwkk.json"),
    ] {
        let body: Value = serde_json::from_str(example).expect("JSON");
        let contests = api::dto::contests::parse(&body).expect("a contest");
        let held = &contests[0];
        let world = World::founded();
        let region = |code: RegionCode| json!({"code": code.to_string(), "name": "WILAYAH"});
        let mut regions: Vec<RegionCode> = held
            .regions
            .iter()
            .chain(held.exemptions.iter().map(|left| &left.region))
            .flat_map(|region| region.ancestry())
            .collect();
        regions.sort_unstable();
        regions.dedup();
        let regions: Vec<Value> = regions.into_iter().map(region).collect();
        world.define("regions", &json!({"regions": regions})).await;
        let defined = world.define("contests", &body).await;
        assert_eq!(defined.body["created"], 1, "{}", held.id);
        let shown = world.get("/api/v1/contests").await;
        assert_eq!(shown.body["contests"][0]["reason_required"], true);
        assert_eq!(shown.body["contests"][0]["poll_day"], body["contests"][0]["poll_day"]);
    }
}
