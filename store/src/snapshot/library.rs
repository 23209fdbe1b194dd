//! The snapshots on this node.
//!
//! Invariant: the two newest are kept, and any older one that somebody still holds.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::manifest::digest;
use super::{CHUNK_BYTES_MAX, MANIFEST, Manifest, SNAPSHOTS, STATE, UNFINISHED, path};
use crate::StoreError;
use crate::engine::{Disk, Engine};
use crate::lock::locked;

/// Snapshots kept.
const KEPT: usize = 2;

/// A whole snapshot on disk.
struct Kept<E: Engine> {
    disk: E::Disk,
    manifest: Manifest,
}

/// A whole snapshot on this node. It stays on disk while a handle lives.
pub struct SnapshotHandle<E: Engine> {
    kept: Arc<Kept<E>>,
}

impl<E: Engine> Clone for SnapshotHandle<E> {
    fn clone(&self) -> Self {
        Self { kept: Arc::clone(&self.kept) }
    }
}

impl<E: Engine> SnapshotHandle<E> {
    /// What it consists of and what it is of.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.kept.manifest
    }

    /// Directory of its database, relative to the disk's root.
    pub(crate) fn state_path(&self) -> String {
        path(&[SNAPSHOTS, &self.kept.manifest.id, STATE])
    }

    /// Bytes of a file from an offset: `length`, but at most [`CHUNK_BYTES_MAX`], and fewer at its end.
    pub fn read(&self, file: &str, offset: u64, length: usize) -> Result<Bytes, StoreError> {
        let manifest = &self.kept.manifest;
        if manifest.file(file).is_none() {
            return Err(StoreError::SnapshotGone(format!("{}/{file}", manifest.id)));
        }
        let path = path(&[SNAPSHOTS, &manifest.id, STATE, file]);
        let bytes = self.kept.disk.read_at(&path, offset, length.min(CHUNK_BYTES_MAX));
        bytes.map_err(StoreError::file(format!("reading {path}")))
    }
}

/// See the module.
pub(crate) struct Library<E: Engine> {
    disk: E::Disk,
    /// Oldest first.
    kept: Mutex<Vec<Arc<Kept<E>>>>,
    /// Held while a snapshot is built or finished: one at a time.
    pub(super) building: Mutex<()>,
}

impl<E: Engine> Library<E> {
    /// Finds the whole snapshots on a disk; what is not whole is removed.
    pub(crate) fn open(disk: &E::Disk) -> Result<Self, StoreError> {
        let failed = || StoreError::file("reading the snapshots");
        disk.make_directory(SNAPSHOTS).map_err(failed())?;
        let mut kept = Vec::new();
        for name in disk.list(SNAPSHOTS).map_err(failed())? {
            let manifest = disk.read(&path(&[SNAPSHOTS, &name, MANIFEST])).map_err(failed())?;
            match manifest.map(|bytes| Manifest::decode(&bytes)) {
                Some(Ok(manifest)) if manifest.id == name && name != UNFINISHED => {
                    kept.push(Arc::new(Kept { disk: disk.clone(), manifest }));
                }
                found => {
                    if let Some(Err(error)) = found.filter(|_| name != UNFINISHED) {
                        let file =
                            disk.root().join(path(&[SNAPSHOTS, &name, MANIFEST])).display().to_string();
                        tracing::warn!(file, %error, "a damaged snapshot is removed; a new one takes its place");
                    }
                    disk.remove_tree(&path(&[SNAPSHOTS, &name])).map_err(failed())?;
                }
            }
        }
        kept.sort_by_key(|snapshot| snapshot.manifest.meta.applied);
        let library = Self { disk: disk.clone(), kept: Mutex::new(kept), building: Mutex::new(()) };
        library.trim()?;
        Ok(library)
    }

    /// The newest.
    pub(super) fn newest(&self) -> Option<SnapshotHandle<E>> {
        locked(&self.kept).last().map(|kept| SnapshotHandle { kept: Arc::clone(kept) })
    }

    /// Whether one of that name is there.
    pub(super) fn holds(&self, id: &str) -> bool {
        locked(&self.kept).iter().any(|kept| kept.manifest.id == id)
    }

    /// Takes in the snapshot whose database stands in the unfinished directory.
    pub(super) fn finish(&self, manifest: &Manifest) -> Result<(), StoreError> {
        let failed = || StoreError::file(format!("keeping snapshot {}", manifest.id));
        let unfinished = path(&[SNAPSHOTS, UNFINISHED]);
        let encoded = manifest.encode();
        self.disk.write_whole(&path(&[&unfinished, MANIFEST]), &encoded).map_err(failed())?;
        self.disk.rename(&unfinished, &path(&[SNAPSHOTS, &manifest.id])).map_err(failed())
    }

    /// Shows a finished snapshot to those who ask for the newest.
    pub(super) fn publish(&self, manifest: Manifest) -> Result<SnapshotHandle<E>, StoreError> {
        let added = Arc::new(Kept { disk: self.disk.clone(), manifest });
        {
            let mut kept = locked(&self.kept);
            kept.retain(|snapshot| snapshot.manifest.id != added.manifest.id);
            kept.push(Arc::clone(&added));
            kept.sort_by_key(|snapshot| snapshot.manifest.meta.applied);
        }
        self.trim()?;
        Ok(SnapshotHandle { kept: added })
    }

    /// Reads all snapshots; those that are not what their manifests say are removed. Answers the files to blame.
    pub(crate) fn verify(&self, go_on: &dyn Fn() -> bool) -> Result<Vec<String>, StoreError> {
        let _building = locked(&self.building);
        let kept: Vec<_> = locked(&self.kept).clone();
        let mut damaged = Vec::new();
        for snapshot in kept {
            let manifest = &snapshot.manifest;
            for file in &manifest.files {
                if !go_on() {
                    return Ok(damaged);
                }
                let path = path(&[SNAPSHOTS, &manifest.id, STATE, &file.name]);
                // One that cannot be read is as damaged as one that reads differently.
                if !digest(&self.disk, &path, &file.name).is_ok_and(|found| found == *file) {
                    damaged.push(self.disk.root().join(path).display().to_string());
                    self.discard(&manifest.id)?;
                    break;
                }
            }
        }
        Ok(damaged)
    }

    /// Forgets a snapshot and removes it; who still reads it gets an error.
    fn discard(&self, id: &str) -> Result<(), StoreError> {
        locked(&self.kept).retain(|snapshot| snapshot.manifest.id != id);
        let path = path(&[SNAPSHOTS, id]);
        self.disk.remove_tree(&path).map_err(StoreError::file(format!("removing {path}")))
    }

    fn trim(&self) -> Result<(), StoreError> {
        let mut kept = locked(&self.kept);
        let surplus = kept.len().saturating_sub(KEPT);
        let (unused, used): (Vec<_>, Vec<_>) =
            kept.drain(..surplus).partition(|snapshot| Arc::strong_count(snapshot) == 1);
        kept.splice(..0, used);
        for snapshot in unused {
            let path = path(&[SNAPSHOTS, &snapshot.manifest.id]);
            self.disk.remove_tree(&path).map_err(StoreError::file(format!("removing {path}")))?;
        }
        Ok(())
    }
}
