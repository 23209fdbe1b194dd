//! What the person at the terminal sees.
//!
//! Invariant: lines go to standard output, whole and in order; the moving bar lives on standard error and only
//! where that is a terminal, so that a log holds lines alone.

use std::io::Write as _;

use indicatif::ProgressBar;

use crate::cli::output::progress;

/// Lines and at most one bar.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    bar: ProgressBar,
}

impl Screen {
    /// An empty screen.
    pub(super) fn new() -> Self {
        let bar = progress(Some(0));
        Self { bar }
    }

    /// Prints a line above the bar.
    pub(super) fn line(&self, text: &str) {
        self.bar.suspend(|| {
            let mut output = std::io::stdout().lock();
            // A closed pipe ends nothing: the cluster goes on.
            drop(writeln!(output, "{text}"));
            drop(output.flush());
        });
    }

    /// Whether there is a bar that moves.
    pub(super) fn moving(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Shows how far something is: on the bar, or, where there is none, as a line.
    pub(super) fn progress(&self, done: u64, whole: u64, text: &str) {
        if !self.moving() {
            self.line(text);
            return;
        }
        self.bar.set_length(whole);
        self.bar.set_position(done);
        self.bar.set_message(text.to_owned());
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// A figure with dots between thousands, as Indonesians write it.
pub(super) fn figure(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len().checked_rem(3).unwrap_or(0);
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place.abs_diff(first).checked_rem(3) == Some(0) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in
            [(0, "0"), (12, "12"), (999, "999"), (1_000, "1.000"), (96_214_691, "96.214.691")]
        {
            assert_eq!(figure(number), text);
        }
    }
}
