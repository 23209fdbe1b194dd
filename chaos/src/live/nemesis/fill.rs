//! A disk that is full to the last byte, and has room again after a while.
//!
//! Invariant: nothing of the node is touched; the room is taken by a file beside its data.

use std::time::Duration;

use tokio::time::sleep;

use crate::live::fleet::Fleet;
use crate::live::{Trouble, harness};

/// Longer than the node takes to look at its disk, and to end when it cannot go on.
const FULL: Duration = Duration::from_secs(5);

/// Fills the disks of the targets, waits, and gives the room back.
pub(super) async fn strike(fleet: &mut Fleet, targets: &[usize]) -> Result<(), Trouble> {
    for target in targets {
        fleet.disk(*target)?.fill().map_err(harness)?;
    }
    sleep(FULL).await;
    for target in targets {
        fleet.disk(*target)?.empty().map_err(harness)?;
    }
    Ok(())
}
