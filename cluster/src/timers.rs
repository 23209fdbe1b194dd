//! How fast a lost leader is noticed, and whether disk and peers are fast enough for it (design section 5).
//!
//! Invariant: heartbeat x 3 <= election minimum < election maximum; [`Timers::check`] refuses anything else. The
//! heartbeat is never slowed here: the others go by the one they were set to, and would elect between two of ours.

use std::time::Duration;

/// How fast a lost leader is noticed. All in milliseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timers {
    /// Between two heartbeats of a leader.
    pub heartbeat_ms: u64,
    /// Shortest wait before an election.
    pub election_min_ms: u64,
    /// Longest wait before an election; also how long a leader's lease lasts.
    pub election_max_ms: u64,
}

impl Timers {
    /// Quiet disks on one switch.
    pub const FAST: Self = Self { heartbeat_ms: 30, election_min_ms: 100, election_max_ms: 150 };
    /// One site, shared disks: the default.
    pub const LAN: Self = Self { heartbeat_ms: 50, election_min_ms: 150, election_max_ms: 200 };
    /// Several sites.
    pub const WAN: Self = Self { heartbeat_ms: 250, election_min_ms: 1_000, election_max_ms: 1_500 };
    /// All of them, the fastest first.
    const PROFILES: [Self; 3] = [Self::FAST, Self::LAN, Self::WAN];

    /// The profile of that name: `fast`, `lan` or `wan`.
    #[must_use]
    pub fn profile(name: &str) -> Option<Self> {
        match name {
            "fast" => Some(Self::FAST),
            "lan" => Some(Self::LAN),
            "wan" => Some(Self::WAN),
            _ => None,
        }
    }

    /// What is wrong with the values, if anything.
    #[must_use]
    pub const fn check(&self) -> Option<&'static str> {
        if self.heartbeat_ms == 0 {
            return Some("the heartbeat must be at least 1 ms");
        }
        if self.heartbeat_ms.saturating_mul(3) > self.election_min_ms {
            return Some("the election minimum must be at least three heartbeats");
        }
        if self.election_min_ms >= self.election_max_ms {
            return Some("the election maximum must be above the minimum");
        }
        None
    }

    /// Whether they leave room for an answer that takes so long: an election minimum of ten times that, a heartbeat
    /// of three times.
    #[must_use]
    pub fn leave_room_for(&self, slowest: Duration) -> bool {
        Duration::from_millis(self.election_min_ms) >= slowest.saturating_mul(10)
            && Duration::from_millis(self.heartbeat_ms) >= slowest.saturating_mul(3)
    }

    /// These, or with the election times of the next slower profile that leaves room for an answer that takes so
    /// long; those of the slowest when none does.
    #[must_use]
    pub fn fitting(self, slowest: Duration) -> Self {
        if self.leave_room_for(slowest) {
            return self;
        }
        let slower =
            || Self::PROFILES.into_iter().filter(|profile| profile.election_min_ms > self.election_min_ms);
        let profile =
            slower().find(|profile| profile.leave_room_for(slowest)).or_else(|| slower().next_back());
        profile.map_or(self, |profile| Self { heartbeat_ms: self.heartbeat_ms, ..profile })
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self::LAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_profile_that_leaves_room_is_taken_and_the_heartbeat_stays() {
        let millis = Duration::from_millis;
        let with = |heartbeat_ms, profile| Timers { heartbeat_ms, ..profile };
        let cases = [
            (Timers::FAST, 0, Timers::FAST),
            (Timers::FAST, 10, Timers::FAST),
            (Timers::FAST, 11, with(30, Timers::LAN)),
            (Timers::FAST, 16, with(30, Timers::WAN)),
            (Timers::LAN, 15, Timers::LAN),
            (Timers::LAN, 16, with(50, Timers::WAN)),
            (Timers::LAN, 5_000, with(50, Timers::WAN)),
            (Timers::WAN, 5_000, Timers::WAN),
        ];
        for (timers, slowest_ms, expected) in cases {
            let fitting = timers.fitting(millis(slowest_ms));
            assert_eq!(fitting, expected, "{timers:?} and {slowest_ms} ms");
            assert_eq!(fitting.check(), None);
        }
    }
}
