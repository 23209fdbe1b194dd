//! Pages that nobody had asked for yet: made once however many ask, a few at a time.
//!
//! Invariant: a page is kept only if no round began while it was made: then the marks of the next round tell
//! whether it still holds. Waiting is bounded in number, and makers in number too, so that a flood of cold
//! pages costs readers of warm ones nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use super::snapshot::{Kept, Moment, Pages};
use super::source::Source;
use super::{BYTES_MAX, Publisher};

/// Pages made at once.
const MAKERS_MAX: usize = 2;
/// Requests that wait for a page to be made.
const WAITING_MAX: usize = 512;

/// What came of a demand.
#[derive(Clone)]
pub(super) enum Demanded {
    /// The page.
    Page(Arc<Kept>),
    /// There is none.
    Missing,
    /// It could not be made now.
    Unavailable,
}

/// Pages on their way.
pub(super) struct Demand {
    pending: Mutex<Pending>,
    flights: Mutex<HashMap<Box<str>, Cell>>,
    makers: Arc<Semaphore>,
    waiting: Semaphore,
}

/// Where all who wait for a page find it.
type Cell = Arc<OnceCell<Demanded>>;

/// Pages made since the last round.
#[derive(Default)]
struct Pending {
    round: u64,
    pages: Pages,
    bytes: usize,
}

impl Default for Demand {
    fn default() -> Self {
        Self {
            pending: Mutex::default(),
            flights: Mutex::default(),
            makers: Arc::new(Semaphore::new(MAKERS_MAX)),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }
}

/// A panic while one of these locks is held leaves maps that are whole: inserts and removals only.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Demand {
    /// Begins a round: hands over what was made before it.
    pub(super) fn begin_round(&self) -> Pages {
        let mut pending = lock(&self.pending);
        pending.round = pending.round.saturating_add(1);
        pending.bytes = 0;
        std::mem::take(&mut pending.pages)
    }

    /// The page at a path, made now if it must be.
    pub(super) async fn get(publisher: &Arc<Publisher>, path: &str, source: Source) -> Demanded {
        let demand = &publisher.demand;
        if let Some(kept) = lock(&demand.pending).pages.get(path) {
            return Demanded::Page(Arc::clone(kept));
        }
        let Ok(_waiting) = demand.waiting.try_acquire() else {
            return Demanded::Unavailable;
        };
        let flight = Flight::join(demand, path);
        flight.cell.get_or_init(|| make(publisher, path, source)).await.clone()
    }

    /// Pages that somebody waits for now.
    #[cfg(test)]
    pub(super) fn waited_for(&self) -> usize {
        lock(&self.flights).len()
    }

    /// Keeps all makers busy until the answer is dropped.
    #[cfg(test)]
    pub(super) fn occupy(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = u32::try_from(MAKERS_MAX).unwrap();
        Arc::clone(&self.makers).try_acquire_many_owned(all).unwrap()
    }

    fn keep(&self, path: &str, kept: &Arc<Kept>, round: u64) {
        let mut pending = lock(&self.pending);
        let bytes = pending.bytes.saturating_add(kept.page.size());
        if pending.round == round && bytes <= BYTES_MAX / 4 {
            pending.bytes = bytes;
            pending.pages.insert(path.into(), Arc::clone(kept));
        }
    }
}

/// One who waits for a page. Whoever comes after it was made, or after all who waited have left, begins
/// anew: so a page made long ago is never handed out, and a reader who goes away leaves nothing behind.
struct Flight<'a> {
    demand: &'a Demand,
    path: &'a str,
    cell: Cell,
}

impl<'a> Flight<'a> {
    fn join(demand: &'a Demand, path: &'a str) -> Self {
        let cell = Arc::clone(lock(&demand.flights).entry(path.into()).or_default());
        Self { demand, path, cell }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut flights = lock(&self.demand.flights);
        let own = std::mem::take(&mut self.cell);
        let Some(current) = flights.get(self.path) else { return };
        if !Arc::ptr_eq(current, &own) {
            return;
        }
        let made = own.initialized();
        // Counted under the lock, without this one: the map's alone is left when nobody else waits.
        drop(own);
        if made || Arc::strong_count(current) == 1 {
            flights.remove(self.path);
        }
    }
}

async fn make(publisher: &Arc<Publisher>, path: &str, source: Source) -> Demanded {
    let Ok(maker) = Arc::clone(&publisher.demand.makers).acquire_owned().await else {
        return Demanded::Unavailable;
    };
    let own = Arc::clone(publisher);
    let path: Box<str> = path.into();
    let made = tokio::task::spawn_blocking(move || {
        // Held until the page is made, even if nobody waits for it any more.
        let _maker = maker;
        let round = lock(&own.demand.pending).round;
        let conditions = own.conditions();
        let view = own.queries.local()?;
        let made = source.make(&*view, conditions)?;
        Ok::<_, crate::ports::ReadError>(made.map(|made| {
            let read = own.snapshot.load().round;
            let kept = Arc::new(Kept::new(source, made, conditions, Moment::of(&*view), read));
            own.demand.keep(&path, &kept, round);
            kept
        }))
    });
    match made.await {
        Ok(Ok(Some(kept))) => Demanded::Page(kept),
        Ok(Ok(None)) => Demanded::Missing,
        Ok(Err(error)) => {
            tracing::warn!(%error, "page not made");
            Demanded::Unavailable
        }
        Err(error) => {
            tracing::error!(%error, "making a page failed");
            Demanded::Unavailable
        }
    }
}
