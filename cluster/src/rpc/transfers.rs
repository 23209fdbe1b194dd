//! Snapshots on their way out: one at a time, at a bounded rate, each holding the log that its receiver will need.
//!
//! Invariant: the log is not purged beyond a snapshot that is being sent, unless the transfer takes longer than half
//! an hour or the log grows by four million entries meanwhile (about a gigabyte of single forms); then an alarm is
//! raised and the purge goes on (9.1).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tally::ids::NodeId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::runtime::{self, Instant};

/// Transfers at once.
const TRANSFERS_MAX: usize = 1;
/// Bytes a second of one transfer: a gigabyte link keeps half for everything else.
const BYTES_PER_SECOND_MAX: u64 = 64 * 1024 * 1024;
/// Longest a transfer holds the log.
const HOLD_MAX: Duration = Duration::from_mins(30);
/// Most entries that a transfer holds.
const HOLD_ENTRIES_MAX: u64 = 4_000_000;

#[derive(Clone, Copy, Debug)]
struct Hold {
    index: u64,
    began: Instant,
    warned: bool,
}

/// See the module.
pub(crate) struct Transfers {
    holds: Mutex<BTreeMap<NodeId, Hold>>,
    turns: Arc<Semaphore>,
    /// Bytes of snapshots that were sent from here, arrived here, and were here already when one was offered anew.
    sent: AtomicU64,
    received: AtomicU64,
    resumed: AtomicU64,
}

/// Bytes of snapshots since the start of this node.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SnapshotBytes {
    /// Sent to others.
    pub sent: u64,
    /// Received from others.
    pub received: u64,
    /// Not sent again, since they were here from an attempt that was cut.
    pub resumed: u64,
}

impl Default for Transfers {
    fn default() -> Self {
        Self {
            holds: Mutex::default(),
            turns: Arc::new(Semaphore::new(TRANSFERS_MAX)),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
        }
    }
}

/// A transfer under way.
pub(crate) struct Transfer {
    transfers: Arc<Transfers>,
    peer: NodeId,
    began: Instant,
    bytes: u64,
    _turn: OwnedSemaphorePermit,
}

impl Transfers {
    /// Waits for its turn and holds the log from `index` on. `None` when the node ends.
    pub(crate) async fn begin(self: &Arc<Self>, peer: NodeId, index: u64) -> Option<Transfer> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let began = runtime::now();
        // The same receiver goes on after a cut: its time runs from the first attempt for the same snapshot.
        let mut holds = self.holds();
        let hold = holds.entry(peer).or_insert(Hold { index, began, warned: false });
        if hold.index != index {
            *hold = Hold { index, began, warned: false };
        }
        drop(holds);
        Some(Transfer { transfers: Arc::clone(self), peer, began, bytes: 0, _turn: turn })
    }

    /// The lowest index that the log must keep for transfers under way or cut a moment ago.
    pub(crate) fn held(&self, last: u64) -> Option<u64> {
        let mut holds = self.holds();
        for (peer, hold) in &mut *holds {
            let long = runtime::since(hold.began) > HOLD_MAX;
            let much = last.saturating_sub(hold.index) > HOLD_ENTRIES_MAX;
            if (long || much) && !hold.warned {
                hold.warned = true;
                tracing::error!(
                    peer = peer.0,
                    index = hold.index,
                    "a snapshot takes too long; the log goes on"
                );
            }
        }
        holds.values().filter(|hold| !hold.warned).map(|hold| hold.index).min()
    }

    /// A piece arrived here.
    pub(crate) fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many bytes of what is offered are here.
    pub(crate) fn resumed(&self, bytes: u64) {
        self.resumed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What was sent, received and resumed so far.
    pub(crate) fn bytes(&self) -> SnapshotBytes {
        let [sent, received, resumed] =
            [&self.sent, &self.received, &self.resumed].map(|bytes| bytes.load(Ordering::Relaxed));
        SnapshotBytes { sent, received, resumed }
    }

    /// A receiver has what it needs, or nobody waits for it any more.
    fn done(&self, peer: NodeId) {
        self.holds().remove(&peer);
    }

    /// Forgets receivers that are no members any more.
    pub(crate) fn retain(&self, members: &std::collections::BTreeSet<u64>) {
        self.holds().retain(|peer, _| members.contains(&peer.0));
    }

    fn holds(&self) -> MutexGuard<'_, BTreeMap<NodeId, Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transfer {
    /// Counts bytes that were sent and waits when they were too many for the time.
    pub(crate) async fn sent(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.transfers.sent.fetch_add(bytes, Ordering::Relaxed);
        let due_ms = self.bytes.saturating_mul(1_000).div_euclid(BYTES_PER_SECOND_MAX);
        let due = Duration::from_millis(due_ms);
        let passed = runtime::since(self.began);
        if let Some(early) = due.checked_sub(passed).filter(|early| !early.is_zero()) {
            runtime::sleep(early).await;
        }
    }

    /// The receiver has installed it.
    pub(crate) fn finish(self) {
        self.transfers.done(self.peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_transfer_is_paced_and_holds_the_log_for_half_an_hour() {
        let transfers = Arc::new(Transfers::default());
        assert_eq!(transfers.held(1_000), None);
        let began = runtime::now();
        let mut transfer = transfers.begin(NodeId(4), 700).await.unwrap();
        transfer.sent(BYTES_PER_SECOND_MAX * 3).await;
        assert!(runtime::since(began) >= Duration::from_secs(3));
        assert_eq!(transfers.held(1_000), Some(700));
        // Cut: the next attempt finds the log still there.
        drop(transfer);
        assert_eq!(transfers.held(1_000), Some(700));
        let transfer = transfers.begin(NodeId(4), 700).await.unwrap();
        transfer.finish();
        assert_eq!(transfers.held(1_000), None);
        drop(transfers.begin(NodeId(5), 900).await.unwrap());
        assert_eq!(transfers.held(900 + HOLD_ENTRIES_MAX), Some(900));
        runtime::sleep(HOLD_MAX + Duration::from_secs(1)).await;
        assert_eq!(transfers.held(1_000), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_transfer_at_a_time() {
        let transfers = Arc::new(Transfers::default());
        let first = transfers.begin(NodeId(4), 1).await.unwrap();
        let second = transfers.begin(NodeId(5), 1);
        assert!(runtime::timeout(Duration::from_secs(1), second).await.is_err());
        first.finish();
        assert!(transfers.begin(NodeId(5), 1).await.is_some());
    }
}
