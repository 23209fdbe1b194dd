//! A disk that hangs: no flush returns, and nothing says that it failed.
//!
//! Invariant: the node must stop leading within the promised time and end by itself; it is never killed here.

use std::time::Duration;

use tokio::time::{Instant, interval};

use crate::doctor::write_file;
use crate::live::fleet::Fleet;
use crate::live::{Trouble, harness};

/// Another node leads within this time (design 9.1).
const TAKEOVER_MAX: Duration = Duration::from_secs(3);
/// The node ends after ten seconds without a flush; twice that on a busy machine.
const END_MAX: Duration = Duration::from_secs(20);
const PACE: Duration = Duration::from_millis(10);

/// Lets the disks of the targets hang, waits until they do not lead and have ended, and lets the disks go on.
pub(super) async fn strike(fleet: &mut Fleet, targets: &[usize]) -> Result<Duration, Trouble> {
    let began = Instant::now();
    let mut takeover = None;
    for target in targets {
        let file = fleet.hang_file(*target)?;
        write_file(&file, "").map_err(harness)?;
        let watched = watch(fleet, *target, began).await;
        std::fs::remove_file(&file).map_err(harness)?;
        takeover = Some(watched?);
        fleet.kill(*target);
    }
    takeover.ok_or_else(|| harness("nobody to hang"))
}

async fn watch(fleet: &mut Fleet, target: usize, began: Instant) -> Result<Duration, Trouble> {
    let mut pace = interval(PACE);
    loop {
        pace.tick().await;
        if fleet.leader_beside(target).await {
            break;
        }
        if began.elapsed() > TAKEOVER_MAX {
            let seconds = TAKEOVER_MAX.as_secs();
            return Err(Trouble::Violation(format!(
                "the leader's disk hangs for {seconds} s and nobody else leads"
            )));
        }
    }
    let takeover = began.elapsed();
    while !fleet.ended(target) {
        pace.tick().await;
        if began.elapsed() > END_MAX {
            let seconds = END_MAX.as_secs();
            return Err(Trouble::Violation(format!("a node whose disk hangs for {seconds} s has not ended")));
        }
    }
    Ok(takeover)
}
