//! One run: a plan, a cluster that goes through it, a verdict.
//!
//! Invariant: one thread, no clock but virtual time, no chance but the seed: the same seed and plan give the same
//! trace, in any process and on any machine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tally::command::{Command, Item, Principal};
use tokio::runtime::{Builder, RngSeed};

use super::complaints::Complaints;
use super::country;
use super::history::Counts;
use super::moment::{self, now_ms, sleep_ms};
use super::nemesis::Plan;
use super::node::{LEVEL_OLD, Node, member};
use super::observe::{self, look_around};
use super::plant::Plant;
use super::readings;
use super::releases::raise_level;
use super::stream::locked;
use super::strike::carry_out;
use super::workload::{self, insist};
use super::world::World;
use crate::judges::acknowledged::{self, Place, Written};
use crate::judges::linearizability::{Verdict, check};
use crate::judges::{exactly_once, liveness};

/// Steps of the search for an order, for each station.
const STEPS_MAX: u64 = 5_000_000;
/// Fewer acknowledged writes or linearizable reads than this prove nothing.
const ACKNOWLEDGED_MIN: u64 = 100;
const READS_MIN: u64 = 50;
/// The same for steps on forms that are read a second time.
const STEPS_MIN: u64 = 20;

/// What came out of a run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What each judge has against the cluster.
    pub complaints: Vec<(&'static str, String)>,
    /// Why the run proves too little, if it does.
    pub too_little: Vec<String>,
    /// Why there was no run.
    pub harness: Option<String>,
    /// Hash of all that happened.
    pub trace: u64,
    /// How many events it covers.
    pub events: u64,
    /// Virtual time that passed.
    pub virtual_ms: u64,
    /// How long it took to write again after the end of all faults, and until all had caught up.
    pub healed_ms: (Option<u64>, Option<u64>),
    /// Faults by kind.
    pub struck: BTreeMap<&'static str, u64>,
    /// Numbers by name.
    pub numbers: BTreeMap<&'static str, u64>,
}

/// Runs a plan, with a fault planted or none. What is wrong is among `complaints` as soon as it is seen.
pub(super) fn run(plan: &Plan, plant: Option<Plant>, complaints: &Complaints) -> Summary {
    let seed = RngSeed::from_bytes(&plan.seed.to_be_bytes());
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).rng_seed(seed).build();
    match runtime {
        Ok(runtime) => runtime.block_on(play(plan.clone(), plant, complaints.clone())),
        Err(error) => Summary { harness: Some(error.to_string()), ..Summary::default() },
    }
}

async fn play(plan: Plan, plant: Option<Plant>, complaints: Complaints) -> Summary {
    moment::begin();
    let world = World::new(plan.seed, plant, complaints);
    world.network.set_quality(plan.latency_ms, plan.loss_percent);
    if let Err(error) = found(&world, &plan).await {
        let complaints = world.complaints.list();
        return Summary { harness: Some(error), complaints, ..Summary::default() };
    }
    drop(tokio::spawn(observe::observe(Arc::clone(&world))));
    drop(tokio::spawn(Arc::clone(&world).look_after()));
    let clients = workload::start(&world);
    let struck = carry_out(Arc::clone(&world), plan).await;
    let healed_ms = heal(&world).await;
    world.finish();
    for client in clients {
        // None waits longer than its patience.
        drop(tokio::time::timeout(Duration::from_secs(30), client).await);
    }
    // Once more without power: what lives in memory only is gone now.
    let ids = world.ids();
    for id in &ids {
        world.keep_down(*id, true);
    }
    sleep_ms(100).await;
    for id in ids {
        world.let_up(id).await;
    }
    let caught_up = caught_up(&world, 30_000).await;
    if caught_up.is_none() {
        world.complain("liveness", "not all nodes came back from the last loss of power");
    }
    // All of them started the new release.
    if !raise_level(&world, now_ms().saturating_add(liveness::CATCH_UP_MS_MAX)).await {
        world.complain("level", "all run the new release, and its level is not raised");
    }
    look_around(&world, true);
    let open = judge(&world);
    summary(&world, struck, healed_ms, open)
}

/// Starts nodes, makes them a cluster and makes the country.
async fn found(world: &Arc<World>, plan: &Plan) -> Result<(), String> {
    for id in 1..=plan.nodes {
        world.add_site(id);
        if let Some(site) = world.site(id).filter(|_| plan.outdated.contains(&id)) {
            site.install(LEVEL_OLD);
        }
        world.start(id).await;
    }
    let first = world.node(1).ok_or("node 1 does not start")?;
    let members = (1..=plan.nodes).map(member).collect();
    let made =
        first.call(|cluster| async move { cluster.initialize(members, "Uji".into(), Vec::new()).await });
    made.await.ok_or("node 1 ended")?.map_err(|error| error.to_string())?;
    for (number, (principal, command)) in country::founding().into_iter().enumerate() {
        let key = u64::MAX.saturating_sub(u64::try_from(number).unwrap_or_default());
        let answer =
            insist(world, principal, &country::keyed(key, command), now_ms().saturating_add(10_000)).await;
        let outcome = answer.ok_or("the country was not made")?.outcome;
        if let tally::outcome::Outcome::Refused(refusal) = outcome {
            return Err(format!("the country was refused: {refusal:?}"));
        }
    }
    Ok(())
}

