//! How long something took, for metrics and the watchdog. Never for a decision, never for what is stored.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

#[allow(
    clippy::disallowed_methods,
    reason = "the only clock of the store: ages of writes, never a time of day"
)]
fn now() -> Instant {
    Instant::now()
}

static STARTED: LazyLock<Instant> = LazyLock::new(now);

/// Measures from its start on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(now())
    }

    pub(crate) fn elapsed(self) -> std::time::Duration {
        now().saturating_duration_since(self.0)
    }
}

/// Microseconds since some moment of this process; never zero, never going back.
pub(crate) fn monotonic_us() -> u64 {
    let elapsed = now().saturating_duration_since(*STARTED).as_micros();
    u64::try_from(elapsed).unwrap_or(u64::MAX).saturating_add(1)
}

/// How time passes for a log, and who hears of its work.
#[derive(Clone)]
pub struct Pace {
    /// Microseconds since some moment; never zero, never going back.
    pub now_us: fn() -> u64,
    /// Called when something begins to wait for a flush or a deletion: for who drives the log itself.
    pub on_work: Arc<dyn Fn() + Send + Sync>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { now_us: monotonic_us, on_work: Arc::new(|| ()) }
    }
}
