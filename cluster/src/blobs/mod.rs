//! Attachments in the cluster: on a majority before anything names them, on every voter in the end.
//!
//! Invariant: a node says that it holds an attachment only when all of it is durable there; a command that names
//! some is proposed only with holders that are a majority of each configuration (`rule`); what anybody is
//! handed was compared with its name. All of it goes over the bulk connections, a few at a time.

mod describe;
mod fetch;
mod hold;
mod inventory;
mod pull;
pub(crate) mod rule;
mod scrub;
mod serve;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver as _;
use openraft::type_config::TypeConfigExt as _;
use store::blobs::Blobs;
use store::{BlobReader, Engine, StoreError};
use tally::ids::{AttachmentId, LogTime, NodeId};
use tokio::sync::{Semaphore, watch};

use crate::handle::Cluster;
use crate::runtime;
use crate::settings::{
    ATTACHMENT_ANSWERS_MAX, ATTACHMENT_FETCHES_MAX, ATTACHMENT_PULLS_MAX, ATTACHMENTS_MISSING_MAX,
};
use crate::types::TypeConfig;

pub use inventory::MissingBlobs;
pub(crate) use serve::READ;
pub use upload::{BlobUpload, Stored};

/// Longest sleep of a background task, so that a node that stops is not held up.
const NAP: Duration = Duration::from_millis(250);

/// Why something could not be done with an attachment.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BlobError {
    /// It is on no node that answers.
    #[error("the attachment is on no node that answers")]
    Unknown,
    /// It is not what it must be; the text says in what.
    #[error("{0}")]
    Refused(String),
    /// It is durable on these nodes, which are not enough. Doing it again goes on from there.
    #[error("the attachment is not on a majority yet, only on {0:?}")]
    NotHeld(Vec<NodeId>),
    /// Nobody could be asked in time.
    #[error("{0}")]
    Unavailable(String),
    /// The disk here failed.
    #[error("storage: {0}")]
    Storage(String),
}

impl From<StoreError> for BlobError {
    fn from(error: StoreError) -> Self {
        if let StoreError::BlobRefused(text) = error {
            return Self::Refused(text);
        }
        Self::Storage(error.to_string())
    }
}

/// Numbers about the attachments on this node.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct BlobStatus {
    /// How many there are.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether both are certain; after a crash they are counted anew in the background.
    pub exact: bool,
    /// Named by accepted forms, but not here yet.
    pub missing: u64,
    /// Found damaged here and not replaced yet.
    pub damaged: u64,
    /// Compared with their names by the scrubber since the start.
    pub scrubbed_total: u64,
    /// Found damaged since the start.
    pub scrub_errors_total: u64,
    /// Fetched from peers since the start.
    pub fetched_total: u64,
}

type Flight = watch::Receiver<Option<Result<(), BlobError>>>;

/// What is under way and known about attachments.
pub(crate) struct Desk {
    /// For those that somebody waits for.
    fetches: Semaphore,
    /// For those that nobody waits for.
    pulls: Semaphore,
    /// For questions of peers.
    answers: Semaphore,
    flights: Mutex<BTreeMap<AttachmentId, Flight>>,
    missing: Mutex<BTreeSet<AttachmentId>>,
    /// All names are to be looked at, since some may be missing that are not known to be.
    sweep: AtomicBool,
    scrubbed: AtomicU64,
    damaged: AtomicU64,
    fetched: AtomicU64,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            fetches: Semaphore::new(ATTACHMENT_FETCHES_MAX),
            pulls: Semaphore::new(ATTACHMENT_PULLS_MAX),
            answers: Semaphore::new(ATTACHMENT_ANSWERS_MAX),
            flights: Mutex::default(),
            missing: Mutex::default(),
            sweep: AtomicBool::new(true),
            scrubbed: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
            fetched: AtomicU64::new(0),
        }
    }
}

