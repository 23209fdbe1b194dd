//! All nodes end and start again: everything is there, and so are the keys of what was sent before.

use serde_json::json;
use tests::client::send;
use tests::cluster::Cluster;
use tests::form;
use tests::register::{CONTEST, stations};
use uuid::Uuid;

#[tokio::test]
async fn everything_is_there_after_all_nodes_were_killed() {
    let mut cluster = Cluster::with_register().await;
    let officer = cluster.admin(0).await;
    let mut keys = Vec::new();
    let mut index = 0;
    for station in stations().iter().take(20) {
        let key = Uuid::new_v4();
        let body = form::body(&form::of_votes([30, 20, 10], 1));
        let stored = send(officer.put_request(station, 0, key, &body)).await.unwrap().expect_status(201);
        index = stored.json()["receipt"]["index"].as_u64().unwrap();
        keys.push((station.clone(), key, stored.json()));
    }
    let before = cluster.everywhere(&format!("/api/v1/results/{CONTEST}/0"), index).await;
    let (hash_index, hash) = cluster.equal_state().await;

    for node in 0..3 {
        cluster.kill(node).await;
    }
    for node in 0..3 {
        cluster.start(node);
    }
    for node in 0..3 {
        cluster.ready(node).await;
    }

    let after = cluster.everywhere(&format!("/api/v1/results/{CONTEST}/0"), index).await;
    for (before, after) in before.iter().zip(&after) {
        for part in ["totals", "progress", "as_of", "children"] {
            assert_eq!(before[part], after[part]);
        }
        assert_eq!(after["totals"]["votes"]["100025"], json!(600), "{after}");
    }
    // A new term may append entries of its own, which change no row.
    let (index_now, hash_now) = cluster.equal_state().await;
    assert!(index_now >= hash_index);
    assert_eq!(hash_now, hash, "the same rows before and after");

    // The token and the keys outlive the processes.
    for (station, key, stored) in keys {
        let body = form::body(&form::of_votes([30, 20, 10], 1));
        let again =
            send(officer.at(&cluster.nodes()[2].officer).put_request(&station, 0, key, &body)).await.unwrap();
        let again = again.expect_status(201);
        assert_eq!(again.header("idempotent-replay"), "true", "{again:?}");
        assert_eq!(again.json()["receipt"]["index"], stored["receipt"]["index"]);
    }
}

#[tokio::test]
async fn a_follower_that_was_away_catches_up() {
    let mut cluster = Cluster::with_register().await;
    let leader = cluster.leader().await;
    let away = (leader + 1) % 3;
    cluster.kill(away).await;
    let officer = cluster.admin(leader).await;
    let mut index = 0;
    for station in stations().iter().take(10) {
        let stored =
            officer.put(station, 0, &form::body(&form::of_votes([5, 6, 7], 0))).await.expect_status(201);
        index = stored.json()["receipt"]["index"].as_u64().unwrap();
    }
    cluster.start(away);
    cluster.ready(away).await;
    for answer in cluster.everywhere(&format!("/api/v1/results/{CONTEST}/0"), index).await {
        assert_eq!(answer["totals"]["votes"]["100027"], 70, "{answer}");
    }
    cluster.equal_state().await;
}
