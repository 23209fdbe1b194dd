//! What a command tells its caller: answers on standard output, everything else on standard error.
//!
//! Invariant: with `--json` standard output holds JSON and nothing else. A closed pipe ends nothing.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// How answers are given.
#[derive(Clone, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// As JSON, or as text for people.
    #[must_use]
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON was asked for.
    #[must_use]
    pub const fn json(&self) -> bool {
        self.json
    }

    /// Gives the answer: `value` as JSON, or what `text` makes for people.
    pub fn answer<T: Serialize>(&self, value: &T, text: impl FnOnce() -> String) {
        let shown = if self.json {
            serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("\"{error}\""))
        } else {
            text()
        };
        // Nobody is left to tell when standard output is gone.
        drop(writeln!(std::io::stdout(), "{shown}"));
    }

    /// Tells people what goes on; silent with `--json`.
    pub fn note(&self, text: &str) {
        if !self.json {
            drop(writeln!(std::io::stderr(), "{text}"));
        }
    }
}

/// Prints one line on standard error.
pub fn complain(text: &str) {
    drop(writeln!(std::io::stderr(), "rakit: {text}"));
}

/// A progress bar on standard error, invisible where that is no terminal. `total` of `None` shows a counter.
#[must_use]
pub fn progress(total: Option<u64>) -> ProgressBar {
    let terminal = std::io::stderr().is_terminal();
    let target = if terminal { ProgressDrawTarget::stderr_with_hz(4) } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(total, target);
    let colored = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let template = match (total.is_some(), colored) {
        (true, true) => "{bar:40.cyan} {human_pos}/{human_len} {per_sec} {eta} {msg}",
        (true, false) => "{bar:40} {human_pos}/{human_len} {per_sec} {eta} {msg}",
        (false, _) => "{spinner} {human_pos} {per_sec} {msg}",
    };
    // The templates are constants: a fault in one would show in the first test that draws it.
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
