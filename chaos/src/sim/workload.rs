//! Officers who write and readers who look, through whichever node answers.
//!
//! Invariant: a write that is tried again carries the same key, as long as no fault is planted; each value is sent
//! under one key. Every hop takes at least a millisecond, so that nobody can go round in circles in no time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cluster::{ProposeError, ReadMode};
use store::{MemoryEngine, View};
use tally::command::{Item, Principal};
use tally::outcome::{Answer, Outcome, Refusal};

use super::country::{self, OFFICER};
use super::history::{Told, Write};
use super::moment::{now_ms, now_us, sleep_ms};
use super::node::Node;
use super::plant::Plant;
use super::readings;
use super::stream::locked;
use super::trace::Kind;
use super::world::World;
use crate::chance::Chance;
use crate::judges::session::Session;

const OFFICERS: u64 = 5;
const READERS: u64 = 3;
const FOLLOWERS: u64 = 2;
/// Two stations are written by everybody, the others now and then.
const HOT: u64 = 2;
/// Longest a client asks for the same thing.
const PATIENCE_MS: u64 = 12_000;

/// A client.
struct Client {
    world: Arc<World>,
    number: u64,
    chance: Chance,
    session: Session,
    /// The node it talks to until that fails.
    node: Option<u64>,
}

/// Values, each used once; part of them make keys of retries when that fault is planted.
static VALUES: AtomicU64 = AtomicU64::new(1);

pub(super) fn next_value() -> u64 {
    VALUES.fetch_add(1, Ordering::Relaxed)
}

/// What a node says of a station: index, revision, value.
type Look = (u64, u32, u64);

fn look(view: &View<MemoryEngine>, at: u64) -> Option<Look> {
    let (contest, station) = (country::contest()?, country::station(at)?);
    let tally = view.tally(&contest, station).ok()?;
    let shown = tally.map_or((0, 0), |tally| (tally.revision, country::number_of(&tally.form)));
    Some((view.index(), shown.0, shown.1))
}

/// Starts all clients. They end with the run.
pub(super) fn start(world: &Arc<World>) -> Vec<tokio::task::JoinHandle<()>> {
    let client = |number: u64| Client {
        world: Arc::clone(world),
        number,
        chance: Chance::of(world.seed, number.saturating_add(5_000)),
        session: Session::default(),
        node: None,
    };
    let officers = (0..OFFICERS).map(|number| tokio::spawn(client(number).write_on()));
    let first = OFFICERS;
    let readers = (first..first.saturating_add(READERS)).map(|number| tokio::spawn(client(number).read_on()));
    let first = first.saturating_add(READERS);
    let followers =
        (first..first.saturating_add(FOLLOWERS)).map(|number| tokio::spawn(client(number).follow_on()));
    officers.chain(readers).chain(followers).chain(readings::start(world)).collect()
}

impl Client {
    async fn think(&mut self) {
        let pause_ms = self.chance.between(1, 60);
        sleep_ms(pause_ms).await;
    }

    fn place(&mut self) -> u64 {
        if self.chance.percent(60) { self.chance.below(HOT) } else { self.chance.below(country::STATIONS) }
    }

    /// The node to ask: the same one until it fails.
    async fn ask(&mut self) -> Option<(u64, Node)> {
        sleep_ms(self.chance.between(1, 3)).await;
        let nodes = self.world.nodes();
        if let Some(found) = nodes.iter().find(|(id, _)| Some(*id) == self.node) {
            return Some(found.clone());
        }
        let chosen = nodes.get(self.chance.place(nodes.len())).cloned();
        self.node = chosen.as_ref().map(|(id, _)| *id);
        chosen
    }

    /// Another node next time.
    fn turn_away(&mut self) {
        self.node = None;
    }

    async fn write_on(mut self) {
        while !self.world.is_over() {
            self.think().await;
            let station = self.place();
            let Some(seen) = self.seen(station).await else { continue };
            // Two officers at one form: now and then one of them has slept.
            if self.chance.percent(10) {
                sleep_ms(self.chance.between(10, 400)).await;
            }
            self.write(station, seen).await;
        }
    }

    /// The revision of a station as this officer's node shows it.
    async fn seen(&mut self, station: u64) -> Option<u32> {
        let asked = self.session.min_index();
        let (_, node) = self.ask().await?;
        let view = node.call(move |cluster| async move {
            let view = cluster.read(ReadMode::Local, Some(asked)).await.ok()?;
            look(&view, station)
        });
        let found = tokio::time::timeout(Duration::from_secs(1), view).await.ok().flatten().flatten();
        let Some((index, revision, _)) = found else {
            self.turn_away();
            return None;
        };
        self.saw(asked, index, station, revision);
        Some(revision)
    }

    fn saw(&mut self, asked: u64, index: u64, station: u64, revision: u32) {
        if let Some(complaint) = self.session.saw(asked, index, station, revision) {
            self.world.complain("session", &format!("client {}: {complaint}", self.number));
        }
        let mut history = locked(&self.world.history);
        history.counts.session_reads = history.counts.session_reads.saturating_add(1);
    }

