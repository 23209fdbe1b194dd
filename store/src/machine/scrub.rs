//! The state read again from its rows and compared with what was kept up entry by entry.

use std::ops::ControlFlow;

use super::hash::{Summing, bucket_name};
use super::{Machine, StateSums};
use crate::codec;
use crate::engine::{Engine, walk};
use crate::keys;
use crate::scrub::{Rest, Scrubbed, Turns};

/// The names of the buckets in which two states differ, in one line.
#[must_use]
pub fn differing_parts(one: &StateSums, other: &StateSums) -> String {
    let names: Vec<String> = one.differing(other).into_iter().map(bucket_name).collect();
    if names.is_empty() { "no single part".to_owned() } else { names.join("; ") }
}

impl<E: Engine> Machine<E> {
    /// Reads every row of the newest view: its checksum must hold, and all rows together must have the sums that
    /// are kept for that index.
    pub fn scrub(&self, rest: Rest<'_>) -> Scrubbed {
        let moment = self.shared.moment.load_full();
        let index = moment.hash.index;
        let mut turns = Turns::new(rest);
        let mut summing = Summing::default();
        let mut wrong = None;
        let mut interrupted = false;
        let scanned = walk(&moment.snapshot, &keys::ROWS_FIRST, &keys::ROWS_END, &mut |key, value| {
            let row = keys::parse_row(key);
            if let Err(error) = codec::check_row(value) {
                wrong = Some(format!("row {row:?} at index {index}: {error}"));
                return ControlFlow::Break(());
            }
            if row.is_none() {
                wrong = Some(format!("the key {key:02x?} at index {index} is none of this format"));
                return ControlFlow::Break(());
            }
            summing.add(key, value);
            let turn = turns.turn();
            interrupted = turn.is_break();
            turn
        });
        if interrupted {
            return Scrubbed::Interrupted;
        }
        if let Err(error) = scanned {
            return Scrubbed::Wrong(format!("the rows cannot be read at index {index}: {error}"));
        }
        if let Some(wrong) = wrong {
            return Scrubbed::Wrong(wrong);
        }
        let found = summing.finish();
        if found == moment.sums {
            return Scrubbed::Sound { index, rows: turns.rows };
        }
        let parts = differing_parts(&found, &moment.sums);
        Scrubbed::Wrong(format!(
            "the rows at index {index} do not have the hash that was kept entry by entry; they differ in: {parts}"
        ))
    }
}
