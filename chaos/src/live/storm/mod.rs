//! The scenarios of `live`: a cluster under load, faults of a kind one after the other, every promise judged.
//!
//! Invariant: one seed gives one order of faults, of whom they hit and how long they last; what the nodes make of it is
//! theirs. All that is undone is waited for before the next fault begins.

mod accounts;
mod audience;
mod auditors;
mod batches;
mod beside;
mod codes;
mod flagged;
mod followers;
mod officers;
mod pages;
mod people;
mod photographers;
mod plant;
mod readers;
mod readings;
mod record;
mod scenarios;
mod sessions;
mod strikes;
mod verdicts;
mod visitors;
mod waits;
mod watch;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use api::client::Client;
use futures_util::future::{join_all, try_join_all};
use tokio::time::{Instant, sleep};

use self::audience::{Room, Seats, Seen};
use self::beside::{Backup, Beside, Flood};
use self::plant::Planted;
pub use self::plant::StormPlant;
use self::readers::Desk;
use self::record::Record;
pub use self::scenarios::Scenario;
use self::strikes::{Kind, Needs, Strike};
pub(in crate::live) use self::watch::Looked;
use self::watch::Silence;
use super::fleet::{ADMIN, Blueprint, Fleet};
use super::hosts::Hosts;
use super::plant::Plant;
use super::scanner::Scanner;
use super::transport::HttpTransport;
use super::{Trouble, country, on_one_thread};
use crate::chance::Chance;
use crate::judges::liveness;
use crate::report::{self, Story, Stretch};

/// Between two faults, when all goes well.
const CALM_MS: (u64, u64) = (100, 700);
/// Longest wait for the nodes to come to rest in the end.
const REST_MAX: Duration = Duration::from_mins(1);
const LOOK_PACE: Duration = Duration::from_millis(20);

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What happens.
    pub scenario: Scenario,
    /// Nodes: three or five.
    pub nodes: usize,
    /// How long.
    pub seconds: u64,
    /// Seed of all choices.
    pub seed: u64,
    /// The program under test.
    pub rakit: PathBuf,
    /// Where the folder of the run is made.
    pub below: Option<PathBuf>,
    /// What is planted, to see that the judges notice.
    pub plants: Vec<StormPlant>,
    /// Whether a wait beyond what must be is a violation, or only told.
    pub judged: bool,
}

/// Runs the plan; `say` hears of each fault. The story tells what was seen, however the run ended.
///
/// # Errors
/// The first broken promise, that too little happened, or what this program could not do.
pub fn run(plan: &Plan, say: &mut dyn FnMut(&str)) -> (Story, Result<(), Trouble>) {
    let mut story = Story {
        scenario: format!(
            "{}, {} nodes, {} s, seed {}",
            plan.scenario.name(),
            plan.nodes,
            plan.seconds,
            plan.seed
        ),
        repeat: format!(
            "rakit-chaos live {} --nodes {} --seconds {} --seed {}",
            plan.scenario.name(),
            plan.nodes,
            plan.seconds,
            plan.seed
        ),
        ..Story::default()
    };
    if plan.scenario == Scenario::Hosts
        && let Err(why) = Hosts::new(1)
    {
        say(&format!("SKIPPED: {why}"));
        story.skipped = Some(why);
        return (story, Ok(()));
    }
    let played = on_one_thread(play(plan, &mut story, say));
    let result = played.and_then(|()| enough(plan, &story));
    (story, result)
}

/// What the story says of promises, and whether enough happened to say it.
fn enough(plan: &Plan, story: &Story) -> Result<(), Trouble> {
    let broken = story.verdicts.iter().find(|verdict| verdict.kept == Some(false));
    if let Some(verdict) = broken {
        return Err(Trouble::Violation(format!("{}: {}", verdict.promise, verdict.why)));
    }
    if let Some(verdict) = story.verdicts.iter().find(|verdict| verdict.kept.is_none()) {
        return Err(Trouble::TooLittle(format!("{}: {}", verdict.promise, verdict.why)));
    }

    let (strikes, writes) = plan.scenario.least(plan.seconds);
    let done =
        |operation: &&report::Operation| operation.is_write() && operation.ended == report::Ended::Done;
    let written = u64::try_from(story.operations.iter().filter(done).count()).unwrap_or(u64::MAX);
    if story.strikes.len() >= strikes && written >= writes {
        return Ok(());
    }
    let struck = story.strikes.len();
    let why =
        format!("{struck} faults and {written} writes; a run of this length wants {strikes} and {writes}");
    Err(Trouble::TooLittle(why))
}

