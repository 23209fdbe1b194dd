//! The clock. Wall time enters the system here and nowhere else; log time is made from it by the leader.
//!
//! Invariant: whoever needs time takes a [`Clock`]; a simulation gives its own.

use std::sync::Arc;

use tally::ids::LogTime;

/// Source of wall time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z. May jump when the machine's clock is set.
    fn now(&self) -> LogTime;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where wall time enters")]
    fn now(&self) -> LogTime {
        // A clock before 1970 counts as 1970: log time never goes back anyway.
        let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        LogTime(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that several parts share.
pub type SharedClock = Arc<dyn Clock>;
