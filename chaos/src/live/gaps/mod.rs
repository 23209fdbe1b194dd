//! The scenario `gaps`: how long nobody is answered when leadership moves, as planned or by a kill.
//!
//! Invariant: a gap is the longest time between two acknowledged writes of any officers from just before the event
//! until writes flow again; it is measured where the officers are. The verdicts are those of the design's table.

mod etcd;

use std::cell::Cell;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use api::client::Client;
use futures_util::future::{try_join, try_join_all};

use self::etcd::Timers;
use super::fleet::{Blueprint, Fleet};
use super::history::History;
use super::transport::HttpTransport;
use super::workload::progress;
use super::{Trouble, harness, judges, on_one_thread, workload};

/// Writes acknowledged before and after each event.
const AROUND: u64 = 30;
/// Longest gap of a planned hand-over.
const HANDOVER_MUST: Duration = Duration::from_millis(250);
/// Median and slowest of a leader's death, profile `lan`.
const KILL_MEDIAN_MUST: Duration = Duration::from_millis(800);
const KILL_SLOWEST_MUST: Duration = Duration::from_millis(1_500);

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Planned hand-overs.
    pub handovers: u32,
    /// Kills of the leader.
    pub kills: u32,
    /// The program under test.
    pub rakit: PathBuf,
    /// Where the folder of the run is made.
    pub below: Option<PathBuf>,
    /// Whether etcd is killed as often, where it is installed: once with its defaults, once with quicker timers.
    pub beside_etcd: bool,
    /// Whether a gap beyond what must be is a violation, or only told.
    pub judged: bool,
}

/// Gaps in the order they were measured.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    /// Of planned hand-overs.
    pub handovers: Vec<Duration>,
    /// Of kills of the leader.
    pub kills: Vec<Duration>,
    /// Of kills of the leader of etcd, with its heartbeat and election time-out in milliseconds.
    pub etcd: Vec<((u32, u32), Vec<Duration>)>,
    /// Why there are none of etcd.
    pub skipped: Option<String>,
}

/// Runs the plan; `say` hears of each event.
///
/// # Errors
/// The first broken promise, or what this program could not do.
pub fn run(plan: &Plan, say: &mut dyn FnMut(&str)) -> (Gaps, Result<(), Trouble>) {
    let mut gaps = Gaps::default();
    let result = on_one_thread(play(plan, &mut gaps, say));
    let result = result.and_then(|()| if plan.judged { gaps.judge() } else { Ok(()) });
    (gaps, result)
}

async fn play(plan: &Plan, gaps: &mut Gaps, say: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
    let (rakit, below) = (plan.rakit.clone(), plan.below.clone());
    let blueprint = Blueprint::new(rakit, below);
    let (mut fleet, officers, _) = Fleet::build(&blueprint).await?;
    let history = History::default();
    let stop = Cell::new(false);
    let clients = fleet.spread(&officers, workload::WRITERS, 0);
    let writers = (0..workload::WRITERS).zip(&clients);
    let writers = writers
        .map(|(writer, client)| workload::write(client, &history, writer, 0, workload::PATIENCE, &stop));
    let conductor = async {
        let played = events(plan, &mut fleet, &history, gaps, say).await;
        stop.set(true);
        played
    };
    try_join(try_join_all(writers), conductor).await?;
    judge_all(&fleet, &history).await?;
    drop(fleet);
    if plan.beside_etcd { beside(plan, gaps, say).await } else { Ok(()) }
}

/// The same kills of etcd, when ours do not disturb them any more.
async fn beside(plan: &Plan, gaps: &mut Gaps, say: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
    if !etcd::is_there() {
        gaps.skipped = Some("etcd is not installed (make setup)".to_owned());
        return Ok(());
    }
    for timers in [Timers::DEFAULT, Timers::QUICK] {
        let found = etcd::kills(plan.kills, timers, plan.below.as_ref(), say).await?;
        gaps.etcd.push(((timers.heartbeat_ms, timers.election_ms), found));
    }
    Ok(())
}

