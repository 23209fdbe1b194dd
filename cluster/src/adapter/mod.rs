//! openraft's traits over the store and the peers. Thin on purpose: a change of openraft costs these files.
//!
//! Invariant: no rule is decided here; each method calls one noun of this project.

pub(crate) mod log_store;
pub(crate) mod network;
pub(crate) mod snapshot;
pub(crate) mod state_machine;

use std::io;

use store::StoreError;

/// The store's error in the type that openraft takes.
pub(crate) fn io_error(error: StoreError) -> io::Error {
    io::Error::other(error)
}
