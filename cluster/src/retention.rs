//! How much of the log stays behind a snapshot, so that a follower that was away for a while needs none.
//!
//! Invariant: at most so many entries, and at most about so many bytes of them. Bytes are those since the start of this
//! node; what is older counts as more than all of them.

use std::collections::VecDeque;

/// Marks between nothing and all the bytes that are kept.
const MARKS: u64 = 64;

/// Where in the log how many bytes had been applied.
#[derive(Debug)]
pub(crate) struct Marks {
    bytes_kept: u64,
    /// Index and bytes, oldest first.
    marks: VecDeque<(u64, u64)>,
}

impl Marks {
    pub(crate) const fn new(bytes_kept: u64) -> Self {
        Self { bytes_kept, marks: VecDeque::new() }
    }

    /// So many bytes were applied up to that index.
    pub(crate) fn note(&mut self, index: u64, bytes: u64) {
        let step = self.bytes_kept.div_euclid(MARKS).max(1);
        if self.marks.back().is_none_or(|(_, last)| bytes.saturating_sub(*last) >= step) {
            self.marks.push_back((index, bytes));
        }
        let beyond = |mark: Option<&(u64, u64)>| {
            mark.is_some_and(|(_, at)| bytes.saturating_sub(*at) >= self.bytes_kept)
        };
        while beyond(self.marks.get(1)) {
            self.marks.pop_front();
        }
    }

    /// Through here the log is further behind than the bytes that are kept; 0 when nothing is.
    pub(crate) fn surplus_through(&self, bytes: u64) -> u64 {
        let oldest = self.marks.front().filter(|(_, at)| bytes.saturating_sub(*at) >= self.bytes_kept);
        oldest.map_or(0, |(index, _)| *index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_further_behind_than_the_bytes_kept_is_surplus() {
        let mut marks = Marks::new(6_400);
        for entry in 0..1_000_u64 {
            marks.note(100 + entry, entry * 10);
        }
        let total = 9_990;
        let through = marks.surplus_through(total);
        let kept = total - (through - 100) * 10;
        assert!((6_400..=6_500).contains(&kept), "{kept} bytes are kept");
        assert!(marks.marks.len() <= 70, "{}", marks.marks.len());
        assert_eq!(Marks::new(10).surplus_through(1_000), 0);
    }
}
