//! How long ago a majority was known to follow the leader whose log this node applies.
//!
//! Invariant: the age never says less than the truth: a follower adds the age the leader sent to the time since
//! it was received.

use std::sync::atomic::{AtomicU64, Ordering};

use openraft::Instant as _;

use crate::runtime::{self, Instant};

/// See the module. Times are milliseconds since this node started, plus one; zero is never.
pub(crate) struct Freshness {
    started: Instant,
    /// When, by this node's clock, a majority followed the leader at the latest known.
    confirmed: AtomicU64,
}

/// What a leader said of its age, counted from when it arrived here; nothing when it had never heard a majority.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arrived(Option<u64>);

impl Freshness {
    pub(crate) fn new() -> Self {
        Self { started: runtime::now(), confirmed: AtomicU64::new(0) }
    }

    /// What a leader says that arrives now: when it had heard a majority, by this node's clock. To be counted by
    /// [`Freshness::count`] once the leader turns out to be one, which may take as long as the disk takes.
    pub(crate) fn told(&self, age_ms: u32) -> Arrived {
        Arrived((age_ms != u32::MAX).then(|| self.elapsed_ms().saturating_sub(u64::from(age_ms))))
    }

    /// A leader that was taken for one had said so.
    pub(crate) fn count(&self, told: Arrived) {
        if let Some(at_ms) = told.0 {
            self.raise(at_ms);
        }
    }

    /// This node leads and was acknowledged by a majority then.
    pub(crate) fn acknowledged(&self, at: Instant) {
        let at = at.saturating_duration_since(self.started);
        self.raise(u64::try_from(at.as_millis()).unwrap_or(u64::MAX));
    }

    /// Milliseconds since; -1 for never.
    pub(crate) fn age_ms(&self) -> i64 {
        match self.confirmed.load(Ordering::Relaxed) {
            0 => -1,
            at => i64::try_from(self.elapsed_ms().saturating_add(1).saturating_sub(at)).unwrap_or(i64::MAX),
        }
    }

    /// The age as it is sent to followers.
    pub(crate) fn age_to_send(&self) -> u32 {
        u32::try_from(self.age_ms()).unwrap_or(u32::MAX)
    }

    fn raise(&self, at_ms: u64) {
        self.confirmed.fetch_max(at_ms.saturating_add(1), Ordering::Relaxed);
    }

    fn elapsed_ms(&self) -> u64 {
        let elapsed = runtime::now().saturating_duration_since(self.started);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_age_adds_what_the_leader_said() {
        let freshness = Freshness::new();
        assert_eq!((freshness.age_ms(), freshness.age_to_send()), (-1, u32::MAX));
        runtime::sleep(std::time::Duration::from_millis(500)).await;
        freshness.count(freshness.told(u32::MAX));
        assert_eq!(freshness.age_ms(), -1);
        freshness.count(freshness.told(200));
        assert_eq!(freshness.age_ms(), 200);
        runtime::sleep(std::time::Duration::from_millis(30)).await;
        assert_eq!(freshness.age_ms(), 230);
        // Older news changes nothing.
        freshness.count(freshness.told(400));
        assert_eq!(freshness.age_ms(), 230);
        freshness.acknowledged(runtime::now());
        assert_eq!(freshness.age_ms(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_the_disk_took_makes_nothing_younger() {
        let freshness = Freshness::new();
        runtime::sleep(std::time::Duration::from_millis(500)).await;
        let told = freshness.told(10);
        runtime::sleep(std::time::Duration::from_secs(2)).await;
        freshness.count(told);
        assert_eq!(freshness.age_ms(), 2_010);
    }
}
