//! Deleting purged entries, later and in big steps.
//!
//! Invariant: nothing reads below the purged mark, so it does not matter when, or whether, deletion happens;
//! one range tombstone a step, never one an entry.

use super::Shared;
use crate::engine::{Batch, Engine};
use crate::keys;

/// Deletes what was left for deletion.
pub(super) fn delete_once<E: Engine>(shared: &Shared<E>) {
    let Some(through) = shared.worker.take_purge() else { return };
    if shared.worker.failed() {
        return;
    }
    let mut batch = Batch::new();
    batch.delete_range(keys::entry(0), keys::entry(through.saturating_add(1)));
    if let Err(error) = shared.engine.write(&batch) {
        shared.worker.fail(&error.to_string());
    }
}
