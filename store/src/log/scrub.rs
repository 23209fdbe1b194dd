//! The log read again: every checksum, and no entry missing between the others.

use std::ops::ControlFlow;

use bytes::Bytes;

use super::Log;
use crate::codec;
use crate::engine::{Engine, walk};
use crate::keys;
use crate::lock::locked;
use crate::scrub::{Rest, Scrubbed, Turns};

impl<E: Engine> Log<E> {
    /// Reads every entry behind the purged ones.
    pub fn scrub(&self, rest: Rest<'_>) -> Scrubbed {
        let snapshot = self.shared.engine.snapshot();
        // Taken after the snapshot: what is purged meanwhile may be missing in it, nothing else may.
        let state = locked(&self.shared.ends).state;
        let first = state.purged.map_or(0, |purged| purged.index.saturating_add(1));
        let mut turns = Turns::new(rest);
        let mut last: Option<u64> = None;
        let mut wrong = None;
        let mut interrupted = false;
        let scanned = walk(&snapshot, &keys::entry(first), &keys::ENTRIES_END, &mut |key, value| {
            let index = keys::entry_index(key).unwrap_or_default();
            if last.is_some_and(|last| last.checked_add(1) != Some(index)) {
                wrong = Some(format!("the log has no entry before {index}"));
                return ControlFlow::Break(());
            }
            if let Err(error) = codec::decode_entry(index, &Bytes::copy_from_slice(value)) {
                wrong = Some(format!("log entry {index}: {error}"));
                return ControlFlow::Break(());
            }
            last = Some(index);
            let turn = turns.turn();
            interrupted = turn.is_break();
            turn
        });
        match (interrupted, scanned, wrong) {
            (true, ..) => Scrubbed::Interrupted,
            (false, Err(error), _) => Scrubbed::Wrong(format!("the log cannot be read: {error}")),
            (false, Ok(()), Some(wrong)) => Scrubbed::Wrong(wrong),
            (false, Ok(()), None) => Scrubbed::Sound { index: last.unwrap_or(first), rows: turns.rows },
        }
    }
}
