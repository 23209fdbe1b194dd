//! Carries a plan out: begins each fault, and ends it.
//!
//! Invariant: what a fault changed is as before when it is over, unless the fault is about something that stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tally::command::{Command, Item, Principal};
use tally::ids::NodeId;
use tally::outcome::Outcome;

use super::moment::{now_ms, sleep_ms, until_ms};
use super::nemesis::{Fault, Plan, Step, Who};
use super::node::{Node, Site, member};
use super::releases;
use super::trace::Kind;
use super::workload::insist;
use super::world::World;
use crate::chance::Chance;

type Ways = BTreeSet<(u64, u64)>;

/// Faults that struck, by kind.
pub(super) type Struck = BTreeMap<&'static str, u64>;

/// Of a hundred tasks that go on after a pause so many do so a millisecond later than the one before.
const STUMBLE_PERCENT: u64 = 40;
/// More nodes than this make no other case.
const NODES_MAX: usize = 6;
/// An operator asks so long for a change of members.
pub(super) const OPERATOR_MS: u64 = 8_000;

/// Strikes as planned; returns when the last fault is over.
pub(super) async fn carry_out(world: Arc<World>, plan: Plan) -> Struck {
    let mut struck = Struck::new();
    let mut faults = Vec::new();
    let operator = Arc::new(tokio::sync::Mutex::new(()));
    for (number, Step { at_ms, fault }) in plan.steps.iter().copied().enumerate() {
        until_ms(at_ms).await;
        let seed = world.seed ^ u64::try_from(number).unwrap_or_default();
        let chance = Chance::of(seed, 9_000);
        world.trace.add(Kind::Fault, &[3, at_ms]);
        let count = struck.entry(fault.kind()).or_default();
        *count = count.saturating_add(1);
        let (world, operator) = (Arc::clone(&world), Arc::clone(&operator));
        faults.push(tokio::spawn(async move { strike(&world, fault, chance, &operator).await }));
    }
    until_ms(plan.end_ms).await;
    for fault in faults {
        // Operators give up by themselves; the rest ended long ago.
        drop(tokio::time::timeout(Duration::from_millis(OPERATOR_MS.saturating_mul(2)), fault).await);
    }
    struck
}

pub(super) fn target(world: &World, who: Who) -> Option<u64> {
    let leader = world.leader();
    match who {
        Who::Leader => leader,
        Who::Follower(place) => {
            let others: Vec<u64> =
                world.nodes().into_iter().map(|(id, _)| id).filter(|id| Some(*id) != leader).collect();
            let count = u64::try_from(others.len()).unwrap_or_default();
            others.get(usize::try_from(place.checked_rem(count)?).ok()?).copied()
        }
    }
}

