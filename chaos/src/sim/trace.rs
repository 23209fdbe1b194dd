//! A hash over everything that happens in a run, in the order in which it happens.
//!
//! Invariant: two runs with the same trace went the same way; one bit less in one message is another trace.

use std::sync::{Arc, Mutex, PoisonError};

use super::moment::now_us;

/// See the module. Clones are the same trace.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace(Arc<Mutex<State>>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    hash: u64,
    events: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Bytes were sent.
    Sent,
    /// A disk flushed.
    Flushed,
    /// A fault began or ended.
    Fault,
    /// A client was answered.
    Answered,
    /// A node was seen in some state.
    Seen,
}

impl Kind {
    const fn number(self) -> u64 {
        match self {
            Self::Sent => 1,
            Self::Flushed => 2,
            Self::Fault => 3,
            Self::Answered => 4,
            Self::Seen => 5,
        }
    }
}

const fn fold(hash: u64, number: u64) -> u64 {
    let mixed = (hash ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

impl Trace {
    /// Adds an event with some numbers about it.
    pub(super) fn add(&self, kind: Kind, numbers: &[u64]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = fold(fold(state.hash, kind.number()), now_us());
        state.hash = numbers.iter().fold(first, |hash, number| fold(hash, *number));
        state.events = state.events.saturating_add(1);
    }

    /// The hash so far and how many events it covers.
    pub(super) fn sum(&self) -> (u64, u64) {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (state.hash, state.events)
    }
}

/// A number for some bytes.
pub(super) fn number_of(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
