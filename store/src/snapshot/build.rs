//! Building a snapshot of the state as it is now.

use super::manifest::{describe, digest, incidental};
use super::{Manifest, SNAPSHOTS, STATE, SnapshotHandle, UNFINISHED, path};
use crate::engine::{Disk, Engine, OpenMode, Purpose};
use crate::lock::locked;
use crate::{Machine, StoreError};

impl<E: Engine> Machine<E> {
    /// Builds a snapshot, or answers the newest when it is of the state as it is. Applying goes on meanwhile.
    /// Slow, it reads all files once: call it from a thread that may block.
    pub fn build_snapshot(&self) -> Result<SnapshotHandle<E>, StoreError> {
        let library = self.library();
        let _building = locked(&library.building);
        let applied = self.applied();
        let same = |newest: &SnapshotHandle<E>| newest.manifest().meta.applied == applied.id;
        if let Some(newest) = library.newest().filter(same) {
            return Ok(newest);
        }
        let disk = self.disk();
        let unfinished = path(&[SNAPSHOTS, UNFINISHED]);
        let failed = || StoreError::file(format!("building a snapshot in {unfinished}"));
        disk.remove_tree(&unfinished).map_err(failed())?;
        disk.make_directory(&unfinished).map_err(failed())?;
        let state = path(&[&unfinished, STATE]);
        disk.checkpoint(&self.engine(), &state)?;
        // Entries were applied between the look above and the checkpoint; what is in it, only it can tell.
        let meta = describe(&disk.open(&state, Purpose::State, OpenMode::ReadOnly)?, &self.identity())?;
        let mut files = Vec::new();
        for name in disk.list(&state).map_err(failed())? {
            if !incidental(&name) {
                files.push(digest(disk, &path(&[&state, &name]), &name)?);
            }
        }
        let last = meta.applied.unwrap_or_default();
        let name = |number: u32| format!("{:020}-{:010}-{number}", last.index, last.term);
        let id = (1..u32::MAX).map(name).find(|id| !library.holds(id));
        let id = id.ok_or_else(|| StoreError::SnapshotRefused("no name is left for it".to_owned()))?;
        let manifest = Manifest { id, meta, files };
        library.finish(&manifest)?;
        library.publish(manifest)
    }

    /// The newest whole snapshot on this node.
    #[must_use]
    pub fn current_snapshot(&self) -> Option<SnapshotHandle<E>> {
        self.library().newest()
    }
}
