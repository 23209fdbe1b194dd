//! `kill -9`: the process is gone between two instructions, the kernel keeps what it was given.

use crate::live::fleet::Fleet;

/// Kills the targets, one right after the other.
pub(super) fn strike(fleet: &mut Fleet, targets: &[usize]) {
    for target in targets {
        fleet.kill(*target);
    }
}
