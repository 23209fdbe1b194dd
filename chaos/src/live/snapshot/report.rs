//! What a run of `snapshot` came to, and what it must not.
//!
//! Invariant: the verdict is over figures that are printed.

use std::fmt;
use std::time::Duration;

use super::{mebibytes, mebibytes_a_second};
use crate::live::Trouble;

/// Writes during a transfer may take so many times what is usual,
const SLOWER_MAX: u32 = 5;
/// or this long, whichever is more.
const SLOW_MAX: Duration = Duration::from_millis(500);
/// What may pass the door beside the snapshot and its entries: once, and for each cut.
const BESIDE_BYTES: u64 = 8 * 1024 * 1024;
const LOST_BYTES: u64 = 2 * 1024 * 1024;

/// A run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Size of the snapshot, and how it came to be.
    pub(super) snapshot_bytes: u64,
    pub(super) forms: u64,
    pub(super) filled_in: Duration,
    /// Writes before and during the transfer: how many, 99 % of them within, failed attempts.
    pub(super) before: (usize, Duration, u64),
    pub(super) during: (usize, Duration, u64),
    /// Longest gap between two acknowledged writes during the transfer.
    pub(super) gap: Duration,
    /// Longest that a voter had not heard of a leader, as far as it was looked at.
    pub(super) age_before_ms: u64,
    pub(super) age_during_ms: u64,
    pub(super) cuts: u32,
    /// Deaths of the leader that were planted, and changes of leader that there were.
    pub(super) planted: u64,
    pub(super) leader_changes: u64,
    /// From the start of the empty node to the last byte, and to its being ready.
    pub(super) transferred_in: Duration,
    pub(super) ready_in: Duration,
    /// Bytes through the door; sent by the nodes' own account; there already when the snapshot was offered for the last
    /// time.
    pub(super) passed_bytes: u64,
    pub(super) sent_bytes: u64,
    pub(super) resumed_bytes: u64,
    /// Writes acknowledged in all, each found at every node.
    pub(super) acknowledged: u64,
}

impl Report {
    /// Whether what must be is.
    pub(super) fn judge(&self, judged: bool) -> Result<(), Trouble> {
        // Another leader's snapshot has other files: it begins anew.
        let times = self.planted.saturating_add(1);
        let lost = u64::from(self.cuts).saturating_mul(LOST_BYTES);
        let most = self.snapshot_bytes.saturating_mul(times).saturating_add(lost);
        let most_passed = most.saturating_add(most.div_euclid(10)).saturating_add(BESIDE_BYTES);
        if self.passed_bytes > most_passed || self.sent_bytes > most {
            return Err(Trouble::Violation(format!(
                "a snapshot of {} bytes, cut {} times: {} were sent and {} passed, so some were sent twice",
                self.snapshot_bytes, self.cuts, self.sent_bytes, self.passed_bytes
            )));
        }
        if self.planted == 0 && self.cuts > 0 && self.resumed_bytes == 0 {
            return Err(Trouble::Violation("the receiver says that nothing was resumed".to_owned()));
        }
        // A planted death may take more than one election.
        if judged && self.leader_changes > 0 && self.planted == 0 {
            let age_ms = self.age_during_ms;
            return Err(Trouble::Violation(format!(
                "leadership changed {} times during the transfer; heartbeats were late by {age_ms} ms",
                self.leader_changes
            )));
        }
        let (before, during) = (self.before.1, self.during.1);
        if judged && during > SLOW_MAX && during > before.saturating_mul(SLOWER_MAX) {
            return Err(Trouble::Violation(format!(
                "99 % of the writes took {} ms before and {} ms during the transfer",
                before.as_millis(),
                during.as_millis()
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "snapshot of {} MiB ({} forms, written in {} s)",
            mebibytes(self.snapshot_bytes),
            self.forms,
            self.filled_in.as_secs()
        )?;
        writeln!(
            formatter,
            "transfer: {} ms with {} cuts ({} MiB/s), ready after {} ms",
            self.transferred_in.as_millis(),
            self.cuts,
            mebibytes_a_second(self.snapshot_bytes, self.transferred_in),
            self.ready_in.as_millis()
        )?;
        writeln!(
            formatter,
            "bytes: {} of the snapshot, {} sent, {} through the door, {} there at the last offer",
            self.snapshot_bytes, self.sent_bytes, self.passed_bytes, self.resumed_bytes
        )?;
        for (what, (writes, slow, failed), age_ms) in
            [("before", self.before, self.age_before_ms), ("during", self.during, self.age_during_ms)]
        {
            writeln!(
                formatter,
                "{what}: {writes} writes, 99 % within {} ms, {failed} first attempts went elsewhere; leader heard {age_ms} ms ago at most",
                slow.as_millis()
            )?;
        }
        writeln!(
            formatter,
            "changes of leader: {} (planted deaths: {}); longest gap between writes {} ms; {} writes acknowledged",
            self.leader_changes,
            self.planted,
            self.gap.as_millis(),
            self.acknowledged
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_that_begins_anew_or_moves_the_lead_is_a_violation() {
        let mebibyte = 1024 * 1024;
        let good = Report {
            snapshot_bytes: 100 * mebibyte,
            sent_bytes: 101 * mebibyte,
            passed_bytes: 105 * mebibyte,
            resumed_bytes: 66 * mebibyte,
            cuts: 2,
            before: (100, Duration::from_millis(10), 0),
            during: (100, Duration::from_millis(40), 0),
            ..Report::default()
        };
        assert_eq!(good.judge(true), Ok(()));
        let broken = [
            Report { sent_bytes: 133 * mebibyte, ..good.clone() },
            Report { passed_bytes: 200 * mebibyte, ..good.clone() },
            Report { leader_changes: 1, ..good.clone() },
            Report { resumed_bytes: 0, ..good.clone() },
            Report { during: (100, Duration::from_millis(600), 0), ..good.clone() },
        ];
        for report in broken {
            assert!(matches!(report.judge(true), Err(Trouble::Violation(_))), "{report}");
        }
        let planted = Report { sent_bytes: 180 * mebibyte, planted: 1, leader_changes: 1, ..good };
        assert_eq!(planted.judge(true), Ok(()));
    }
}
