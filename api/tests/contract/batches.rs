//! Batches: each item for itself.

use std::sync::atomic::Ordering;

use api::ports::SubmitError;
use serde_json::{Value, json};

use super::world::{FAR, Reply, SECOND, STATION, World, form, misread, refused, uuid};

fn item(key: &str, station: &str, revision: u32, form: &Value) -> Value {
    json!({
        "key": key, "contest": "ppwp", "station": station, "if_revision": revision, "form": form,
        "confirm": [], "reason": null, "attachments": [], "observed_at": null
    })
}

async fn send(world: &World, token: &str, items: &Value) -> Reply {
    world
        .by(token, "POST", "/api/v1/batches", &[("idempotency-key", &uuid())], Some(&json!({"items": items})))
        .await
}

#[tokio::test]
async fn items_are_answered_in_order_as_the_single_put_would_be() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let keys: Vec<String> = (0..8).map(|_| uuid()).collect();
    let mut wrong = item(&keys[4], SECOND, 0, &form());
    wrong["form"]["total"] = json!(-5);
    let mut confirm = form();
    confirm["votes"]["100027"] = 61.into();
    let items = json!([
        item(&keys[0], STATION, 0, &form()),
        item(&keys[1], FAR, 0, &form()),
        item(&keys[2], STATION, 1, &misread(91)),
        item(&keys[3], "3175091001999", 0, &form()),
        wrong,
        item(&keys[5], SECOND, 0, &confirm),
        item(&keys[6], STATION, 1, &form()),
        item(&keys[0], STATION, 0, &misread(1)),
    ]);
    let reply = send(&world, &token, &items).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let results = reply.body["results"].as_array().expect("a list");
    let seen: Vec<(u64, &str)> = results
        .iter()
        .map(|result| {
            (result["status"].as_u64().expect("a status"), result["problem"]["code"].as_str().unwrap_or(""))
        })
        .collect();
    assert_eq!(
        seen,
        [
            (201, ""),
            (403, "forbidden"),
            (200, ""),
            (404, "not-found"),
            (400, "bad-request"),
            (422, "confirmation-required"),
            (412, "stale-revision"),
            (422, "idempotency-mismatch"),
        ]
    );
    assert_eq!(results[2]["state"], "held");
    assert_eq!(results[4]["problem"]["errors"][0]["pointer"], "/items/4/form/total");
    assert_eq!(results[5]["problem"]["instance"], reply.header("request-id"));
    for (result, key) in results.iter().zip([0, 1, 2, 3, 4, 5, 6, 0]) {
        assert_eq!(result["key"], keys[key]);
    }
    let again = send(&world, &token, &items).await;
    assert_eq!(again.body["results"][0], results[0]);
    assert_eq!(again.body["results"][2], results[2]);
}

#[tokio::test]
async fn a_batch_wrong_as_such_is_refused_whole() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let many: Vec<Value> = (0..501).map(|_| item(&uuid(), STATION, 0, &form())).collect();
    let cases = [
        json!([]),
        json!({}),
        json!([7]),
        json!([{"contest": "ppwp"}]),
        json!([item("x", STATION, 0, &form())]),
        json!(many),
    ];
    for items in cases {
        refused(&send(&world, &token, &items).await, 400, "bad-request");
    }
    let body = json!({"items": [], "more": 1});
    refused(&world.by(&token, "POST", "/api/v1/batches", &[], Some(&body)).await, 400, "bad-request");
    refused(&send(&world, "nobody", &json!([])).await, 401, "unauthenticated");
}

#[tokio::test]
async fn a_batch_of_which_nothing_is_known_is_503_whole_and_its_keys_find_it() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let (first, other) = (uuid(), uuid());
    let items = json!([item(&first, STATION, 0, &form()), item(&other, SECOND, 0, &form())]);
    *world.node.submit_fault.lock().unwrap() = Some(SubmitError::Unknown);
    world.node.fault_after_effect.store(true, Ordering::Relaxed);
    refused(&send(&world, &token, &items).await, 503, "no-leader");
    let mut mixed = items.clone();
    mixed[1]["station"] = FAR.into();
    let reply = send(&world, &token, &mixed).await;
    assert_eq!((reply.status, &reply.body["results"][0]["status"]), (200, &json!(503)), "{reply:?}");
    *world.node.submit_fault.lock().unwrap() = None;
    let reply = send(&world, &token, &items).await;
    assert_eq!(reply.body["results"][0]["status"], 201);
    assert_eq!(reply.body["results"][1]["status"], 201);
}
