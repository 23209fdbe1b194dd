//! What stands around every page: title, addresses of the assets, the mark of stale data.
//!
//! Invariant: what a page says of its own age is decided here, in one way for all pages.

use super::assets;
use crate::limits::NEXT_POLL_MS;

/// A leader not heard of for longer than this makes a page say that it may be old, in milliseconds.
pub const LEADER_AGE_MS_MAX: i64 = 10_000;

/// Whether data is to be marked as possibly old. `-1` is a leader that was never heard.
const fn stale(leader_age_ms: i64) -> bool {
    leader_age_ms < 0 || leader_age_ms > LEADER_AGE_MS_MAX
}

/// Under which conditions a page is made: what it says beside its numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Conditions {
    /// Whether the data may be old.
    pub stale: bool,
    /// When readers should look again, in milliseconds.
    pub next_poll_ms: u32,
}

impl Conditions {
    /// Those of a node that is not busy and heard of a leader so long ago.
    #[must_use]
    pub const fn quiet(leader_age_ms: i64) -> Self {
        Self { stale: stale(leader_age_ms), next_poll_ms: NEXT_POLL_MS }
    }
}

/// The frame of a page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Title of the window.
    pub(super) title: String,
    /// Whether the data may be old.
    pub(super) stale: bool,
    /// When a reader should look again, in milliseconds; 0 for pages that stand still.
    pub(super) next_poll_ms: u32,
    /// Address of the same data as JSON, if there is one.
    pub(super) data_address: Option<String>,
    /// Address of the style sheet.
    pub(super) style: &'static str,
    /// Address of the script.
    pub(super) script: &'static str,
    /// Address of the icon.
    pub(super) icon: &'static str,
}

impl Frame {
    /// A frame around a page about results.
    #[must_use]
    pub(super) fn new(title: String, conditions: Conditions) -> Self {
        Self {
            title,
            stale: conditions.stale,
            next_poll_ms: 0,
            data_address: None,
            style: &assets::STYLE.address,
            script: &assets::SCRIPT.address,
            icon: &assets::ICON.address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_marked_when_no_leader_was_heard_for_ten_seconds() {
        assert!(stale(-1) && stale(10_001) && !stale(10_000) && !stale(0));
    }
}
