//! Receiving a snapshot, chunk by chunk, and verifying it.
//!
//! Invariant: nothing received is trusted before every file has its digest and the rows have the hash that the
//! manifest names. Until it is installed, nothing outside the staging directory and the library is changed.

use super::manifest::{describe, digest, incidental};
use super::{CHUNK_BYTES_MAX, MANIFEST, Manifest, SNAPSHOTS, STAGING, STATE, UNFINISHED, path};
use crate::codec;
use crate::engine::{Batch, Disk, Engine, OpenMode, Purpose};
use crate::lock::locked;
use crate::machine::{read_applied, read_sums, recompute};
use crate::{Machine, StoreError, keys};

/// A snapshot that is being received. Dropping it keeps what is there, for the next attempt to go on with.
pub struct Receiving<E: Engine> {
    machine: Machine<E>,
    manifest: Manifest,
}

/// A snapshot received and verified, ready for [`Machine::install_snapshot`].
pub struct Received<E: Engine> {
    pub(super) manifest: Manifest,
    /// The state it was made this node's own for.
    pub(super) machine: Machine<E>,
}

fn refused<T>(why: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::SnapshotRefused(why.into()))
}

/// Where the database of a snapshot is put together.
pub(super) fn staged(id: &str) -> String {
    path(&[STAGING, id, STATE])
}

impl<E: Engine> Machine<E> {
    /// Starts to receive a snapshot, or goes on where an earlier attempt at the same one ended. One at a time:
    /// what is left of others is removed.
    pub fn receive_snapshot(&self, manifest: Manifest) -> Result<Receiving<E>, StoreError> {
        let identity = self.identity();
        if manifest.meta.cluster != identity.cluster || manifest.meta.epoch != identity.epoch {
            return refused("it belongs to another cluster or epoch");
        }
        if manifest.meta.level > self.level_newest() {
            return refused(format!(
                "it needs feature level {}; upgrade this node first",
                manifest.meta.level
            ));
        }
        // The same checks as for bytes from the wire, so that no name leads out of the directory.
        let encoded = manifest.encode();
        if let Err(error) = Manifest::decode(&encoded) {
            return refused(format!("its manifest: {error}"));
        }
        let disk = self.disk();
        let failed = || StoreError::file("preparing to receive a snapshot");
        let manifest_path = path(&[STAGING, &manifest.id, MANIFEST]);
        for name in disk.list(STAGING).map_err(failed())? {
            let same = name == manifest.id
                && disk.read(&manifest_path).map_err(failed())?.is_some_and(|m| m == encoded);
            if !same {
                disk.remove_tree(&path(&[STAGING, &name])).map_err(failed())?;
            }
        }
        disk.make_directory(&staged(&manifest.id)).map_err(failed())?;
        disk.write_whole(&manifest_path, &encoded).map_err(failed())?;
        Ok(Receiving { machine: self.clone(), manifest })
    }
}

