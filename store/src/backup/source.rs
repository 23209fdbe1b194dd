//! The side that gives: a snapshot of a running node, seen as a backup.

use bytes::Bytes;

use super::{BackupManifest, BackupObject, ObjectKind};
use crate::engine::{Disk, Engine, OpenMode, Purpose};
use crate::restore::ledger;
use crate::{Machine, SnapshotHandle, StoreError};

/// A backup that a node offers. Its snapshot stays on disk while this lives.
pub struct BackupSource<E: Engine> {
    snapshot: SnapshotHandle<E>,
    manifest: BackupManifest,
}

impl<E: Engine> Machine<E> {
    /// Offers the state as it is now. Slow, it may read all files once: call it from a thread that may block.
    pub fn build_backup(&self) -> Result<BackupSource<E>, StoreError> {
        let snapshot = self.build_snapshot()?;
        let state = self.disk().open(&snapshot.state_path(), Purpose::State, OpenMode::ReadOnly)?;
        let ledger = ledger(&state)?;
        let found = snapshot.manifest();
        let objects = found.files.iter().map(|file| BackupObject {
            kind: ObjectKind::State,
            name: file.name.clone(),
            size: file.size,
            sha256: file.sha256,
        });
        let manifest = BackupManifest {
            id: found.id.clone(),
            name: ledger.name,
            node: self.identity().node,
            log_time: ledger.log_time,
            revisions: ledger.leaves,
            meta: found.meta.clone(),
            objects: objects.collect(),
        };
        Ok(BackupSource { snapshot, manifest })
    }
}

impl<E: Engine> BackupSource<E> {
    /// What it consists of.
    #[must_use]
    pub fn manifest(&self) -> &BackupManifest {
        &self.manifest
    }

    /// Bytes of an object from an offset: `length` at most, and fewer at its end.
    pub fn read(&self, sha256: &[u8; 32], offset: u64, length: usize) -> Result<Bytes, StoreError> {
        match self.manifest.object(sha256) {
            Some(BackupObject { kind: ObjectKind::State, name, .. }) => {
                self.snapshot.read(name, offset, length)
            }
            None => {
                let gone = format!("{}/{}", self.manifest.id, tally::ids::hex(sha256));
                Err(StoreError::SnapshotGone(gone))
            }
        }
    }
}
