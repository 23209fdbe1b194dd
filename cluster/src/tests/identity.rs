//! Who is listened to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use store::MemoryEngine;
use tally::ids::NodeId;

use super::harness::{CLUSTER, Pipes, World, incarnation, member, until};
use crate::dial::{PeerIdentity, Purpose};
use crate::rpc::connection::PeerError;
use crate::rpc::identity::Myself;
use crate::rpc::peers::Peers;
use crate::rpc::{server, wire};
use crate::{Dial, Member};

const DEADLINE: Duration = Duration::from_secs(5);

/// Calls a node as somebody and gives the refusal, if any.
async fn call_as(
    world: &World<store::MemoryDisk>,
    myself: Myself,
    certificate: PeerIdentity,
    to: Member,
    path: &'static str,
) -> Result<(), String> {
    let pipes: Pipes<MemoryEngine> = Pipes { hub: Arc::clone(&world.hub), from: certificate };
    let dial: Arc<dyn Dial> = Arc::new(pipes);
    let link = Peers::new(myself, dial).link(&to, Purpose::Control);
    let frame = if path == server::HELLO {
        wire::query::encode_hello_request()
    } else {
        let vote = crate::types::raft_vote(store::Vote { term: 1, node: 3, committed: false });
        wire::vote::encode_request(&openraft::raft::VoteRequest::new(vote, None))
    };
    match link.call(path, frame, DEADLINE).await {
        Ok(_) => Ok(()),
        Err(PeerError::Refused(why)) => Err(why),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_members_as_the_membership_knows_them_are_listened_to() {
    let world = World::of(3).await;
    world.agree().await;
    let honest =
        Myself { cluster: CLUSTER, epoch: 1, node: NodeId(3), incarnation: incarnation(3), edge: false };
    let certificate = PeerIdentity { cluster: CLUSTER, node: NodeId(3), edge: false };
    assert_eq!(call_as(&world, honest, certificate, member(1), server::HELLO).await, Ok(()));

    let refused = |myself, certificate, to: Member, path| {
        let world = &world;
        async move { call_as(world, myself, certificate, to, path).await.unwrap_err() }
    };
    let wiped = Myself { incarnation: [0xee; 16], ..honest };
    let why = refused(wiped, certificate, member(1), server::PRE_VOTE).await;
    assert!(why.contains("incarnation"), "{why}");
    let other_receiver = Member { incarnation: [0xee; 16], ..member(1) };
    let why = refused(honest, certificate, other_receiver, server::HELLO).await;
    assert!(why.contains("incarnation"), "{why}");
    let why = refused(Myself { epoch: 0, ..honest }, certificate, member(1), server::HELLO).await;
    assert!(why.contains("epoch 0"), "{why}");
    assert_eq!(world.node(1).failure(), None);
    let why = refused(Myself { cluster: [1; 16], ..honest }, certificate, member(1), server::HELLO).await;
    assert!(why.contains("another cluster"), "{why}");
    let stolen = PeerIdentity { node: NodeId(2), ..certificate };
    let why = refused(honest, stolen, member(1), server::HELLO).await;
    assert!(why.contains("certificate is of node 2"), "{why}");
    let edge = Myself { edge: true, ..honest };
    let edge_certificate = PeerIdentity { edge: true, ..certificate };
    assert_eq!(call_as(&world, edge, edge_certificate, member(1), server::HELLO).await, Ok(()));
    let why = refused(edge, edge_certificate, member(1), server::PRE_VOTE).await;
    assert!(why.contains("edge"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_node_cannot_come_back_under_its_number() {
    let mut world = World::of(3).await;
    world.agree().await;
    let wiped = world.follower().await;
    world.kill(wiped).await;
    world.add_disk(wiped, store::MemoryDisk::new());
    let settings = crate::Settings { incarnation: [0xee; 16], ..super::harness::settings(wiped) };
    let node = world.start(settings).await;
    // The others go on and the wiped one never learns a thing.
    let leader = world.node(world.leader_of_others(wiped).await);
    for _ in 0..5 {
        super::harness::write(&leader, world.item()).await;
    }
    assert_eq!((node.leader(), *node.applied().borrow()), (None, 0));
    let membership: BTreeMap<_, _> =
        node.status().members.into_iter().map(|status| (status.member.id, status.role)).collect();
    assert!(membership.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_history_was_abandoned_ends_whoever_of_both_calls() {
    let world = World::of(3).await;
    world.agree().await;
    let later =
        Myself { cluster: CLUSTER, epoch: 2, node: NodeId(3), incarnation: incarnation(3), edge: false };
    let certificate = PeerIdentity { cluster: CLUSTER, node: NodeId(3), edge: false };
    // Neither one that may not vote nor one that says another number ends anybody.
    let reader = PeerIdentity { edge: true, ..certificate };
    let other = PeerIdentity { node: NodeId(2), ..certificate };
    for (myself, certificate) in [(Myself { edge: true, ..later }, reader), (later, other)] {
        let why = call_as(&world, myself, certificate, member(1), server::HELLO).await.unwrap_err();
        assert!(why.contains("epoch 2"), "{why}");
    }
    assert_eq!(world.node(1).overtaken(), None);
    let why = call_as(&world, later, certificate, member(1), server::HELLO).await.unwrap_err();
    assert!(why.contains("epoch 2"), "{why}");
    let overtaken = world.node(1);
    until("it ends", || overtaken.failure().is_some_and(|why| why.contains("epoch 2"))).await;

    let pipes: Pipes<MemoryEngine> = Pipes { hub: Arc::clone(&world.hub), from: certificate };
    let earlier = Peers::new(Myself { epoch: 0, ..later }, Arc::new(pipes));
    let asked = crate::greeting::ask_who(&earlier.link(&member(2), Purpose::Control)).await;
    assert!(matches!(asked, Err(PeerError::Refused(_))), "{asked:?}");
    assert_eq!(earlier.newest_epoch().after(0), Some(1));
    assert_eq!(world.node(2).failure(), None);
}
