//! Log time goes on when nobody writes: sessions expire and remembered requests are let go by it.
//!
//! Invariant: only the leader marks time; log time catches up in steps of at most a minute (9.3).

use std::time::Duration;

use store::Engine;
use tally::command::{Command, LOG_TIME_STEP_MS_MAX};

use crate::handle::Cluster;
use crate::runtime;

/// Log time may be that far behind the clock.
const LAG_MS_MAX: u64 = 10_000;
const ROUND: Duration = Duration::from_secs(1);
/// Marks in one round: a cluster that was off for days catches up in a minute without flooding its log.
const MARKS_MAX: usize = 100;

pub(crate) fn spawn<E: Engine>(cluster: &Cluster<E>) {
    let cluster = cluster.clone();
    runtime::spawn(async move {
        while !cluster.is_stopping() && cluster.failure().is_none() {
            runtime::sleep(ROUND).await;
            if cluster.is_leader() {
                cluster.mark_time().await;
            }
        }
    });
}

impl<E: Engine> Cluster<E> {
    async fn mark_time(&self) {
        for _ in 0..MARKS_MAX {
            let Some(lag_ms) = self.log_time_lag_ms().filter(|lag_ms| *lag_ms > LAG_MS_MAX) else { return };
            if let Err(error) = self.system(Command::Mark).await {
                tracing::debug!(%error, "time was not marked");
                return;
            }
            if lag_ms <= LOG_TIME_STEP_MS_MAX {
                return;
            }
        }
    }

    /// How far log time is behind this node's clock; `None` before the cluster was founded.
    pub(crate) fn log_time_lag_ms(&self) -> Option<u64> {
        let ledger = self.view().ledger().ok()?;
        (ledger.epoch != 0).then(|| self.now().0.saturating_sub(ledger.log_time.0))
    }
}
