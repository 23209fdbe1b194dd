//! Room kept for what must be written even on a full disk: votes, marks, the end of a flush (design 9.8).
//!
//! Invariant: the reserve is given up before it is needed, and made again only when there is plenty.

use crate::engine::disk::Space;
use crate::engine::{Disk, Engine};
use crate::{Machine, StoreError};

/// Name of the file that holds the room.
pub(crate) const FILE: &str = "RESERVE";
/// Most bytes kept.
const BYTES_MAX: u64 = 64 << 20;
/// Part of a small file system that is kept, in percent.
const PERCENT: u64 = 2;

/// Bytes to keep on a file system.
fn bytes_of(space: Space) -> u64 {
    space.total_bytes.saturating_mul(PERCENT).div_euclid(100).min(BYTES_MAX)
}

/// Gives the reserve up when there is hardly anything else left.
pub(crate) fn release_when_needed<D: Disk>(disk: &D) -> std::io::Result<bool> {
    let space = disk.space()?;
    let needed = space.free_bytes < bytes_of(space) && disk.exists(FILE)?;
    if needed {
        disk.remove_tree(FILE)?;
        tracing::warn!(free_bytes = space.free_bytes, "the disk is full; the reserve was given up");
    }
    Ok(needed)
}

impl<E: Engine> Machine<E> {
    /// Room on the file system of the data. May wait for a disk that hangs.
    pub fn space(&self) -> Result<Space, StoreError> {
        self.disk().space().map_err(StoreError::file("asking for free space".to_owned()))
    }

    /// Makes the reserve when there is `plenty`, gives it up when hardly anything is left.
    pub fn keep_reserve(&self, plenty: bool) -> Result<(), StoreError> {
        if plenty {
            self.space().map(bytes_of).and_then(|bytes| {
                self.disk().reserve(FILE, bytes).map_err(StoreError::file("reserving space".to_owned()))
            })
        } else {
            release_when_needed(self.disk())
                .map(drop)
                .map_err(StoreError::file("giving the reserve up".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryDisk;

    #[test]
    fn the_reserve_goes_when_the_disk_is_full() {
        let disk = MemoryDisk::new();
        let space = Space { free_bytes: 1 << 30, total_bytes: 10 << 30 };
        disk.set_space(space);
        disk.reserve(FILE, bytes_of(space)).unwrap();
        assert!(!release_when_needed(&disk).unwrap());
        disk.set_space(Space { free_bytes: BYTES_MAX - 1, ..space });
        assert!(release_when_needed(&disk).unwrap());
        assert!(!disk.exists(FILE).unwrap());
        assert!(!release_when_needed(&disk).unwrap());
        assert_eq!(bytes_of(Space { free_bytes: 0, total_bytes: 100 << 20 }), 2 << 20);
    }
}
