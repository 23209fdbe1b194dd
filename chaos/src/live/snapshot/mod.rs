//! The scenario `snapshot`: an empty node gets a big snapshot while officers write, and the transfer is cut on its way.
//!
//! Invariant: what arrived before a cut is not sent again; leadership stays where it was but for a planted death; officers
//! hardly notice. Bytes are counted in front of the receiver, not by it.

mod fill;
mod proxy;
mod report;
mod transfer;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::{try_join, try_join_all};

use self::proxy::Proxy;
use super::fleet::{Blueprint, Fleet};
use super::history::History;
use super::{Trouble, country, judges, on_one_thread, workload};
pub use report::Report;

/// Stations that are filled up with history, beside those that officers write for.
const FILLED: u64 = 4_000;
/// From this size on the nodes keep as much of their log as they do by default.
const DEFAULT_RETENTION_FROM: u64 = 1024 * 1024 * 1024;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Bytes of the snapshot, at least.
    pub bytes: u64,
    /// How often the transfer is cut: the receiver killed, its connections ended, the leader killed, in turn.
    pub cuts: u32,
    /// The program under test.
    pub rakit: PathBuf,
    /// Where the folder of the run is made.
    pub below: Option<PathBuf>,
    /// Whether slower writes and another leader are violations, or only told.
    pub judged: bool,
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
    let mut blueprint = Blueprint::new(plan.rakit.clone(), plan.below.clone());
    blueprint.stations = country::STATIONS.saturating_add(FILLED);
    if plan.bytes < DEFAULT_RETENTION_FROM {
        // Little data: the log that a new node needs must be gone all the same.
        let keep = |key: &str, value: u64| (format!("RAKIT_LOG_{key}"), value.to_string());
        blueprint.overrides = vec![keep("ENTRIES_KEPT", 1_000), keep("BYTES_KEPT", 1024 * 1024)];
    }
    let (mut fleet, officers, _) = Fleet::build(&blueprint).await?;
    let played = async {
        fill::fill(&fleet, &officers, plan.bytes, report, say).await?;
        transfer::prepare(&fleet).await?;
        let history = History::default();
        // It stands until the new node was judged.
        let door = Proxy::new(fleet.spare_port(), fleet.next_peer_address())?;
        let stop = Cell::new(false);
        let clients = fleet.spread(&officers, workload::WRITERS, 0);
        let writers = (0..).zip(&clients).map(|(writer, client)| {
            workload::write(client, &history, writer, 0, workload::NO_PATIENCE, &stop)
        });
        let conductor = async {
            let played = transfer::play(&mut fleet, &door, &history, plan, report, say).await;
            stop.set(true);
            played
        };
        try_join(try_join_all(writers), conductor).await?;
        report.acknowledged = history.count();
        say("every acknowledged write is looked for at every node");
        let all = history.all();
        for (name, node) in fleet.publics() {
            judges::acknowledged::judge(node, name, &all, history.index()).await?;
        }
        judges::equality::judge(fleet.operators()).await?;
        report.judge(plan.judged)
    };
    let played = played.await;
    if played.is_err() {
        say(&format!("failed; logs in {}", fleet.keep().display()));
    }
    played
}

/// Bytes as people say them.
fn mebibytes(bytes: u64) -> u64 {
    bytes.div_euclid(1024 * 1024)
}

/// Bytes a second over a time.
fn mebibytes_a_second(bytes: u64, took: Duration) -> u64 {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    mebibytes(bytes.saturating_mul(1_000).div_euclid(millis))
}
