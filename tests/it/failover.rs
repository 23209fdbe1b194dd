//! A leader dies in the middle of the work: nothing that was acknowledged is lost, nothing counts twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::client::{Officer, send};
use tests::cluster::Cluster;
use tests::form;
use tests::register::{CONTEST, stations};
use tests::wait;
use uuid::Uuid;

/// Clients that write at the same time.
const WRITERS: usize = 4;
/// Items in one batch.
const BATCH: usize = 10;
/// Acknowledged items after which the leader is killed: in the middle of the first half.
const KILL_AFTER: u64 = 60;

/// A form that no other station has.
fn form_of(place: usize) -> Value {
    let place = u32::try_from(place).unwrap();
    form::of_votes([place % 70, place / 3, 7], place % 5)
}

/// Sends one batch until every item has a known outcome, going from node to node as they fail.
async fn send_batch(officers: &[Officer], first: usize, acknowledged: &AtomicU64) -> BTreeMap<usize, u64> {
    let places: Vec<usize> = (first..first + BATCH).collect();
    let stations = stations();
    let keys: Vec<Uuid> = places.iter().map(|_| Uuid::new_v4()).collect();
    let items: Vec<Value> = places
        .iter()
        .zip(&keys)
        .map(|(place, key)| {
            json!({"key": key.to_string(), "contest": CONTEST, "station": stations[*place], "if_revision": 0,
                   "form": form_of(*place), "confirm": [], "reason": null, "attachments": [], "observed_at": null})
        })
        .collect();
    let body = json!({"items": items});
    let envelope = Uuid::new_v4().to_string();
    let mut indexes = BTreeMap::new();
    let mut turn = first;
    wait::until("an outcome of every item of a batch", async || {
        turn += 1;
        let officer = &officers[turn % officers.len()];
        let request = officer.request(reqwest::Method::POST, "/api/v1/batches");
        let answer = send(request.header("Idempotency-Key", &envelope).json(&body)).await.ok()?;
        if answer.status != 200 {
            assert!(answer.status >= 500, "{answer:?}");
            return None;
        }
        for (place, result) in places.iter().zip(answer.json()["results"].as_array()?) {
            match result["status"].as_u64()? {
                200 | 201 => {
                    let index = result["receipt"]["index"].as_u64()?;
                    let before = indexes.insert(*place, index);
                    assert!(before.is_none_or(|before| before == index), "one key, two effects: {result}");
                }
                503 => {}
                _ => panic!("{result}"),
            }
        }
        (indexes.len() == BATCH).then_some(())
    })
    .await;
    acknowledged.fetch_add(u64::try_from(BATCH).unwrap(), Ordering::Relaxed);
    indexes
}

/// One client of four: its share of the batches, one after the other.
async fn write_share(officers: &[Officer], writer: usize, acknowledged: &AtomicU64) -> BTreeMap<usize, u64> {
    let mut indexes = BTreeMap::new();
    for first in (writer * BATCH..stations().len()).step_by(WRITERS * BATCH) {
        indexes.append(&mut send_batch(officers, first, acknowledged).await);
    }
    indexes
}

#[tokio::test]
async fn a_killed_leader_loses_nothing() {
    let mut cluster = Cluster::with_register().await;
    let admin = cluster.admin(0).await;
    let officers: Vec<Officer> = cluster.nodes().iter().map(|node| admin.at(&node.officer)).collect();
    let acknowledged = AtomicU64::new(0);
    let leader = cluster.leader().await;

    let writing = join_all((0..WRITERS).map(|writer| write_share(&officers, writer, &acknowledged)));
    let killing = async {
        wait::until("the work to be under way", async || {
            (acknowledged.load(Ordering::Relaxed) >= KILL_AFTER).then_some(())
        })
        .await;
        cluster.kill(leader).await;
        acknowledged.load(Ordering::Relaxed)
    };
    let (shares, killed_after) = tokio::join!(writing, killing);

    let indexes: BTreeMap<usize, u64> = shares.into_iter().flatten().collect();
    let total = stations().len();
    assert_eq!(indexes.len(), total);
    assert!(
        killed_after < u64::try_from(total).unwrap(),
        "the leader died after the work, which proves nothing"
    );
    assert_ne!(cluster.leader().await, leader, "somebody else leads");

    cluster.start(leader);
    cluster.ready(leader).await;
    everything_is_there(&cluster, *indexes.values().max().unwrap()).await;
}

/// Every station has its form once, on every node, and the sums say the same.
async fn everything_is_there(cluster: &Cluster, index: u64) {
    let mut sums = [0_u64; 3];
    for place in 0..stations().len() {
        for (sum, votes) in sums.iter_mut().zip(form::votes(&form_of(place))) {
            *sum += votes;
        }
    }
    for answer in cluster.everywhere(&format!("/api/v1/results/{CONTEST}/0"), index).await {
        let found = form::OPTIONS.map(|option| answer["totals"]["votes"][option].as_u64().unwrap());
        assert_eq!(found, sums, "{answer}");
        assert_eq!(answer["progress"]["reported"], stations().len(), "{answer}");
    }
    for (place, station) in stations().iter().enumerate() {
        for node in 0..cluster.nodes().len() {
            let path = format!("/api/v1/stations/{station}/{CONTEST}?min_index={index}");
            let view = cluster.public(node, &path).await.expect_status(200).json();
            assert_eq!(view["revision"], 1, "{station} at node {node}: {view}");
            assert_eq!(form::votes(&view["form"]), form::votes(&form_of(place)), "{station} at node {node}");
        }
    }
    cluster.equal_state().await;
}
