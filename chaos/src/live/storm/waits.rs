//! How long nobody was answered around each kind of fault.
//!
//! Invariant: a gap belongs to the fault after which it began, until the next one begins.

use std::collections::BTreeMap;

use super::record::Record;
use super::scenarios::Scenario;
use crate::report::{Story, Waits};

/// The longest gap of each fault, by name, in microseconds.
fn gaps_by_name(story: &Story) -> BTreeMap<String, Vec<u64>> {
    let gaps = story.availability();
    let mut by_name: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let next = story.strikes.iter().skip(1).map(|strike| strike.from_us).chain([u64::MAX]);
    for (strike, next_us) in story.strikes.iter().zip(next) {
        // One that the next fault ended, or made, is not this one's.
        let longest = gaps.longest_within(strike.from_us, next_us);
        by_name.entry(strike.name.clone()).or_default().push(longest);
    }
    by_name
}

/// Waits by fault.
pub(super) fn of(story: &Story) -> Vec<Waits> {
    let limits = Scenario::ALL.into_iter().flat_map(Scenario::kinds);
    let limits: BTreeMap<&str, u64> =
        limits.filter_map(|kind| Some((kind.name(), kind.gap_max_ms()?))).collect();
    let mut all = Vec::new();
    for (fault, mut gaps) in gaps_by_name(story) {
        gaps.sort_unstable();
        let at = |percent: usize| {
            let place = gaps.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
            gaps.get(place).copied().unwrap_or_default().div_euclid(1_000)
        };
        // With something else beside it nothing is promised: this machine carries all nodes and all who ask.
        let must_ms = limits.get(fault.as_str()).copied();
        let (median_ms, percentile_99_ms, worst_ms) = (at(50), at(99), at(100));
        let longest_ms: Vec<u64> = gaps.iter().map(|gap| gap.div_euclid(1_000)).collect();
        let times = gaps.len();
        all.push(Waits { fault, times, median_ms, percentile_99_ms, worst_ms, longest_ms, must_ms });
    }
    all
}

/// A wait that is longer than it may be is a complaint.
pub(super) fn judge(waits: &[Waits], record: &Record) {
    for Waits { fault, worst_ms, must_ms, .. } in waits {
        let Some(must_ms) = must_ms else { continue };
        let said = format!("{fault}: nobody was answered for {worst_ms} ms, must be at most {must_ms} ms");
        record.judged("waits", (worst_ms > must_ms).then_some(said));
    }
}
