//! The leader marks time: log time goes on when nobody writes (sessions expire and remembered requests are let
//! go by it), and each mark is a hash point, at which all nodes note what their state sums up to (9.5).
//!
//! Invariant: only the leader marks time; log time catches up in steps of at most a minute (9.3); where entries
//! were written the next mark is at most about a thousand of them or ten seconds away.

use std::time::Duration;

use store::Engine;
use tally::command::{Command, LOG_TIME_STEP_MS_MAX};

use crate::handle::Cluster;
use crate::runtime::{self, Instant};
use crate::sweeper;

/// Log time may be that far behind the clock.
const LAG_MS_MAX: u64 = 10_000;
const ROUND: Duration = Duration::from_secs(1);
/// Entries after a mark that call for the next one.
const POINT_ENTRIES: u64 = 1_000;
/// Time after a mark that calls for the next one, if anything was written since.
const POINT_INTERVAL: Duration = Duration::from_secs(10);
/// Marks in one round: a cluster that was off for days catches up in a minute without flooding its log.
const MARKS_MAX: usize = 100;

pub(crate) fn spawn<E: Engine>(cluster: &Cluster<E>) {
    // What ends by log time is swept away by it.
    sweeper::spawn(cluster);
    let cluster = cluster.clone();
    runtime::spawn(async move {
        let mut marked_at = runtime::now();
        while !cluster.is_over() {
            cluster.wait_for_entries().await;
            if cluster.is_leader() {
                cluster.mark_time().await;
                cluster.mark_point(&mut marked_at).await;
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

    /// Until so many entries were applied since the last mark, or a round has passed.
    async fn wait_for_entries(&self) {
        let wanted = self.last_point().saturating_add(POINT_ENTRIES);
        let mut applied = self.inner.applied.clone();
        if *applied.borrow() >= wanted {
            // The mark did not come about: not again at once.
            runtime::sleep(ROUND).await;
            return;
        }
        let reached = async { applied.wait_for(|applied| *applied >= wanted).await.is_ok() };
        // Reached or not, the caller looks; a node that follows comes back after each round's worth of entries.
        runtime::timeout(ROUND, reached).await.ok();
    }

    /// Marks a hash point when one is due.
    async fn mark_point(&self, marked_at: &mut Instant) {
        let written = self.inner.applied.borrow().saturating_sub(self.last_point());
        let due = written >= POINT_ENTRIES || runtime::since(*marked_at) >= POINT_INTERVAL;
        if written == 0 || !due || self.log_time_lag_ms().is_none() {
            return;
        }
        *marked_at = runtime::now();
        if let Err(error) = self.system(Command::Mark).await {
            tracing::debug!(%error, "a hash point was not marked");
        }
    }

    fn last_point(&self) -> u64 {
        self.inner.machine.hash_points().last().map_or(0, |point| point.index)
    }

    /// How far log time is behind this node's clock; `None` before the cluster was founded.
    pub(crate) fn log_time_lag_ms(&self) -> Option<u64> {
        let ledger = self.view().ledger().ok()?;
        (ledger.epoch != 0).then(|| self.now().0.saturating_sub(ledger.log_time.0))
    }
}
