//! Members that come and go, and leadership that is handed over.

use store::MemoryDisk;
use tally::command::Principal;
use tally::ids::NodeId;

use super::harness::{PATIENCE, World, item_with_key, member, number, settings, until, write};
use crate::{Member, MemberRole, OperateError, Role, Settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leadership_is_handed_over_with_writes_under_way() {
    let world = World::of(3).await;
    let mut key = 1_000;
    for _ in 0..3 {
        let leader = world.leader().await;
        let other = world.follower().await;
        let writer = world.node(other);
        let under_way = tokio::spawn(async move {
            for offset in 0..50 {
                write(&writer, item_with_key(key + offset)).await;
            }
        });
        key += 50;
        // Any node takes the wish; the leader carries it out.
        let now = world.node(other).transfer(Some(NodeId(other))).await.unwrap();
        assert_eq!(now, NodeId(other));
        under_way.await.unwrap();
        assert_ne!(world.leader().await, leader);
    }
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planned_stop_hands_over_first() {
    let world = World::of(3).await;
    let leader = world.leader().await;
    let node = world.node(leader);
    node.shutdown().await.unwrap();
    assert!(node.failure().is_some());
    let applied = node.machine().applied().id;
    assert_eq!(node.machine().persisted_applied(), applied);
    let survivor = world.all().into_iter().find(|node| node.settings().node.0 != leader).unwrap();
    assert_ne!(survivor.leader(), Some(NodeId(leader)));
    write(&survivor, world.item()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_is_added_promoted_and_removed() {
    let mut world = World::of(3).await;
    let follower = world.node(world.follower().await);
    let id = follower.allocate_node().await.unwrap().0;
    assert_eq!(id, 4);
    world.add_disk(id, MemoryDisk::new());
    let joined = world.start(settings(id)).await;
    follower.add_member(member(id)).await.unwrap();
    follower.add_member(member(id)).await.unwrap();
    let role = |node: &crate::Cluster<store::MemoryEngine>| {
        node.status().members.iter().find(|member| member.member.id.0 == id).map(|member| member.role)
    };
    until("it is a learner", || role(&joined) == Some(Role::Learner)).await;
    follower.promote(NodeId(id)).await.unwrap();
    until("it votes", || role(&joined) == Some(Role::Voter)).await;
    joined.wait_ready(PATIENCE).await.unwrap();
    write(&joined, world.item()).await;
    world.agree().await;
    follower.remove(NodeId(id), false).await.unwrap();
    until("it is gone", || role(&follower).is_none()).await;
    // Its number is used up, and numbers that were never given out are refused.
    assert_eq!(number(&write(&follower, world.item()).await), 6);
    let stranger = follower.add_member(member(99)).await.unwrap_err();
    assert!(matches!(stranger, OperateError::Precondition(_)), "{stranger}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_majority_does_not_live_is_refused() {
    let world = World::of(3).await;
    let leader = world.leader().await;
    let others: Vec<u64> = (1..=3).filter(|id| *id != leader).collect();
    world.kill(others[0]).await;
    let node = world.node(leader);
    until("the loss is noticed", || !node.alive().contains(&others[0])).await;
    // Without the living one, the dead one would be half of the rest.
    let refused = node.remove(NodeId(others[1]), true).await.unwrap_err();
    assert!(matches!(&refused, OperateError::Precondition(text) if text.contains("majority")), "{refused}");
    let refused = node.transfer(Some(NodeId(others[0]))).await.unwrap_err();
    assert!(matches!(refused, OperateError::Precondition(_)), "{refused}");
    let refused = node.remove(NodeId(others[0]), false).await.unwrap_err();
    assert!(matches!(&refused, OperateError::Precondition(text) if text.contains("replace")), "{refused}");
    node.remove(NodeId(others[0]), true).await.unwrap();
    write(&node, world.item()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_follows_reads_and_does_nothing_else() {
    let mut world = World::of(3).await;
    let leader = world.node(world.leader().await);
    let id = leader.allocate_node().await.unwrap().0;
    world.add_disk(id, MemoryDisk::new());
    let edge = world.start(Settings { edge: true, ..settings(id) }).await;
    leader.add_member(Member { role: MemberRole::Edge, ..member(id) }).await.unwrap();
    let given = number(&write(&leader, world.item()).await);
    until("it follows", || edge.view().ledger().unwrap().next_node.0 > given).await;
    let view = edge.read(crate::ReadMode::Linearizable, None).await.unwrap();
    assert!(view.ledger().unwrap().next_node.0 > given);
    let refused = leader.promote(NodeId(id)).await.unwrap_err();
    assert!(matches!(refused, OperateError::Precondition(_)), "{refused}");
    let results = edge.propose(Principal::System, vec![world.item()]).await;
    assert_eq!(results, [Err(crate::ProposeError::NoLeader)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_are_wrong_are_refused_and_change_nothing() {
    let world = World::of(3).await;
    let leader = world.leader().await;
    let others: Vec<NodeId> = (1..=3).filter(|id| *id != leader).map(NodeId).collect();
    let node = world.node(others[0].0);
    let before = node.status().members.len();
    let refusals = [
        (node.remove(NodeId(99), false).await, "never given out"),
        (node.replace(NodeId(99), others[0]).await, "never given out"),
        (node.replace(others[0], NodeId(99)).await, "not a member"),
        // It would only take the first one out.
        (node.replace(others[0], others[1]).await, "votes already"),
        (node.replace(others[0], others[0]).await, "itself"),
        (node.promote(NodeId(99)).await, "not a member"),
    ];
    for (refused, why) in refusals {
        assert!(
            matches!(&refused, Err(OperateError::Precondition(text)) if text.contains(why)),
            "{refused:?}"
        );
    }
    let voters = node.status().members.iter().filter(|member| member.role == Role::Voter).count();
    assert_eq!((before, voters), (3, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_goes_hands_over_first() {
    let mut world = World::of(4).await;
    let leader = world.leader().await;
    let term = world.node(leader).status().term;
    let other = world.node(world.follower().await);
    // Asked at the leader itself, whose answer comes after it is out.
    world.node(leader).remove(NodeId(leader), false).await.unwrap();
    until("it is gone", || !other.status().members.iter().any(|member| member.member.id.0 == leader)).await;
    assert_ne!(other.leader(), Some(NodeId(leader)));
    assert_eq!(other.status().term, term + 1, "a transfer, and no election after a silence");
    world.kill(leader).await;
    write(&other, world.item()).await;

    // The same where another takes its place.
    let leader = world.leader().await;
    let other = world.node(world.follower().await);
    let id = other.allocate_node().await.unwrap().0;
    world.add_disk(id, MemoryDisk::new());
    world.start(settings(id)).await;
    other.add_member(member(id)).await.unwrap();
    other.replace(NodeId(leader), NodeId(id)).await.unwrap();
    // Said again it changes nothing.
    other.replace(NodeId(leader), NodeId(id)).await.unwrap();
    assert!(!other.status().members.iter().any(|member| member.member.id.0 == leader));
    world.kill(leader).await;
    world.agree().await;
}
