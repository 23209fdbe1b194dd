//! When those who write were not answered.
//!
//! Invariant: time in which nobody wanted anything counts as available; everything is counted in microseconds.

use std::collections::BTreeSet;

use super::{Ended, Operation};

/// A write that is answered within this time did not find anything missing.
const WAIT_US: u64 = 100_000;

/// A time without an answer although somebody waited for one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gap {
    /// Begin: the last answer, or the first question after it.
    pub from_us: u64,
    /// End: the next answer, or the end of the run.
    pub to_us: u64,
}

impl Gap {
    /// How long.
    #[must_use]
    pub const fn length_us(&self) -> u64 {
        self.to_us.saturating_sub(self.from_us)
    }
}

/// All gaps of a run.
#[derive(Clone, Debug, Default)]
pub struct Availability {
    /// Those that are longer than 100 ms, in the order of time.
    pub gaps: Vec<Gap>,
    all: Vec<Gap>,
    took_us: u64,
}

/// Who waits for an answer, as time goes on.
struct Asking<'w> {
    /// Not asked for yet, the next one last.
    later: Vec<&'w Operation>,
    /// Asked for and not ended: when it was asked for, by when it ends.
    waiting: BTreeSet<(u64, u64)>,
    ends: BTreeSet<(u64, u64)>,
}

impl<'w> Asking<'w> {
    /// The writes in the order in which they were asked for.
    fn of(writes: &[&'w Operation]) -> Self {
        let later = writes.iter().rev().copied().collect();
        Self { later, waiting: BTreeSet::new(), ends: BTreeSet::new() }
    }

    /// When the first of those asked who still waited after `before`, or began to before `until`.
    fn first(&mut self, before: u64, until: u64) -> Option<u64> {
        while let Some(write) = self.later.pop_if(|write| write.called_us < until) {
            self.waiting.insert((write.called_us, write.ended_us));
            self.ends.insert((write.ended_us, write.called_us));
        }
        while let Some((ended, called)) = self.ends.first().copied().filter(|(ended, _)| *ended <= before) {
            self.ends.remove(&(ended, called));
            self.waiting.remove(&(called, ended));
        }
        self.waiting.first().map(|(called, _)| *called)
    }
}

impl Availability {
    pub(super) fn of(operations: &[Operation], took_us: u64) -> Self {
        let mut writes: Vec<&Operation> =
            operations.iter().filter(|operation| operation.is_write()).collect();
        writes.sort_unstable_by_key(|write| write.called_us);
        let mut answers: Vec<u64> =
            writes.iter().filter(|write| write.ended == Ended::Done).map(|write| write.ended_us).collect();
        answers.sort_unstable();
        answers.push(took_us);
        let mut availability = Self { took_us, ..Self::default() };
        let mut asking = Asking::of(&writes);
        let mut before = 0;
        for answer in answers {
            if let Some(asked) = asking.first(before, answer) {
                availability.note(Gap { from_us: asked.max(before), to_us: answer });
            }
            before = answer;
        }
        availability
    }

    fn note(&mut self, gap: Gap) {
        if gap.length_us() > WAIT_US {
            self.gaps.push(gap);
        }
        self.all.push(gap);
    }

    /// The longest gap, however short.
    #[must_use]
    pub fn longest_us(&self) -> u64 {
        self.longest_within(0, u64::MAX)
    }

    /// The longest gap, however short, of those that end after one moment and begin and end before another.
    #[must_use]
    pub fn longest_within(&self, from_us: u64, to_us: u64) -> u64 {
        let within = self.all.iter().filter(|gap| gap.to_us > from_us && gap.to_us <= to_us);
        within.map(Gap::length_us).max().unwrap_or_default()
    }

    /// Time in gaps of more than 100 ms.
    #[must_use]
    pub fn missing_us(&self) -> u64 {
        self.gaps.iter().map(Gap::length_us).fold(0, u64::saturating_add)
    }

    /// Share of the run outside these gaps, in percent with three digits.
    #[must_use]
    pub fn percent(&self) -> String {
        let there = u128::from(self.took_us.saturating_sub(self.missing_us()));
        let share = there.saturating_mul(100_000).checked_div(u128::from(self.took_us)).unwrap_or(100_000);
        format!("{}.{:03}", share.div_euclid(1_000), share.rem_euclid(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(called_us: u64, ended_us: u64, ended: Ended) -> Operation {
        let (client, object) = (String::new(), String::new());
        Operation { client, kind: "write", object, called_us, ended_us, ended, revision: 0, index: 0 }
    }

    #[test]
    fn a_gap_lasts_from_the_last_answer_or_the_first_question_to_the_next_answer() {
        let operations = [
            write(0, 2_000, Ended::Done),
            // Nobody asks for half a second; then one waits for 300 ms.
            write(500_000, 800_000, Ended::Done),
            write(799_000, 1_400_000, Ended::Unknown),
            write(1_400_000, 1_450_000, Ended::Done),
        ];
        let availability = Availability::of(&operations, 2_000_000);
        let expected = [Gap { from_us: 500_000, to_us: 800_000 }, Gap { from_us: 800_000, to_us: 1_450_000 }];
        assert_eq!(availability.gaps, expected);
        assert_eq!(availability.longest_us(), 650_000);
        assert_eq!(availability.percent(), "52.500");
    }

    #[test]
    fn without_writes_nothing_is_missing() {
        assert_eq!(Availability::of(&[], 1_000_000).percent(), "100.000");
        assert_eq!(Availability::of(&[], 0).percent(), "100.000");
    }

    #[test]
    fn who_is_never_answered_waits_to_the_end() {
        let availability = Availability::of(&[write(0, 5_000_000, Ended::Unknown)], 1_000_000);
        assert_eq!(availability.percent(), "0.000");
    }
}
