//! What everybody may read.

use std::sync::Arc;

use api::ports::ReadError;
use serde_json::{Value, json};

use super::world::{FAR, SECOND, STATION, World, call, form, misread, refused, tally};

async fn counted() -> (World, String) {
    let world = World::new().await;
    let token = world.token("petugas").await;
    assert_eq!(world.put(&token, STATION, 0, &tally(&form())).await.status, 201);
    assert_eq!(world.put(&token, SECOND, 0, &tally(&misread(91))).await.status, 201);
    (world, token)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn contests_have_the_shape_of_the_contract() {
    let world = World::new().await;
    let reply = world.get("/api/v1/contests").await;
    let contest = &reply.body["contests"][1];
    assert_eq!(contest["id"], "ppwp");
    assert_eq!(
        keys(contest),
        ["id", "name", "kind", "region", "regions", "partial_forms", "photo_required", "options"]
    );
    assert_eq!(keys(&contest["options"][0]), ["id", "name", "order", "color", "party"]);
    assert_eq!(reply.body["contests"][0]["region"], "3201");
}

#[tokio::test]
async fn regions_lead_down_to_stations() {
    let world = World::new().await;
    let nation = world.get("/api/v1/regions/0").await;
    assert_eq!(keys(&nation.body), ["code", "name", "level", "path", "stations", "children"]);
    assert_eq!((&nation.body["level"], &nation.body["path"]), (&json!("nation"), &json!([])));
    assert_eq!(nation.body["children"][0], json!({"code": "31", "name": "DKI JAKARTA", "stations": 2}));
    let village = world.get("/api/v1/regions/3175091001").await;
    assert_eq!(village.body["path"][3], json!({"code": "317509", "name": "CIRACAS"}));
    assert_eq!(
        village.body["children"][0],
        json!({"code": STATION, "number": 87, "name": "TPS 087", "kind": "home", "registered": 250})
    );
    let station = world.get(&format!("/api/v1/stations/{FAR}")).await;
    assert_eq!(
        keys(&station.body),
        ["code", "number", "name", "kind", "path", "registered", "location", "contests"]
    );
    assert_eq!(station.body["name"], "Balai Desa");
    assert_eq!(station.body["contests"], json!(["pdpr-3201", "ppwp"]));
    assert_eq!(station.body["path"][4]["code"], "3201011001");
    assert_eq!(station.body["location"], Value::Null);
}

#[tokio::test]
async fn results_are_sums_of_what_is_counted_at_every_level() {
    let (world, _) = counted().await;
    for code in ["0", "31", "3175", "317509", "3175091001"] {
        let page = world.get(&format!("/api/v1/results/ppwp/{code}")).await;
        assert_eq!(
            keys(&page.body),
            ["contest", "region", "as_of", "progress", "totals", "children", "next_poll_ms"]
        );
        assert_eq!(page.body["totals"]["votes"], json!({"100025": 41, "100026": 99, "100027": 60}), "{code}");
        assert_eq!(page.body["totals"]["turnout"], 205);
        assert_eq!(page.body["as_of"]["version"], 2);
        assert_eq!(page.body["next_poll_ms"], 15_000);
        let progress = &page.body["progress"];
        assert_eq!(
            (&progress["reported"], &progress["held"], &progress["flagged"]),
            (&json!(2), &json!(1), &json!(1))
        );
    }
    let nation = world.get("/api/v1/results/ppwp/0").await;
    assert_eq!(nation.body["progress"]["stations"], 3);
    assert_eq!(nation.body["progress"]["registered"], 500);
    let empty = &nation.body["children"][1];
    assert_eq!(keys(empty), ["code", "name", "version", "progress", "totals"]);
    assert_eq!((&empty["code"], &empty["version"]), (&json!("32"), &json!(0)));
    assert_eq!(empty["totals"]["votes"], json!({"100025": 0, "100026": 0, "100027": 0}));
    assert_eq!(
        (&empty["progress"]["updated_at"], &empty["progress"]["registered"]),
        (&Value::Null, &Value::Null)
    );
    let village = world.get("/api/v1/results/ppwp/3175091001").await;
    assert_eq!(keys(&village.body["children"][0]), ["code", "name", "state", "revision", "flags", "totals"]);
    assert_eq!(village.body["children"][0]["totals"]["valid"], 200);
    assert_eq!(
        village.body["children"][1],
        json!({"code": SECOND, "name": "TPS 100", "state": "held", "revision": 1, "flags": 1, "totals": null})
    );
}

#[tokio::test]
async fn a_contest_held_in_one_regency_counts_its_stations_only() {
    let world = World::new().await;
    let nation = world.get("/api/v1/results/pdpr-3201/0").await;
    assert_eq!(
        (&nation.body["progress"]["stations"], &nation.body["as_of"]["index"]),
        (&json!(1), &json!(0))
    );
    let children = nation.body["children"].as_array().expect("a list");
    assert_eq!((children.len(), &children[0]["code"]), (1, &json!("32")));
    let village = world.get("/api/v1/results/pdpr-3201/3201011001").await;
    assert_eq!(
        (&village.body["children"][0]["state"], &village.body["children"][0]["totals"]),
        (&json!("absent"), &Value::Null)
    );
}

#[tokio::test]
async fn a_form_is_shown_with_its_flags_and_history() {
    let (world, _) = counted().await;
    let page = world.get(&format!("/api/v1/stations/{SECOND}/ppwp")).await;
    assert_eq!(
        keys(&page.body),
        ["station", "contest", "state", "revision", "form", "flags", "history", "attachments"]
    );
    assert_eq!(page.body["form"], misread(91));
    assert_eq!(keys(&page.body["flags"][0]), ["rule", "severity", "message", "fields"]);
    assert_eq!(
        page.body["flags"][0]["message"],
        "Jumlah suara semua pilihan 250 tidak sama dengan suara sah 200."
    );
    assert_eq!(
        keys(&page.body["history"][0]),
        ["revision", "at", "kind", "role", "reason", "form", "digest", "index"]
    );
    let absent = world.get(&format!("/api/v1/stations/{FAR}/ppwp")).await;
    assert_eq!(
        absent.body,
        json!({"station": FAR, "contest": "ppwp", "state": "absent", "revision": 0, "form": null, "flags": [], "history": [], "attachments": []})
    );
}

#[tokio::test]
async fn the_feed_is_complete_from_zero_in_log_order() {
    let (world, _) = counted().await;
    let all = world.get("/api/v1/changes?after=0&limit=1000").await;
    assert_eq!(keys(&all.body), ["epoch", "changes", "next_after"]);
    let changes = all.body["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 2);
    assert_eq!(
        keys(&changes[0]),
        ["index", "at", "contest", "station", "revision", "kind", "form", "digest"]
    );
    assert_eq!((&changes[0]["station"], &changes[0]["form"]), (&json!(STATION), &form()));
    let first = world.get("/api/v1/changes?limit=1").await;
    assert_eq!(first.body["changes"][0], changes[0]);
    assert_eq!(first.body["next_after"], changes[0]["index"]);
    let rest = world.get(&format!("/api/v1/changes?after={}", first.body["next_after"])).await;
    assert_eq!(rest.body["changes"][0], changes[1]);
    assert_eq!(rest.body["next_after"], world.node.index());
    let beyond = world.get("/api/v1/changes?after=99999").await;
    assert_eq!((&beyond.body["changes"], &beyond.body["next_after"]), (&json!([]), &json!(99_999)));
    refused(&world.get("/api/v1/changes?epoch=2").await, 410, "gone");
    assert_eq!(world.get("/api/v1/changes?epoch=1").await.status, 200);
}

#[tokio::test]
async fn the_feed_waits_for_the_next_change() {
    let world = Arc::new(World::new().await);
    let token = world.token("petugas").await;
    let path = format!("/api/v1/changes?after={}&wait_ms=30000", world.node.index());
    let waiting = {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.get(&path).await })
    };
    tokio::task::yield_now().await;
    assert_eq!(world.put(&token, STATION, 0, &tally(&form())).await.status, 201);
    let reply = waiting.await.expect("an answer");
    assert_eq!(reply.body["changes"][0]["station"], STATION);
}

