//! People who read forms a second time and certify them, two steps at a time, on stations of their own.
//!
//! Invariant: each has an account and a session of their own; a step that is tried again carries the same key. What they
//! were told is judged in the end against the rows of every node.

use std::collections::BTreeMap;
use std::sync::Arc;

use store::{MemoryEngine, View};
use tally::command::{Command, Item, Principal};
use tally::outcome::Outcome;
use tally::region::Level as StoredLevel;

use super::country;
use super::history::Told as Fate;
use super::moment::{now_ms, now_us, sleep_ms};
use super::stream::locked;
use super::trace::Kind;
use super::workload::{next_value, propose};
use super::world::World;
use crate::chance::Chance;
use crate::judges::Complaint;
use crate::judges::readings::life::{Asked, Deed, Level, Role};
use crate::judges::readings::{Entry, Held, Step, Told, judge};
use crate::steps::takes;

/// Steps at once.
const WORKERS: u64 = 2;
/// Between two steps of a worker.
const PAUSE_MS: (u64, u64) = (20, 250);
/// Longest that anybody insists on a step.
const PATIENCE_MS: u64 = 8_000;
/// Of a hundred steps, so many are taken by just anybody.
const ANYBODY_PERCENT: u64 = 15;
/// Numbers of keys: beyond those of everybody else's values.
const KEYS_FIRST: u64 = 1 << 40;
const REASON: &str = "rapat pleno";

/// Starts the workers. They end with the run.
pub(super) fn start(world: &Arc<World>) -> Vec<tokio::task::JoinHandle<()>> {
    let worker = |number: u64| {
        let (world, chance) = (Arc::clone(world), Chance::of(world.seed, number.saturating_add(5_500)));
        tokio::spawn(work(world, number, chance))
    };
    (0..WORKERS).map(worker).collect()
}

async fn work(world: Arc<World>, number: u64, mut chance: Chance) {
    while !world.is_over() {
        sleep_ms(chance.between(PAUSE_MS.0, PAUSE_MS.1)).await;
        let station = country::READ_FIRST.saturating_add(chance.below(country::READ));
        let sheet = locked(&world.history).sheets.get(&station).cloned().unwrap_or_default();
        let serial = next_value();
        let deed = sheet.next(country::calm_number(serial), &mut chance);
        let anybody = chance.percent(ANYBODY_PERCENT);
        let people: Vec<(u64, Role)> = (1..)
            .zip(country::STAFF.iter().map(|(_, _, role)| *role))
            .filter(|(_, role)| anybody || takes(*role, deed))
            .collect();
        let Some((by, role)) = people.get(chance.place(people.len())).copied() else { return };
        let asked = Asked { by, role, seen: sheet.revision, deed };
        take(&world, (number, serial), (station, asked), &mut chance).await;
    }
}

async fn take(
    world: &Arc<World>,
    (worker, serial): (u64, u64),
    (station, asked): (u64, Asked),
    chance: &mut Chance,
) {
    let Some(command) = command(station, &asked) else { return };
    let item = country::keyed(KEYS_FIRST.saturating_add(serial), command);
    let called_us = now_us();
    let Some(told) = insist(world, country::person(asked.by), &item, chance).await else { return };
    let ended_us = now_us();
    let index = if let Told::Done { index, .. } = &told { *index } else { 0 };
    world.trace.add(Kind::Answered, &[worker, serial, index]);
    let mut history = locked(&world.history);
    let sheet = history.sheets.entry(station).or_default();
    match &told {
        Told::Done { state, revision, .. } => sheet.learn(&asked, state, *revision),
        Told::Refused(_) | Told::Unknown => {
            // Somebody else was faster, or may have been: any node may say what there is now.
            let (_, node) = world.nodes().into_iter().next().unzip();
            let held = node.and_then(|node| held(&node.cluster.view(), station).ok());
            if let Some(held) = held.filter(|held| held.revision >= sheet.revision) {
                (sheet.state, sheet.revision, sheet.value) = (held.state, held.revision, held.value);
            }
        }
    }
    history.counts.steps = history.counts.steps.saturating_add(1);
    history.steps.entry(station).or_default().push(Step { asked, called_us, ended_us, told });
}

