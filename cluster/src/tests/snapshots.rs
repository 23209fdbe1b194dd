//! A node that is so far behind that the log it needs is gone.

use super::harness::{PATIENCE, World, until, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_behind_the_purged_log_gets_a_snapshot() {
    let world = World::of(3).await;
    let away = world.follower().await;
    let settings = world.node(away).settings().clone();
    let behind = world.node(away).status().last_index;
    world.kill(away).await;
    let leader = world.node(world.leader().await);
    for _ in 0..60 {
        write(&leader, world.item()).await;
    }
    // Housekeeping purges once the snapshot and the flushed state allow it.
    let index = leader.snapshot().await.unwrap();
    assert!(index > behind);
    leader.machine().flush().unwrap();
    until("the log is purged beyond the node", || leader.status().purged > behind + 1).await;
    assert!(leader.status().purged <= index);
    let back = world.start(settings).await;
    back.wait_ready(PATIENCE).await.unwrap();
    until("it has the snapshot", || back.status().snapshot.is_some_and(|index| index > behind)).await;
    world.agree().await;
    write(&back, world.item()).await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_never_purged_beyond_what_is_on_disk() {
    let world = World::of(1).await;
    let node = world.node(1);
    for _ in 0..40 {
        write(&node, world.item()).await;
    }
    let index = node.snapshot().await.unwrap();
    until("a purge", || node.status().purged > 0).await;
    let persisted = node.machine().persisted_applied().map_or(0, |id| id.index);
    let purged = node.status().purged;
    assert!(purged <= persisted.min(index), "purged {purged}, persisted {persisted}, snapshot {index}");
}
