//! What attachments need of a disk: a part of [`Disk`], so that a test can put a failing one in between.
//!
//! Invariant: as for [`Disk`]: what it calls durable is durable when the call returns.

use std::io;

use bytes::Bytes;

use crate::engine::Disk;

/// See the module, and the methods of the same names in [`Disk`].
pub trait BlobFiles: Clone + Send + Sync + 'static {
    /// Names in a directory, sorted.
    fn list(&self, directory: &str) -> io::Result<Vec<String>>;
    /// Whether a file is there.
    fn exists(&self, path: &str) -> io::Result<bool>;
    /// A whole small file.
    fn read(&self, path: &str) -> io::Result<Option<Bytes>>;
    /// Size of a file in bytes.
    fn size(&self, path: &str) -> io::Result<u64>;
    /// Up to `length` bytes of a file from an offset.
    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Bytes>;
    /// Makes a directory, durably.
    fn make_directory(&self, path: &str) -> io::Result<()>;
    /// Puts a whole file in place, durably.
    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()>;
    /// Writes a part of a file.
    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes durable what was written to a file.
    fn sync_file(&self, path: &str) -> io::Result<()>;
    /// Gives a file another name, durably.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file or directory, durably.
    fn remove_tree(&self, path: &str) -> io::Result<()>;
}

impl<D: Disk> BlobFiles for D {
    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        Disk::list(self, directory)
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        Disk::exists(self, path)
    }

    fn read(&self, path: &str) -> io::Result<Option<Bytes>> {
        Disk::read(self, path)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        Disk::size(self, path)
    }

    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Bytes> {
        Disk::read_at(self, path, offset, length)
    }

    fn make_directory(&self, path: &str) -> io::Result<()> {
        Disk::make_directory(self, path)
    }

    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        Disk::write_whole(self, path, bytes)
    }

    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        Disk::write_at(self, path, offset, bytes)
    }

    fn sync_file(&self, path: &str) -> io::Result<()> {
        Disk::sync_file(self, path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Disk::rename(self, from, to)
    }

    fn remove_tree(&self, path: &str) -> io::Result<()> {
        Disk::remove_tree(self, path)
    }
}
