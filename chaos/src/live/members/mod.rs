//! The scenario `members`: nodes come, vote, are replaced and go while officers write, orders that are wrong are
//! refused, and a change that a death interrupts is finished by saying it again.
//!
//! Invariant: no officer's request fails from the first change to the last; a refused order leaves the members as they
//! were; every order is typed as an operator types it, into the `rakit` command.

mod course;
mod interrupted;
mod report;
mod strangers;
mod wrong;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::{try_join, try_join_all};
use tokio::time::{Instant, interval};

use super::fleet::{Blueprint, Fleet};
use super::history::History;
use super::operator::Ended;
use super::workload::progress;
use super::{Trouble, judges, on_one_thread, workload};
pub use report::Report;

/// Writes acknowledged before and after each change.
const AROUND: u64 = 20;
/// Guests that a run may have.
const GUESTS: usize = 8;
/// Longest wait for a roster, or for a change that is said again and again.
const PATIENCE: Duration = Duration::from_mins(1);
const PACE: Duration = Duration::from_millis(20);

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Changes during which the leader is killed.
    pub interruptions: u32,
    /// Whether to leave out what only waits, orders that are refused after a deadline, and what other tests do.
    pub short: bool,
    /// The program under test.
    pub rakit: PathBuf,
    /// Where the folder of the run is made.
    pub below: Option<PathBuf>,
}

/// Runs the plan; `say` hears of each step.
///
/// # Errors
/// The first broken promise, or what this program could not do.
pub fn run(plan: &Plan, say: &mut dyn FnMut(&str)) -> (Report, Result<(), Trouble>) {
    let mut report = Report::default();
    let result = on_one_thread(play(plan, &mut report, say));
    (report, result)
}

async fn play(plan: &Plan, report: &mut Report, say: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
    let blueprint = Blueprint { guests: GUESTS, ..Blueprint::new(plan.rakit.clone(), plan.below.clone()) };
    let (mut fleet, officers, _) = Fleet::build(&blueprint).await?;
    let history = History::default();
    let stop = Cell::new(false);
    // At every node, so that each change meets officers who were there.
    let clients = fleet.spread(&officers, workload::WRITERS, GUESTS);
    let writers = (0..)
        .zip(&clients)
        .map(|(writer, client)| workload::write(client, &history, writer, 0, workload::NO_PATIENCE, &stop));
    let conductor = async {
        let mut stage = Stage { fleet: &mut fleet, history: &history, report, say };
        let played = course::play(&mut stage, plan).await;
        stop.set(true);
        played
    };
    let played = try_join(try_join_all(writers), conductor).await.map(drop);
    let judged = match played {
        Ok(()) => judge(&fleet, &history).await,
        Err(trouble) => Err(trouble),
    };
    report.acknowledged = history.count();
    if judged.is_err() {
        say(&format!("failed; logs in {}", fleet.keep().display()));
    }
    judged
}

/// Every acknowledged write at every member, and one state.
async fn judge(fleet: &Fleet, history: &History) -> Result<(), Trouble> {
    let all = history.all();
    for (name, node) in fleet.publics() {
        judges::acknowledged::judge(node, name, &all, history.index()).await?;
    }
    judges::equality::judge(fleet.operators()).await
}

/// The members by number, with their roles.
type Roster = BTreeMap<u64, String>;

/// What a run works on.
struct Stage<'a> {
    fleet: &'a mut Fleet,
    history: &'a History,
    report: &'a mut Report,
    say: &'a mut dyn FnMut(&str),
}

impl Stage<'_> {
    /// One step of the course: measured from writes before it to writes after it.
    async fn measured<T>(
        &mut self,
        what: &str,
        step: impl AsyncFnOnce(&mut Self) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        progress(self.history, AROUND).await?;
        self.history.watch();
        let done = step(self).await?;
        progress(self.history, AROUND).await?;
        let line = self.report.step(what, self.history);
        (self.say)(&line);
        Ok(done)
    }

    /// The members as the leader knows them.
    async fn roster(&self) -> Result<Roster, Trouble> {
        let began = Instant::now();
        let mut pace = interval(PACE);
        loop {
            pace.tick().await;
            if let Some(leader) = self.fleet.leader().await
                && let Ok(cluster) = self.fleet.operator(leader)?.cluster().await
                && cluster.value.leader == Some(self.fleet.id(leader))
            {
                return Ok(cluster.value.nodes.into_iter().map(|node| (node.id, node.role)).collect());
            }
            if began.elapsed() > PATIENCE {
                return Err(Trouble::Violation("nobody leads".to_owned()));
            }
        }
    }

    /// Types an order that must be carried out.
    async fn order(&self, words: &[&str]) -> Result<(), Trouble> {
        let ended = self.fleet.ordered(words).await?;
        if ended.done() {
            return Ok(());
        }
        Err(Trouble::Violation(format!(
            "`rakit {}`: exit {}: {}",
            words.join(" "),
            ended.code,
            ended.complaint
        )))
    }

    /// Types an order until it is carried out, as somebody does whose change was interrupted. Answers how often.
    async fn insist(&self, words: &[&str]) -> Result<u32, Trouble> {
        let began = Instant::now();
        let mut times: u32 = 0;
        loop {
            let ended = self.fleet.ordered(words).await?;
            times = times.saturating_add(1);
            if ended.done() {
                return Ok(times);
            }
            // Try again later is an answer; that it cannot be is none.
            if ended.code != 4 || began.elapsed() > PATIENCE {
                return Err(Trouble::Violation(format!(
                    "`rakit {}`, interrupted and said again {times} times: exit {}: {}",
                    words.join(" "),
                    ended.code,
                    ended.complaint
                )));
            }
        }
    }

    /// An order ended that must have been refused: with an exit code, with a line that says why, and with the members as
    /// they were.
    async fn refused(
        &mut self,
        what: &str,
        ended: &Ended,
        why: &str,
        before: &Roster,
    ) -> Result<(), Trouble> {
        let line = ended.complaint.lines().last().unwrap_or_default().to_owned();
        if ended.done() {
            return Err(Trouble::Violation(format!("{what}: it was carried out")));
        }
        if !line.contains(why) {
            return Err(Trouble::Violation(format!(
                "{what}: refused without \"{why}\": {}",
                ended.complaint
            )));
        }
        let after = self.roster().await?;
        if after != *before {
            return Err(Trouble::Violation(format!(
                "{what}: refused, but the members were {before:?}, are {after:?}"
            )));
        }
        (self.say)(&format!("refused, {what}: {line}"));
        self.report.refused = self.report.refused.saturating_add(1);
        Ok(())
    }

    /// Types an order that must be refused.
    async fn refuses(&mut self, words: &[&str], why: &str) -> Result<(), Trouble> {
        let before = self.roster().await?;
        let ended = self.fleet.ordered(words).await?;
        self.refused(&words.join(" "), &ended, why, &before).await
    }
}
