//! A process that stops for a while and goes on as if nothing had happened: `SIGSTOP`, then `SIGCONT`.
//!
//! Invariant: the process is never killed; when a strike returns it runs again and has not been told what it missed.

use std::time::Duration;

use tokio::time::sleep;

use crate::live::fleet::Fleet;
use crate::live::{Trouble, harness};

/// Far longer than any election.
const PAUSE: Duration = Duration::from_secs(10);

/// Stops the targets, waits, and lets them go on.
pub(super) async fn strike(fleet: &mut Fleet, targets: &[usize]) -> Result<(), Trouble> {
    for target in targets {
        fleet.signal(*target, rustix::process::Signal::STOP).map_err(harness)?;
    }
    sleep(PAUSE).await;
    for target in targets {
        fleet.signal(*target, rustix::process::Signal::CONT).map_err(harness)?;
    }
    Ok(())
}
