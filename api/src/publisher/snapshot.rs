//! The kept pages at one index.
//!
//! Invariant: never changed once shown, but for the note of when a page was last read. Its pages together
//! stay within the bytes allowed; those not read for longest leave first.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use tally::ids::NodeId;

use super::page::Page;
use super::source::{Made, Source};
use crate::ports::{Confirmed, StateView};
use crate::web::{Conditions, Subject};

/// The view that pages were made from: its log index, and since when it was up to date.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moment {
    pub(super) index: u64,
    pub(super) confirmed: Confirmed,
}

impl Moment {
    pub(super) fn of(view: &dyn StateView) -> Self {
        Self { index: view.index(), confirmed: view.confirmed() }
    }
}

/// A page and what must change for it to change.
pub(super) struct Kept {
    pub(super) page: Page,
    pub(super) source: Source,
    pub(super) subject: Subject,
    pub(super) version: u64,
    /// What the page says beside its numbers.
    pub(super) conditions: Conditions,
    /// The view it was made from.
    pub(super) moment: Moment,
    /// Round in which it was last read.
    read: AtomicU64,
}

impl Kept {
    pub(super) fn new(source: Source, made: Made, conditions: Conditions, moment: Moment, read: u64) -> Self {
        let Made { subject, version, page } = made;
        Self { page, source, subject, version, conditions, moment, read: AtomicU64::new(read) }
    }

    /// Notes that it was read, writing memory only once a round.
    pub(super) fn note_read(&self, round: u64) {
        if self.read.load(Ordering::Relaxed) < round {
            self.read.store(round, Ordering::Relaxed);
        }
    }

    pub(super) fn last_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Pages by path. Only paths of pages that exist are ever in it.
pub(super) type Pages = HashMap<Box<str>, Arc<Kept>>;

/// What is shown from one round to the next.
pub(super) struct Snapshot {
    pub(super) pages: Arc<Pages>,
    pub(super) bytes: usize,
    pub(super) round: u64,
    pub(super) conditions: Conditions,
    pub(super) node: HeaderValue,
    /// The view at which all pages are true, and its index as a header.
    pub(super) moment: Moment,
    pub(super) index: HeaderValue,
}

impl Snapshot {
    pub(super) fn empty(node: NodeId) -> Self {
        Self {
            pages: Arc::default(),
            bytes: 0,
            round: 0,
            conditions: Conditions::quiet(0),
            node: HeaderValue::from(node.0),
            moment: Moment::default(),
            index: HeaderValue::from(0_u64),
        }
    }
}

/// Removes pages, those not read for longest first, until the rest fits; answers the bytes of the rest.
pub(super) fn shrink(pages: &mut Pages, bytes_max: usize) -> usize {
    let mut bytes = pages.values().fold(0_usize, |sum, kept| sum.saturating_add(kept.page.size()));
    if bytes <= bytes_max {
        return bytes;
    }
    let mut oldest: Vec<(u64, Box<str>)> =
        pages.iter().map(|(path, kept)| (kept.last_read(), path.clone())).collect();
    oldest.sort_unstable();
    for (_, path) in oldest {
        if bytes <= bytes_max {
            break;
        }
        if let Some(kept) = pages.remove(&path) {
            bytes = bytes.saturating_sub(kept.page.size());
        }
    }
    bytes
}
