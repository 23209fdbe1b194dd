//! What stands around every page: title, addresses of the assets, the mark of stale data.
//!
//! Invariant: what a page says of its own age is decided here, in one way for all pages.

use super::assets;

/// A leader not heard of for longer than this makes a page say that it may be old, in milliseconds.
pub const LEADER_AGE_MS_MAX: i64 = 10_000;

/// Whether data is to be marked as possibly old. `-1` is a leader that was never heard.
#[must_use]
pub const fn stale(leader_age_ms: i64) -> bool {
    leader_age_ms < 0 || leader_age_ms > LEADER_AGE_MS_MAX
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
    pub(super) fn new(title: String, stale: bool) -> Self {
        Self {
            title,
            stale,
            next_poll_ms: 0,
            data_address: None,
            style: &assets::STYLE.address,
            script: &assets::SCRIPT.address,
            icon: &assets::ICON.address,
        }
    }
}