async fn events(
    plan: &Plan,
    fleet: &mut Fleet,
    history: &History,
    gaps: &mut Gaps,
    say: &mut dyn FnMut(&str),
) -> Result<(), Trouble> {
    progress(history, AROUND).await?;
    for number in 1..=plan.handovers {
        history.watch();
        let operator = fleet.operators().next().ok_or_else(|| harness("no nodes"))?;
        hand_over(operator).await?;
        progress(history, AROUND).await?;
        let gap = history.longest_gap();
        say(&format!("hand-over {number}/{}: {} ms", plan.handovers, gap.as_millis()));
        gaps.handovers.push(gap);
    }
    for number in 1..=plan.kills {
        let leader = fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
        history.watch();
        fleet.kill(leader);
        progress(history, AROUND).await?;
        let gap = history.longest_gap();
        say(&format!("kill {number}/{}: {} ms", plan.kills, gap.as_millis()));
        gaps.kills.push(gap);
        fleet.start(&[leader]).await?;
        progress(history, AROUND).await?;
    }
    Ok(())
}

async fn hand_over(operator: &Client<HttpTransport>) -> Result<(), Trouble> {
    let handed = operator.transfer(None).await;
    handed.map(drop).map_err(|error| Trouble::Violation(format!("a hand-over was refused: {error}")))
}

async fn judge_all(fleet: &Fleet, history: &History) -> Result<(), Trouble> {
    let all = history.all();
    for (name, node) in fleet.publics() {
        judges::acknowledged::judge(node, name, &all, history.index()).await?;
    }
    judges::equality::judge(fleet.operators()).await
}

fn sorted(gaps: &[Duration]) -> Vec<Duration> {
    let mut sorted = gaps.to_vec();
    sorted.sort_unstable();
    sorted
}

/// The gap below which `percent` of them are.
fn at(gaps: &[Duration], percent: usize) -> Duration {
    let sorted = sorted(gaps);
    let place = sorted.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

impl Gaps {
    fn judge(&self) -> Result<(), Trouble> {
        let broken = |what: &str, found: Duration, must: Duration| {
            let (found, must) = (found.as_millis(), must.as_millis());
            Trouble::Violation(format!("{what}: {found} ms, must be at most {must} ms"))
        };
        let checks = [
            ("longest gap of a hand-over", at(&self.handovers, 100), HANDOVER_MUST),
            ("median gap of a leader's death", at(&self.kills, 50), KILL_MEDIAN_MUST),
            ("99 % of the gaps of a leader's death", at(&self.kills, 99), KILL_SLOWEST_MUST),
        ];
        checks
            .into_iter()
            .find(|(_, found, must)| found > must)
            .map_or(Ok(()), |(what, found, must)| Err(broken(what, found, must)))
    }
}

impl fmt::Display for Gaps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = [("hand-over".to_owned(), &self.handovers), ("leader killed".to_owned(), &self.kills)];
        let etcd = self.etcd.iter().map(|((heartbeat_ms, election_ms), gaps)| {
            (format!("etcd {heartbeat_ms}/{election_ms} ms, leader killed"), gaps)
        });
        if let Some(why) = &self.skipped {
            writeln!(formatter, "SKIPPED the comparison: {why}")?;
        }
        for (what, gaps) in own.into_iter().chain(etcd).filter(|(_, gaps)| !gaps.is_empty()) {
            let [median, most, slowest] = [50, 95, 100].map(|percent| at(gaps, percent).as_millis());
            writeln!(
                formatter,
                "{what:31} {:3} times; longest gap between acknowledged writes: median {median} ms, 95 % {most} ms, worst {slowest} ms",
                gaps.len()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_list_and_the_worst_is_judged() {
        let gaps: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(at(&gaps, 50), Duration::from_millis(50));
        assert_eq!(at(&gaps, 100), Duration::from_millis(100));
        assert_eq!(at(&[], 99), Duration::ZERO);
        let mut measured =
            Gaps { handovers: gaps, kills: vec![Duration::from_millis(700)], ..Gaps::default() };
        assert_eq!(measured.judge(), Ok(()));
        measured.handovers.push(Duration::from_millis(251));
        assert!(matches!(measured.judge(), Err(Trouble::Violation(_))));
    }
}
