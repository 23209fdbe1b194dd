//! Power loss: the process is gone, and so is everything that was not flushed.

use crate::live::fleet::Fleet;
use crate::live::{Trouble, harness};

/// Takes the power from the targets and gives it back; their processes stay down.
pub(super) fn strike(fleet: &mut Fleet, targets: &[usize], disk_first: bool) -> Result<(), Trouble> {
    if disk_first {
        cut(fleet, targets)?;
    }
    for target in targets {
        fleet.kill(*target);
    }
    if !disk_first {
        cut(fleet, targets)?;
    }
    for target in targets {
        fleet.disk(*target)?.restore().map_err(harness)?;
    }
    Ok(())
}

fn cut(fleet: &mut Fleet, targets: &[usize]) -> Result<(), Trouble> {
    targets.iter().try_for_each(|target| fleet.disk(*target)?.cut().map_err(harness))
}
