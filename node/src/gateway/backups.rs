//! Backups, given away slowly.
//!
//! Invariant: a backup that nobody fetches any more lets go of its files; all of them together read no faster than
//! [`BYTES_PER_SECOND_MAX`], one piece at a time, on threads that yield to everything else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::ports::{Backups, OfferedBackup, OperationError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use store::backup::BackupSource;
use store::{RocksEngine, StoreError};
use tally::epoch::EpochRecord;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::Gateway;

/// Bytes read for backups in a second: half of a slow disk is left to the count.
const BYTES_PER_SECOND_MAX: u64 = 64 * 1024 * 1024;
/// Longest wait for the piece before; below a request's deadline.
const TURN_MAX: Duration = Duration::from_secs(20);
/// Longest a request for a new backup waits for it; its client asks again.
const PREPARING_MAX: Duration = Duration::from_secs(5);
/// Backups offered at once: each holds files on disk that would be gone.
const OFFERS_MAX: usize = 2;
/// A backup of which nothing was fetched for so long is let go.
const UNUSED_MAX: Duration = Duration::from_mins(30);
/// Between two looks for such.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);
/// Niceness of the thread that prepares a backup, which reads all files once.
const NICENESS: i32 = 15;

struct Offer {
    source: Arc<BackupSource<RocksEngine>>,
    manifest: Bytes,
    used: Instant,
}

#[derive(Default)]
struct State {
    preparing: bool,
    /// Prepared, and not given to anybody yet.
    ready: Option<Result<BackupSource<RocksEngine>, OperationError>>,
    offers: VecDeque<Offer>,
    /// Whether somebody looks for offers that nobody uses.
    watched: bool,
}

/// The backups that this node offers.
pub(super) struct Offers {
    state: Mutex<State>,
    prepared: Notify,
    turn: Semaphore,
}

impl Default for Offers {
    fn default() -> Self {
        Self { state: Mutex::default(), prepared: Notify::new(), turn: Semaphore::new(1) }
    }
}

impl Offer {
    fn shown(&self) -> OfferedBackup {
        OfferedBackup { id: self.source.manifest().id.clone(), manifest: self.manifest.clone() }
    }
}

impl Offers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was prepared, if anything was.
    fn take_ready(&self) -> Option<Result<OfferedBackup, OperationError>> {
        let mut state = self.state();
        let source = match state.ready.take()? {
            Ok(source) => source,
            Err(error) => return Some(Err(error)),
        };
        let manifest = source.manifest().encode();
        let offer = Offer { source: Arc::new(source), manifest, used: Instant::now() };
        let shown = offer.shown();
        state.offers.retain(|other| other.source.manifest().id != shown.id);
        state.offers.push_back(offer);
        while state.offers.len() > OFFERS_MAX {
            state.offers.pop_front();
        }
        Some(Ok(shown))
    }

    /// The backup of that name, marked as used now.
    fn find<T>(&self, id: &str, show: impl FnOnce(&Offer) -> T) -> Option<T> {
        let mut state = self.state();
        let offer = state.offers.iter_mut().find(|offer| offer.source.manifest().id == id)?;
        offer.used = Instant::now();
        Some(show(offer))
    }

    /// Lets go of what nobody fetches; answers whether anything is left.
    fn let_go(&self) -> bool {
        let mut state = self.state();
        state.offers.retain(|offer| offer.used.elapsed() < UNUSED_MAX);
        state.watched = !state.offers.is_empty();
        state.watched
    }
}