#[expect(clippy::cognitive_complexity, reason = "one arm for each fault")]
async fn strike(world: &Arc<World>, fault: Fault, chance: Chance, operator: &tokio::sync::Mutex<()>) {
    match fault {
        Fault::Kill(who, down_ms) => down(world, who, down_ms, false).await,
        Fault::Power(who, down_ms) => down(world, who, down_ms, true).await,
        Fault::PowerAll(down_ms) => all_down(world, down_ms, chance).await,
        Fault::Pause(who, during_ms) => pause(world, who, during_ms, chance).await,
        Fault::Isolate(who, during_ms) => surround(world, who, (true, true), during_ms).await,
        Fault::Mute(who, during_ms) => surround(world, who, (true, false), during_ms).await,
        Fault::Deafen(who, during_ms) => surround(world, who, (false, true), during_ms).await,
        Fault::Bridge(during_ms) => cut(world, bridge(world, chance), during_ms).await,
        Fault::Ring(during_ms) => cut(world, ring(world, chance), during_ms).await,
        Fault::Flap(who, during_ms) => flap(world, who, during_ms).await,
        Fault::Weather(latency_ms, loss_percent, during_ms) => {
            world.network.set_quality(latency_ms, loss_percent);
            sleep_ms(during_ms).await;
            world.network.set_quality(2, 0);
        }
        Fault::Reset => world.network.reset_all(),
        Fault::HandOver => hand_over(world, chance).await,
        Fault::Snapshot(who) => {
            if let Some(node) = target(world, who).and_then(|id| world.node(id)) {
                // It may be killed meanwhile.
                asked(&node, |cluster| async move { cluster.snapshot().await.is_ok() }).await;
            }
        }
        Fault::Join => {
            let _turn = operator.lock().await;
            join(world).await;
        }
        Fault::Leave(who) => {
            let _turn = operator.lock().await;
            leave(world, who).await;
        }
        Fault::RaiseLevel => {
            // Once: where some run the old release it must be refused.
            releases::raise_level(world, 0).await;
        }
        Fault::RollOut => {
            let _turn = operator.lock().await;
            releases::roll_out(world).await;
        }
        Fault::GoBack(who, during_ms) => releases::go_back(world, who, during_ms).await,
        Fault::SlowDisk(who, flush_ms, during_ms) => {
            let slow = |site: &Site| site.disk.set_flush_ms(flush_ms);
            machine(world, who, during_ms, slow, |site| site.disk.set_flush_ms(2)).await;
        }
        Fault::Hang(who, during_ms) => {
            let hang = |site: &Site| site.disk.set_hangs(true);
            machine(world, who, during_ms, hang, |site| site.disk.set_hangs(false)).await;
        }
        Fault::FailedFlush(who) => {
            let fail = |site: &Site| {
                world.excuse(site.id);
                site.disk.fail_next();
            };
            machine(world, who, 0, fail, |_| ()).await;
        }
        Fault::Full(who, percent, during_ms) => {
            let fill = |site: &Site| site.disk.set_free_percent(percent);
            machine(world, who, during_ms, fill, |site| site.disk.set_roomy()).await;
        }
        Fault::Clock(who, by_ms, during_ms) => {
            let jump = |site: &Site| site.clock.jump_ms(by_ms);
            machine(world, who, during_ms, jump, |site| site.clock.set_right()).await;
        }
    }
}

/// A fault of a node's disk or clock: how it begins, and how it ends.
async fn machine(world: &World, who: Who, during_ms: u64, begin: impl Fn(&Site), end: impl Fn(&Site)) {
    let Some(site) = target(world, who).and_then(|id| world.site(id)) else { return };
    begin(&site);
    sleep_ms(during_ms).await;
    end(&site);
}

async fn down(world: &World, who: Who, down_ms: u64, silently: bool) {
    let Some(id) = target(world, who) else { return };
    world.keep_down(id, silently);
    sleep_ms(down_ms).await;
    world.let_up(id).await;
}

async fn all_down(world: &Arc<World>, down_ms: u64, mut chance: Chance) {
    let mut ids = world.ids();
    for id in &ids {
        world.keep_down(*id, true);
    }
    chance.shuffle(&mut ids);
    for id in ids {
        sleep_ms(chance.between(1, down_ms)).await;
        world.let_up(id).await;
    }
}

/// Its tasks go on in any order and not all at once, as threads do.
async fn pause(world: &World, who: Who, during_ms: u64, mut chance: Chance) {
    let Some(node) = target(world, who).and_then(|id| world.node(id)) else { return };
    node.process.pause();
    sleep_ms(during_ms).await;
    let mut parked = node.process.resume_parked();
    chance.shuffle(&mut parked);
    for task in parked {
        if chance.percent(STUMBLE_PERCENT) {
            sleep_ms(1).await;
        }
        task.wake();
    }
}

/// All ways out of a node, into it, or both.
fn around(world: &World, id: u64, out: bool, into: bool) -> Ways {
    let others = world.ids().into_iter().filter(|other| *other != id);
    others
        .flat_map(|other| [(out, (id, other)), (into, (other, id))])
        .filter_map(|(wanted, way)| wanted.then_some(way))
        .collect()
}

async fn cut(world: &World, ways: Ways, during_ms: u64) {
    world.network.cut(&ways);
    sleep_ms(during_ms).await;
    world.network.heal(&ways);
}

/// Cuts the ways out of a node, into it, or both.
async fn surround(world: &World, who: Who, (out, into): (bool, bool), during_ms: u64) {
    let ways = target(world, who).map(|id| around(world, id, out, into));
    cut(world, ways.unwrap_or_default(), during_ms).await;
}

