//! The verbs of the command that have more to say than a line: one a file.
//!
//! Invariant: a verb reads its arguments, runs a scenario of the library, prints, and answers an exit code.

pub(crate) mod backup;
pub(crate) mod live;
pub(crate) mod members;
pub(crate) mod snapshot;
