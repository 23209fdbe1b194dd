//! The scenario `backup`: a backup is taken while officers write and becomes another cluster with exactly what was there at
//! its index; then a majority is destroyed, and the loss that `rakit recover` announces is the loss there is.
//!
//! Invariant: what must be there is told by what was acknowledged, with its index; nothing else counts.

mod disaster;
mod report;
mod restored;

use std::cell::Cell;
use std::path::PathBuf;

use futures_util::future::{Either, select, try_join_all};

use super::fleet::{Blueprint, Fleet};
use super::history::{Acknowledged, History};
use super::workload::progress;
use super::{Trouble, country, harness, judges, on_one_thread, workload};
pub use report::Report;

/// Indexes of an epoch begin so far above those of the one before.
const LEAP: u64 = 1_000_000_000;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Writes acknowledged before each of the two disasters.
    pub writes: u64,
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
    let blueprint = Blueprint::new(plan.rakit.clone(), plan.below.clone());
    let (mut fleet, officers, _) = Fleet::build(&blueprint).await?;
    let played = async {
        let history = History::default();
        let clients = fleet.spread(&officers, workload::WRITERS, 0);
        let never = Cell::new(false);
        let writers = (0..)
            .zip(&clients)
            .map(|(writer, client)| workload::write(client, &history, writer, 0, workload::PATIENCE, &never));
        let course = async {
            progress(&history, plan.writes).await?;
            let taken = restored::take(&fleet, report).await?;
            say(&format!("a backup was taken at index {} while officers wrote", taken.index));
            progress(&history, plan.writes).await?;
            let survivor = disaster::strike(&mut fleet, &history, plan.writes).await?;
            Ok((taken, survivor))
        };
        // A majority dies under the writers: what they were about is unknown for ever.
        let writing = std::pin::pin!(try_join_all(writers));
        let (taken, survivor) = match select(writing, std::pin::pin!(course)).await {
            Either::Left((Err(trouble), _)) | Either::Right((Err(trouble), _)) => return Err(trouble),
            Either::Left((Ok(_), _)) => return Err(harness("the officers went home")),
            Either::Right((Ok(done), _)) => done,
        };
        report.acknowledged = history.count();
        say(&format!("two of three nodes are destroyed; {} writes were acknowledged", report.acknowledged));
        disaster::recover(&mut fleet, survivor, &history, report, say).await?;
        restored::restore(&fleet, &taken, &history, report, say).await
    };
    let played = played.await;
    if played.is_err() {
        say(&format!("failed; logs in {}", fleet.keep().display()));
    }
    played
}

/// Every station with the revisions that were acknowledged at an index up to this one, none for most perhaps.
fn through(history: &History, index: u64) -> Vec<(String, Vec<Acknowledged>)> {
    let kept = |all: Vec<Acknowledged>| all.into_iter().filter(|write| write.index <= index).collect();
    history.all().into_iter().map(|(station, all)| (station, kept(all))).collect()
}

fn count(stations: &[(String, Vec<Acknowledged>)]) -> u64 {
    stations.iter().fold(0, |sum, (_, all)| sum.saturating_add(u64::try_from(all.len()).unwrap_or(u64::MAX)))
}

/// A cluster of a later epoch has exactly the writes up to an index, and takes new ones far above it.
async fn judge(
    fleet: &Fleet,
    officers: &super::Officers,
    history: &History,
    index: u64,
) -> Result<u64, Trouble> {
    let kept = through(history, index);
    for (name, node) in fleet.publics() {
        judges::acknowledged::judge(node, name, &kept, index).await?;
    }
    let (station, all) = kept.first().ok_or_else(|| harness("nothing was written"))?;
    let revision = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let body = country::body(history.next_form())?;
    let key = uuid::Uuid::new_v4();
    let answer = officers.put_tally((country::CONTEST, station), revision, key, &body).await;
    let answer = answer.map_err(|error| {
        Trouble::Violation(format!("the cluster that came of it takes no forms: {error}"))
    })?;
    let at = answer.value.receipt.index;
    if at < LEAP {
        return Err(Trouble::Violation(format!("a new receipt has index {at}, which an old one may have")));
    }
    judges::equality::judge(fleet.operators()).await?;
    Ok(count(&kept))
}
