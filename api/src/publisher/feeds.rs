//! Regions that somebody follows: what changed is rendered once for all who follow it.
//!
//! Invariant: a follower holds a pointer to the newest state and nothing else, so one that reads slowly costs no memory
//! and skips states; the log index of what it sees never goes back. Regions followed at once are bounded.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use tally::contest::Contest;
use tally::ids::ContestId;
use tally::region::RegionCode;
use tokio::sync::watch;

use crate::dto::results::{self, AsOf, Progress, ResultRegion, Totals};
use crate::ports::{ReadError, StateView};

/// Regions followed at once.
const FOLLOWED_MAX: usize = 2_048;

/// A state of a region, as it goes over the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Event {
    /// Log index that last changed the region.
    pub(crate) id: u64,
    /// The event, blank line included.
    pub(crate) bytes: Bytes,
}

/// What is followed.
type Key = (ContestId, RegionCode);

/// The newest state of a region; `None` only before the first.
pub(crate) type Follower = watch::Receiver<Option<Event>>;

/// All that is followed on one node.
#[derive(Default)]
pub(super) struct Feeds {
    followed: Mutex<HashMap<Key, watch::Sender<Option<Event>>>>,
}

/// The body of `/results` without its children.
#[derive(Serialize)]
struct State {
    contest: String,
    region: ResultRegion,
    as_of: AsOf,
    progress: Progress,
    totals: Totals,
}

impl Event {
    /// The state of a region now; `None` when there is no such region or it does not hold the contest.
    pub(super) fn of(
        view: &dyn StateView,
        contest: &Contest,
        region: RegionCode,
    ) -> Result<Option<Self>, ReadError> {
        let Some(page) = results::read_sums(view, contest, region)? else { return Ok(None) };
        let id = page.as_of.index;
        let state = State {
            contest: page.contest,
            region: page.region,
            as_of: page.as_of,
            progress: page.progress,
            totals: page.totals,
        };
        let data = serde_json::to_string(&state)
            .map_err(|error| ReadError::Store(format!("an event was not written: {error}")))?;
        let bytes = Bytes::from(format!("id: {id}\nevent: result\ndata: {data}\n\n"));
        Ok(Some(Self { id, bytes }))
    }
}

impl Feeds {
    /// A panic while the lock is held leaves a whole map: inserts and removals only.
    fn followed(&self) -> MutexGuard<'_, HashMap<Key, watch::Sender<Option<Event>>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows a region whose state was just read; `None` when too many are followed.
    pub(super) fn follow(&self, key: Key, now: Event) -> Option<Follower> {
        let mut regions = self.followed();
        if !regions.contains_key(&key) && regions.len() >= FOLLOWED_MAX {
            return None;
        }
        let sender = regions.entry(key).or_insert_with(|| watch::channel(None).0);
        let follower = sender.subscribe();
        put(sender, now);
        Some(follower)
    }

    /// Shows followers what changed in the view; `changed` says where to look. What nobody follows any more is forgotten.
    pub(super) fn renew(
        &self,
        view: &dyn StateView,
        changed: impl Fn(ContestId, RegionCode) -> bool,
    ) -> Result<(), ReadError> {
        let keys: Vec<Key> = {
            let mut followed = self.followed();
            followed.retain(|_, sender| sender.receiver_count() > 0);
            followed.keys().filter(|(contest, region)| changed(*contest, *region)).copied().collect()
        };
        // Read without the lock: who begins to follow meanwhile reads the state for itself.
        for (id, region) in keys {
            let Some(contest) = view.contest(&id)? else { continue };
            let Some(event) = Event::of(view, &contest, region)? else { continue };
            if let Some(sender) = self.followed().get(&(id, region)) {
                put(sender, event);
            }
        }
        Ok(())
    }

    /// Ends all feeds: their followers see that the sender is gone.
    pub(super) fn close(&self) {
        self.followed().clear();
    }

    /// Regions followed now.
    pub(super) fn len(&self) -> usize {
        self.followed().len()
    }
}

/// Shows a state unless a newer one is shown already.
fn put(sender: &watch::Sender<Option<Event>>, event: Event) {
    sender.send_if_modified(|shown| {
        let newer = shown.as_ref().is_none_or(|shown| shown.id < event.id);
        if newer {
            *shown = Some(event);
        }
        newer
    });
}
