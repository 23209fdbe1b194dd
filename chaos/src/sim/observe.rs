//! Looks at every node all the time and tells the judges.
//!
//! Invariant: looking changes nothing: only what a node keeps in memory and on its disk is read, from outside of its
//! process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use store::{LogEntry, MemoryEngine, Payload, View};
use tally::region::StationCode;

use super::country;
use super::moment::{now_us, sleep_ms};
use super::node::Node;
use super::plant::Plant;
use super::stream::locked;
use super::trace::{Kind, number_of};
use super::world::World;
use crate::judges::agreement::{Agreement, Seen};
use crate::judges::equality::States;
use crate::judges::level::Levels;
use crate::judges::sums::{self, Count};
use crate::judges::{Complaint, age};

const ROUND_MS: u64 = 20;
/// Sums, levels and ages are looked at in each so-many-th round.
const SLOW_ROUNDS: u64 = 25;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    agreement: Agreement,
    states: States,
    levels: Levels,
    /// Up to where the log of a node was compared.
    compared: BTreeMap<u64, u64>,
    led: BTreeSet<(u64, u64)>,
    applied: BTreeMap<u64, u64>,
    pub(super) installs: u64,
}

/// What two clocks with a grain of a millisecond may differ by.
const GRAIN_MS: u64 = 2;

