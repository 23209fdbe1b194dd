//! Where databases and their neighbour files live: a directory, or memory that can crash.
//!
//! Invariant: all paths are relative to one root, with `/` between names. `write_whole`, `rename` and
//! `remove_tree` are durable when they return; `write_at` is after `sync_file`.

use std::io;
use std::path::Path;

use bytes::Bytes;

use crate::engine::{Engine, EngineError, Purpose};

/// How a database is opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OpenMode {
    /// It must not be there yet.
    Create,
    /// It must be there.
    Open,
    /// It must be there and is not changed in any way.
    ReadOnly,
}

/// Room on the file system that holds a root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Space {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Bytes there are in all.
    pub total_bytes: u64,
}

/// A root directory with files and databases in it.
pub trait Disk: Clone + Send + Sync + 'static {
    /// Its databases.
    type Engine: Engine<Disk = Self>;
    /// Held while this process owns the root.
    type Lock: Send + Sync + 'static;

    /// The root, for messages.
    fn root(&self) -> &Path;
    /// Makes the root and takes the lock; `None` when another owner holds it.
    fn lock(&self) -> io::Result<Option<Self::Lock>>;
    /// Names in a directory, sorted; empty when it is not there.
    fn list(&self, directory: &str) -> io::Result<Vec<String>>;
    /// Whether a file or directory is there.
    fn exists(&self, path: &str) -> io::Result<bool>;
    /// A whole small file; `None` when it is not there.
    fn read(&self, path: &str) -> io::Result<Option<Bytes>>;
    /// Size of a file in bytes.
    fn size(&self, path: &str) -> io::Result<u64>;
    /// Up to `length` bytes of a file from an offset; fewer only at its end.
    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Bytes>;
    /// Makes a directory and what is above it.
    fn make_directory(&self, path: &str) -> io::Result<()>;
    /// Puts a whole file in place of what is there, in one step.
    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()>;
    /// Writes a part of a file, making it where needed.
    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes durable what was written to a file, and its name.
    fn sync_file(&self, path: &str) -> io::Result<()>;
    /// Gives a file or directory another name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Gives a second directory the files of a first one. Table files, which never change, are shared.
    fn duplicate(&self, from: &str, to: &str) -> io::Result<()>;
    /// Room where the root is. May wait for a disk that hangs.
    fn space(&self) -> io::Result<Space>;
    /// Makes a file that holds room and nothing else, unless it is there; removing it gives the room back at once.
    fn reserve(&self, path: &str, bytes: u64) -> io::Result<()>;
    /// Gives a name here to a file of another disk, for reading only; what is above the name is made.
    fn refer(&self, path: &str, other: &Self, other_path: &str) -> io::Result<()>;
    /// Removes a file or directory and all in it; nothing happens when it is not there.
    fn remove_tree(&self, path: &str) -> io::Result<()>;

    /// The first thing a database on this disk could not read, whoever asked for it; `None` while all is well.
    fn damage(&self) -> Option<String> {
        None
    }

    /// Opens a database.
    fn open(&self, path: &str, purpose: Purpose, mode: OpenMode) -> Result<Self::Engine, EngineError>;
    /// Copies a state database as it is now into a directory that is not there yet, without stopping it.
    /// The copy is durable on return and is opened like any other.
    fn checkpoint(&self, engine: &Self::Engine, path: &str) -> Result<(), EngineError>;
}