/// Ends all faults; answers how long it took to write again and until all had caught up.
async fn heal(world: &Arc<World>) -> (Option<u64>, Option<u64>) {
    world.heal().await;
    let begun_ms = now_ms();
    let give_up_ms = begun_ms.saturating_add(liveness::CATCH_UP_MS_MAX);
    let item = Item { request: None, command: Command::AllocateNode };
    let written = insist(world, Principal::Operator, &item, give_up_ms).await;
    let written_ms = written.map(|_| now_ms().saturating_sub(begun_ms));
    let caught_up_ms = caught_up(world, liveness::CATCH_UP_MS_MAX).await;
    if let Some(complaint) = liveness::judge(written_ms, caught_up_ms) {
        world.complain("liveness", &complaint);
    }
    (written_ms, caught_up_ms)
}

/// The nodes that are members, as the leader knows them.
fn members(world: &World) -> Option<Vec<(u64, Node)>> {
    let leader = world.node(world.leader()?)?;
    let known = leader.cluster.status().members;
    known.iter().map(|status| status.member.id.0).map(|id| Some((id, world.node(id)?))).collect()
}

/// Waits until all members run and have applied what the leader had when the wait began, or later.
async fn caught_up(world: &World, patience_ms: u64) -> Option<u64> {
    let begun_ms = now_ms();
    let mut wanted = None;
    while now_ms() < begun_ms.saturating_add(patience_ms) {
        sleep_ms(20).await;
        let leader = world.leader().and_then(|id| world.node(id));
        wanted = wanted.or_else(|| leader.map(|leader| leader.cluster.status().last_index));
        let reached = |node: &Node| Some(*node.cluster.applied().borrow()) >= wanted;
        let all = members(world).is_some_and(|members| members.iter().all(|(_, node)| reached(node)));
        if all && wanted.is_some() {
            return Some(now_ms().saturating_sub(begun_ms));
        }
    }
    None
}

/// All writes that a node holds, in the order of their places, with the value of each.
fn held(node: &Node) -> Result<Vec<(Place, Written)>, String> {
    let view = node.cluster.view();
    let contest = country::contest().ok_or("no contest")?;
    let mut found = Vec::new();
    for at in 0..country::STATIONS {
        let station = country::station(at).ok_or("no station")?;
        for event in view.events(&contest, station).map_err(|error| error.to_string())? {
            let Some(form) = &event.form else { continue };
            let written = Written { value: country::number_of(form), index: event.index };
            found.push(((at, event.revision), written));
        }
    }
    Ok(found)
}

/// Everything that is judged at the end. Answers how many stations stayed undecided.
fn judge(world: &World) -> usize {
    let history = locked(&world.history);
    let asked = members(world);
    if asked.is_none() {
        world.complain("acknowledged", "in the end no leader names members that all run: nobody was asked");
    }
    for (id, node) in asked.unwrap_or_default() {
        match held(&node) {
            Ok(writes) => {
                let effects: Vec<_> = writes.iter().map(|(place, written)| (*place, written.value)).collect();
                let places = writes.into_iter().collect();
                let lost = acknowledged::judge(id, &history.acknowledged, &places);
                if let Some(lost) = lost {
                    world.complain("acknowledged", &lost);
                }
                let twice = exactly_once::judge(&history.sent, &effects);
                if let Some(twice) = twice {
                    world.complain("exactly-once", &format!("node {id}: {twice}"));
                }
            }
            Err(error) => world.complain("acknowledged", &format!("node {id} cannot be read: {error}")),
        }
        if let Some(complaint) = readings::judge_node(id, &node.cluster.view(), &history.steps) {
            world.complain("readings", &complaint);
        }
        match node.cluster.machine().recompute_hash() {
            Ok(found) if found == node.cluster.machine().state_hash() => {}
            found => world
                .complain("equality", &format!("the rows of node {id} do not sum up to its hash: {found:?}")),
        }
    }
    let mut open = 0_usize;
    for (station, operations) in &history.operations {
        match check(operations, STEPS_MAX) {
            Verdict::Linearizable => {}
            Verdict::Open => open = open.saturating_add(1),
            Verdict::Violated(place) => {
                let (at, count) = (operations.get(place), operations.len());
                let said = format!("station {station}: {count} operations have no order; stuck at {at:?}");
                world.complain("linearizability", &said);
            }
        }
    }
    open
}

fn summary(
    world: &World,
    struck: BTreeMap<&'static str, u64>,
    healed_ms: (Option<u64>, Option<u64>),
    open: usize,
) -> Summary {
    let history = locked(&world.history);
    let Counts { acknowledged, stale, unknown, retried, reads, session_reads, failed_reads, steps } =
        history.counts;
    let mut too_little = Vec::new();
    if acknowledged < ACKNOWLEDGED_MIN {
        too_little.push(format!("{acknowledged} acknowledged writes, {ACKNOWLEDGED_MIN} are needed"));
    }
    if reads < READS_MIN {
        too_little.push(format!("{reads} linearizable reads, {READS_MIN} are needed"));
    }
    if steps < STEPS_MIN {
        too_little.push(format!("{steps} steps on forms, {STEPS_MIN} are needed"));
    }
    if open > 0 {
        too_little.push(format!("{open} stations are undecided after {STEPS_MAX} steps"));
    }
    let watch = locked(&world.watch);
    let (terms, entries, states) = watch.seen();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let numbers = BTreeMap::from([
        ("acknowledged", acknowledged),
        ("stale", stale),
        ("unknown", unknown),
        ("retried", retried),
        ("linearizable-reads", reads),
        ("session-reads", session_reads),
        ("failed-reads", failed_reads),
        ("steps", steps),
        ("terms", count(terms)),
        ("entries", count(entries)),
        ("states", count(states)),
        ("installs", watch.installs),
    ]);
    let (trace, events) = world.trace.sum();
    let (complaints, virtual_ms) = (world.complaints.list(), now_ms());
    Summary { complaints, too_little, harness: None, trace, events, virtual_ms, healed_ms, struck, numbers }
}