type Found = Result<(), (&'static str, Complaint)>;

/// A complaint as an error of its judge.
fn judged(judge: &'static str, complaint: Option<Complaint>) -> Found {
    complaint.map_or(Ok(()), |complaint| Err((judge, complaint)))
}

fn seen(entry: &LogEntry) -> Seen {
    let hash = match &entry.payload {
        Payload::Blank => 0,
        Payload::Membership(bytes) | Payload::Proposal(bytes) => number_of(bytes),
    };
    Seen { term: entry.id.term, hash }
}

impl Watch {
    /// A node runs on what its disk kept: all of it is compared again.
    pub(super) fn restarted(&mut self, id: u64) {
        self.compared.remove(&id);
        self.applied.remove(&id);
    }

    /// Terms with a leader, entries committed, states compared.
    pub(super) fn seen(&self) -> (usize, usize, usize) {
        let (terms, entries) = self.agreement.seen();
        (terms, entries, self.states.len())
    }

    fn look(&mut self, id: u64, node: &Node) -> Found {
        let (log, machine) = (node.cluster.log(), node.cluster.machine());
        let applied = machine.state_hash();
        judged("equality", self.states.saw(id, applied.index, applied.hash))?;
        if let Some(why) = machine.quarantine() {
            return Err(("equality", format!("node {id} has set its state apart: {why}")));
        }
        let ends = log.state();
        let purged = ends.purged.map_or(0, |purged| purged.index);
        let last = ends.last.map_or(0, |last| last.index);
        if self.applied.insert(id, applied.index).is_some_and(|before| before < purged) {
            self.installs = self.installs.saturating_add(1);
        }
        let compared = self.compared.get(&id).copied().unwrap_or_default().max(purged);
        let entries = log.read(compared.saturating_add(1), last.saturating_add(1), usize::MAX);
        let entries = entries.map_err(|error| ("agreement", format!("the log of node {id}: {error}")))?;
        for entry in &entries {
            let index = entry.id.index;
            judged("agreement", self.agreement.entry(id, index, seen(entry)))?;
            if index <= applied.index {
                judged("agreement", self.agreement.committed(id, index, seen(entry)))?;
            }
        }
        self.look_at_vote(id, node, &entries, compared)?;
        self.compared.insert(id, applied.index.min(last).max(purged));
        Ok(())
    }

    fn look_at_vote(&mut self, id: u64, node: &Node, entries: &[LogEntry], compared: u64) -> Found {
        let Ok(Some(vote)) = node.cluster.log().vote() else { return Ok(()) };
        if !vote.committed {
            return Ok(());
        }
        judged("agreement", self.agreement.elected(id, vote.term, vote.node))?;
        if vote.node == id && self.led.insert((id, vote.term)) {
            let known = self.agreement.last_committed().map(|(_, seen)| seen.term);
            let has = |index: u64| {
                let found = entries.iter().find(|entry| entry.id.index == index);
                // What was compared before was found equal to what was committed.
                found.map(|entry| entry.id.term).or_else(|| known.filter(|_| index <= compared))
            };
            judged("agreement", self.agreement.leads(id, vote.term, has))?;
        }
        Ok(())
    }

    fn look_slowly(&mut self, id: u64, node: &Node) -> Found {
        let view = node.cluster.view();
        let ledger = view.ledger().map_err(|error| ("level", error.to_string()))?;
        judged("level", self.levels.saw(id, view.index(), ledger.level, ledger.log_time.0))?;
        let newest = node.cluster.machine().level_newest();
        let beyond = || format!("node {id} is at level {}, its release knows {newest}", ledger.level);
        judged("level", (ledger.level > newest).then(beyond))?;
        judged("sums", judge_sums(id, &view))?;
        for point in node.cluster.machine().hash_points().iter() {
            let point = point.hash_point();
            judged("equality", self.states.saw(id, point.index, point.hash))?;
        }
        Ok(())
    }
}

/// Compares the sums that a view shows with its forms.
pub(super) fn judge_sums(id: u64, view: &View<MemoryEngine>) -> Option<Complaint> {
    let contest = country::contest()?;
    let mut kept = BTreeMap::new();
    for region in country::regions() {
        match view.aggregate(&contest, region) {
            Ok(found) => {
                let found = found.filter(|found| found.reported > 0);
                kept.extend(
                    found.map(|sums| (region, Count { reported: sums.reported, totals: sums.totals })),
                );
            }
            Err(error) => return Some(format!("the sums of {region} on node {id}: {error}")),
        }
    }
    let mut stations: BTreeMap<StationCode, Count> = BTreeMap::new();
    for code in (0..country::ALL_STATIONS).filter_map(country::station) {
        match view.tally(&contest, code) {
            Ok(Some(tally)) => {
                let counted = tally.state.counted();
                let form = if counted { tally.form.clone() } else { tally::form::Form::default() };
                let mut totals = tally::aggregate::Totals::of(&form);
                totals.votes.resize(tally.form.votes.len(), 0);
                stations.insert(code, Count { reported: 1, totals });
            }
            Ok(None) => {}
            Err(error) => return Some(format!("the form of {code} on node {id}: {error}")),
        }
    }
    sums::judge(id, view.index(), &kept, &stations)
}

/// Looks until the end of the run.
pub(super) async fn observe(world: Arc<World>) {
    let mut round = 0_u64;
    loop {
        sleep_ms(ROUND_MS).await;
        round = round.saturating_add(1);
        look_around(&world, round.is_multiple_of(SLOW_ROUNDS));
    }
}

/// One look at all nodes that run.
pub(super) fn look_around(world: &World, thoroughly: bool) {
    for (id, node) in world.nodes() {
        let mut watch = locked(&world.watch);
        let mut found = watch.look(id, &node);
        if found.is_ok() && thoroughly {
            found = watch.look_slowly(id, &node);
        }
        drop(watch);
        let said_ms = match world.plant {
            Some(Plant::ForgottenAge) => node.cluster.leader_age_ms().min(0),
            _ => node.cluster.leader_age_ms(),
        };
        let shown = (node.cluster.machine().state_hash().index, said_ms);
        let asked_us = now_us().saturating_sub(GRAIN_MS.saturating_mul(1_000));
        let young = locked(&world.history).by_time.judge(id, shown, asked_us);
        found = found.and_then(|()| judged("age", young));
        let silent_ms = world.network.silent_ms(id).unwrap_or_default().saturating_sub(GRAIN_MS);
        found = found.and_then(|()| judged("age", age::judge(id, said_ms, silent_ms)));
        if let Err((judge, complaint)) = found {
            world.complain(judge, &complaint);
        }
        let hash = node.cluster.machine().state_hash();
        let half = u64::try_from(hash.hash >> 64).unwrap_or_default();
        world.trace.add(Kind::Seen, &[id, hash.index, half]);
    }
}
