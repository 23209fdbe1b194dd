//! Signing in and out.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;

use api::limits::{ClientAddress, session_ms};
use axum::Extension;
use serde_json::json;
use tally::account::Role;

use super::world::{PASSWORD, STATION, World, call, form, refused, tally, uuid};

#[tokio::test]
async fn a_session_is_opened_used_and_closed() {
    let world = World::new().await;
    let body = json!({"username": "petugas", "password": PASSWORD});
    let opened = call(&world.officer, "POST", "/api/v1/session", &[], Some(&body)).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    assert_eq!(opened.body["account"], json!({"username": "petugas", "role": "officer", "scope": "3175"}));
    assert_eq!(opened.body["expires_at"], "2024-03-20T08:40:00.000Z");
    let token = opened.body["token"].as_str().expect("a token");
    let me = world.by(token, "GET", "/api/v1/me", &[], None).await;
    assert_eq!((me.status, &me.body), (200, &opened.body["account"]));
    refused(&world.by(token, "DELETE", "/api/v1/session", &[], None).await, 400, "bad-request");
    let closed = world.by(token, "DELETE", "/api/v1/session", &[("idempotency-key", &uuid())], None).await;
    assert_eq!(closed.status, 204, "{closed:?}");
    refused(&world.by(token, "GET", "/api/v1/me", &[], None).await, 401, "unauthenticated");
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let (lifetime_ms, _) = session_ms(Role::Officer);
    world.node.clock_ms.fetch_add(lifetime_ms, Ordering::Relaxed);
    refused(&world.put(&token, STATION, 0, &tally(&form())).await, 401, "unauthenticated");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_credential_the_answer_is_the_same() {
    let world = World::new().await;
    let bodies = [
        json!({"username": "petugas", "password": "salah"}),
        json!({"username": "siapa", "password": PASSWORD}),
        json!({"username": "petugas", "code": "123456"}),
    ];
    let mut details = Vec::new();
    for body in bodies {
        let reply = call(&world.officer, "POST", "/api/v1/session", &[], Some(&body)).await;
        refused(&reply, 401, "unauthenticated");
        details.push(reply.body["detail"].clone());
    }
    details.dedup();
    assert_eq!(details.len(), 1);
    for body in [
        json!({}),
        json!({"username": "x"}),
        json!({"username": "x", "password": "y", "z": 1}),
        json!({"username": "x", "password": "y", "code": "z"}),
    ] {
        let reply = call(&world.officer, "POST", "/api/v1/session", &[], Some(&body)).await;
        refused(&reply, 400, "bad-request");
    }
}

#[tokio::test]
async fn five_failures_close_an_account_for_one_address_only() {
    let world = World::new().await;
    let from = |last: u8| {
        world.officer.clone().layer(Extension(ClientAddress(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)))))
    };
    let wrong = json!({"username": "petugas", "password": "salah"});
    let right = json!({"username": "petugas", "password": PASSWORD});
    for _ in 0..5 {
        refused(&call(&from(1), "POST", "/api/v1/session", &[], Some(&wrong)).await, 401, "unauthenticated");
    }
    let closed = call(&from(1), "POST", "/api/v1/session", &[], Some(&right)).await;
    refused(&closed, 429, "too-many-requests");
    assert_eq!(closed.header("retry-after"), "600");
    assert_eq!(call(&from(2), "POST", "/api/v1/session", &[], Some(&right)).await.status, 201);
    world.node.clock_ms.fetch_add(600_000, Ordering::Relaxed);
    assert_eq!(call(&from(1), "POST", "/api/v1/session", &[], Some(&right)).await.status, 201);
}

#[tokio::test]
async fn nothing_but_signing_in_is_open_without_a_session() {
    let world = World::new().await;
    for (method, path) in [
        ("GET", "/api/v1/contests"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/openapi.json"),
        ("DELETE", "/api/v1/session"),
        ("POST", "/api/v1/batches"),
        ("POST", "/api/v1/master/regions"),
    ] {
        refused(&call(&world.officer, method, path, &[], None).await, 401, "unauthenticated");
        for header in
            ["Bearer", "Bearer x", "Basic eA==", "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
        {
            let reply = call(&world.officer, method, path, &[("authorization", header)], None).await;
            refused(&reply, 401, "unauthenticated");
        }
    }
    refused(&call(&world.officer, "GET", "/api/v1/session", &[], None).await, 405, "method-not-allowed");
}

#[tokio::test]
async fn own_stations_are_listed_page_by_page() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    world.put(&token, STATION, 0, &tally(&form())).await;
    let first = world.by(&token, "GET", "/api/v1/me/stations?contest=ppwp&limit=1", &[], None).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(
        first.body["stations"],
        json!([{"code": STATION, "number": 87, "name": "TPS 087", "state": "reported", "revision": 1}])
    );
    let next = first.body["next"].as_str().expect("more");
    assert!(first.header("link").contains("rel=\"next\""));
    let path = format!("/api/v1/me/stations?contest=ppwp&limit=1000&next={next}");
    let rest = world.by(&token, "GET", &path, &[], None).await;
    assert_eq!(rest.body["stations"].as_array().expect("a list").len(), 1, "{rest:?}");
    assert_eq!((&rest.body["stations"][0]["state"], &rest.body["next"]), (&json!("absent"), &json!(null)));
    refused(&world.by(&token, "GET", "/api/v1/me/stations", &[], None).await, 400, "bad-request");
    let none = world.by(&token, "GET", "/api/v1/me/stations?contest=pdpr-3201", &[], None).await;
    assert_eq!(none.body["stations"], json!([]));
}

#[tokio::test]
async fn a_node_that_hears_of_no_leader_lets_no_ended_session_pass() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    world.node.lag();
    let ended = world.by(&token, "DELETE", "/api/v1/session", &[("idempotency-key", &uuid())], None).await;
    assert_eq!(ended.status, 204, "{ended:?}");
    let me = async || world.by(&token, "GET", "/api/v1/me?consistency=local", &[], None).await;
    assert_eq!(me().await.status, 200, "a node that lags by a moment does not know it yet");
    world.node.leader_age_ms.store(1_001, Ordering::Relaxed);
    refused(&me().await, 401, "unauthenticated");
    world.node.leader_age_ms.store(-1, Ordering::Relaxed);
    refused(&me().await, 401, "unauthenticated");
    // With nobody to ask it does not guess.
    *world.node.read_fault.lock().unwrap() = Some(api::ports::ReadError::NoLeader);
    refused(&me().await, 503, "no-leader");
}
