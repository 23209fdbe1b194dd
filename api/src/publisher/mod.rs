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
mod feeds;
mod front;
mod live;
mod pace;
pub mod page;
mod round;
mod snapshot;
mod source;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use tally::ids::ContestId;
use tally::region::RegionCode;
use tokio::sync::watch;

use crate::ports::{Confirmed, Queries, ReadError};

pub(crate) use feeds::Follower;
pub use front::{Front, FrontBody};

use crate::limits::NEXT_POLL_MS;
use crate::web::Conditions;
use demand::Demand;
use feeds::{Event, Feeds};
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

/// Whether a value of `Accept-Encoding` takes gzip.
pub(crate) fn accepts_gzip(value: &[u8]) -> bool {
    encoding::accepted(value).gzip
}

/// The rendered pages of one node.
pub struct Publisher {
    queries: Arc<dyn Queries>,
    snapshot: ArcSwap<Snapshot>,
    demand: Demand,
    numbers: RequestNumbers,
    memory: std::sync::Mutex<Memory>,
    feeds: Feeds,
    /// Counts the times that master data may have changed.
    master_data: watch::Sender<u64>,
    ready: AtomicBool,
    hits: AtomicU64,
    next_poll_ms: AtomicU32,
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
            feeds: Feeds::default(),
            master_data: watch::channel(0).0,
            ready: AtomicBool::new(false),
            hits: AtomicU64::new(0),
            next_poll_ms: AtomicU32::new(NEXT_POLL_MS),
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

    /// After which readers are asked to look again, in milliseconds.
    #[must_use]
    pub fn next_poll_ms(&self) -> u32 {
        self.next_poll_ms.load(Ordering::Relaxed)
    }

    /// Changes whenever master data may have.
    pub(crate) fn master_data(&self) -> watch::Receiver<u64> {
        self.master_data.subscribe()
    }

    /// Regions that are followed by events now.
    #[must_use]
    pub fn followed(&self) -> usize {
        self.feeds.len()
    }

    /// Follows a region: the log index of the state it begins with, since when that was up to date, and what comes; `None` when
    /// there is no such region or it does not hold the contest.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        contest: ContestId,
        region: RegionCode,
    ) -> Result<Option<(u64, Confirmed, Follower)>, ReadError> {
        let own = Arc::clone(self);
        let followed = tokio::task::spawn_blocking(move || {
            let view = own.queries.local()?;
            let Some(known) = view.contest(&contest)? else { return Ok(None) };
            let Some(event) = Event::of(&*view, &known, region)? else { return Ok(None) };
            let follower = own.feeds.follow((contest, region), event).ok_or(ReadError::Overloaded)?;
            Ok(Some((view.index(), view.confirmed(), follower)))
        });
        followed.await.map_err(|error| ReadError::Store(error.to_string()))?
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
                () = stop.as_mut() => {
                    self.feeds.close();
                    return;
                }
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// What pages say beside their numbers, now.
    fn conditions(&self) -> Conditions {
        let next_poll_ms = self.next_poll_ms();
        Conditions { next_poll_ms, ..Conditions::quiet(self.queries.freshness().leader_age_ms) }
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
