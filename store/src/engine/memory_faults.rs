//! What can be wrong with a database in memory on purpose, so that tests see whether anybody notices.
//!
//! Invariant: a database in which nothing is planted does what [`Engine`](crate::Engine) says.

use crate::engine::{Batch, Change};

/// A fault planted in a database. Prefixes are those of keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Plant {
    /// What should make durable says that it did, and does nothing, after so many times that it did.
    LyingFlush(u64),
    /// Each so-many-th look-up of a key that begins so finds nothing.
    Hides(Vec<u8>, u64),
    /// Each so-many-th write of a key that begins so is left out.
    Drops(Vec<u8>, u64),
    /// Checkpoints leave out keys that begin so.
    Omits(Vec<u8>),
    /// In a crash keys that do not begin so stay as they were written last; the others go back.
    Tears(Vec<u8>),
}

/// The planted faults of one database, with what each has counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Plants(Vec<(Plant, u64)>);

/// Counts one more; whether it is a so-many-th.
const fn due(count: &mut u64, every: u64) -> bool {
    *count = count.saturating_add(1);
    every != 0 && count.is_multiple_of(every)
}

impl Plants {
    pub(super) fn add(&mut self, plant: Plant) {
        if !self.0.iter().any(|(present, _)| *present == plant) {
            self.0.push((plant, 0));
        }
    }

    pub(super) fn lies(&mut self) -> bool {
        self.0.iter_mut().any(|(plant, count)| match plant {
            Plant::LyingFlush(honest) => {
                *count = count.saturating_add(1);
                *count > *honest
            }
            Plant::Hides(..) | Plant::Drops(..) | Plant::Omits(_) | Plant::Tears(_) => false,
        })
    }

    pub(super) fn hides(&mut self, key: &[u8]) -> bool {
        self.0.iter_mut().any(|(plant, count)| match plant {
            Plant::Hides(prefix, every) => key.starts_with(prefix) && due(count, *every),
            Plant::LyingFlush(_) | Plant::Drops(..) | Plant::Omits(_) | Plant::Tears(_) => false,
        })
    }

    pub(super) fn omits(&self, key: &[u8]) -> bool {
        self.0.iter().any(|(plant, _)| matches!(plant, Plant::Omits(prefix) if key.starts_with(prefix)))
    }

    /// What of a batch is written.
    pub(super) fn cut(&mut self, batch: &Batch) -> Batch {
        let mut written = batch.clone();
        for (plant, count) in &mut self.0 {
            if let Plant::Drops(prefix, every) = plant {
                written.retain(|change| match change {
                    Change::Put(key, _) => !(key.starts_with(prefix) && due(count, *every)),
                    Change::Delete(_) | Change::DeleteRange(..) => true,
                });
            }
        }
        written
    }

    /// What of a batch that was not durable a crash leaves; `None` for nothing of it.
    pub(super) fn torn(&self, batch: &Batch) -> Option<Batch> {
        let torn = self.0.iter().find_map(|(plant, _)| match plant {
            Plant::Tears(prefix) => Some(prefix),
            Plant::LyingFlush(_) | Plant::Drops(..) | Plant::Omits(_) | Plant::Hides(..) => None,
        })?;
        let mut left = batch.clone();
        left.retain(|change| match change {
            Change::Put(key, _) | Change::Delete(key) | Change::DeleteRange(key, _) => !key.starts_with(torn),
        });
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryDisk;
    use crate::engine::{Disk, Engine, OpenMode, Purpose, Reader};

    fn put(key: &[u8]) -> Batch {
        let mut batch = Batch::new();
        batch.put(key, key.to_vec());
        batch
    }

    fn disk_with(plant: Option<Plant>) -> (MemoryDisk, crate::MemoryEngine) {
        let disk = MemoryDisk::new();
        if let Some(plant) = plant {
            disk.plant("log", &plant);
        }
        let engine = disk.open("log", Purpose::Log, OpenMode::Create).unwrap();
        (disk, engine)
    }

    #[test]
    fn a_crash_keeps_the_first_of_what_was_not_flushed() {
        let (disk, engine) = disk_with(None);
        engine.write(&put(b"a")).unwrap();
        engine.sync().unwrap();
        for key in [b"b", b"c"] {
            engine.write(&put(key)).unwrap();
        }
        let left = disk.copy_with(&mut |_, count| count - 1).database("log").unwrap();
        assert_eq!(left.get(b"b").unwrap().as_deref(), Some(&b"b"[..]));
        assert_eq!(left.get(b"c").unwrap(), None);
        assert_eq!(left.sequence() + 1, engine.sequence());
        assert_eq!(disk.copy().database("log").unwrap().get(b"b").unwrap(), None);
    }

    #[test]
    fn planted_faults_do_what_they_say() {
        let (disk, engine) = disk_with(Some(Plant::LyingFlush(1)));
        for key in [b"a", b"b"] {
            engine.write(&put(key)).unwrap();
            engine.sync().unwrap();
        }
        let left = disk.copy().database("log").unwrap();
        assert!(left.get(b"a").unwrap().is_some() && left.get(b"b").unwrap().is_none());
        let (_disk, engine) = disk_with(Some(Plant::Drops(b"a".to_vec(), 2)));
        for key in [b"a1", b"a2", b"b1"] {
            engine.write(&put(key)).unwrap();
        }
        assert!(engine.get(b"a1").unwrap().is_some() && engine.get(b"a2").unwrap().is_none());
        assert!(engine.get(b"b1").unwrap().is_some());
        let (_disk, engine) = disk_with(Some(Plant::Hides(b"a".to_vec(), 1)));
        engine.write(&put(b"a1")).unwrap();
        assert!(engine.get(b"a1").unwrap().is_none());
        let (disk, engine) = disk_with(Some(Plant::Tears(b"a".to_vec())));
        for key in [b"a1", b"b1"] {
            engine.write(&put(key)).unwrap();
        }
        let left = disk.copy().database("log").unwrap();
        assert!(left.get(b"a1").unwrap().is_none() && left.get(b"b1").unwrap().is_some());
    }
}