/// All nodes but one in two halves that do not hear each other.
fn bridge(world: &World, mut chance: Chance) -> Ways {
    let mut ids = world.ids();
    chance.shuffle(&mut ids);
    let others: Vec<u64> = ids.into_iter().skip(1).collect();
    let (one, two) = others.split_at(others.len().div_euclid(2));
    one.iter().flat_map(|one| two.iter().flat_map(move |two| [(*one, *two), (*two, *one)])).collect()
}

/// Each hears only the one before and the one after.
fn ring(world: &World, mut chance: Chance) -> Ways {
    let mut ids = world.ids();
    chance.shuffle(&mut ids);
    let count = ids.len();
    let mut ways = Ways::new();
    for (place, one) in ids.iter().enumerate() {
        for (other_place, two) in ids.iter().enumerate() {
            let apart = place.abs_diff(other_place);
            if apart > 1 && apart.saturating_add(1) < count {
                ways.insert((*one, *two));
            }
        }
    }
    if ways.is_empty() {
        // Three are a ring already: one way of it goes.
        let mut pair = ids.iter().copied();
        ways.extend(pair.next().zip(pair.next()));
    }
    ways
}

async fn flap(world: &World, who: Who, during_ms: u64) {
    let Some(id) = target(world, who) else { return };
    let ways = around(world, id, true, true);
    let end_ms = now_ms().saturating_add(during_ms);
    while now_ms() < end_ms {
        cut(world, ways.clone(), 200).await;
        sleep_ms(200).await;
    }
}

/// Asks a node for something that takes its time.
pub(super) async fn asked<T, F>(
    node: &Node,
    work: impl FnOnce(cluster::Cluster<store::MemoryEngine>) -> F,
) -> Option<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    tokio::time::timeout(Duration::from_millis(OPERATOR_MS), node.call(work)).await.ok().flatten()
}

async fn hand_over(world: &World, mut chance: Chance) {
    let nodes = world.nodes();
    let Some((_, node)) = nodes.get(chance.place(nodes.len())) else { return };
    // To the best one, or to anybody: a refusal is an answer too.
    let to =
        if chance.coin() { None } else { nodes.get(chance.place(nodes.len())).map(|(id, _)| NodeId(*id)) };
    asked(node, move |cluster| async move { cluster.transfer(to).await.is_ok() }).await;
}

async fn join(world: &World) {
    if world.ids().len() >= NODES_MAX {
        return;
    }
    let give_up_ms = now_ms().saturating_add(OPERATOR_MS);
    let item = Item { request: None, command: Command::AllocateNode };
    let answer = insist(world, Principal::Operator, &item, give_up_ms).await;
    let Some(Outcome::NodeAllocated(id)) = answer.map(|answer| answer.outcome) else { return };
    world.add_site(id.0);
    world.start(id.0).await;
    while now_ms() < give_up_ms {
        sleep_ms(100).await;
        let Some(node) = world.leader().and_then(|leader| world.node(leader)) else { continue };
        let added =
            asked(&node, move |cluster| async move { cluster.add_member(member(id.0)).await.is_ok() });
        if added.await == Some(true) {
            let promoted = asked(&node, move |cluster| async move { cluster.promote(id).await.is_ok() });
            if promoted.await == Some(true) {
                return;
            }
        }
    }
}

async fn leave(world: &World, who: Who) {
    let Some(id) = target(world, who) else { return };
    if world.ids().len() <= 3 {
        return;
    }
    let give_up_ms = now_ms().saturating_add(OPERATOR_MS);
    while now_ms() < give_up_ms {
        sleep_ms(100).await;
        let Some(node) = world.leader().and_then(|leader| world.node(leader)) else { continue };
        let removing =
            asked(&node, move |cluster| async move { cluster.remove(NodeId(id), false).await.is_ok() });
        if removing.await == Some(true) {
            // A voter becomes no member at all, or asking again says that it is none.
            sleep_ms(500).await;
            world.remove_site(id);
            return;
        }
    }
}
