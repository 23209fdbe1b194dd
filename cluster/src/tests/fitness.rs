//! Nodes that must not lead or must not be listened to: a wrong clock, a log that went back in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use store::MemoryDisk;
use tally::ids::{LogTime, NodeId};

use super::harness::{LEVEL_NEWEST, World, member, settings, until, write};
use crate::{Clock, OperateError, Settings, SystemClock};

/// A clock that is ahead by as much as the test says.
#[derive(Default)]
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> LogTime {
        LogTime(SystemClock.now().0.saturating_add(self.0.load(Ordering::Relaxed)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_clock_is_wrong_hands_over_and_stays_away() {
    let world = World::of(3).await;
    let id = world.follower().await;
    let clock = Arc::new(Ahead::default());
    world.kill(id).await;
    let node = world.start(Settings { clock: clock.clone(), ..settings(id) }).await;
    until("it follows", || node.leader().is_some()).await;
    node.transfer(Some(NodeId(id))).await.unwrap();
    until("clocks are known", || node.clock_deviation_ms().is_some()).await;
    write(&node, world.item()).await;

    clock.0.store(60_000, Ordering::Relaxed);
    let other = world.leader_of_others(id).await;
    until("its clock is known to be wrong", || node.clock_deviation_ms().is_some_and(|ms| ms > 50_000)).await;
    // What officers bring to it is written all the same, stamped by another.
    write(&node, world.item()).await;
    until("all see it as wrong", || world.node(other).clock_is_wrong(NodeId(id))).await;
    let refused = world.node(other).transfer(Some(NodeId(id))).await.unwrap_err();
    assert!(matches!(&refused, OperateError::Precondition(text) if text.contains("clock")), "{refused}");

    clock.0.store(0, Ordering::Relaxed);
    until("its clock is right again", || !world.node(other).clock_is_wrong(NodeId(id))).await;
    until("it may lead again", || !node.inner.fitness.has(crate::fitness::Obstacle::Clock)).await;
    until("the leader knows", || world.node(other).unfit(NodeId(id)).is_none()).await;
    world.node(other).transfer(Some(NodeId(id))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_went_back_in_time_is_fenced_and_ends() {
    let mut world = World::of(3).await;
    world.agree().await;
    let id = world.follower().await;
    let old = world.disk(id).copy();
    for _ in 0..50 {
        write(&world.node(id), world.item()).await;
    }
    world.agree().await;
    world.kill(id).await;
    // Somebody put an old copy of the data back: same number, same incarnation, fewer entries.
    world.add_disk(id, old);
    let node = world.start(settings(id)).await;
    until("it ends", || node.failure().is_some_and(|why| why.contains("rejoin"))).await;
    let leader = world.node(world.leader_of_others(id).await);
    let lost = || {
        let members = leader.status().members;
        members.iter().find(|member| member.member.id.0 == id).and_then(|member| member.lost_index)
    };
    assert!(lost().is_some());
    write(&leader, world.item()).await;
    assert!(node.status().last_index < leader.status().last_index);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_or_is_asked_for_a_level_it_does_not_know() {
    let world = World::of(3).await;
    let node = world.node(world.leader().await);
    let refused = node.raise_level(LEVEL_NEWEST.saturating_add(1)).await.unwrap_err();
    assert!(matches!(&refused, OperateError::Precondition(text) if text.contains("upgrade")), "{refused}");
    node.snapshot().await.unwrap();
    let mut manifest = node.machine().current_snapshot().unwrap().manifest().clone();
    manifest.meta.level = LEVEL_NEWEST.saturating_add(1);
    let follower = world.node(world.follower().await);
    let refused = follower.snapshot_offered(manifest.encode()).await.unwrap_err();
    assert!(refused.contains("level"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_below_the_level_in_force_never_votes() {
    let mut world = World::of(3).await;
    let leader = world.node(world.leader().await);
    let before = leader.view().ledger().unwrap().level;
    until("the others have told their levels", || {
        (1..=3).map(NodeId).filter(|id| leader.told().contains_key(id)).count() >= 2
    })
    .await;
    leader.raise_level(before.saturating_add(1)).await.unwrap();
    let id = leader.allocate_node().await.unwrap();
    world.add_disk(id.0, MemoryDisk::new());
    let joined = world.start_release(settings(id.0), before).await;
    leader.add_member(member(id.0)).await.unwrap();
    // Whether it tells its levels or has stopped before it could, nobody makes it a voter.
    let follower = NodeId(world.follower().await);
    for refused in [leader.promote(id).await, leader.replace(follower, id).await] {
        let refused = refused.unwrap_err();
        assert!(refused.to_string().contains("level"), "{refused}");
    }
    // What it does not know it has not applied.
    until("it ends", || joined.failure().is_some_and(|why| why.contains("feature level"))).await;
    assert!(joined.view().ledger().unwrap().level <= before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_promote_who_votes_already_changes_nothing_whatever_it_runs() {
    let world = World::of(3).await;
    let leader = world.node(world.leader().await);
    let gone = world.follower().await;
    world.kill(gone).await;
    leader.promote(NodeId(gone)).await.unwrap();
    leader.promote(leader.inner.settings.node).await.unwrap();
}
