//! Reading everything again, a little at a time, beside normal work.
//!
//! Invariant: a pass looks at one moment of the data, changes nothing, and rests after every
//! [`ROWS_BETWEEN_RESTS`] rows; what it says is about that moment.

use std::ops::ControlFlow;

/// Rows between two rests: about a millisecond of work.
pub const ROWS_BETWEEN_RESTS: u64 = 1_000;
/// Niceness of threads that only check.
const BACKGROUND_NICENESS: i32 = 15;

/// Called after each [`ROWS_BETWEEN_RESTS`] rows: waits as long as the pace wants, and may end the pass.
pub type Rest<'a> = &'a mut dyn FnMut() -> ControlFlow<()>;

/// What a pass came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scrubbed {
    /// Everything is as it was written.
    Sound {
        /// Index of the last entry that was looked at.
        index: u64,
        /// Rows or entries read.
        rows: u64,
    },
    /// It was ended before it could tell.
    Interrupted,
    /// Something is not as it must be; the text names it.
    Wrong(String),
}

/// Counts rows and rests.
pub(crate) struct Turns<'a> {
    pub(crate) rows: u64,
    rest: Rest<'a>,
}

impl<'a> Turns<'a> {
    pub(crate) const fn new(rest: Rest<'a>) -> Self {
        Self { rows: 0, rest }
    }

    /// One row more.
    pub(crate) fn turn(&mut self) -> ControlFlow<()> {
        self.rows = self.rows.saturating_add(1);
        if self.rows.is_multiple_of(ROWS_BETWEEN_RESTS) { (self.rest)() } else { ControlFlow::Continue(()) }
    }
}

/// Lowers the priority of the calling thread; answers whether that worked.
#[must_use]
pub fn in_background() -> bool {
    // On Linux a process id of none means this thread alone.
    rustix::process::setpriority_process(None, BACKGROUND_NICENESS).is_ok()
}
