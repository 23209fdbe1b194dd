//! Writes and reads, through every node, with nodes going and coming.

use std::collections::BTreeMap;
use std::time::Duration;

use store::{MemoryDisk, RocksDisk};
use tally::account::{Role, Scope};
use tally::command::{AccountDefinition, Command, Item, NewCredential, Principal};

use super::harness::{PATIENCE, World, item_with_key, member, number, numbers, settings, until, write};
use crate::timers::Timers;
use crate::{Cluster, ProposeError, ReadError, ReadMode, Settings, runtime};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_takes_writes_and_all_agree() {
    let world = World::of(3).await;
    for id in [1, 2, 3, 1, 2, 3] {
        let answer = write(&world.node(id), world.item()).await;
        assert!(!answer.replay);
    }
    world.agree().await;
    let ledger = world.node(1).view().ledger().unwrap();
    assert_eq!((ledger.name.as_str(), ledger.epoch, ledger.next_node.0), ("Uji", 1, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_has_one_effect_also_after_the_leader_died() {
    let world = World::of(3).await;
    let first = write(&world.node(1), item_with_key(77)).await;
    for id in [1, 2, 3] {
        let again = write(&world.node(id), item_with_key(77)).await;
        assert_eq!((again.replay, &again.outcome), (true, &first.outcome));
    }
    let leader = world.leader().await;
    world.kill(leader).await;
    let survivor = world.all().remove(0);
    let again = write(&survivor, item_with_key(77)).await;
    assert_eq!((again.replay, &again.outcome), (true, &first.outcome));
    assert_eq!(number(&write(&survivor, world.item()).await), number(&first) + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_under_way_survive_the_leader() {
    let world = World::of(3).await;
    let leader = world.leader().await;
    let follower = world.node(world.follower().await);
    let items: Vec<Item> = (0..200).map(|_| world.item()).collect();
    let writers = items.into_iter().map(|item| {
        let follower = follower.clone();
        tokio::spawn(async move { number(&write(&follower, item).await) })
    });
    let writers: Vec<_> = writers.collect();
    world.kill(leader).await;
    let mut given = Vec::new();
    for writer in writers {
        given.push(tokio::time::timeout(PATIENCE, writer).await.unwrap().unwrap());
    }
    given.sort_unstable();
    // 4 is the first free number; each was given out once, none twice, none lost.
    assert_eq!(given, (4..204).collect::<Vec<u64>>());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linearizable_read_anywhere_sees_every_earlier_write() {
    let world = World::of(3).await;
    for round in 0..20_u64 {
        let writer = world.node(round % 3 + 1);
        let given = number(&write(&writer, world.item()).await);
        for node in world.all() {
            let view = node.read(ReadMode::Linearizable, None).await.unwrap();
            assert!(view.ledger().unwrap().next_node.0 > given, "round {round}");
        }
    }
    // Many at once share rounds and all succeed.
    let node = world.node(world.follower().await);
    let reads = (0..200).map(|_| node.read(ReadMode::Linearizable, None));
    for view in futures_util::future::join_all(reads).await {
        view.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_majority_reads_and_writes_say_so() {
    let world = World::of(3).await;
    let node = world.node(1);
    until("a heartbeat was answered", || node.leader_age_ms() >= 0).await;
    assert!(node.read(ReadMode::Bounded { max_age_ms: 60_000 }, None).await.is_ok());
    let far = *node.applied().borrow() + 1_000_000;
    world.kill(2).await;
    world.kill(3).await;
    assert_eq!(node.read(ReadMode::Linearizable, None).await.err(), Some(ReadError::NoLeader));
    let old = node.read(ReadMode::Bounded { max_age_ms: 1_000 }, None).await.err().unwrap();
    assert!(matches!(old, ReadError::TooOld { age_ms } if age_ms > 1_000), "{old}");
    assert!(node.read(ReadMode::Local, Some(*node.applied().borrow())).await.is_ok());
    let behind = node.read(ReadMode::Local, Some(far)).await.err().unwrap();
    assert!(matches!(behind, ReadError::BehindIndex { wanted, .. } if wanted == far));
    let results = node.propose(Principal::System, vec![world.item()]).await;
    assert!(matches!(results[0], Err(ProposeError::NoLeader | ProposeError::Unknown)), "{results:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_further_away_than_the_next_heartbeat_keep_everybody_young() {
    let far = |id| Settings {
        timers: Timers { heartbeat_ms: 40, election_min_ms: 800, election_max_ms: 1_200 },
        ..settings(id)
    };
    let world = World::empty([1, 2, 3].map(|id| (id, MemoryDisk::new())).into());
    *world.hub.delay.lock().unwrap() = Duration::from_millis(60);
    for id in [1, 2, 3] {
        world.start(far(id)).await;
    }
    world.node(1).initialize([1, 2, 3].map(member).into(), "Uji".into(), Vec::new()).await.unwrap();
    let ages = || world.all().iter().map(Cluster::leader_age_ms).collect::<Vec<_>>();
    until("all have an age", || ages().iter().all(|age| *age >= 0)).await;
    let known = runtime::now();
    until("all have heard since", || {
        let since = i64::try_from(runtime::since(known).as_millis()).unwrap();
        ages().iter().all(|age| *age < since)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_are_split_and_answered_in_order_through_a_follower() {
    let world = World::of(3).await;
    let node = world.node(world.follower().await);
    let before = node.status().last_index;
    let items: Vec<Item> = (0..3_000).map(|_| world.item()).collect();
    let results = node.propose(Principal::System, items).await;
    assert_eq!(numbers(&results), (4..3_004).collect::<Vec<u64>>());
    let entries = world.node(world.leader().await).status().last_index - before;
    assert!(entries >= 2, "{entries} entries for 3,000 items");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_never_fits_is_told_apart() {
    let world = World::of(1).await;
    let account = AccountDefinition {
        username: "besar".into(),
        role: Role::SuperAdmin,
        scope: Scope::Region(tally::region::RegionCode::NATION),
        credential: NewCredential::Password("x".repeat(300 * 1024)),
        active: true,
    };
    let large = Item { request: None, command: Command::DefineAccounts(vec![account]) };
    let results = world.node(1).propose(Principal::System, vec![world.item(), large, world.item()]).await;
    assert!(results[0].is_ok());
    assert_eq!(results[1], Err(ProposeError::TooLarge));
    // What comes after it may build on it, so it is not tried.
    assert_eq!(results[2], Err(ProposeError::NoLeader));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_was_away_catches_up() {
    let world = World::of(3).await;
    let away = world.follower().await;
    let settings = world.node(away).settings().clone();
    world.kill(away).await;
    let leader = world.node(world.leader().await);
    for _ in 0..50 {
        write(&leader, world.item()).await;
    }
    let back = world.start(settings).await;
    back.wait_ready(PATIENCE).await.unwrap();
    world.agree().await;
    until("its age is known", || back.leader_age_ms() >= 0).await;
    until("its release is known", || {
        let status = leader.status();
        status.members.iter().all(|member| member.release.is_some() && member.reachable)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rocksdb_clusters_lose_nothing_over_a_restart_of_all() {
    let directories: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let disks: BTreeMap<u64, RocksDisk> =
        (1_u64..).zip(&directories).map(|(id, directory)| (id, RocksDisk::new(directory.path()))).collect();
    let world = World::on(disks).await;
    let mut last = 0;
    for id in [1, 2, 3] {
        last = number(&write(&world.node(id), world.item()).await);
    }
    for id in [1, 2, 3] {
        world.kill(id).await;
    }
    for id in [1, 2, 3] {
        world.start(settings(id)).await;
    }
    let node = world.node(2);
    node.wait_ready(PATIENCE).await.unwrap();
    assert_eq!(number(&write(&node, world.item()).await), last + 1);
    world.agree().await;
}
