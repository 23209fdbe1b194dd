//! What a node does by itself: knows its age and its peers, flushes its state, cuts its log.
//!
//! Invariant: the log is never purged beyond what is both on disk as applied state and in the current snapshot
//! (9.1); all of it is read from the store, never remembered.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};
use openraft::type_config::TypeConfigExt as _;
use store::Engine;

use crate::handle::Cluster;
use crate::retention::Marks;
use crate::runtime::{self, Instant};
use crate::settings::LogRetention;
use crate::types::TypeConfig;

/// The state is flushed after so many bytes,
const FLUSH_BYTES: u64 = 32 * 1024 * 1024;
/// or so many entries,
const FLUSH_ENTRIES: u64 = 20_000;
/// or so long after the last flush, if anything was applied.
const FLUSH_INTERVAL: Duration = Duration::from_secs(10);
const ROUND: Duration = Duration::from_secs(1);
const NOTES_PER_ROUND: u32 = 20;
const RECOVERY_ROUND: Duration = Duration::from_secs(5);

pub(crate) fn spawn<E: Engine>(cluster: &Cluster<E>) {
    let pulse = cluster.clone();
    runtime::spawn(async move { pulse.pulse().await });
    let keeper = cluster.clone();
    runtime::spawn(async move { keeper.keep_house().await });
    let greeter = cluster.clone();
    runtime::spawn(async move { greeter.greet_peers().await });
    let recovery = cluster.clone();
    runtime::spawn(async move {
        while !recovery.is_stopping() && recovery.failure().is_none() {
            if recovery.wait_ready(RECOVERY_ROUND).await.is_ok() {
                return;
            }
        }
    });
}

impl<E: Engine> Cluster<E> {
    /// Keeps the age that goes out with heartbeats true, and hears the watchdog.
    async fn pulse(&self) {
        let interval = Duration::from_millis(self.inner.settings.timers.heartbeat_ms);
        while !self.is_over() {
            self.note_own_quorum();
            let asked = runtime::timeout(interval, self.asked_to_hand_over()).await.is_ok();
            if asked
                && self.is_leader()
                && let Err(error) = self.transfer_here(None).await
            {
                tracing::warn!(%error, "the disk hangs and nobody took over");
            }
        }
    }

    /// Resolves when the watchdog asks; until then notes who follows.
    async fn asked_to_hand_over(&self) {
        loop {
            let asked = std::pin::pin!(self.inner.hand_over.notified());
            let news = std::pin::pin!(self.inner.followers.news());
            match select(asked, news).await {
                Either::Left(_) => return,
                Either::Right(_) => self.note_own_quorum(),
            }
        }
    }

    async fn keep_house(&self) {
        let mut flushed_at = runtime::now();
        let mut marks = Marks::new(self.inner.settings.log_retention.bytes_kept);
        while !self.is_stopping() {
            self.rest_a_round(&mut marks).await;
            if self.inner.machine.damage().is_some() || self.overtaken().is_some() {
                self.stop_for_good().await;
                return;
            }
            if self.is_over() {
                return;
            }
            self.flush_when_due(&mut flushed_at).await;
            self.cut_log_when_due(&marks).await;
        }
    }

    /// Until the next round; notes where in the log how many bytes were applied, often enough that a burst is not one
    /// single step.
    async fn rest_a_round(&self, marks: &mut Marks) {
        for _ in 0..NOTES_PER_ROUND {
            runtime::sleep(ROUND.checked_div(NOTES_PER_ROUND).unwrap_or(ROUND)).await;
            marks.note(*self.inner.applied.borrow(), self.inner.applied_bytes.load(Ordering::Relaxed));
        }
    }

    /// Ends a node whose data cannot be read (what hit one block may have hit another that reads well by chance) or
    /// whose history was abandoned.
    async fn stop_for_good(&self) {
        tracing::error!(why = self.failure(), "this node stops");
        if let Err(error) = self.inner.raft.shutdown().await {
            tracing::warn!(%error, "raft did not stop");
        }
    }

