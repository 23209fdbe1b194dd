//! The rules of the count: given a command and the rows it asked for, decide.
//!
//! Promise: the same rows and the same command give the same decision, on every node, in every build. This
//! crate names no clock, no randomness, no hash map and no float; it does no input or output and cannot fail
//! but by a bug of its own or by damaged rows. Who calls it loads what [`footprint()`] names, asks [`decide()`],
//! and writes the effects in one batch:
//!
//! ```text
//! let mut rows = WorkingSet::default();
//! load(Ledger) into rows
//! for key in footprint(&ledger, header, item)     { rows.insert(key, load(key)) }
//! loop {
//!     let keys = footprint_more(&rows, header, item)?;     // rows that the loaded ones point to
//!     if keys.is_empty() { break }                         // in the second round
//!     for key in keys { rows.insert(key, load(key)) }
//! }
//! let decision = decide(&rows, &Place { index, term, item: position }, header, item)?;
//! write decision.effects; give decision.answer to the caller
//! ```
//!
//! The next item must see the effects of the one before, so the loader looks in the batch first. A ledger
//! that is not there yet is `Ledger::default()`. Before [`command::Command::Found`] the level is 0 and every
//! command but `Mark` and `Found` is refused with `LevelTooLow`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod account;
pub mod aggregate;
pub mod audit;
pub mod calendar;
pub mod command;
pub mod complaint;
pub mod contest;
pub mod decide;
pub mod digest;
pub mod epoch;
pub mod footprint;
pub mod form;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod ids;
#[cfg(any(test, feature = "model"))]
pub mod model;
pub mod neighbourhood;
pub mod outcome;
pub mod region;
pub mod repair;
pub mod row;
pub mod rules;
pub mod station;
#[cfg(test)]
mod tests;

pub use decide::{DecideError, Place, decide};
pub use footprint::{footprint, footprint_more};

/// The newest feature level this build knows.
pub const LEVEL_NEWEST: u32 = 1;
