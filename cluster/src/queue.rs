//! The queue of writes before they are given to Raft, and who is turned away when it stands still.
//!
//! Invariant: at most [`PLACES`] proposals are with Raft at once; the others wait in the order in which they came. A queue
//! that only ever grows longer answers nobody in time: once no wait of a whole interval was short, whoever waited for too
//! long is refused before anything is written, so that the rest is answered soon. The rule is CoDel's (Nichols and Jacobson,
//! "Controlling Queue Delay", ACM Queue 2012) as servers use it (Maurer, "Fail at Scale", ACM Queue 2015).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::runtime::{self, Instant};

/// Proposals with Raft at once: several flushes' worth, so that the disk never waits for the queue.
const PLACES: usize = 256;
/// A wait that is short.
const TARGET: Duration = Duration::from_millis(50);
/// How long every wait must have been longer than that before anybody is refused: more than an election's backlog takes.
const INTERVAL: Duration = Duration::from_millis(500);
/// The wait from which one is refused then.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// See the module.
pub(crate) struct Queue {
    places: Semaphore,
    delay: Mutex<Delay>,
    refused: AtomicU64,
}

impl Default for Queue {
    fn default() -> Self {
        Self { places: Semaphore::new(PLACES), delay: Mutex::default(), refused: AtomicU64::new(0) }
    }
}

/// What waits were like.
#[derive(Default)]
struct Delay {
    /// When the interval ends that is being looked at.
    ends: Option<Instant>,
    shortest: Duration,
    stands: bool,
}

/// The queue stands still, or the deadline passed while waiting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TurnedAway;

impl Queue {
    /// Waits for a place, until a deadline.
    pub(crate) async fn enter(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, TurnedAway> {
        let began = runtime::now();
        let place = match self.places.try_acquire() {
            Ok(place) => Ok(place),
            Err(_) => match runtime::timeout(runtime::remaining(deadline), self.places.acquire()).await {
                Ok(Ok(place)) => Ok(place),
                Ok(Err(_)) | Err(_) => Err(TurnedAway),
            },
        };
        let (now, waited) = (runtime::now(), runtime::since(began));
        let overlong = self.delay.lock().unwrap_or_else(PoisonError::into_inner).note(now, waited);
        if overlong || place.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(TurnedAway);
        }
        place
    }

    /// Proposals refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Delay {
    /// Notes a wait; says whether it is one to refuse.
    fn note(&mut self, now: Instant, waited: Duration) -> bool {
        if self.ends.is_none_or(|ends| now >= ends) {
            // One that ended long ago says nothing about the queue of today.
            let just_ended = self.ends.is_some_and(|ends| now < runtime::after(ends, INTERVAL));
            self.stands = just_ended && self.shortest > TARGET;
            self.ends = Some(runtime::after(now, INTERVAL));
            self.shortest = waited;
        } else {
            self.shortest = self.shortest.min(waited);
        }
        self.stands && waited > WAIT_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_millis(150);

    fn later(begin: Instant, ms: u64) -> Instant {
        runtime::after(begin, Duration::from_millis(ms))
    }

    #[tokio::test]
    async fn a_burst_is_borne_and_a_standing_queue_is_not() {
        let (mut delay, begin) = (Delay::default(), runtime::now());
        for ms in (0..500).step_by(10) {
            assert!(!delay.note(later(begin, ms), LONG), "{ms}");
        }
        assert!(delay.note(later(begin, 500), LONG));
        assert!(!delay.note(later(begin, 510), Duration::from_millis(90)), "it waited less");
        // One short wait within an interval: the queue was empty then.
        assert!(!delay.note(later(begin, 600), Duration::ZERO));
        assert!(!delay.note(later(begin, 1_100), LONG));
        // Nobody came for a while: the next burst is borne like the first.
        assert!(!delay.note(later(begin, 5_000), LONG));
        assert!(!delay.note(later(begin, 5_100), LONG));
        assert!(delay.note(later(begin, 5_500), LONG));
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_given_in_order_and_nobody_waits_beyond_a_deadline() {
        let queue = Queue::default();
        let deadline = later(runtime::now(), 1_000);
        let mut taken = Vec::new();
        for _ in 0..PLACES {
            taken.push(queue.enter(deadline).await.unwrap());
        }
        assert_eq!(queue.places.available_permits(), 0);
        assert_eq!(queue.enter(later(runtime::now(), 20)).await.err(), Some(TurnedAway));
        assert_eq!(queue.refused(), 1);
        let (first, ()) = tokio::join!(queue.enter(deadline), async { drop(taken.pop()) });
        assert!(first.is_ok());
    }
}
