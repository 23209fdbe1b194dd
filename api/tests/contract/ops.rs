//! What operators ask of a node.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::world::{World, call, refused};

#[tokio::test]
async fn health_says_which_check_fails() {
    let world = World::founded();
    assert_eq!(call(&world.ops, "GET", "/livez", &[], None).await.text, "ok\n");
    let ready = call(&world.ops, "GET", "/readyz?verbose", &[], None).await;
    assert_eq!((ready.status, ready.text.as_str()), (200, "[+]state ok\n[+]leader ok\nready\n"));
    world.node.failing_check.store(true, Ordering::Relaxed);
    let ready = call(&world.ops, "GET", "/readyz/officer", &[], None).await;
    assert_eq!((ready.status, ready.text.as_str()), (503, "[-]leader no leader was heard\nnot ready\n"));
    assert_eq!(call(&world.ops, "GET", "/readyz", &[], None).await.status, 503);
    assert_eq!(call(&world.ops, "GET", "/readyz/public", &[], None).await.status, 200);
}

#[tokio::test]
async fn metrics_hold_the_listeners_and_the_node() {
    let world = World::founded();
    world.get("/api/v1/contests").await;
    world.get("/nothing").await;
    let metrics = call(&world.ops, "GET", "/metrics", &[], None).await;
    assert!(
        metrics.text.contains("rakit_http_requests_total{listener=\"public\",status=\"2xx\"} 1"),
        "{}",
        metrics.text
    );
    assert!(metrics.text.contains("rakit_http_requests_total{listener=\"public\",status=\"4xx\"} 1"));
    let (pages, bytes) = world.publisher.kept();
    for line in [
        format!("rakit_kept_pages {pages}"),
        format!("rakit_kept_pages_bytes {bytes}"),
        format!("rakit_kept_pages_served_total {}", world.publisher.hits()),
        "rakit_events_regions 0".to_owned(),
        "rakit_next_poll_ms 15000".to_owned(),
    ] {
        assert!(metrics.text.lines().any(|told| told == line), "{line} in {}", metrics.text);
    }
    assert!(metrics.text.ends_with("rakit_applied 9\n"));
    assert!(!metrics.text.contains("# EOF"));
}

#[tokio::test]
async fn the_cluster_is_shown_and_changed() {
    let world = World::founded();
    let cluster = call(&world.ops, "GET", "/api/v1/cluster", &[], None).await;
    assert_eq!(
        (&cluster.body["term"], &cluster.body["nodes"][0]["peer_address"]),
        (&json!(3), &json!("127.0.0.1:1"))
    );
    let post = async |path: &str, body: serde_json::Value| {
        call(&world.ops, "POST", &format!("/api/v1/cluster/{path}"), &[], Some(&body)).await
    };
    refused(&post("initialize", json!({})).await, 409, "invalid-state");
    let number = post("node-numbers", json!({})).await;
    assert_eq!((number.status, &number.body), (201, &json!({"id": 4})));
    let mut member = json!({
        "id": 4, "incarnation": "ab".repeat(16), "role": "learner",
        "peer_address": "a:1", "officer_url": "https://a", "public_url": "http://a"
    });
    assert_eq!(post("members", member.clone()).await.status, 204);
    member["id"] = 5.into();
    refused(&post("members", member.clone()).await, 409, "invalid-state");
    for (key, value) in
        [("id", json!(0)), ("role", json!("boss")), ("incarnation", json!("x")), ("more", json!(1))]
    {
        let mut wrong = member.clone();
        wrong[key] = value;
        refused(&post("members", wrong).await, 400, "bad-request");
    }
    assert_eq!(post("transfer", json!({"to": 2})).await.body, json!({"leader": 2}));
    refused(&post("transfer", json!({})).await, 503, "no-leader");
    refused(&post("transfer", json!({"to": "x"})).await, 400, "bad-request");
    assert_eq!(post("level", json!({"level": 2})).await.body, json!({"level": 2}));
    refused(&post("level", json!({"level": 9})).await, 500, "internal");
    assert_eq!(post("snapshot", json!({})).await.body, json!({"index": 1}));
    let removed = call(&world.ops, "DELETE", "/api/v1/cluster/members/4", &[], None).await;
    assert_eq!(removed.status, 204);
    refused(&call(&world.ops, "DELETE", "/api/v1/cluster/members/9", &[], None).await, 409, "invalid-state");
    let hash = call(&world.ops, "GET", "/api/v1/state-hash?index=1", &[], None).await;
    assert_eq!(hash.body, json!({"index": 1, "hash": "ab".repeat(16)}));
    let told = call(&world.ops, "GET", "/api/v1/state-hash/points", &[], None).await.body;
    assert_eq!(told["points"], json!([{"index": 1, "hash": "ab".repeat(16)}]));
    assert_eq!((&told["now"]["index"], &told["equality"]["differing"]), (&json!(9), &json!([])));
    refused(&call(&world.ops, "GET", "/api/v1/state-hash?index=2", &[], None).await, 409, "invalid-state");
}
