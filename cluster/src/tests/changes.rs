//! A power loss before every durable step that a change of members takes, at the leader and at the node that comes or goes:
//! the cluster goes on, and the change is finished by asking for it once more.

use std::time::Duration;

use store::MemoryDisk;
use store::engine::Disk as _;
use tally::ids::NodeId;

use super::harness::{PATIENCE, World, member, settings, until, write};
use super::steps::{Death, StepDisk, StepEngine, Steps};
use crate::settings::Settings;
use crate::timers::Timers;
use crate::{Cluster, OperateError, Role, runtime};

type Disk = StepDisk<MemoryDisk>;
type Node = Cluster<StepEngine<MemoryDisk>>;

/// The power goes before each of so many steps of a change at least,
const STEPS_MIN: u64 = 5;
/// and of no more than so many: beyond them are steps that have nothing to do with the change.
const STEPS_MAX: u64 = 16;
/// Pause before an order that cannot be carried out now is given again.
const PAUSE: Duration = Duration::from_millis(20);

/// Who loses power.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Victim {
    Leader,
    Newcomer,
}

/// When the power went: before the order was answered, after it, or not at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Struck {
    Before,
    After,
    Never,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Order {
    Promote,
    Remove,
    Level(u32),
}

fn disk() -> Disk {
    StepDisk { inner: MemoryDisk::new(), steps: Steps::new(u64::MAX, Death::Errors) }
}

/// Quicker elections than other tests need: there are many.
fn quick(id: u64) -> Settings {
    let timers = Timers { heartbeat_ms: 50, election_min_ms: 250, election_max_ms: 400 };
    Settings { timers, ..settings(id) }
}

fn level_of(node: &Node) -> u32 {
    node.view().ledger().unwrap().level
}

async fn give(node: &Node, order: Order, id: u64) -> Result<(), OperateError> {
    match order {
        Order::Promote => node.promote(NodeId(id)).await,
        Order::Remove => node.remove(NodeId(id), false).await,
        Order::Level(level) => {
            let raised = node.raise_level(level).await.map(drop);
            // Asked again, it says that it is done.
            if level_of(node) == level { Ok(()) } else { raised }
        }
    }
}

/// Gives an order at living nodes until it is carried out. Only a reason to try again is a reason to.
async fn insist(world: &World<Disk>, order: Order, id: u64, what: &str) {
    let deadline = runtime::after(runtime::now(), PATIENCE);
    loop {
        // One that was taken out may run on and know nothing of it.
        let mut leader = None;
        until(what, || {
            leader = world.all().into_iter().find(Cluster::is_leader);
            leader.is_some()
        })
        .await;
        match give(&leader.unwrap(), order, id).await {
            Ok(()) => return,
            Err(OperateError::Unavailable(_)) if runtime::now() < deadline => runtime::sleep(PAUSE).await,
            // The rest has to notice first that the one that died is back.
            Err(OperateError::Precondition(text))
                if ["majority", "has not told", "has not caught up"].iter().any(|why| text.contains(why))
                    && runtime::now() < deadline =>
            {
                runtime::sleep(PAUSE).await;
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }
}

/// Gives an order and waits until the disk is without power, or nobody has anything left to do.
async fn strike(world: &World<Disk>, disk: &Disk, (asked, order, id): (&Node, Order, u64)) -> Struck {
    let mut no_power = std::pin::pin!(async {
        while !disk.steps.over() {
            runtime::sleep(Duration::from_millis(1)).await;
        }
    });
    tokio::select! {
        _ = give(asked, order, id) => {}
        () = no_power.as_mut() => {}
    }
    if disk.steps.over() {
        return Struck::Before;
    }
    if order == Order::Remove {
        return Struck::Never;
    }
    // A majority waits for no other: the victim may come to its steps when the order is answered already.
    tokio::select! {
        () = world.all_applied() => Struck::Never,
        () = no_power => Struck::After,
    }
}

/// Gives an order, takes the power from the victim before the step after `step` more, gives it back, and gives the order
/// again. Answers when the power went.
async fn interrupt(world: &World<Disk>, order: Order, id: u64, victim: Victim, step: u64) -> Struck {
    let what = format!("{order:?}, {victim:?} at step {step}");
    let leader = world.leader().await;
    let dies = if victim == Victim::Leader { leader } else { id };
    let disk = world.disk(dies);
    let asked = world.all().into_iter().find(|node| ![dies, leader].contains(&node.settings().node.0));
    let asked = asked.unwrap();
    disk.steps.arm(step);
    let struck = strike(world, &disk, (&asked, order, id)).await;
    // What the last answer did not wait for may still be on its way to the disk: it does not matter when that is lost.
    world.kill(dies).await;
    // Nothing of the dead may write once the power is back.
    until("the dead lets go of its data", || disk.inner.lock().unwrap().is_some()).await;
    disk.inner.crash();
    disk.steps.arm(u64::MAX);
    let gone = order == Order::Remove && dies == id;
    if !gone {
        world.start(quick(dies)).await;
    }
    insist(world, order, id, &what).await;
    let role = |node: &Node| {
        node.status().members.iter().find(|member| member.member.id.0 == id).map(|member| member.role)
    };
    let wanted = match order {
        Order::Promote => Some(Role::Voter),
        Order::Remove => None,
        Order::Level(_) => role(&asked),
    };
    if order == Order::Remove && !gone {
        world.kill(id).await;
    }
    until(&what, || world.all().iter().all(|node| role(node) == wanted)).await;
    if let Order::Level(level) = order {
        until(&what, || world.all().iter().all(|node| level_of(node) == level)).await;
    }
    let leader = world.leader().await;
    write(&world.node(leader), world.item()).await;
    world.agree().await;
    struck
}

/// A learner that follows.
async fn newcomer(world: &mut World<Disk>) -> u64 {
    let leader = world.node(world.leader().await);
    let id = leader.allocate_node().await.unwrap().0;
    world.add_disk(id, disk());
    let joined = world.start(quick(id)).await;
    leader.add_member(member(id)).await.unwrap();
    until("it follows", || joined.leader().is_some()).await;
    id
}

async fn at_every_step(victim: Victim) {
    let mut world = World::with((1..=3).map(|id| (id, disk())).collect(), quick).await;
    let (mut struck, mut struck_after) = (0_u64, 0_u64);
    for step in 0..STEPS_MAX {
        let (id, before) = (newcomer(&mut world).await, struck);
        let level = level_of(&world.node(world.leader().await)).saturating_add(1);
        for order in [Order::Promote, Order::Level(level), Order::Remove] {
            match interrupt(&world, order, id, victim, step).await {
                Struck::Before => struck += 1,
                Struck::After => struck_after += 1,
                Struck::Never => {}
            }
        }
        if step >= STEPS_MIN && struck == before {
            break;
        }
    }
    // What a leader answers it has on its disk before; a newcomer's first step comes when it comes.
    let enough = match victim {
        Victim::Leader => struck,
        Victim::Newcomer => struck + struck_after,
    };
    assert!(enough >= 2, "the power went {struck} times before an answer, {struck_after} after");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_dies_at_every_step_of_a_change() {
    at_every_step(Victim::Leader).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_dies_at_every_step_of_a_change() {
    at_every_step(Victim::Newcomer).await;
}
