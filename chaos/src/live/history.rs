//! What was acknowledged: station by station, revision by revision.
//!
//! Invariant: a write is noted when its answer is here and never changed. Each station has one writer, so its
//! revisions are acknowledged in their order.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

/// A write that a node answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Acknowledged {
    /// Number of its form.
    pub(super) form: u64,
    /// Its place in the log.
    pub(super) index: u64,
}

/// See the module. Shared by the futures of one thread.
#[derive(Debug, Default)]
pub(super) struct History(RefCell<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stations: BTreeMap<String, Vec<Acknowledged>>,
    touched: BTreeSet<String>,
    count: u64,
    index: u64,
    forms: u64,
    /// When the last write was acknowledged, and the longest time between two since the last [`History::watch`].
    last: Option<Instant>,
    gap: Duration,
    /// How long each write took since the last [`History::watch`], and attempts of them that did not succeed.
    took: Vec<Duration>,
    failures: u64,
}

impl History {
    /// A form that was never used.
    pub(super) fn next_form(&self) -> u64 {
        let mut inner = self.0.borrow_mut();
        inner.forms = inner.forms.saturating_add(1);
        inner.forms
    }

    pub(super) fn note(&self, station: &str, acknowledged: Acknowledged) {
        let mut inner = self.0.borrow_mut();
        inner.stations.entry(station.to_owned()).or_default().push(acknowledged);
        inner.touched.insert(station.to_owned());
        inner.count = inner.count.saturating_add(1);
        inner.index = inner.index.max(acknowledged.index);
        let now = Instant::now();
        let since = inner.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        inner.gap = inner.gap.max(since);
        inner.last = Some(now);
    }

    /// A write took so long from its first attempt to its answer, over so many attempts.
    pub(super) fn time(&self, took: Duration, attempts: u32) {
        let mut inner = self.0.borrow_mut();
        inner.took.push(took);
        inner.failures = inner.failures.saturating_add(u64::from(attempts.saturating_sub(1)));
    }

    /// From now on gaps and times are measured.
    pub(super) fn watch(&self) {
        let mut inner = self.0.borrow_mut();
        inner.gap = Duration::ZERO;
        inner.took.clear();
        inner.failures = 0;
    }

    /// Writes since [`History::watch`]: how many, the time that so many percent of them took at most, and how many
    /// attempts of them failed at one node before they succeeded at another.
    pub(super) fn times(&self, percent: usize) -> (usize, Duration, u64) {
        let inner = self.0.borrow();
        let mut took = inner.took.clone();
        took.sort_unstable();
        let place = took.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
        (took.len(), took.get(place).copied().unwrap_or_default(), inner.failures)
    }

    /// The longest time between two acknowledged writes since [`History::watch`].
    pub(super) fn longest_gap(&self) -> Duration {
        self.0.borrow().gap
    }

    /// Revisions of a station so far.
    pub(super) fn revision(&self, station: &str) -> u32 {
        let count = self.0.borrow().stations.get(station).map_or(0, Vec::len);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How many writes were acknowledged.
    pub(super) fn count(&self) -> u64 {
        self.0.borrow().count
    }

    /// The highest place in the log that an answer named.
    pub(super) fn index(&self) -> u64 {
        self.0.borrow().index
    }

    /// Stations with a new revision since the last call, with all their revisions.
    pub(super) fn take_touched(&self) -> Vec<(String, Vec<Acknowledged>)> {
        let mut inner = self.0.borrow_mut();
        let touched = std::mem::take(&mut inner.touched);
        let of = |station: String| {
            let all = inner.stations.get(&station).cloned().unwrap_or_default();
            (station, all)
        };
        touched.into_iter().map(of).collect()
    }

    /// All stations with all their revisions.
    pub(super) fn all(&self) -> Vec<(String, Vec<Acknowledged>)> {
        self.0.borrow().stations.iter().map(|(station, all)| (station.clone(), all.clone())).collect()
    }
}