    async fn flush_when_due(&self, flushed_at: &mut Instant) {
        let machine = &self.inner.machine;
        let entries = machine.entries_since_flush();
        let due = entries >= FLUSH_ENTRIES
            || machine.bytes_since_flush() >= FLUSH_BYTES
            || (entries > 0 && runtime::since(*flushed_at) >= FLUSH_INTERVAL);
        if !due {
            return;
        }
        let machine = machine.clone();
        let flushed = TypeConfig::spawn_blocking(move || machine.flush()).await;
        *flushed_at = runtime::now();
        if let Ok(Err(error)) = flushed {
            // The store ends the process on the first failed flush; this is what it says on its way.
            tracing::error!(%error, "the state could not be flushed");
        }
    }

    async fn cut_log_when_due(&self, marks: &Marks) {
        let retention = self.inner.settings.log_retention;
        let snapshot = self.snapshot_index();
        let entries = self.inner.applied.borrow().saturating_sub(snapshot.unwrap_or_default());
        let all = self.inner.applied_bytes.load(Ordering::Relaxed);
        let bytes = all.saturating_sub(self.inner.snapshot_bytes.load(Ordering::Relaxed));
        if (entries >= retention.entries_max || bytes >= retention.bytes_max)
            && let Err(error) = self.snapshot().await
        {
            tracing::warn!(%error, "a snapshot could not be built; the log grows until one can");
            return;
        }
        self.purge(retention, marks.surplus_through(all)).await;
    }

    /// Builds a snapshot of the state now and answers its index.
    pub async fn snapshot(&self) -> Result<u64, crate::OperateError> {
        let failed = |text: String| crate::OperateError::Failed(text);
        let target = *self.inner.applied.borrow();
        let bytes = self.inner.applied_bytes.load(Ordering::Relaxed);
        self.inner.raft.trigger().snapshot().await.map_err(|error| failed(error.to_string()))?;
        let built =
            |metrics: &crate::types::RaftMetrics| metrics.snapshot.is_some_and(|id| id.index >= target);
        let built =
            self.inner.raft.wait(Some(Duration::from_mins(10))).metrics(built, "snapshot built").await;
        let metrics = built.map_err(|error| failed(error.to_string()))?;
        self.inner.snapshot_bytes.store(bytes, Ordering::Relaxed);
        Ok(metrics.snapshot.map_or(0, |id| id.index))
    }

    /// Cuts the log behind the snapshot, leaving what `retention` keeps; what is `surplus` is more than its bytes.
    async fn purge(&self, retention: LogRetention, surplus: u64) {
        let Some(snapshot) = self.snapshot_index() else { return };
        let persisted = self.inner.machine.persisted_applied().map_or(0, |id| id.index);
        let members = self.metrics().membership_config.membership().nodes().map(|(id, _)| *id).collect();
        self.inner.transfers.retain(&members);
        // A receiver of a snapshot goes on from the log right after it.
        let held = self.inner.transfers.held(*self.inner.applied.borrow()).unwrap_or(u64::MAX);
        let most = snapshot.min(persisted);
        let by_entries = most.saturating_sub(retention.entries_kept);
        let through = by_entries.max(surplus.min(most)).min(held);
        let purged = self.inner.log.state().purged.map_or(0, |id| id.index);
        // In big steps: each is a range delete that every later read passes over.
        let step = if surplus > by_entries { 1 } else { retention.entries_kept.div_euclid(10).max(1) };
        if through >= purged.saturating_add(step)
            && let Err(error) = self.inner.raft.trigger().purge_log(through).await
        {
            tracing::warn!(%error, "the log was not purged");
        }
    }

    fn snapshot_index(&self) -> Option<u64> {
        let snapshot = self.inner.machine.current_snapshot()?;
        snapshot.manifest().meta.applied.map(|id| id.index)
    }
}