impl<E: Engine> Receiving<E> {
    /// What is received.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn file_path(&self, file: &str) -> Result<(String, u64), StoreError> {
        match self.manifest.file(file) {
            Some(found) => Ok((path(&[&staged(&self.manifest.id), file]), found.size)),
            None => refused(format!("it has no file {file}")),
        }
    }

    /// How many bytes of a file are here already: where to go on.
    pub fn offset(&self, file: &str) -> Result<u64, StoreError> {
        let (path, size) = self.file_path(file)?;
        let failed = || StoreError::file(format!("reading {path}"));
        let disk = self.machine.disk();
        if !disk.exists(&path).map_err(failed())? {
            return Ok(0);
        }
        Ok(disk.size(&path).map_err(failed())?.min(size))
    }

    /// Writes a chunk of a file: at most [`CHUNK_BYTES_MAX`], without a hole before it.
    pub fn write(&mut self, file: &str, offset: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let (path, size) = self.file_path(file)?;
        let end = u64::try_from(bytes.len()).ok().and_then(|length| offset.checked_add(length));
        if bytes.len() > CHUNK_BYTES_MAX || end.is_none_or(|end| end > size) || offset > self.offset(file)? {
            return refused(format!("a chunk of {file} at {offset} does not fit"));
        }
        self.machine
            .disk()
            .write_at(&path, offset, bytes)
            .map_err(StoreError::file(format!("writing {path}")))
    }

    /// Verifies files and rows, and makes the database this node's own. Slow: call it from a thread that may
    /// block. A file that is not what the manifest says is removed, so that the next attempt fetches it again.
    pub fn finish(self) -> Result<Received<E>, StoreError> {
        {
            let library = self.machine.library();
            let _building = locked(&library.building);
            self.verify_files()?;
            self.verify_rows()?;
            if !library.holds(&self.manifest.id) {
                self.keep_copy()?;
            }
            self.take_ownership()?;
        }
        Ok(Received { machine: self.machine, manifest: self.manifest })
    }

    fn verify_files(&self) -> Result<(), StoreError> {
        let disk = self.machine.disk();
        let directory = staged(&self.manifest.id);
        let failed = || StoreError::file(format!("verifying {directory}"));
        for file in &self.manifest.files {
            let path = path(&[&directory, &file.name]);
            if file.size == 0 {
                disk.write_at(&path, 0, &[]).map_err(failed())?;
            }
            if !disk.exists(&path).map_err(failed())? {
                return refused(format!("{} did not arrive", file.name));
            }
            disk.sync_file(&path).map_err(failed())?;
            if digest(disk, &path, &file.name)? != *file {
                disk.remove_tree(&path).map_err(failed())?;
                return refused(format!("{} is not what was sent", file.name));
            }
        }
        for name in disk.list(&directory).map_err(failed())? {
            if self.manifest.file(&name).is_none() && !incidental(&name) {
                return refused(format!("{name} is not part of it"));
            }
        }
        Ok(())
    }

    fn verify_rows(&self) -> Result<(), StoreError> {
        let disk = self.machine.disk();
        let engine = disk.open(&staged(&self.manifest.id), Purpose::State, OpenMode::ReadOnly)?;
        let found = describe(&engine, &self.machine.identity())?;
        if found != self.manifest.meta {
            return refused("its rows are of another state than its manifest says");
        }
        let kept = read_sums(&engine, &read_applied(&engine)?)?;
        if recompute(&engine)? != kept {
            return refused("its rows do not have the hash it states");
        }
        Ok(())
    }

    /// Keeps the snapshot as it was sent, for this node to send on.
    fn keep_copy(&self) -> Result<(), StoreError> {
        let disk = self.machine.disk();
        let unfinished = path(&[SNAPSHOTS, UNFINISHED]);
        let failed = || StoreError::file(format!("copying the snapshot to {unfinished}"));
        disk.remove_tree(&unfinished).map_err(failed())?;
        disk.make_directory(&unfinished).map_err(failed())?;
        disk.duplicate(&staged(&self.manifest.id), &path(&[&unfinished, STATE])).map_err(failed())?;
        disk.remove_tree(&path(&[SNAPSHOTS, &self.manifest.id])).map_err(failed())?;
        self.machine.library().finish(&self.manifest)
    }

    /// Writes this node's identity in place of the sender's. Durable before anything points here.
    fn take_ownership(&self) -> Result<(), StoreError> {
        let disk = self.machine.disk();
        // Opening it changes its files. A crash from here on must not leave what looks like a transfer to go on with:
        // no file would be what was sent, and the same snapshot could never be received again.
        let manifest = path(&[STAGING, &self.manifest.id, MANIFEST]);
        disk.remove_tree(&manifest).map_err(StoreError::file(format!("removing {manifest}")))?;
        let engine = disk.open(&staged(&self.manifest.id), Purpose::State, OpenMode::Open)?;
        let mut batch = Batch::new();
        batch.put(keys::IDENTITY, codec::encode_identity(&self.machine.identity()));
        engine.write(&batch)?;
        Ok(engine.flush()?)
    }
}

impl<E: Engine> Received<E> {
    /// What was received.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}
