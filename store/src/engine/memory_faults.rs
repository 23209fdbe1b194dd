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
