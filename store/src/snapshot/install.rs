//! Putting a received snapshot in place of the state.

use super::receive::staged;
use super::{Received, STAGING, path};
use crate::engine::{Disk, Engine, OpenMode, Purpose};
use crate::version::{next_state_directory, point_to};
use crate::{Applied, Machine, StoreError};

impl<E: Engine> Machine<E> {
    /// Goes on with the state of a received snapshot. Short: renames a directory, opens it, swaps a pointer
    /// file. Views taken before stay readable; the old directory is removed at the next start.
    pub fn install_snapshot(&self, received: Received<E>) -> Result<Applied, StoreError> {
        let Received { machine, manifest } = received;
        if machine.identity() != self.identity() {
            return Err(StoreError::SnapshotRefused("it was received by another node".to_owned()));
        }
        let disk = self.disk();
        let failed = || StoreError::file(format!("installing snapshot {}", manifest.id));
        let directory = next_state_directory(&self.directory());
        disk.remove_tree(&directory).map_err(failed())?;
        disk.rename(&staged(&manifest.id), &directory).map_err(failed())?;
        let engine = disk.open(&directory, Purpose::State, OpenMode::Open)?;
        // From here on a restart finds the new state; before, the old one.
        point_to(disk, &directory).map_err(failed())?;
        let applied = self.replace(engine, directory)?;
        // Its rows were summed up anew before it came here.
        self.end_quarantine()?;
        self.library().publish(manifest.clone())?;
        disk.remove_tree(&path(&[STAGING, &manifest.id])).map_err(failed())?;
        Ok(applied)
    }
}
