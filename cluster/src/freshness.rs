//! How old this node's state is at most: since when it is known to hold everything that was acknowledged before.
//!
//! Invariant: the age never says less than the truth, however long a message was on its way and however far this node is
//! behind. A follower does not count from when the leader's words arrive but from an answer of its own that the leader had
//! when it wrote them, and only once it has applied what the leader had applied by then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use openraft::Instant as _;
use tokio::sync::watch;

use crate::runtime::{self, Instant};

/// Two machines' clocks run apart by less than one part in so many.
const DRIFT_PARTS: u64 = 1_000;
/// Bits of a stamp that count milliseconds; those above tell one start of a node from another.
const STAMP_BITS: u32 = 40;

/// See the module.
pub(crate) struct Freshness {
    started: Instant,
    /// What the stamps of this start have above their milliseconds.
    life: u64,
    applied: watch::Receiver<u64>,
    /// What will hold once an index is applied here: that index, and what to raise `confirmed_us` to.
    pending: Mutex<Option<(u64, u64)>>,
    /// When a majority followed a leader whose state of then is here, at the latest known: microseconds since this node
    /// started, plus one; zero is never.
    confirmed_us: AtomicU64,
}

/// What a leader says of its leadership.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Pulse {
    /// Milliseconds since it last heard a majority; `u32::MAX` when it never did.
    pub(crate) age_ms: u32,
    /// [`Freshness::stamp`] of the newest answer of the receiver that it had; 0 when it had none.
    pub(crate) stamp: u64,
    /// Milliseconds for which it had had that.
    pub(crate) held_ms: u32,
    /// What it had applied: every write that was acknowledged before a majority was heard lies at or below.
    pub(crate) applied: u64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { age_ms: u32::MAX, stamp: 0, held_ms: 0, applied: 0 }
    }
}

/// On the leader: the newest answer of a peer, and since when it is here.
#[derive(Debug, Default)]
pub(crate) struct Echo(Mutex<Option<(u64, Instant)>>);

impl Echo {
    /// An answer with that stamp has come.
    pub(crate) fn heard(&self, stamp: u64) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let older = |(known, _): &(u64, Instant)| {
            (stamp & !stamp_mask()) == (known & !stamp_mask()) && stamp < *known
        };
        if !heard.as_ref().is_some_and(older) {
            *heard = Some((stamp, runtime::now()));
        }
    }

    /// What to say to the peer now.
    pub(crate) fn pulse(&self, freshness: &Freshness) -> Pulse {
        let heard = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the age: a pause between the two makes the peer older, not younger.
        let (stamp, held_ms) =
            heard.map_or((0, 0), |(stamp, at)| (stamp, micros(runtime::since(at)).div_euclid(1_000)));
        let age_ms = u32::try_from(freshness.age_ms()).unwrap_or(u32::MAX);
        let held_ms = u32::try_from(held_ms).unwrap_or(u32::MAX);
        // After the age, for the same reason.
        Pulse { age_ms, stamp, held_ms, applied: freshness.applied() }
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Freshness {
    /// `applied` is this node's applied index.
    pub(crate) fn new(applied: watch::Receiver<u64>) -> Self {
        let chance = [runtime::random_byte(), runtime::random_byte(), runtime::random_byte()];
        let life = chance.into_iter().fold(0_u64, |life, byte| (life << 8) | u64::from(byte));
        Self {
            started: runtime::now(),
            life: life.max(1) << STAMP_BITS,
            applied,
            pending: Mutex::new(None),
            confirmed_us: AtomicU64::new(0),
        }
    }

    fn applied(&self) -> u64 {
        *self.applied.borrow()
    }

    /// This node's time, to be sent with an answer; it means something to this start of this node alone, and is never 0.
    pub(crate) fn stamp(&self) -> u64 {
        self.life | (self.elapsed_us().div_euclid(1_000) & stamp_mask())
    }

    /// A leader that was taken for one had said so.
    pub(crate) fn count(&self, pulse: Pulse) {
        if pulse.age_ms == u32::MAX || pulse.stamp & !stamp_mask() != self.life {
            return;
        }
        let held_ms = u64::from(pulse.held_ms);
        let age_ms = u64::from(pulse.age_ms);
        // What the leader's clock may have gone wrong meanwhile, and a millisecond for what was rounded away.
        let drift_ms = held_ms.saturating_add(age_ms).div_ceil(DRIFT_PARTS);
        let less_ms = age_ms.saturating_add(drift_ms).saturating_add(1);
        let written_ms = (pulse.stamp & stamp_mask()).saturating_add(held_ms);
        // From before this start there is nothing to count from: its begin would be too young.
        let Some(confirmed_ms) = written_ms.checked_sub(less_ms) else { return };
        // Nobody but a broken leader had an answer before it was sent.
        let at_us = confirmed_ms.saturating_mul(1_000).min(self.elapsed_us());
        let applied = self.applied();
        if pulse.applied <= applied {
            self.raise(at_us);
            return;
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, then_us)) = pending.take_if(|(index, _)| *index <= applied) {
            self.raise(then_us);
        }
        // One that waits is not put off by a newer one: where the log never rests, none would ever come to hold.
        pending.get_or_insert((pulse.applied, at_us));
    }

    /// This node leads and was acknowledged by a majority then.
    pub(crate) fn acknowledged(&self, at: Instant) {
        self.raise(micros(at.saturating_duration_since(self.started)));
    }

    /// Milliseconds since; -1 for never.
    pub(crate) fn age_ms(&self) -> i64 {
        match self.confirmed_us.load(Ordering::Relaxed) {
            0 => -1,
            at => {
                let age_us = self.elapsed_us().saturating_add(1).saturating_sub(at);
                i64::try_from(age_us.div_ceil(1_000)).unwrap_or(i64::MAX)
            }
        }
    }

    fn raise(&self, at_us: u64) {
        self.confirmed_us.fetch_max(at_us.saturating_add(1), Ordering::Relaxed);
    }

    fn elapsed_us(&self) -> u64 {
        micros(runtime::since(self.started))
    }
}

