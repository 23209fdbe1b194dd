//! A disk of its own for each node, which can lose power: an ext4 in a file, stopped by its shutdown call.
//!
//! Invariant: after [`PowerDisk::restore`] the file system holds what was flushed before [`PowerDisk::cut`] and what
//! the kernel happened to write, nothing else; unmounted when this goes, whatever became of the run.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::doctor::{Mount, without_flush};

/// Size of a disk: sparse, so that only what is written takes room.
const SIZE_BYTES: u64 = 512 * 1024 * 1024;
/// The file that takes the room of a full disk, how much of it is taken at once at first, and in the end.
const FILLER: &str = "filler";
const FILL_BYTES: u64 = 64 * 1024 * 1024;
const FILL_BYTES_MIN: u64 = 4 * 1024;

/// See the module.
pub(super) struct PowerDisk {
    image: PathBuf,
    target: PathBuf,
    mount: Option<Mount>,
}

impl PowerDisk {
    /// Makes the file system and mounts it; the error says what this machine does not allow.
    pub(super) fn new(folder: &Path, name: &str) -> Result<Self, String> {
        let image = folder.join(format!("{name}.img"));
        let target = folder.join(name);
        std::fs::create_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
        let mount = Mount::ext4(&image, SIZE_BYTES, target.clone())?;
        Ok(Self { image, target, mount: Some(mount) })
    }

    /// Where it is mounted.
    pub(super) fn path(&self) -> &Path {
        &self.target
    }

    /// Makes all that is on it durable.
    pub(super) fn settle(&self) -> Result<(), String> {
        let root = File::open(&self.target).map_err(|error| error.to_string())?;
        rustix::fs::syncfs(root).map_err(|error| error.to_string())
    }

    /// Takes all room that is left, without writing anything: the disks of all nodes are one.
    pub(super) fn fill(&self) -> Result<(), String> {
        let file = File::create(self.target.join(FILLER)).map_err(|error| error.to_string())?;
        let (mut taken, mut part) = (0_u64, FILL_BYTES);
        while part >= FILL_BYTES_MIN {
            match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), taken, part) {
                Ok(()) => taken = taken.saturating_add(part),
                Err(rustix::io::Errno::NOSPC) => part = part.div_euclid(2),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// Gives the room back.
    pub(super) fn empty(&self) -> Result<(), String> {
        std::fs::remove_file(self.target.join(FILLER)).map_err(|error| error.to_string())
    }

    /// The power goes: nothing is written from here on.
    pub(super) fn cut(&self) -> Result<(), String> {
        let root = File::open(&self.target).map_err(|error| error.to_string())?;
        without_flush(&root).map_err(|error| format!("shutdown of {}: {error}", self.target.display()))
    }

    /// The power is back. Whoever had files open there must be gone.
    pub(super) fn restore(&mut self) -> Result<(), String> {
        if let Some(mount) = self.mount.take() {
            mount.end()?;
        }
        self.mount = Some(Mount::again(&self.image, self.target.clone())?);
        Ok(())
    }
}
