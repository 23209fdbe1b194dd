//! What a run of `members` came to.
//!
//! Invariant: every step stands in it with what its officers met.

use std::fmt;
use std::time::Duration;

use crate::live::history::History;

/// One step of the course.
#[derive(Clone, Debug)]
struct Step {
    what: String,
    writes: usize,
    failures: u64,
    gap: Duration,
    slowest: Duration,
}

/// A run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    steps: Vec<Step>,
    /// Orders that were wrong and refused.
    pub refused: u32,
    /// Changes during which the leader was killed, and how many of them had to be said again.
    pub interrupted: u32,
    /// See [`Self::interrupted`].
    pub said_again: u32,
    /// Writes acknowledged in all, each found at every member.
    pub acknowledged: u64,
}

impl Report {
    /// Takes down a step; answers its line.
    pub(super) fn step(&mut self, what: &str, history: &History) -> String {
        let (writes, slowest, failures) = history.times(100);
        let step = Step { what: what.to_owned(), writes, failures, gap: history.longest_gap(), slowest };
        let line = step.to_string();
        self.steps.push(step);
        line
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:44} {:6} writes, none failed; {:3} first attempts went to another node; slowest {:5} ms, longest gap {:5} ms",
            self.what,
            self.writes,
            self.failures,
            self.slowest.as_millis(),
            self.gap.as_millis()
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(formatter, "{step}")?;
        }
        writeln!(
            formatter,
            "{} wrong orders refused; {} changes interrupted, {} of them finished by saying them again; {} writes acknowledged",
            self.refused, self.interrupted, self.said_again, self.acknowledged
        )
    }
}
