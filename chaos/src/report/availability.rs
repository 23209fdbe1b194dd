//! When those who write were not answered.
//!
//! Invariant: time in which nobody wanted anything counts as available; everything is counted in microseconds.

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
    took_us: u64,
    longest_us: u64,
}

impl Availability {
    pub(super) fn of(operations: &[Operation], took_us: u64) -> Self {
        let mut writes: Vec<&Operation> =
            operations.iter().filter(|operation| operation.kind == "write").collect();
        writes.sort_unstable_by_key(|write| write.called_us);
        let mut answers: Vec<u64> =
            writes.iter().filter(|write| write.ended == Ended::Done).map(|write| write.ended_us).collect();
        answers.sort_unstable();
        answers.push(took_us);
        let mut availability = Self { took_us, ..Self::default() };
        let mut before = 0;
        for answer in answers {
            // A gap is never longer than the time between two answers: most of these need no closer look.
            if answer.saturating_sub(before) > WAIT_US.min(availability.longest_us) {
                // Whoever asked first among those who were not answered when the last answer came.
                let waiting =
                    writes.iter().filter(|write| write.ended_us > before && write.called_us < answer);
                if let Some(asked) = waiting.map(|write| write.called_us).min() {
                    availability.note(Gap { from_us: asked.max(before), to_us: answer });
                }
            }
            before = answer;
        }
        availability
    }

    fn note(&mut self, gap: Gap) {
        self.longest_us = self.longest_us.max(gap.length_us());
        if gap.length_us() > WAIT_US {
            self.gaps.push(gap);
        }
    }

    /// The longest gap, however short.
    #[must_use]
    pub const fn longest_us(&self) -> u64 {
        self.longest_us
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
