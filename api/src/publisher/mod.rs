//! Rendered pages: what the public reads is bytes that are there already.
//!
//! Invariant: a hit touches an atomic pointer, a map and reference counts: no lock, no store, no Raft, no
//! formatting. A cached page is what its rows say at the index the snapshot names: every round looks again at
//! all pages whose rows were marked since the round before the last, so nothing is old by more than a round.
//!
//! What is rendered: the pages of all contests from the nation to the provinces at the start; after that every
//! page that somebody reads is kept up to date for as long as it is read, and what nobody reads is dropped
//! when it changes and rendered again on demand. A night without readers costs next to nothing.

mod demand;
mod encoding;
mod front;
mod live;
pub mod page;
mod round;
mod snapshot;
mod source;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::ports::{Queries, ReadError};

pub use front::{Front, FrontBody};

use demand::Demand;
use live::RequestNumbers;
use round::Memory;
use snapshot::Snapshot;

/// Shortest time between two rounds.
const ROUND_INTERVAL: Duration = Duration::from_millis(250);
/// A round that took long is followed by a rest this many times as long, so that rendering never takes more
/// than a quarter of one core from those who read and write.
const REST_FACTOR: u32 = 3;
/// Bytes of rendered pages kept in memory.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Looks a path and its query up as a reader's request does.
#[cfg(any(test, fuzzing))]
pub(crate) fn look_up(path: &str, query: Option<&str>) -> bool {
    source::Source::parse(path).is_some_and(|source| source.asks_more(query))
}

/// The rendered pages of one node.
pub struct Publisher {
    queries: Arc<dyn Queries>,
    snapshot: ArcSwap<Snapshot>,
    demand: Demand,
    numbers: RequestNumbers,
    memory: std::sync::Mutex<Memory>,
    ready: AtomicBool,
    hits: AtomicU64,
}

impl Publisher {
    /// A publisher with no page yet. [`Self::run`] fills it.
    #[must_use]
    pub fn new(queries: Arc<dyn Queries>) -> Arc<Self> {
        let node = queries.freshness().node;
        Arc::new(Self {
            queries,
            snapshot: ArcSwap::from_pointee(Snapshot::empty(node)),
            demand: Demand::default(),
            numbers: RequestNumbers::new(),
            memory: std::sync::Mutex::default(),
            ready: AtomicBool::new(false),
            hits: AtomicU64::new(0),
        })
    }

    /// Whether the top pages are rendered: `/readyz/public` waits for it.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Pages kept now, and their bytes.
    #[must_use]
    pub fn kept(&self) -> (usize, usize) {
        let snapshot = self.snapshot.load();
        (snapshot.pages.len(), snapshot.bytes)
    }

    /// Requests answered from kept pages so far.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Renders round after round until `stop` resolves. One task of a node calls it.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let began = Instant::now();
            let publisher = Arc::clone(&self);
            // Rendering reads the disk and compresses: not on a thread that answers requests.
            let round = tokio::task::spawn_blocking(move || publisher.round());
            let failed = match round.await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(error) = failed {
                tracing::warn!(error, "pages not renewed");
            }
            let rest = began.elapsed().saturating_mul(REST_FACTOR).max(ROUND_INTERVAL);
            tokio::select! {
                biased;
                () = stop.as_mut() => return,
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// One round: renders what changed and is read, drops what changed and is not, and shows it all at once.
    ///
    /// # Errors
    /// When the state cannot be read. The last pages stay, and the next round looks again.
    pub fn round(&self) -> Result<(), ReadError> {
        // A poisoned memory is one whose round panicked; what it had noted is still to be looked at.
        let mut memory = self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let result = round::run(self, &mut memory);
        if result.is_ok() {
            self.ready.store(true, Ordering::Release);
        }
        result
    }
}
