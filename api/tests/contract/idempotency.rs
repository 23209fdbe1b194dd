//! Same key, same body: one effect, one answer.

use serde_json::json;

use super::world::{SECOND, STATION, World, form, misread, refused, tally, uuid};

#[tokio::test]
async fn a_repeated_write_has_one_effect_and_the_first_answer() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let key = uuid();
    let first = world.put_with_key(&token, STATION, 0, &key, &tally(&form())).await;
    assert_eq!(first.status, 201);
    assert!(!first.headers.contains_key("idempotent-replay"));
    let mut reordered = serde_json::Map::new();
    for (name, value) in tally(&form()).as_object().expect("an object").iter().rev() {
        reordered.insert(name.clone(), value.clone());
    }
    let again = world.put_with_key(&token, STATION, 0, &key, &reordered.into()).await;
    assert_eq!((again.status, again.header("idempotent-replay")), (201, "true"), "{again:?}");
    assert_eq!(again.body, first.body);
    let page = world.get(&format!("/api/v1/stations/{STATION}/ppwp")).await;
    assert_eq!(page.body["history"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn a_known_key_is_answered_before_any_precondition() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let key = uuid();
    let first = world.put_with_key(&token, STATION, 0, &key, &tally(&form())).await;
    let mut other = form();
    other["votes"]["100025"] = 42.into();
    other["votes"]["100026"] = 98.into();
    assert_eq!(world.put(&token, STATION, 1, &tally(&other)).await.status, 200);
    let again = world.put_with_key(&token, STATION, 0, &key, &tally(&form())).await;
    assert_eq!((again.status, again.body), (201, first.body));
}

#[tokio::test]
async fn refusals_that_were_proposed_are_remembered_and_those_at_the_door_are_not() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let key = uuid();
    let stale = world.put_with_key(&token, STATION, 4, &key, &tally(&form())).await;
    refused(&stale, 412, "stale-revision");
    assert_eq!(world.put(&token, STATION, 0, &tally(&form())).await.status, 201);
    let again = world.put_with_key(&token, STATION, 4, &key, &tally(&form())).await;
    refused(&again, 412, "stale-revision");
    assert_eq!((again.header("idempotent-replay"), &again.body["current_revision"]), ("true", &json!(0)));
    let before = world.node.remembered();
    let key = uuid();
    let mut wrong = tally(&form());
    wrong["form"]["valid"] = (-1).into();
    refused(&world.put_with_key(&token, SECOND, 0, &key, &wrong).await, 400, "bad-request");
    assert_eq!(world.node.remembered(), before);
    assert_eq!(world.put_with_key(&token, SECOND, 0, &key, &tally(&form())).await.status, 201);
}

#[tokio::test]
async fn another_body_path_or_precondition_under_a_key_is_422() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let key = uuid();
    assert_eq!(world.put_with_key(&token, STATION, 0, &key, &tally(&form())).await.status, 201);
    let body = world.put_with_key(&token, STATION, 0, &key, &tally(&misread(40))).await;
    refused(&body, 422, "idempotency-mismatch");
    let path = world.put_with_key(&token, SECOND, 0, &key, &tally(&form())).await;
    refused(&path, 422, "idempotency-mismatch");
    let condition = world.put_with_key(&token, STATION, 1, &key, &tally(&form())).await;
    refused(&condition, 422, "idempotency-mismatch");
    let other = world.token("admin").await;
    let theirs = world.put_with_key(&other, SECOND, 0, &key, &tally(&form())).await;
    assert_eq!(theirs.status, 201, "keys belong to their account: {theirs:?}");
}