impl Gateway {
    /// Begins to prepare a backup, unless one is being prepared.
    fn prepare(&self) -> Result<(), OperationError> {
        {
            let mut state = self.offers.state();
            if state.preparing || state.ready.is_some() {
                return Ok(());
            }
            state.preparing = true;
        }
        let gateway = self.clone();
        let prepare = move || {
            if rustix::process::setpriority_process(None, NICENESS).is_err() {
                tracing::warn!(niceness = NICENESS, "a thread keeps its priority");
            }
            let built = gateway.cluster.machine().build_backup().map_err(|error| operation_error(&error));
            {
                let mut state = gateway.offers.state();
                state.preparing = false;
                state.ready = Some(built);
            }
            gateway.offers.prepared.notify_waiters();
        };
        let started = std::thread::Builder::new().name("rakit-backup".to_owned()).spawn(prepare);
        started.map(drop).map_err(|error| {
            self.offers.state().preparing = false;
            OperationError::Failed(error.to_string())
        })
    }

    async fn offer_new(&self) -> Result<Option<OfferedBackup>, OperationError> {
        if let Some(reason) = self.cluster.quarantine() {
            return Err(OperationError::Precondition(format!(
                "this node's state is set apart ({reason}): take the backup from another node"
            )));
        }
        let waiting = async {
            loop {
                let prepared = self.offers.prepared.notified();
                tokio::pin!(prepared);
                // Before the look: what is ready between look and wait is heard of.
                prepared.as_mut().enable();
                if let Some(ready) = self.offers.take_ready() {
                    return ready;
                }
                self.prepare()?;
                prepared.await;
            }
        };
        let Ok(offered) = tokio::time::timeout(PREPARING_MAX, waiting).await else { return Ok(None) };
        if !std::mem::replace(&mut self.offers.state().watched, true) {
            let offers = Arc::clone(&self.offers);
            tokio::spawn(async move {
                while offers.let_go() {
                    tokio::time::sleep(LOOK_INTERVAL).await;
                }
            });
        }
        offered.map(Some)
    }

    async fn piece(
        &self,
        source: Arc<BackupSource<RocksEngine>>,
        sha256: [u8; 32],
        offset: u64,
        length: usize,
    ) -> Result<Bytes, OperationError> {
        let busy = || OperationError::Unavailable("other backups are being fetched; try again".to_owned());
        let turn = tokio::time::timeout(TURN_MAX, self.offers.turn.acquire()).await;
        let _turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        let read = tokio::task::spawn_blocking(move || source.read(&sha256, offset, length)).await;
        let bytes = read
            .map_err(|error| OperationError::Failed(error.to_string()))?
            .map_err(|error| operation_error(&error))?;
        let microseconds = u64::try_from(bytes.len())
            .unwrap_or(u64::MAX)
            .saturating_mul(1_000_000)
            .checked_div(BYTES_PER_SECOND_MAX)
            .unwrap_or_default();
        tokio::time::sleep(Duration::from_micros(microseconds)).await;
        Ok(bytes)
    }
}

impl Backups for Gateway {
    fn offer(&self) -> BoxFuture<'_, Result<Option<OfferedBackup>, OperationError>> {
        Box::pin(self.offer_new())
    }

    fn offered(&self, id: &str) -> Option<OfferedBackup> {
        self.offers.find(id, Offer::shown)
    }

    fn object(
        &self,
        id: &str,
        sha256: [u8; 32],
        offset: u64,
        length: usize,
    ) -> BoxFuture<'_, Result<Option<(Bytes, u64)>, OperationError>> {
        let found = self.offers.find(id, |offer| {
            let object = offer.source.manifest().object(&sha256)?;
            Some((Arc::clone(&offer.source), object.size))
        });
        Box::pin(async move {
            let Some((source, size)) = found.flatten() else { return Ok(None) };
            Ok(Some((self.piece(source, sha256, offset, length).await?, size)))
        })
    }

    fn epochs(&self) -> Result<Vec<(u64, EpochRecord)>, OperationError> {
        self.cluster.view().epochs().map_err(|error| operation_error(&error))
    }
}

fn operation_error(error: &StoreError) -> OperationError {
    let text = error.to_string();
    if matches!(error, StoreError::BackupRefused(_)) {
        return OperationError::Precondition(text);
    }
    OperationError::Failed(text)
}
