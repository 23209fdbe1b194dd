//! The scenario `crash`: kills and power losses under load, and everything acknowledged is there afterwards.
//!
//! Invariant: each round ends with all nodes up, nobody writing, and both judges asked; a run that had fewer rounds of
//! a fault than its plan says so.

mod report;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use api::client::Client;
use futures_util::future::{try_join, try_join_all};
use tokio::time::sleep;

pub use self::report::Report;
use self::report::Round;
use super::fleet::{Blueprint, Fleet, NODES};
use super::history::History;
use super::plant::Plant;
use super::transport::HttpTransport;
use super::workload::progress;
use super::{Fault, Trouble, judges, on_one_thread, workload};
use crate::chance::Chance;

/// Writes acknowledged in a round before its fault: at least, and up to so many more.
const BEFORE_MIN: u64 = 20;
const BEFORE_MORE: u64 = 60;
/// The fault strikes up to so long after that, in milliseconds, so that it meets every part of a write.
const JITTER_MS: u64 = 40;
/// Writes acknowledged while a minority is down, and again once all nodes are up.
const BETWEEN: u64 = 10;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rounds.
    pub rounds: u32,
    /// Seed of all choices.
    pub seed: u64,
    /// Faults, in equal shares.
    pub faults: Vec<Fault>,
    /// The program under test.
    pub rakit: PathBuf,
    /// Where the folder of the run is made.
    pub below: Option<PathBuf>,
    /// What is planted into the nodes.
    pub plant: Option<Plant>,
}

/// Runs the plan; `say` hears of each round. The error ends the run.
///
/// # Errors
/// The first broken promise, or what this program could not do.
pub fn run(plan: &Plan, say: &mut dyn FnMut(&str)) -> (Report, Result<(), Trouble>) {
    let mut report = Report::default();
    let result = on_one_thread(play(plan, &mut report, say));
    (report, result)
}

async fn play(plan: &Plan, report: &mut Report, say: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
    let power = plan.faults.iter().any(|fault| fault.needs_disks());
    let (rakit, below) = (plan.rakit.clone(), plan.below.clone());
    let hang = plan.faults.contains(&Fault::HangLeader).then_some(Plant::Machine);
    let blueprint = Blueprint { plant: plan.plant.or(hang), power, ..Blueprint::new(rakit, below) };
    let (fleet, officers, skipped) = Fleet::build(&blueprint).await?;
    let faults: Vec<Fault> =
        plan.faults.iter().copied().filter(|fault| skipped.is_none() || !fault.needs_disks()).collect();
    if let Some(why) = skipped {
        say(&format!("SKIPPED power losses and full disks: {why}"));
        report.skipped = Some(why);
    }
    let mut crash = Crash { fleet, officers, history: History::default(), chance: Chance::new(plan.seed) };
    let mut deck: Vec<Fault> = Vec::new();
    for number in 1..=plan.rounds {
        if deck.is_empty() {
            deck.clone_from(&faults);
            crash.chance.shuffle(&mut deck);
        }
        let Some(fault) = deck.pop() else { break };
        match crash.round(fault).await {
            Ok(round) => {
                say(&format!("round {number}/{}: {round}", plan.rounds));
                report.add(round);
            }
            Err(trouble) => {
                let kept = crash.fleet.keep();
                say(&format!(
                    "round {number}/{}: {}: failed; logs in {}",
                    plan.rounds,
                    fault.name(),
                    kept.display()
                ));
                return Err(trouble);
            }
        }
    }
    // Whatever a later fault might have done to an earlier write.
    let all = crash.history.all();
    crash.judge(&all).await?;
    report.acknowledged = crash.history.count();
    Ok(())
}

struct Crash {
    fleet: Fleet,
    officers: Client<HttpTransport>,
    history: History,
    chance: Chance,
}

/// What chance decides about a round, before it begins.
struct Choices {
    before: u64,
    jitter: Duration,
    disk_first: bool,
    leader: bool,
    other: usize,
    first: u64,
}

impl Crash {
    fn choose(&mut self) -> Choices {
        let chance = &mut self.chance;
        Choices {
            before: chance.below(BEFORE_MORE).saturating_add(BEFORE_MIN),
            jitter: Duration::from_millis(chance.below(JITTER_MS)),
            disk_first: chance.coin(),
            leader: chance.coin(),
            other: chance.place(NODES),
            first: chance.below(u64::MAX),
        }
    }

    async fn round(&mut self, fault: Fault) -> Result<Round, Trouble> {
        let choices = self.choose();
        let stop = Cell::new(false);
        let (officers, history, fleet) = (&self.officers, &self.history, &mut self.fleet);
        let writers = (0..workload::WRITERS).map(|writer| {
            workload::write(officers, history, writer, choices.first, workload::PATIENCE, &stop)
        });
        let conductor = async {
            let round = conduct(fleet, history, fault, &choices).await;
            stop.set(true);
            round
        };
        let (_, round) = try_join(try_join_all(writers), conductor).await?;
        let touched = self.history.take_touched();
        self.judge(&touched).await?;
        Ok(round)
    }

    async fn judge(&self, stations: &[(String, Vec<super::history::Acknowledged>)]) -> Result<(), Trouble> {
        for (name, node) in self.fleet.publics() {
            judges::acknowledged::judge(node, name, stations, self.history.index()).await?;
        }
        judges::equality::judge(self.fleet.operators()).await
    }
}

/// The course of a round, beside the writers.
async fn conduct(
    fleet: &mut Fleet,
    history: &History,
    fault: Fault,
    choices: &Choices,
) -> Result<Round, Trouble> {
    let begin = history.count();
    progress(history, choices.before).await?;
    let targets: Vec<usize> = if fault.is_total() {
        (0..NODES).collect()
    } else {
        let leader = fleet.leader().await.filter(|_| choices.leader || fault.is_for_leader());
        vec![leader.unwrap_or(choices.other)]
    };
    let led = fleet.leader().await.is_some_and(|leader| targets.contains(&leader));
    sleep(choices.jitter).await;
    let before = history.count().saturating_sub(begin);
    let takeover = fault.strike(fleet, &targets, choices.disk_first).await?;
    if fault == Fault::PauseLeader {
        for target in &targets {
            judges::fresh::judge(fleet.public(*target)?, history).await?;
            if fleet.ended(*target) {
                return Err(Trouble::Violation("a node that was stopped for a while has ended".to_owned()));
            }
        }
    }
    if !fault.is_total() {
        progress(history, BETWEEN).await?;
    }
    let ready = fleet.revive(&targets).await?;
    progress(history, BETWEEN).await?;
    let after = history.count().saturating_sub(begin).saturating_sub(before);
    Ok(Round { fault, targets, led, disk_first: choices.disk_first, before, after, ready, takeover })
}
