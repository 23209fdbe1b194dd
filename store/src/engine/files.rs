//! Files of a data directory, written so that a crash leaves the old or the new.
//!
//! Invariant: a name is durable once the directory that holds it was synced, and every function that
//! promises durability syncs it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock, statvfs};

use crate::engine::disk::Space;

/// Name of the lock file.
const LOCK_FILE: &str = "LOCK";
/// Files of a database that never change once written, so that a second name is as good as a copy.
const SHARED_SUFFIX: &str = "sst";

/// A root directory.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: PathBuf,
}

/// Held while this process owns the directory; the kernel lets go when the process ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

/// `Ok(None)` for what is not there.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

impl Files {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    fn sync_parent(&self, path: &str) -> io::Result<()> {
        sync_directory(self.path(path).parent().unwrap_or(&self.root))
    }

    pub(super) fn lock(&self) -> io::Result<Option<FileLock>> {
        fs::create_dir_all(&self.root)?;
        let path = self.root.join(LOCK_FILE);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(FileLock { _file: file })),
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let Some(entries) = found(fs::read_dir(self.path(directory)))? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    pub(super) fn exists(&self, path: &str) -> io::Result<bool> {
        self.path(path).try_exists()
    }

    pub(super) fn read(&self, path: &str) -> io::Result<Option<Bytes>> {
        Ok(found(fs::read(self.path(path)))?.map(Bytes::from))
    }

    pub(super) fn size(&self, path: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.path(path))?.len())
    }

    pub(super) fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Bytes> {
        let file = File::open(self.path(path))?;
        let rest = file.metadata()?.len().saturating_sub(offset);
        let mut bytes = vec![0; length.min(usize::try_from(rest).unwrap_or(usize::MAX))];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(Bytes::from(bytes))
    }

    pub(super) fn make_directory(&self, path: &str) -> io::Result<()> {
        fs::create_dir_all(self.path(path))?;
        self.sync_parent(path)
    }

    pub(super) fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = format!("{path}.new");
        let file = File::create(self.path(&temporary))?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        self.rename(&temporary, path)
    }

    pub(super) fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(self.path(path))?;
        file.write_all_at(bytes, offset)
    }

    pub(super) fn sync_file(&self, path: &str) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.path(path))?.sync_all()?;
        self.sync_parent(path)
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))?;
        self.sync_parent(from)?;
        self.sync_parent(to)
    }

    pub(super) fn duplicate(&self, from: &str, to: &str) -> io::Result<()> {
        let target = self.path(to);
        fs::create_dir_all(&target)?;
        for name in self.list(from)? {
            let (source, copy) = (self.path(from).join(&name), target.join(&name));
            if Path::new(&name).extension().is_some_and(|suffix| suffix == SHARED_SUFFIX) {
                fs::hard_link(&source, &copy)?;
            } else {
                fs::copy(&source, &copy)?;
                OpenOptions::new().write(true).open(&copy)?.sync_all()?;
            }
        }
        sync_directory(&target)?;
        self.sync_parent(to)
    }

    pub(super) fn space(&self) -> io::Result<Space> {
        let found = statvfs(&self.root)?;
        Ok(Space {
            free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
            total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
        })
    }

    pub(super) fn reserve(&self, path: &str, bytes: u64) -> io::Result<()> {
        let target = self.path(path);
        if target.try_exists()? {
            return Ok(());
        }
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&target)?;
        if let Err(error) = fallocate(&file, FallocateFlags::empty(), 0, bytes) {
            // Half a reserve would look like a whole one.
            drop(fs::remove_file(&target));
            return Err(error.into());
        }
        file.sync_all()?;
        self.sync_parent(path)
    }

    pub(super) fn refer(&self, path: &str, other: &Self, other_path: &str) -> io::Result<()> {
        let name = self.path(path);
        if let Some(above) = name.parent() {
            fs::create_dir_all(above)?;
        }
        std::os::unix::fs::symlink(other.path(other_path).canonicalize()?, name)
    }

    pub(super) fn remove_tree(&self, path: &str) -> io::Result<()> {
        let target = self.path(path);
        match found(fs::symlink_metadata(&target))? {
            None => return Ok(()),
            Some(found) if found.is_dir() => fs::remove_dir_all(&target)?,
            Some(_) => fs::remove_file(&target)?,
        }
        self.sync_parent(path)
    }
}