impl Desk {
    fn flights(&self) -> MutexGuard<'_, BTreeMap<AttachmentId, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missing(&self) -> MutexGuard<'_, BTreeSet<AttachmentId>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that one is missing; when there is no room for it, the next sweep finds it again.
    fn note_missing(&self, id: AttachmentId) {
        let mut missing = self.missing();
        if missing.len() < ATTACHMENTS_MISSING_MAX {
            missing.insert(id);
        } else if !missing.contains(&id) {
            self.sweep.store(true, Ordering::Relaxed);
        }
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(crate) fn spawn<E: Engine>(cluster: &Cluster<E>) {
    let puller = cluster.clone();
    runtime::spawn(async move { puller.pull_attachments().await });
    let scrubber = cluster.clone();
    runtime::spawn(async move { scrubber.scrub_attachments().await });
    let counter = cluster.clone();
    runtime::spawn(async move { counter.count_attachments().await });
}

impl<E: Engine> Cluster<E> {
    /// Numbers about the attachments on this node.
    #[must_use]
    pub fn blob_status(&self) -> BlobStatus {
        let (desk, blobs) = (&self.inner.blobs, self.inner.machine.blobs());
        let totals = blobs.totals();
        BlobStatus {
            count: totals.count,
            bytes: totals.bytes,
            exact: totals.exact,
            missing: u64::try_from(desk.missing().len()).unwrap_or(u64::MAX),
            damaged: blobs.set_aside_count(),
            scrubbed_total: desk.scrubbed.load(Ordering::Relaxed),
            scrub_errors_total: desk.damaged.load(Ordering::Relaxed),
            fetched_total: desk.fetched.load(Ordering::Relaxed),
        }
    }

    /// A reader of an attachment, whose bytes were compared with its name just now; fetched from a peer first
    /// when it is missing here or damaged. Waits for that as long as the deadline allows.
    pub async fn open_blob(
        &self,
        id: AttachmentId,
        deadline: Duration,
    ) -> Result<BlobReader<E::Disk>, BlobError> {
        if let Some(reader) = self.open_here(id).await? {
            return Ok(reader);
        }
        self.fetch(id, None, runtime::after(runtime::now(), deadline)).await?;
        self.open_here(id).await?.ok_or(BlobError::Unknown)
    }

    /// A reader, if a whole one is here; a damaged one is set aside.
    async fn open_here(&self, id: AttachmentId) -> Result<Option<BlobReader<E::Disk>>, BlobError> {
        let opened = self
            .on_disk(move |blobs| match blobs.open_checked(id) {
                Err(StoreError::BlobDamaged(_)) => Ok(None),
                opened => opened.map(Some),
            })
            .await?;
        if let Some(opened) = opened {
            return Ok(opened);
        }
        self.set_aside(id).await?;
        Ok(None)
    }

    /// Takes a damaged one out of the way, and says so.
    async fn set_aside(&self, id: AttachmentId) -> Result<(), BlobError> {
        if self.on_disk(move |blobs| blobs.set_aside(id)).await? {
            add(&self.inner.blobs.damaged);
            tracing::error!(
                attachment = tally::ids::hex(&id.0),
                "an attachment on this disk is not what was stored; it was set aside and is fetched anew from \
                 another node: look at the disk"
            );
        }
        Ok(())
    }

    /// Does something with the attachments here, where waiting for the disk delays nobody else.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Blobs<E::Disk>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let machine = self.inner.machine.clone();
        let done = TypeConfig::spawn_blocking(move || work(machine.blobs())).await;
        let done = done.map_err(|error| BlobError::Storage(error.to_string()))?;
        done.map_err(BlobError::from)
    }

    /// Log time for what is stored now: not behind the clock where this node is behind the log.
    fn storing_time(&self) -> LogTime {
        let ledger = self.inner.machine.view().ledger().unwrap_or_default();
        ledger.log_time.max(self.now())
    }

    /// The voters of each configuration in force.
    pub(crate) fn configurations(&self) -> Vec<BTreeSet<u64>> {
        let metrics = self.inner.raft.server_metrics();
        let metrics = metrics.borrow_watched();
        metrics.membership_config.membership().get_joint_config().clone()
    }

    /// Sleeps; `false` when the node stopped meanwhile.
    async fn nap(&self, duration: Duration) -> bool {
        let end = runtime::after(runtime::now(), duration);
        while !self.is_over() {
            let left = runtime::remaining(end);
            if left.is_zero() {
                return true;
            }
            runtime::sleep(left.min(NAP)).await;
        }
        false
    }
}

/// How long so many bytes may take at a rate.
fn pace(bytes: u64, bytes_per_s: u64) -> Duration {
    Duration::from_micros(bytes.saturating_mul(1_000_000).div_euclid(bytes_per_s.max(1)))
}
