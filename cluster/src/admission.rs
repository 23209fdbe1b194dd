//! How much may be under way at once.
//!
//! Invariant: items and bytes in flight never exceed their limits; what was let in gives its share back when
//! its guard is dropped, however it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::queue::Queue;
use crate::settings::{BYTES_IN_FLIGHT_MAX, IDLE_ITEMS_MAX, ITEMS_IN_FLIGHT_MAX};

/// See the module.
#[derive(Default)]
pub(crate) struct Admission {
    items: AtomicUsize,
    bytes: AtomicUsize,
    /// The disk hangs: nothing new.
    closed: AtomicBool,
    /// Leadership is being handed over: what comes waits a moment.
    held: AtomicBool,
    /// Those that are let in wait here before they are given to Raft.
    pub(crate) queue: Queue,
}

/// A share of what may be under way.
pub(crate) struct Share {
    admission: Arc<Admission>,
    items: usize,
    bytes: usize,
}

impl Admission {
    /// A share, or `None` when there is no room.
    pub(crate) fn enter(self: &Arc<Self>, items: usize, bytes: usize) -> Option<Share> {
        if self.closed.load(Ordering::Relaxed) {
            return None;
        }
        take(&self.items, items, ITEMS_IN_FLIGHT_MAX)?;
        if take(&self.bytes, bytes, BYTES_IN_FLIGHT_MAX).is_none() {
            give(&self.items, items);
            return None;
        }
        Some(Share { admission: Arc::clone(self), items, bytes })
    }

    /// A share for whoever gives way to all others, or `None` when more than next to nothing is under way.
    pub(crate) fn enter_idle(self: &Arc<Self>, items: usize, bytes: usize) -> Option<Share> {
        let (under_way, _) = self.in_flight();
        // Two that look at once may both enter: one more than meant, which delays nobody.
        if self.is_held() || under_way.saturating_add(items) > IDLE_ITEMS_MAX {
            return None;
        }
        self.enter(items, bytes)
    }

    /// Items and bytes under way.
    pub(crate) fn in_flight(&self) -> (usize, usize) {
        (self.items.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    pub(crate) fn set_closed(&self, closed: bool) {
        self.closed.store(closed, Ordering::Relaxed);
    }

    pub(crate) fn set_held(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        give(&self.admission.items, self.items);
        give(&self.admission.bytes, self.bytes);
    }
}

/// Adds an amount, except beyond the limit; one that is larger than the limit itself gets in alone.
fn take(counter: &AtomicUsize, amount: usize, limit: usize) -> Option<usize> {
    let room = |taken: usize| {
        let wanted = taken.checked_add(amount)?;
        (wanted <= limit || taken == 0).then_some(wanted)
    };
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).ok()
}

fn give(counter: &AtomicUsize, amount: usize) {
    counter.fetch_sub(amount, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_in_gives_its_share_back() {
        let admission = Arc::new(Admission::default());
        let first = admission.enter(ITEMS_IN_FLIGHT_MAX, 10).unwrap();
        assert!(admission.enter(1, 1).is_none());
        assert_eq!(admission.in_flight(), (ITEMS_IN_FLIGHT_MAX, 10));
        drop(first);
        let bytes = admission.enter(1, BYTES_IN_FLIGHT_MAX).unwrap();
        assert!(admission.enter(1, 1).is_none());
        assert_eq!(admission.in_flight(), (1, BYTES_IN_FLIGHT_MAX));
        drop(bytes);
        assert_eq!(admission.in_flight(), (0, 0));
    }

    #[test]
    fn who_gives_way_enters_only_while_next_to_nothing_is_under_way() {
        let admission = Arc::new(Admission::default());
        let idle = admission.enter_idle(1, 10).unwrap();
        let officers = admission.enter(IDLE_ITEMS_MAX, 10).unwrap();
        assert!(admission.enter_idle(1, 10).is_none());
        assert!(admission.enter(1, 10).is_some(), "officers are let in all the same");
        drop(officers);
        admission.set_held(true);
        assert!(admission.enter_idle(1, 10).is_none(), "nobody waits for a new leader but officers");
        admission.set_held(false);
        drop(idle);
        assert!(admission.enter_idle(1, 10).is_some());
    }

    #[test]
    fn a_hanging_disk_closes_and_more_than_all_goes_alone() {
        let admission = Arc::new(Admission::default());
        let alone = admission.enter(ITEMS_IN_FLIGHT_MAX.saturating_mul(2), 1).unwrap();
        assert!(admission.enter(1, 1).is_none());
        drop(alone);
        admission.set_closed(true);
        assert!(admission.enter(1, 1).is_none());
        admission.set_closed(false);
        assert!(admission.enter(1, 1).is_some());
    }
}