/// Asks at one node after the other until somebody answers; `None` when it is certain that nothing was done.
async fn insist(world: &World, principal: Principal, item: &Item, chance: &mut Chance) -> Option<Told> {
    let give_up_ms = now_ms().saturating_add(chance.between(2_000, PATIENCE_MS));
    let mut perhaps = false;
    while now_ms() < give_up_ms && !world.is_over() {
        sleep_ms(chance.between(1, 3)).await;
        let nodes = world.nodes();
        let Some((_, node)) = nodes.get(chance.place(nodes.len())) else { continue };
        let patience_ms = chance.between(200, 2_500);
        match propose(node, principal, item.clone(), patience_ms).await {
            Ok(answer) => return Some(told(&answer.outcome)),
            Err(Fate::Unknown) => perhaps = true,
            Err(Fate::Nothing | Fate::Accepted { .. } | Fate::Stale { .. }) => {}
        }
    }
    perhaps.then_some(Told::Unknown)
}

fn told(outcome: &Outcome) -> Told {
    match outcome {
        Outcome::Tallied { receipt, state, .. } => {
            Told::Done { state: state.name().to_owned(), revision: receipt.revision, index: receipt.index }
        }
        Outcome::Refused(refusal) => Told::Refused(refusal.code().to_owned()),
        Outcome::Defined { .. }
        | Outcome::SessionOpened { .. }
        | Outcome::Done
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)
        | Outcome::Complained(_) => Told::Refused(format!("{outcome:?}")),
    }
}

fn command(at: u64, asked: &Asked) -> Option<Command> {
    let (contest, station, revision) = (country::contest()?, country::station(at)?, asked.seen);
    let reason = REASON.to_owned();
    Some(match asked.deed {
        Deed::Write { value, reason } => country::calm_submission(at, revision, (value, reason))?,
        Deed::Read { value } => {
            Command::Review { contest, station, revision, form: country::calm_form(value) }
        }
        Deed::Hold => Command::Hold { contest, station, revision, reason },
        Deed::Release => Command::Release { contest, station, revision, reason },
        Deed::Approve => Command::Approve { contest, station, revision, reason },
        Deed::Certify(level) => {
            let level = Some(match level {
                Level::Nation => StoredLevel::Nation,
                Level::Province => StoredLevel::Province,
                Level::Regency => StoredLevel::Regency,
                Level::District => StoredLevel::District,
            });
            Command::Certify { contest, station, revision, level, reason }
        }
    })
}

/// The form of a station with its history, as a node has it.
fn held(view: &View<MemoryEngine>, at: u64) -> Result<Held, String> {
    let contest = country::contest().ok_or("no contest")?;
    let station = country::station(at).ok_or("no station")?;
    let tally = view.tally(&contest, station).map_err(|error| error.to_string())?;
    let mut held = Held { state: "absent".to_owned(), ..Held::default() };
    if let Some(tally) = tally {
        (held.state, held.revision) = (tally.state.name().to_owned(), tally.revision);
        held.value = country::number_of(&tally.form);
    }
    let mut value = 0;
    for event in view.events(&contest, station).map_err(|error| error.to_string())? {
        value = event.form.as_ref().map_or(value, country::number_of);
        held.history.push(Entry {
            kind: event.kind.name().to_owned(),
            revision: event.revision,
            value,
            reading: event.reading.as_ref().map(country::number_of),
            level: event.level.map(|level| level.name().to_owned()),
            index: event.index,
        });
    }
    Ok(held)
}

/// Judges all steps against the rows of a node.
pub(super) fn judge_node(
    node: u64,
    view: &View<MemoryEngine>,
    steps: &BTreeMap<u64, Vec<Step>>,
) -> Option<Complaint> {
    let judged = |(station, steps): (&u64, &Vec<Step>)| {
        let complaint = match held(view, *station) {
            Ok(held) => judge(steps, &held, country::is_large_change),
            Err(error) => Some(error),
        };
        complaint.map(|said| format!("node {node}, station {station}: {said}"))
    };
    steps.iter().find_map(judged)
}