/// The cluster, officers, and the faults that this machine allows.
async fn build(
    plan: &Plan,
    story: &mut Story,
    scanner: Option<&Scanner>,
    say: &mut dyn FnMut(&str),
) -> Result<(Fleet, Client<HttpTransport>, Vec<Kind>), Trouble> {
    let mut kinds = plan.scenario.kinds();
    let needs = |needed: Needs| kinds.iter().any(|kind| kind.needs() == needed);
    let blueprint = Blueprint {
        nodes: plan.nodes,
        links: needs(Needs::Links) && plan.scenario != Scenario::Hosts,
        hosts: plan.scenario == Scenario::Hosts,
        power: needs(Needs::Disks),
        stations: country::STATIONS.saturating_add(flagged::FLAGGED),
        plant: needs(Needs::Library).then_some(Plant::Machine),
        overrides: scanner.iter().map(|scanner| scanner.setting()).collect(),
        ..Blueprint::new(plan.rakit.clone(), plan.below.clone())
    };
    let (fleet, officers, skipped) = Fleet::build(&blueprint).await?;
    if let Some(why) = skipped {
        say(&format!("SKIPPED power losses and full disks: {why}"));
        kinds.retain(|kind| kind.needs() != Needs::Disks);
        story.skipped = Some(why);
    }
    Ok((fleet, officers, kinds))
}

async fn play(plan: &Plan, story: &mut Story, say: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
    let started =
        Scanner::start(plan.below.as_deref(), plan.plants.contains(&StormPlant::BlindScanner)).await?;
    let scanner = started.as_ref().ok();
    let (mut fleet, officers, kinds) = build(plan, story, scanner, say).await?;
    let clients = fleet.spread(&officers, officers::OFFICERS, 0);
    let (record, silence) = (Record::new(), Silence::default());
    let (readers, room) = (fleet.passers_by(), Room::of(&fleet, &officers, &record).await?);
    let (stop, rest) = (Cell::new(false), Cell::new(false));
    let chance = |part: u64| Chance::of(plan.seed, part);
    let writing = (0..).zip(&clients).map(|(officer, client): (u64, _)| {
        officers::work(client, &record, officer, chance(officer.saturating_add(1)), &stop)
    });
    // Whoever made the cluster has signed in.
    record.acted(accounts::signed_in(ADMIN, "password"), 0, true);
    let public = Desk { nodes: &readers, record: &record, stop: &stop };
    let (photographs, planted) = (scanner.is_some(), Planted(&plan.plants));
    let seats = Seats { public, room: &room, photographs, planted, silence: &silence, seed: plan.seed };
    if let Err(why) = &started {
        say(&format!("SKIPPED photos: {why}"));
        record.excuse("photos");
        story.skipped = Some(why.clone());
    }
    let looking =
        join_all(room.looked.iter().enumerate().map(|looked| watch::watch(looked, &record, &silence, &rest)));
    let conducting = async {
        let conductor = Conductor { plan, kinds: &kinds, record: &record, silence: &silence };
        let conducted = conductor.conduct(&mut fleet, &mut story.strikes, say).await;
        // The officers go on until they are told.
        stop.set(true);
        conducted
    };
    let load = async {
        let writing = async {
            let done = tokio::try_join!(try_join_all(writing), conducting);
            // Also when an officer broke off: nobody else would tell the readers.
            stop.set(true);
            done
        };
        let (seen, done) = tokio::join!(seats.attend(), writing);
        rest.set(true);
        done.and(seen)
    };
    let (done, stretches): (_, Vec<Vec<Stretch>>) = tokio::join!(load, looking);
    story.took_us = record.now_us();
    story.nodes = (0..plan.nodes).map(|place| format!("node {}", fleet.id(place))).collect();
    story.stretches = stretches.into_iter().flatten().collect();
    let judged = match done {
        Ok(seen) => {
            if plan.plants.contains(&StormPlant::LostPhoto) {
                photographers::lose_one(&fleet, &seen.photos)?;
            }
            judge(&fleet, (&seats, seen), &record, story, say).await
        }
        Err(trouble) => Err(trouble),
    };
    story.operations = record.take_operations();
    story.waits = waits::of(story);
    if plan.judged {
        waits::judge(&story.waits, &record);
    }
    story.verdicts = verdicts::all(&record, plan.seconds);
    if judged.is_err() || story.kept() != Some(true) {
        say(&format!("the nodes' logs are kept in {}", fleet.keep().display()));
    }
    judged
}

