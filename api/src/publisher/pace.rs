//! How often readers are asked to look again: less often the more of them there are.
//!
//! Invariant: the answer is one of a few steps, so pages change seldom because of it; it goes up at once and comes down
//! only after the load was lower for a while.

use std::time::Duration;

use crate::limits::NEXT_POLL_MS;

/// Answers a second on each core from which on the step is taken.
const STEPS: [(u64, u32); 3] = [(0, NEXT_POLL_MS), (8_000, NEXT_POLL_MS * 2), (30_000, NEXT_POLL_MS * 4)];
/// Rounds in a row with less load before the step is left.
const CALM_ROUNDS: u32 = 60;

/// Where the load stands.
#[derive(Debug, Default)]
pub(super) struct Pace {
    answered: u64,
    step: usize,
    calm: u32,
}

impl Pace {
    /// Looks at how many were answered in all; so long after the last look.
    pub(super) fn look(&mut self, answered: u64, since: Duration, cores: u64) {
        let fresh = answered.saturating_sub(self.answered);
        self.answered = answered;
        let elapsed_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate =
            fresh.saturating_mul(1_000).checked_div(elapsed_ms.saturating_mul(cores.max(1))).unwrap_or(0);
        let due = STEPS.iter().rposition(|(least, _)| rate >= *least).unwrap_or(0);
        if due >= self.step {
            self.step = due;
            self.calm = 0;
            return;
        }
        self.calm = self.calm.saturating_add(1);
        if self.calm >= CALM_ROUNDS {
            self.step = self.step.saturating_sub(1);
            self.calm = 0;
        }
    }

    /// When readers should look again, in milliseconds.
    pub(super) fn next_poll_ms(&self) -> u32 {
        STEPS.get(self.step).map_or(NEXT_POLL_MS, |(_, poll_ms)| *poll_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_asked_to_come_less_often_at_once_and_more_often_after_a_while() {
        let mut pace = Pace::default();
        let second = Duration::from_secs(1);
        assert_eq!(pace.next_poll_ms(), 15_000);
        let mut answered = 20_000;
        pace.look(answered, second, 2);
        assert_eq!(pace.next_poll_ms(), 30_000);
        answered += 70_000;
        pace.look(answered, second, 2);
        assert_eq!(pace.next_poll_ms(), 60_000);
        for _ in 1..CALM_ROUNDS {
            pace.look(answered, second, 2);
        }
        assert_eq!(pace.next_poll_ms(), 60_000, "not yet");
        pace.look(answered, second, 2);
        assert_eq!(pace.next_poll_ms(), 30_000, "one step at a time");
        for _ in 0..CALM_ROUNDS {
            pace.look(answered, second, 2);
        }
        assert_eq!(pace.next_poll_ms(), 15_000);
    }
}
