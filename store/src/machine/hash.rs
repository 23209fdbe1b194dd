//! The state hash (design 9.5): the sum, modulo 2 to the 128th, of XXH3-128 over key and value of each row.
//!
//! Invariant: it depends on the rows alone, not on the order or the rounds in which they came to be, so it is
//! kept by taking away what a row was and adding what it is.

use std::ops::ControlFlow;

use crate::StoreError;
use crate::engine::{Direction, Reader};
use crate::keys;

/// Entries between two remembered hashes.
pub(super) const POINT_ENTRIES: u64 = 1_000;
/// Hashes remembered.
pub(super) const POINTS_MAX: usize = 64;

/// The state hash at an index.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HashPoint {
    /// Index of the last entry applied.
    pub index: u64,
    /// The hash.
    pub hash: u128,
}

/// What one row adds. `scratch` saves an allocation.
pub(super) fn contribution(scratch: &mut Vec<u8>, key: &[u8], value: &[u8]) -> u128 {
    scratch.clear();
    scratch.extend_from_slice(key);
    scratch.extend_from_slice(value);
    xxhash_rust::xxh3::xxh3_128(scratch)
}

/// The hash of all rows.
pub(crate) fn recompute<R: Reader>(rows: &R) -> Result<u128, StoreError> {
    let mut hash: u128 = 0;
    let mut scratch = Vec::new();
    rows.scan(&keys::ROWS_FIRST, &keys::ROWS_END, Direction::Forward, &mut |key, value| {
        hash = hash.wrapping_add(contribution(&mut scratch, key, value));
        ControlFlow::Continue(())
    })?;
    Ok(hash)
}

/// What a walk over all rows finds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sums {
    /// The state hash.
    pub state: u128,
    /// The same without ledger, sessions and records of epochs: what a restored history keeps as it was.
    pub content: u128,
    /// Stations' current forms.
    pub forms: u64,
}

/// Both hashes and the number of forms, from the rows.
pub(crate) fn sums<R: Reader>(rows: &R) -> Result<Sums, StoreError> {
    let mut sums = Sums::default();
    let mut scratch = Vec::new();
    rows.scan(&keys::ROWS_FIRST, &keys::ROWS_END, Direction::Forward, &mut |key, value| {
        let added = contribution(&mut scratch, key, value);
        sums.state = sums.state.wrapping_add(added);
        if keys::is_content(key) {
            sums.content = sums.content.wrapping_add(added);
        }
        sums.forms = sums.forms.saturating_add(u64::from(keys::is_tally(key)));
        ControlFlow::Continue(())
    })?;
    Ok(sums)
}
