//! How a command ends when it does not end well: one line for the person, one exit code for the script.
//!
//! Invariant: the text says what is wrong and what to do, on one line, in the person's language.

use std::fmt;

/// The exit codes of `api.md`, apart from 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// It failed.
    Failed,
    /// Wrong usage or settings.
    Usage,
    /// The cluster or node is not healthy.
    Unhealthy,
    /// No leader, no answer, out of time.
    Unavailable,
    /// A directory, port, certificate or version is not as it must be.
    Precondition,
}

impl Exit {
    /// The number the process exits with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unhealthy => 3,
            Self::Unavailable => 4,
            Self::Precondition => 5,
        }
    }
}

/// Why a command did not do what was asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// How the process exits.
    pub exit: Exit,
    /// One line: what is wrong and what to do.
    pub text: String,
}

impl Failure {
    /// It failed.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, text: text.into() }
    }

    /// Wrong usage or settings.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, text: text.into() }
    }

    /// Not healthy.
    pub fn unhealthy(text: impl Into<String>) -> Self {
        Self { exit: Exit::Unhealthy, text: text.into() }
    }

    /// No leader, no answer, out of time.
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self { exit: Exit::Unavailable, text: text.into() }
    }

    /// A directory, port, certificate or version is not as it must be.
    pub fn precondition(text: impl Into<String>) -> Self {
        Self { exit: Exit::Precondition, text: text.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Libraries put line breaks into their messages; a log line and a shell want none.
        let mut first = true;
        for line in self.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if !first {
                formatter.write_str("; ")?;
            }
            first = false;
            formatter.write_str(line)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::usage("first\n  second\n\nthird");
        assert_eq!(failure.to_string(), "first; second; third");
        assert_eq!(failure.exit.code(), 2);
    }
}