const fn stamp_mask() -> u64 {
    (1 << STAMP_BITS) - 1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn pass(ms: u64) {
        runtime::sleep(Duration::from_millis(ms)).await;
    }

    /// A node that has applied what the sender says.
    fn node() -> (watch::Sender<u64>, Freshness) {
        let (sender, applied) = watch::channel(1);
        (sender, Freshness::new(applied))
    }

    #[tokio::test(start_paused = true)]
    async fn an_age_adds_what_the_leader_said() {
        let ((_one, leader), (_other, follower), echo) = (node(), node(), Echo::default());
        pass(500).await;
        assert_eq!((leader.age_ms(), follower.age_ms()), (-1, -1));
        // Nothing can be counted from before the leader had an answer, or led.
        follower.count(echo.pulse(&leader));
        echo.heard(follower.stamp());
        follower.count(echo.pulse(&leader));
        assert_eq!(follower.age_ms(), -1);
        leader.acknowledged(runtime::now());
        pass(200).await;
        follower.count(echo.pulse(&leader));
        // One for the drift of the clocks, one for what was rounded.
        assert_eq!(follower.age_ms(), 202);
        pass(30).await;
        assert_eq!(follower.age_ms(), 232);
        leader.acknowledged(runtime::now());
        assert_eq!(leader.age_ms(), 0);
        echo.heard(follower.stamp());
        follower.count(echo.pulse(&leader));
        assert_eq!(follower.age_ms(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn neither_a_long_way_nor_a_slow_disk_makes_anybody_younger() {
        let ((_one, leader), (_other, follower), echo) = (node(), node(), Echo::default());
        pass(500).await;
        leader.acknowledged(runtime::now());
        let answer = follower.stamp();
        pass(40).await;
        echo.heard(answer);
        let pulse = echo.pulse(&leader);
        pass(2_000).await;
        follower.count(pulse);
        // The answer's 40 ms count as well: nobody can tell the way there from the way back.
        assert_eq!(follower.age_ms(), 40 + 40 + 2_000 + 1 + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_applied_yet_makes_nobody_younger() {
        let ((writer, leader), (learner, follower), echo) = (node(), node(), Echo::default());
        let beat = || {
            leader.acknowledged(runtime::now());
            echo.heard(follower.stamp());
            follower.count(echo.pulse(&leader));
        };
        pass(500).await;
        beat();
        writer.send_replace(7);
        pass(100).await;
        beat();
        assert_eq!(follower.age_ms(), 101, "entry 7 is missing");
        writer.send_replace(9);
        learner.send_replace(7);
        pass(100).await;
        beat();
        assert_eq!(follower.age_ms(), 101, "entry 9 is missing");
        learner.send_replace(9);
        beat();
        assert_eq!(follower.age_ms(), 1);
    }

    /// Found by the simulation: a node that starts while the leader has lost its majority took its own start for the time of it.
    #[tokio::test(start_paused = true)]
    async fn what_was_confirmed_before_the_start_makes_nobody_younger() {
        let ((_one, leader), echo) = (node(), Echo::default());
        pass(500).await;
        leader.acknowledged(runtime::now());
        pass(1_500).await;
        let (_other, follower) = node();
        pass(30).await;
        echo.heard(follower.stamp());
        follower.count(echo.pulse(&leader));
        assert_eq!(follower.age_ms(), -1);
        leader.acknowledged(runtime::now());
        follower.count(echo.pulse(&leader));
        assert_eq!(follower.age_ms(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_answers_of_an_earlier_start_count_for_nothing() {
        let ((_one, leader), echo) = (node(), Echo::default());
        leader.acknowledged(runtime::now());
        let (_other, earlier) = node();
        echo.heard(earlier.stamp());
        let (_again, again) = loop {
            let again = node();
            if again.1.life != earlier.life {
                break again;
            }
        };
        pass(1_000).await;
        again.count(echo.pulse(&leader));
        assert_eq!(again.age_ms(), -1);
    }
}
