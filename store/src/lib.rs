//! Everything a node keeps: the Raft log, the state, and snapshots of it. The only crate that knows `RocksDB`.
//!
//! Promises: what a [`Log`] callback says is flushed is there after any crash; what [`Machine::apply`] answers
//! is what [`tally`] decides on the rows as they are; two machines that applied the same entries have the same
//! hash. Bytes on disk have their address in `keys` and `docs/data-format.md`, their shape in [`codec`].
#![forbid(unsafe_code)]

pub mod backup;
pub mod blobs;
mod clock;
pub mod codec;
pub mod engine;
mod entry;
mod error;
mod flush_probe;
pub mod fsck;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod identity;
mod keys;
mod lock;
pub mod log;
pub mod machine;
mod reserve;
pub mod restore;
pub mod scrub;
pub mod snapshot;
pub mod version;

pub use blobs::{About, BlobReader, Blobs, MediaType, Scan, Verdict};
pub use clock::Pace;
pub use engine::Engine;
pub use engine::memory::MemoryEngine;
pub use engine::memory_disk::MemoryDisk;
#[cfg(feature = "rocks")]
pub use engine::rocks::{RocksDisk, RocksEngine};
pub use entry::{Flushed, LogEntry, LogId, Payload, Vote};
pub use error::{NextStep, StoreError};
pub use flush_probe::slowest_flush;
pub use identity::{Expected, Identity};
pub use log::{Fatal, Flusher, Log, LogState, LogStatistics};
pub use machine::{
    Applied, BUCKETS, ChangeEntry, ChangePage, ComplaintPlace, Dirty, HashPoint, Machine, Named,
    OpenComplaints, StateSums, Sums, SumsPoint, View, bucket_name, differing_parts,
};
pub use snapshot::{Manifest, ManifestFile, Received, Receiving, SnapshotHandle, SnapshotMeta};
pub use version::{Options, check_together, create_on, open_on};
#[cfg(feature = "rocks")]
pub use version::{create, hold, open};