/// Does one fault after the other.
struct Conductor<'r> {
    plan: &'r Plan,
    kinds: &'r [Kind],
    record: &'r Record,
    silence: &'r Silence,
}

impl Conductor<'_> {
    async fn conduct(
        &self,
        fleet: &mut Fleet,
        strikes: &mut Vec<report::Strike>,
        say: &mut dyn FnMut(&str),
    ) -> Result<(), Trouble> {
        let mut chance = Chance::of(self.plan.seed, 0);
        let end = Duration::from_secs(self.plan.seconds);
        let began = Instant::now();
        let mut bag: Vec<Kind> = Vec::new();
        while began.elapsed() < end {
            sleep(Duration::from_millis(chance.between(CALM_MS.0, CALM_MS.1))).await;
            if bag.is_empty() {
                bag = self.kinds.to_vec();
                chance.shuffle(&mut bag);
            }
            let Some(kind) = bag.pop() else { continue };
            let strike = Strike::plan(kind, fleet, &mut chance).await?;
            let beside = Beside::draw(self.plan.scenario.beside_percent(), fleet, &mut chance);
            let from_us = self.record.now_us();
            let wrong = matches!(kind, Kind::SkewOne | Kind::SkewLeader);
            if wrong {
                self.record.clocks(true);
            }
            self.strike(&strike, (beside, strikes.len()), fleet).await?;
            if wrong {
                self.record.clocks(false);
            }
            let to_us = self.record.now_us();
            let besides = beside.map(|beside| format!(", {}", beside.name())).unwrap_or_default();
            let (name, nodes) = (format!("{}{besides}", kind.name()), strike.nodes.clone());
            say(&format!("{:4} s  {name} {nodes:?}", from_us.div_euclid(1_000_000)));
            strikes.push(report::Strike { name, nodes, from_us, to_us });
            self.healed(fleet).await?;
        }
        Ok(())
    }

    async fn strike(
        &self,
        strike: &Strike,
        (beside, number): (Option<Beside>, usize),
        fleet: &mut Fleet,
    ) -> Result<(), Trouble> {
        match beside {
            None => strike.run(fleet, self.silence).await,
            Some(Beside::Flood) => {
                let flood = Flood::begin(fleet.readers())?;
                strike.run(fleet, self.silence).await?;
                let dry = (flood.answered() == 0).then(|| "nobody of the public was answered".to_owned());
                self.record.judged("flood", dry);
                Ok(())
            }
            Some(Beside::SlowLines(place)) => {
                strikes::slow_down(fleet, place)?;
                strike.run(fleet, self.silence).await?;
                strikes::heal(fleet)
            }
            Some(Beside::Backup) => {
                let backup = Backup::of(fleet, number);
                tokio::try_join!(strike.run(fleet, self.silence), backup.take(self.record)).map(drop)
            }
        }
    }

    /// After a fault somebody must be answered soon, and all must come back.
    async fn healed(&self, fleet: &mut Fleet) -> Result<(), Trouble> {
        let (began, before) = (Instant::now(), self.record.writes());
        let written = loop {
            if self.record.writes() > before {
                break Some(began.elapsed());
            }
            if began.elapsed() > REST_MAX {
                break None;
            }
            sleep(LOOK_PACE).await;
        };
        let caught_up = loop {
            if fleet.all_ready().await {
                break Some(began.elapsed());
            }
            if began.elapsed() > REST_MAX {
                break None;
            }
            sleep(LOOK_PACE).await;
        };
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.record.judged("liveness", liveness::judge(written.map(millis), caught_up.map(millis)));
        Ok(())
    }
}

/// When nobody writes any more: what the nodes hold.
async fn judge(
    fleet: &Fleet,
    (seats, seen): (&Seats<'_>, Seen),
    record: &Record,
    story: &mut Story,
    say: &mut dyn FnMut(&str),
) -> Result<(), Trouble> {
    super::judges::equality::judge(fleet.operators()).await?;
    seats.finish(seen, &fleet.numbered()).await;
    verdicts::words(fleet, record, &story.strikes)?;
    verdicts::ask_nodes(&fleet.numbered(), record).await;
    let began = Instant::now();
    verdicts::order(record);
    let took = began.elapsed();
    let operations: usize = record.stations().values().map(Vec::len).sum();
    say(&format!("the order of {operations} operations was judged in {} ms", took.as_millis()));
    story
        .numbers
        .push(("order judged".to_owned(), format!("{operations} operations in {} ms", took.as_millis())));
    story.numbers.push(("most memory of each node".to_owned(), verdicts::memory(record)));
    Ok(())
}
