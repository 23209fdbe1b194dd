//! Whole clusters in one process: pipes in memory, disks in memory (and once `RocksDB`).
//!
//! Invariant: a test waits for conditions with a deadline, never for time to pass.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests may panic")]

mod blobs;
mod changes;
mod confirmation;
mod equality;
mod fitness;
mod harness;
mod identity;
mod members;
mod snapshots;
mod space;
#[expect(dead_code, reason = "shared with the tests of `store`, which use all of it")]
#[path = "../../../store/tests/it/steps.rs"]
mod steps;
mod suite;
mod sweeping;
mod writes;
