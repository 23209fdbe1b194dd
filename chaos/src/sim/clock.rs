//! The wall clock of one node, which somebody may set wrong.
//!
//! Invariant: it goes as fast as virtual time does; only a jump moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cluster::Clock;
use tally::ids::LogTime;

use super::moment::now_ms;

/// 14 February 2024, 13.00 WIB.
const BEGIN_MS: u64 = 1_707_890_400_000;

/// See the module. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub(super) struct WallClock(Arc<AtomicI64>);

impl WallClock {
    /// Sets it forward or back.
    pub(super) fn jump_ms(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Sets it right.
    pub(super) fn set_right(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Clock for WallClock {
    fn now(&self) -> LogTime {
        LogTime(BEGIN_MS.saturating_add(now_ms()).saturating_add_signed(self.0.load(Ordering::Relaxed)))
    }
}
