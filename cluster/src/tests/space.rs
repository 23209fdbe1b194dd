//! Disks that fill up and become free again.

use store::MemoryDisk;
use store::engine::disk::Space;
use tally::command::Principal;
use tally::ids::{AccountId, SessionId};

use super::harness::{World, until, write};
use crate::{ProposeError, Room};

/// A session that nobody opened: its items are written, and refused when they are applied.
const CLIENT: Principal = Principal::Session { account: AccountId(7), session: SessionId([7; 16]) };

fn fill(world: &World<MemoryDisk>, id: u64, percent_free: u64) {
    world.disk(id).set_space(Space { free_bytes: percent_free << 30, total_bytes: 100 << 30 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_wait_while_a_majority_is_full_and_the_rest_goes_on() {
    let world = World::of(3).await;
    let submit = |id: u64| {
        let (node, item) = (world.node(id), world.item());
        async move { node.propose(CLIENT, vec![item]).await.pop().unwrap() }
    };
    submit(1).await.unwrap();
    // 4 GiB and 2 GiB are the limits of a disk this large.
    fill(&world, 1, 3);
    fill(&world, 2, 3);
    until("two are scarce", || world.node(1).room() == Room::Scarce && world.node(2).room() == Room::Scarce)
        .await;
    until("the third knows", || {
        world.node(3).status().members.iter().filter(|m| m.room == Room::Scarce).count() == 2
    })
    .await;
    // Whoever leads now knows it within a round of greetings.
    let deadline = crate::runtime::after(crate::runtime::now(), super::harness::PATIENCE);
    while submit(3).await != Err(ProposeError::DiskFull) {
        assert!(crate::runtime::now() < deadline, "clients may still write");
    }
    write(&world.node(3), world.item()).await;

    fill(&world, 1, 50);
    until("there is room again", || world.node(1).room() == Room::Plenty).await;
    while submit(3).await == Err(ProposeError::DiskFull) {
        assert!(crate::runtime::now() < deadline, "clients may not write again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_full_disk_after_another_refuses_nobody() {
    let world = World::of(3).await;
    let leader = world.leader().await;
    let [mut full, mut free] = [leader % 3 + 1, (leader + 1) % 3 + 1];
    let known = |id: u64| world.node(leader).room_of(tally::ids::NodeId(id)) == Room::Scarce;
    fill(&world, full, 3);
    until("the leader knows", || known(full)).await;
    for _ in 0..3 {
        (full, free) = (free, full);
        fill(&world, free, 50);
        fill(&world, full, 3);
        while !known(full) || known(free) {
            let answer = world.node(leader).propose(CLIENT, vec![world.item()]).await.pop().unwrap();
            answer.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_without_room_takes_no_entries_of_clients_and_catches_up() {
    let world = World::of(3).await;
    let full = world.follower().await;
    fill(&world, full, 1);
    until("it is critical", || world.node(full).room() == Room::Critical).await;
    let leader = world.node(world.leader_of_others(full).await);
    leader.propose(CLIENT, vec![world.item()]).await.pop().unwrap().unwrap();
    let last = leader.status().last_index;
    for _ in 0..3 {
        leader.propose(CLIENT, vec![world.item()]).await.pop().unwrap().unwrap();
    }
    assert!(world.node(full).status().last_index < last + 3);
    assert!(world.node(full).failure().is_none());
    until("the leader knows", || leader.room_of(tally::ids::NodeId(full)) == Room::Critical).await;
    let refused = leader.transfer(Some(tally::ids::NodeId(full))).await.unwrap_err();
    assert!(refused.to_string().contains("full"), "{refused}");
    fill(&world, full, 50);
    world.agree().await;
}