#[tokio::test]
async fn reads_that_cannot_be_as_fresh_as_asked_are_503_and_never_older_data() {
    let (world, token) = counted().await;
    refused(&world.get("/api/v1/contests?min_index=99999").await, 503, "stale");
    let cases = [
        (ReadError::Stale, "stale", 503),
        (ReadError::Quarantined, "stale", 503),
        (ReadError::NoLeader, "no-leader", 503),
        (ReadError::Overloaded, "overloaded", 503),
        (ReadError::Store("x".to_owned()), "internal", 500),
    ];
    for (fault, code, status) in cases {
        *world.node.read_fault.lock().unwrap() = Some(fault);
        refused(&world.get("/api/v1/contests?consistency=linearizable").await, status, code);
        refused(&world.get("/api/v1/contests?consistency=bounded&max_age_ms=5").await, status, code);
        assert_eq!(world.get("/api/v1/contests").await.status, 200, "local reads need nobody");
        let officer = world.by(&token, "GET", "/api/v1/contests", &[], None).await;
        refused(&officer, status, code);
        let local = world.by(&token, "GET", "/api/v1/contests?consistency=local", &[], None).await;
        assert_eq!(local.status, 200);
    }
}

#[tokio::test]
async fn status_names_the_members_and_no_addresses() {
    let world = World::new().await;
    let reply = world.get("/api/v1/status").await;
    assert_eq!(keys(&reply.body), ["cluster", "epoch", "level", "leader", "nodes", "index"]);
    assert_eq!(keys(&reply.body["nodes"][0]), ["id", "role", "reachable", "index", "lag", "release"]);
    assert!(!reply.text.contains("127.0.0.1"));
}

#[tokio::test]
async fn the_description_names_every_path() {
    let world = World::new().await;
    let reply = call(&world.public, "GET", "/openapi.json", &[], None).await;
    assert_eq!((reply.status, &reply.body["openapi"]), (200, &json!("3.1.0")));
    for path in
        ["/api/v1/contests", "/api/v1/results/{contest}/{region}", "/api/v1/tallies/{contest}/{station}"]
    {
        assert!(reply.body["paths"][path].is_object(), "{path}");
    }
}
