//! Snapshots: a checkpoint of the state database and a manifest of its files.
//!
//! Invariant: a snapshot directory is whole if, and only if, its manifest is there: it is written last. What a
//! manifest says of the state was read from the checkpoint itself. A crash at any step of an installation
//! leaves the old state or the new one.

mod build;
mod install;
mod library;
mod manifest;
mod receive;

pub(crate) use library::Library;
pub use library::SnapshotHandle;
pub use manifest::{Manifest, ManifestFile, SnapshotMeta};
pub use receive::{Received, Receiving};

/// Largest chunk that is read or written at once, in bytes.
pub const CHUNK_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Where snapshots are kept.
pub(crate) const SNAPSHOTS: &str = "snapshots";
/// Where received ones are put together.
const STAGING: &str = "staging";
/// The database inside a snapshot's directory.
const STATE: &str = "state";
/// The manifest inside a snapshot's directory.
const MANIFEST: &str = "MANIFEST";
/// A snapshot that is not whole yet; removed at the next start.
const UNFINISHED: &str = "unfinished";

fn path(parts: &[&str]) -> String {
    parts.join("/")
}
