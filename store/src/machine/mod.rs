//! The state: entries in, answers out, one write batch a round.
//!
//! Invariant: a round's rows, its applied position and its running hash reach the database in one batch, and
//! memory follows only when that batch is written. A view is one moment of the database and never changes.
//! After the first error nothing is applied any more: memory may be ahead of a half-written database.

mod apply;
mod changes;
mod complaints;
mod dirty;
mod hash;
mod hot;
mod named;
mod open;
pub(crate) mod quarantine;
mod round;
mod scrub;
mod verify;
mod view;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;

pub use changes::{ChangeEntry, ChangePage};
pub use complaints::{ComplaintPlace, OpenComplaints};
pub use dirty::Dirty;
pub use hash::{BUCKETS, HashPoint, StateSums, Sums, SumsPoint, bucket_name};
pub(crate) use hash::{Summing, recompute, sums};
pub use named::Named;
pub(crate) use open::{create, open, read_applied, read_points, read_sums};
pub use scrub::differing_parts;
pub use view::View;

use crate::blobs::Blobs;
use crate::codec::AppliedRecord;
use crate::engine::{Disk, Engine};
use crate::lock::locked;
use crate::snapshot::Library;
use crate::{Identity, LogId, StoreError};
use hot::Hot;
use view::Moment;

/// Remembered sums, oldest first. Shared: a view of every round holds them.
type Points = Arc<Vec<SumsPoint>>;

/// How far the state is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Applied {
    /// Last entry applied.
    pub id: Option<LogId>,
    /// Entry of the last membership applied.
    pub membership_id: Option<LogId>,
    /// That membership, as the cluster layer encoded it.
    pub membership: Option<Bytes>,
}

impl Applied {
    fn of(record: &AppliedRecord) -> Self {
        Self { id: record.id, membership_id: record.membership_id, membership: record.membership.clone() }
    }
}

/// What only the applying thread touches.
struct Core<E: Engine> {
    engine: E,
    /// Directory of the database, relative to the disk's root.
    directory: String,
    /// See [`Machine::level_newest`].
    level_newest: u32,
    applied: AppliedRecord,
    sums: StateSums,
    points: Points,
    hot: Hot,
    /// Set by the first error.
    stopped: bool,
}

struct Shared<E: Engine> {
    disk: E::Disk,
    identity: Identity,
    level_newest: u32,
    core: Mutex<Core<E>>,
    moment: ArcSwap<Moment<E>>,
    dirty: Mutex<Dirty>,
    named: Mutex<Named>,
    persisted: Mutex<Option<LogId>>,
    entries_since_flush: AtomicU64,
    bytes_since_flush: AtomicU64,
    quarantine: ArcSwapOption<String>,
    library: Library<E>,
    blobs: Blobs<E::Disk>,
    /// Held until the last clone is gone.
    _lock: Arc<<E::Disk as Disk>::Lock>,
}

/// The state. Clones are the same state.
pub struct Machine<E: Engine> {
    shared: Arc<Shared<E>>,
}

impl<E: Engine> Clone for Machine<E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

/// Takes away what a flush covered; not below zero, for an installed snapshot may have reset the count.
fn subtract(counter: &AtomicU64, covered: u64) {
    counter.update(Ordering::AcqRel, Ordering::Acquire, |count| count.saturating_sub(covered));
}

impl<E: Engine> Machine<E> {
    /// Whose state it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.shared.identity
    }

    /// The newest feature level that this build knows: it never has a state above it.
    #[must_use]
    pub fn level_newest(&self) -> u32 {
        self.shared.level_newest
    }

    /// How far the state is.
    #[must_use]
    pub fn applied(&self) -> Applied {
        self.shared.moment.load().applied.clone()
    }

    /// The newest view.
    #[must_use]
    pub fn view(&self) -> View<E> {
        View::of(self.shared.moment.load_full())
    }

    /// Hash of all rows now, kept up to date entry by entry.
    #[must_use]
    pub fn state_hash(&self) -> HashPoint {
        self.shared.moment.load().hash
    }

    /// The sums at the last 64 hash points, oldest first: after each entry in which the leader marked time.
    #[must_use]
    pub fn hash_points(&self) -> Arc<Vec<SumsPoint>> {
        Arc::clone(&self.shared.moment.load().points)
    }

    /// The hash of all rows, by reading them all: slow. Equals [`Self::state_hash`] of the same index, or the
    /// state is damaged.
    pub fn recompute_hash(&self) -> Result<HashPoint, StoreError> {
        let moment = self.shared.moment.load_full();
        Ok(HashPoint { index: moment.hash.index, hash: recompute(&moment.snapshot)?.hash })
    }

    /// Takes what became out of date since the last call.
    #[must_use]
    pub fn take_dirty(&self) -> Dirty {
        std::mem::take(&mut *locked(&self.shared.dirty))
    }

    /// Has the next [`Self::take_dirty`] answer everything.
    pub fn mark_dirty(&self) {
        *locked(&self.shared.dirty) = Dirty::All;
    }

    /// Takes the attachments that were named since the last call.
    #[must_use]
    pub fn take_named(&self) -> Named {
        std::mem::take(&mut *locked(&self.shared.named))
    }

    /// Makes the state durable as it is now, and answers up to which entry. Applying goes on meanwhile.
    pub fn flush(&self) -> Result<Option<LogId>, StoreError> {
        let (engine, id, entries, bytes) = {
            let core = locked(&self.shared.core);
            let entries = self.shared.entries_since_flush.load(Ordering::Acquire);
            let bytes = self.shared.bytes_since_flush.load(Ordering::Acquire);
            (core.engine.clone(), core.applied.id, entries, bytes)
        };
        engine.flush()?;
        // Only now: purging the log relies on it.
        let mut persisted = locked(&self.shared.persisted);
        *persisted = (*persisted).max(id);
        subtract(&self.shared.entries_since_flush, entries);
        subtract(&self.shared.bytes_since_flush, bytes);
        Ok(*persisted)
    }

    /// The entry from whose state a restart would go on, at least.
    #[must_use]
    pub fn persisted_applied(&self) -> Option<LogId> {
        *locked(&self.shared.persisted)
    }

    /// Entries applied since the last flush began.
    #[must_use]
    pub fn entries_since_flush(&self) -> u64 {
        self.shared.entries_since_flush.load(Ordering::Acquire)
    }

    /// Bytes of rows written since the last flush began.
    #[must_use]
    pub fn bytes_since_flush(&self) -> u64 {
        self.shared.bytes_since_flush.load(Ordering::Acquire)
    }

    /// The attachments, which are not part of the state but live beside it.
    #[must_use]
    pub fn blobs(&self) -> &Blobs<E::Disk> {
        &self.shared.blobs
    }

    pub(crate) fn library(&self) -> &Library<E> {
        &self.shared.library
    }

    pub(crate) fn disk(&self) -> &E::Disk {
        &self.shared.disk
    }

    /// The database as it is now.
    pub(crate) fn engine(&self) -> E {
        locked(&self.shared.core).engine.clone()
    }
}