    async fn write(&mut self, station: u64, seen: u32) {
        let value = next_value();
        let Some(command) = country::submission(station, seen, value) else { return };
        let write = Write { station, seen, value, called_us: now_us() };
        let give_up_ms = now_ms().saturating_add(self.chance.between(2_000, PATIENCE_MS));
        let mut key = value;
        let mut attempts = 0_u64;
        let mut maybe = false;
        let told = loop {
            attempts = attempts.saturating_add(1);
            match self.attempt(country::keyed(key, command.clone())).await {
                Some(Told::Unknown) => maybe = true,
                Some(Told::Nothing) | None => {}
                Some(told) => break told,
            }
            if now_ms() >= give_up_ms || self.world.is_over() {
                break if maybe { Told::Unknown } else { Told::Nothing };
            }
            self.turn_away();
            if self.world.plant == Some(Plant::RetryWithNewKey) {
                key = next_value();
            }
        };
        let returned_us = now_us();
        if let Told::Accepted { revision, index } = told {
            self.session.wrote(station, revision, index);
        }
        self.world.trace.add(Kind::Answered, &[self.number, value, number_of(told)]);
        let mut history = locked(&self.world.history);
        history.counts.retried = history.counts.retried.saturating_add(attempts.saturating_sub(1));
        history.wrote(write, told, returned_us);
    }

    /// Sends it once; `None` when it was not sent.
    async fn attempt(&mut self, item: Item) -> Option<Told> {
        let (_, node) = self.ask().await?;
        let patience_ms = self.chance.between(200, 2_500);
        Some(
            propose(&node, OFFICER, item, patience_ms).await.map_or_else(|told| told, |answer| told(&answer)),
        )
    }

    async fn read_on(mut self) {
        while !self.world.is_over() {
            self.think().await;
            let station = self.place();
            let called_us = now_us();
            let stale = self.world.plant == Some(Plant::StaleRead);
            let mode = if stale { ReadMode::Local } else { ReadMode::Linearizable };
            let Some((_, node)) = self.ask().await else { continue };
            let view = node.call(move |cluster| async move {
                let view = cluster.read(mode, None).await.ok()?;
                look(&view, station)
            });
            let found = tokio::time::timeout(Duration::from_secs(3), view).await.ok().flatten().flatten();
            self.world.trace.add(Kind::Answered, &[self.number, found.map_or(0, |found| found.0)]);
            let mut history = locked(&self.world.history);
            match found {
                Some((_, revision, value)) => history.read(station, called_us, now_us(), (revision, value)),
                None => history.counts.failed_reads = history.counts.failed_reads.saturating_add(1),
            }
            drop(history);
            // Another node each time: what one told, all must know.
            self.turn_away();
        }
    }

    async fn follow_on(mut self) {
        while !self.world.is_over() {
            self.think().await;
            let station = self.place();
            self.turn_away();
            // Whether it was answered or not: what it saw is judged.
            self.seen(station).await;
        }
    }
}

const fn number_of(told: Told) -> u64 {
    match told {
        Told::Accepted { index, .. } => index,
        Told::Stale { .. } => 1,
        Told::Nothing => 2,
        Told::Unknown => 3,
    }
}

fn told(answer: &Answer) -> Told {
    match &answer.outcome {
        Outcome::Tallied { receipt, .. } => {
            Told::Accepted { revision: receipt.revision, index: receipt.index }
        }
        Outcome::Refused(Refusal::StaleRevision { current_revision, .. }) => {
            Told::Stale { revision: *current_revision }
        }
        Outcome::Refused(_) => Told::Nothing,
        // Answers to what these clients do not ask for.
        Outcome::Defined { .. }
        | Outcome::SessionOpened { .. }
        | Outcome::Done
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)
        | Outcome::Complained(_) => Told::Unknown,
    }
}

/// Proposes one item at a node; without an answer, what is known of its fate.
pub(super) async fn propose(
    node: &Node,
    principal: Principal,
    item: Item,
    patience_ms: u64,
) -> Result<Answer, Told> {
    let call = node.call(move |cluster| async move { cluster.propose(principal, vec![item]).await.pop() });
    let answered = tokio::time::timeout(Duration::from_millis(patience_ms), call).await;
    match answered.ok().flatten().flatten() {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(
            ProposeError::NoLeader
            | ProposeError::Overloaded
            | ProposeError::DiskFull
            | ProposeError::AttachmentUnknown
            | ProposeError::AttachmentNotHeld
            | ProposeError::TooLarge,
        )) => Err(Told::Nothing),
        Some(Err(ProposeError::Unknown)) | None => Err(Told::Unknown),
    }
}

/// Proposes an item anywhere until it is answered.
pub(super) async fn insist(
    world: &World,
    principal: Principal,
    item: &Item,
    give_up_ms: u64,
) -> Option<Answer> {
    let mut turn = 0_usize;
    while now_ms() < give_up_ms {
        sleep_ms(10).await;
        let nodes = world.nodes();
        let Some((_, node)) = nodes.get(turn.checked_rem(nodes.len()).unwrap_or(0)) else { continue };
        turn = turn.saturating_add(1);
        if let Ok(answer) = propose(node, principal, item.clone(), 2_000).await {
            return Some(answer);
        }
    }
    None
}
