//! A state that was tampered with is found, and only that one (promise P6).

use std::time::Duration;

use store::MemoryDisk;
use store::codec::{decode_row, encode_row};
use store::engine::{Batch, Disk, Engine as _, OpenMode, Purpose, Reader as _};
use tally::command::Command;
use tally::ids::NodeId;
use tally::row::{Row, RowKey};

use super::harness::{PATIENCE, World, settings, until, write};
use crate::{Cluster, ReadError, ReadMode, Scrub, Settings};

/// Key of the ledger row, `docs/data-format.md`.
const LEDGER: [u8; 1] = [0x10];

/// Changes a letter of the ledger row on the disk of a node that does not run. Its checksum is right, as a fault
/// of the program would have it.
fn tamper(disk: &MemoryDisk) {
    let current = disk.read("CURRENT").unwrap().unwrap();
    let directory = String::from_utf8(current.to_vec()).unwrap();
    let engine = disk.open(directory.split(' ').next().unwrap(), Purpose::State, OpenMode::Open).unwrap();
    let bytes = engine.get(&LEDGER).unwrap().unwrap();
    let Row::Ledger(mut ledger) = decode_row(&RowKey::Ledger, &bytes).unwrap() else { panic!("a ledger") };
    ledger.name = "Ujj".into();
    let mut batch = Batch::new();
    batch.put(LEDGER, encode_row(&Row::Ledger(ledger)));
    engine.write(&batch).unwrap();
    engine.flush().unwrap();
}

/// Three nodes, one of them with a wrong row; which one.
async fn tampered(settings: impl Fn(u64) -> Settings) -> (World<MemoryDisk>, u64) {
    let world = World::of(3).await;
    for id in [1, 2, 3] {
        write(&world.node(id), world.item()).await;
    }
    let wrong = world.follower().await;
    world.kill(wrong).await;
    world.let_go(wrong).await;
    tamper(&world.disk(wrong));
    let back = world.start(settings(wrong)).await;
    back.wait_ready(PATIENCE).await.unwrap();
    (world, wrong)
}

/// Something is written, and its place in the log becomes a hash point.
async fn point(world: &World<MemoryDisk>) {
    let leader = world.node(world.leader().await);
    write(&leader, world.item()).await;
    leader.system(Command::Mark).await.unwrap();
}

fn differing(node: &Cluster<store::MemoryEngine>) -> Vec<NodeId> {
    node.equality().differing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_wrong_row_sets_that_node_apart_and_no_other() {
    let (world, wrong) = tampered(settings).await;
    point(&world).await;
    until("it knows", || world.node(wrong).quarantine().is_some()).await;
    let reason = world.node(wrong).quarantine().unwrap();
    assert!(reason.contains("ledger"), "the part is named: {reason}");
    until("all know", || world.all().iter().all(|node| differing(node) == [NodeId(wrong)])).await;
    let right: Vec<u64> = (1..=3).filter(|id| *id != wrong).collect();
    assert!(right.iter().all(|id| world.node(*id).quarantine().is_none()));
    let read = world.node(wrong).read(ReadMode::Local, None).await;
    assert!(matches!(read.err(), Some(ReadError::Quarantined(_))));

    // A restart does not make it right.
    world.kill(wrong).await;
    let back = world.start(settings(wrong)).await;
    assert_eq!(back.quarantine(), Some(reason));
    let refused = world.node(right[0]).transfer(Some(NodeId(wrong))).await;
    assert!(refused.is_err(), "nobody hands over to it: {refused:?}");

    // It votes and appends, so one of the others leads on without the third, whichever is left.
    let leader = world.leader().await;
    let left = right.iter().copied().find(|id| *id != leader).unwrap();
    world.kill(leader).await;
    until("the other leads", || world.node(left).is_leader()).await;
    assert!(!write(&world.node(left), world.item()).await.replay);
    assert!(!back.is_leader());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_differs_hands_over() {
    let (world, wrong) = tampered(settings).await;
    world.node(wrong).transfer(Some(NodeId(wrong))).await.unwrap();
    assert_eq!(world.leader().await, wrong);
    point(&world).await;
    until("it is set apart", || world.node(wrong).quarantine().is_some()).await;
    let leader = world.leader_of_others(wrong).await;
    write(&world.node(leader), world.item()).await;
    assert!(world.node(leader).quarantine().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scrubber_finds_a_wrong_row_that_nobody_reads() {
    let scrub = Scrub { interval: Duration::from_millis(50), ..Scrub::default() };
    let (world, wrong) = tampered(|id| Settings { scrub, ..settings(id) }).await;
    until("the scrubber found it", || world.node(wrong).quarantine().is_some()).await;
    let reason = world.node(wrong).quarantine().unwrap();
    assert!(reason.contains("scrubber") && reason.contains("ledger"), "{reason}");
    until("the others are told", || world.all().iter().all(|node| differing(node) == [NodeId(wrong)])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_states_pass_every_comparison() {
    let world = World::of(3).await;
    for id in [1, 2, 3] {
        write(&world.node(id), world.item()).await;
        point(&world).await;
    }
    let newest = world.node(1).machine().hash_points().last().unwrap().index;
    until("all agree", || {
        world.all().iter().all(|node| node.equality().agreed.is_some_and(|index| index >= newest))
    })
    .await;
    for node in world.all() {
        let equality = node.equality();
        assert_eq!((equality.quarantine, equality.differing, equality.split), (None, Vec::new(), None));
    }
}
