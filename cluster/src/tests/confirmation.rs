//! A leader that was voted out is confirmed by nobody, whatever it remembers (see `confirmation`).

use store::MemoryEngine;
use tally::ids::NodeId;

use super::harness::{World, until};
use crate::handle::Cluster;

type Node = Cluster<MemoryEngine>;

fn term(node: &Node) -> u64 {
    node.log().vote().unwrap().unwrap().term
}

/// Found by stopping leaders (`rakit-chaos live pauses --seed 12`): one that was voted out while it slept took answers from
/// before for a confirmation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_left_confirms_nobody() {
    let world = World::of(3).await;
    let before = world.leader().await;
    let (leader, led) = (world.node(before), term(&world.node(before)));
    assert!(leader.is_followed(led).await);
    let next = world.follower().await;
    leader.transfer(Some(NodeId(next))).await.unwrap();
    until("another leads", || world.node(next).is_leader()).await;
    let others = (1..=3).filter(|id| *id != before);
    until("both have voted", || others.clone().all(|id| term(&world.node(id)) > led)).await;
    assert!(!leader.is_followed(led).await);
    let leads = term(&world.node(next));
    assert!(world.node(next).is_followed(leads).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_without_a_majority_is_not_confirmed() {
    let world = World::of(3).await;
    let leader = world.leader().await;
    let led = term(&world.node(leader));
    for id in (1..=3).filter(|id| *id != leader) {
        world.kill(id).await;
    }
    assert!(!world.node(leader).is_followed(led).await);
}
