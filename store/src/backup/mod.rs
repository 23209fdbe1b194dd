//! Backups: a snapshot as objects that are known by their hash, kept in a directory that many backups share.
//!
//! ```text
//! DIR/FORMAT                     `rakit backup format 1`
//! DIR/objects/AB/SHA256          an object; AB is the beginning of its hash
//! DIR/backups/ID.manifest        what a backup consists of, written when all its objects are there
//! DIR/backups/ID.sha256          SHA-256 of the manifest, as sha256sum writes it
//! DIR/partial/SHA256             an object of which a part has arrived
//! DIR/partial/MANIFEST           the manifest of the backup it is of
//! ```
//!
//! Invariant: a backup is there if, and only if, its manifest is. An object has its name only after its bytes
//! were read back and have that hash. What two backups share is there once, so the next one brings what is new.

mod directory;
mod manifest;
mod source;
mod verify;

pub(crate) use directory::object_path;
pub use directory::{BackupDirectory, Placed};
pub use manifest::{BackupManifest, BackupObject, ObjectKind};
pub use source::BackupSource;
pub use verify::{Fault, Verified};

/// Format of the directory that this build writes, and the newest it reads.
pub const BACKUP_FORMAT: u32 = 1;

/// Name of the file that says so.
const FORMAT: &str = "FORMAT";
/// What stands in it before the number.
const WORDS: &str = "rakit backup format ";
/// Where objects are.
const OBJECTS: &str = "objects";
/// Where manifests are.
const BACKUPS: &str = "backups";
/// Where objects arrive.
const PARTIAL: &str = "partial";
/// Name of the manifest of the backup that arrives.
const MANIFEST: &str = "MANIFEST";
/// How names of manifests end.
const MANIFEST_SUFFIX: &str = ".manifest";
/// How names of their hashes end.
const HASH_SUFFIX: &str = ".sha256";
