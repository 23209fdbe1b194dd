//! The side that keeps: a directory of backups.
//!
//! Invariant: nothing that has its final name is ever written again; a damaged object is taken away before it is
//! fetched anew.

use sha2::{Digest as _, Sha256};
use tally::ids::hex;

use super::{
    BACKUP_FORMAT, BACKUPS, BackupManifest, BackupObject, FORMAT, HASH_SUFFIX, MANIFEST, MANIFEST_SUFFIX,
    OBJECTS, PARTIAL, WORDS,
};
use crate::StoreError;
use crate::engine::Disk;
use crate::snapshot::{CHUNK_BYTES_MAX, digest};

/// See [`super`].
pub struct BackupDirectory<D: Disk> {
    pub(super) disk: D,
    /// Held by the one that writes.
    _lock: Option<D::Lock>,
}

/// What became of an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Placed {
    /// It is there, with the hash it should have.
    Whole,
    /// So many of its bytes are there: go on from here.
    Partly(u64),
}

pub(super) fn refused<T>(why: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::BackupRefused(why.into()))
}

/// Where an object is.
pub(crate) fn object_path(sha256: &[u8; 32]) -> String {
    let name = hex(sha256);
    let begin = name.get(..2).unwrap_or_default();
    format!("{OBJECTS}/{begin}/{name}")
}

pub(super) fn manifest_path(id: &str) -> String {
    format!("{BACKUPS}/{id}{MANIFEST_SUFFIX}")
}

pub(super) fn hash_path(id: &str) -> String {
    format!("{BACKUPS}/{id}{HASH_SUFFIX}")
}

/// What stands in the file beside a manifest: a line that `sha256sum --check` understands.
fn hash_line(id: &str, frame: &[u8]) -> String {
    let digest = hex(&Sha256::digest(frame));
    format!("{digest}  {id}{MANIFEST_SUFFIX}\n")
}

impl<D: Disk> BackupDirectory<D> {
    /// Opens a directory to add a backup, or makes one where nothing is yet. One at a time.
    pub fn open_or_create(disk: D) -> Result<Self, StoreError> {
        let place = disk.root().display().to_string();
        let failed = || StoreError::file(format!("opening {place}"));
        let Some(lock) = disk.lock().map_err(failed())? else {
            return Err(StoreError::Locked { dir: place });
        };
        if disk.read(FORMAT).map_err(failed())?.is_none() {
            let names = disk.list("").map_err(failed())?;
            if names.iter().any(|name| name != crate::version::LOCK) {
                return Err(StoreError::NotEmpty { dir: place });
            }
            let text = format!("{WORDS}{BACKUP_FORMAT}\n");
            disk.write_whole(FORMAT, text.as_bytes()).map_err(failed())?;
        }
        let directory = Self { disk, _lock: Some(lock) };
        directory.check_format()?;
        for name in [BACKUPS, OBJECTS, PARTIAL] {
            directory.disk.make_directory(name).map_err(failed())?;
        }
        Ok(directory)
    }

    /// Opens a directory to look at it; nothing in it is changed.
    pub fn open(disk: D) -> Result<Self, StoreError> {
        let directory = Self { disk, _lock: None };
        directory.check_format()?;
        Ok(directory)
    }

    /// The disk it is on.
    pub(crate) fn disk(&self) -> &D {
        &self.disk
    }

    fn place(&self) -> String {
        self.disk.root().display().to_string()
    }

    fn check_format(&self) -> Result<(), StoreError> {
        let dir = self.place();
        let text = self.disk.read(FORMAT).map_err(StoreError::file(format!("reading {FORMAT} in {dir}")))?;
        let Some(text) = text else { return refused(format!("{dir} holds no backups: {FORMAT} is missing")) };
        let text = String::from_utf8_lossy(&text).into_owned();
        match text.strip_prefix(WORDS).and_then(|number| number.trim_end().parse::<u32>().ok()) {
            Some(BACKUP_FORMAT) => Ok(()),
            Some(found) if found > BACKUP_FORMAT => {
                Err(StoreError::Newer { dir, found, known: BACKUP_FORMAT })
            }
            _ => refused(format!("{dir}/{FORMAT} is damaged")),
        }
    }

    /// Names of the backups, oldest first.
    pub fn list(&self) -> Result<Vec<String>, StoreError> {
        let names = self.disk.list(BACKUPS).map_err(StoreError::file(format!("reading {BACKUPS}")))?;
        Ok(names.iter().filter_map(|name| name.strip_suffix(MANIFEST_SUFFIX)).map(str::to_owned).collect())
    }

    /// What a backup consists of. Refused when it is not what was written.
    pub fn manifest(&self, id: &str) -> Result<BackupManifest, StoreError> {
        let (path, beside) = (manifest_path(id), hash_path(id));
        let read = |path: &str| self.disk.read(path).map_err(StoreError::file(format!("reading {path}")));
        let Some(frame) = read(&path)? else { return refused(format!("{path} is missing")) };
        let manifest = match BackupManifest::decode(&frame) {
            Ok(manifest) if manifest.id == id => manifest,
            Ok(_) => return refused(format!("{path} is the manifest of another backup")),
            Err(error) => return refused(format!("{path} is damaged: {error}")),
        };
        let kept = read(&beside)?.unwrap_or_default();
        if kept != hash_line(id, &frame).as_bytes() {
            return refused(format!("{beside} does not name the hash of {path}: one of the two is damaged"));
        }
        Ok(manifest)
    }

    /// Notes which backup is being fetched, for the run after a cut.
    pub fn begin(&mut self, manifest: &BackupManifest) -> Result<(), StoreError> {
        let written = self.disk.write_whole(&begun_path(), &manifest.encode());
        written.map_err(StoreError::file(format!("writing {}", begun_path())))
    }

    /// The backup that was begun and not completed.
    pub fn begun(&self) -> Result<Option<BackupManifest>, StoreError> {
        let frame = self.disk.read(&begun_path()).map_err(StoreError::file("reading what was begun"))?;
        // What cannot be read is begun anew; its objects are known by their hashes all the same.
        Ok(frame.and_then(|frame| BackupManifest::decode(&frame).ok()))
    }

    /// Whether an object is there. One that is there with other bytes is taken away.
    pub fn placed(&self, object: &BackupObject) -> Result<Placed, StoreError> {
        let path = object_path(&object.sha256);
        let failed = || StoreError::file(format!("reading {path}"));
        if self.disk.exists(&path).map_err(failed())? {
            let found = digest(&self.disk, &path, &object.name)?;
            if found.sha256 == object.sha256 && found.size == object.size {
                return Ok(Placed::Whole);
            }
            self.disk.remove_tree(&path).map_err(failed())?;
        }
        let partial = partial_path(object);
        let failed = || StoreError::file(format!("reading {partial}"));
        if !self.disk.exists(&partial).map_err(failed())? {
            return Ok(Placed::Partly(0));
        }
        let size = self.disk.size(&partial).map_err(failed())?;
        if size > object.size {
            self.disk.remove_tree(&partial).map_err(failed())?;
            return Ok(Placed::Partly(0));
        }
        Ok(Placed::Partly(size))
    }

    /// Adds bytes of an object that is not whole yet: at most [`CHUNK_BYTES_MAX`], without a hole before them.
    pub fn write(&mut self, object: &BackupObject, offset: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let path = partial_path(object);
        let failed = || StoreError::file(format!("writing {path}"));
        let there = if self.disk.exists(&path).map_err(failed())? {
            self.disk.size(&path).map_err(failed())?
        } else {
            0
        };
        let end = u64::try_from(bytes.len()).ok().and_then(|length| offset.checked_add(length));
        if bytes.len() > CHUNK_BYTES_MAX || end.is_none_or(|end| end > object.size) || offset > there {
            return refused(format!("a chunk of {} at {offset} does not fit", object.name));
        }
        self.disk.write_at(&path, offset, bytes).map_err(failed())
    }

    /// Gives an object its name, after reading it back. What is not what was asked for is taken away.
    pub fn finish_object(&mut self, object: &BackupObject) -> Result<(), StoreError> {
        let (partial, path) = (partial_path(object), object_path(&object.sha256));
        let failed = || StoreError::file(format!("keeping {path}"));
        if object.size == 0 {
            self.disk.write_at(&partial, 0, &[]).map_err(failed())?;
        }
        self.disk.sync_file(&partial).map_err(failed())?;
        let found = digest(&self.disk, &partial, &object.name)?;
        if found.sha256 != object.sha256 || found.size != object.size {
            self.disk.remove_tree(&partial).map_err(failed())?;
            return refused(format!("{} did not arrive as it was sent; run the backup again", object.name));
        }
        let folder = path.rsplit_once('/').map_or(OBJECTS, |(folder, _)| folder);
        self.disk.make_directory(folder).map_err(failed())?;
        self.disk.rename(&partial, &path).map_err(failed())
    }

    /// Completes a backup whose objects are all there; answers the SHA-256 that stands for it. What is left of
    /// objects that never became whole is removed.
    pub fn finish(&mut self, manifest: &BackupManifest) -> Result<[u8; 32], StoreError> {
        let id = &manifest.id;
        let failed = || StoreError::file(format!("completing backup {id}"));
        for object in &manifest.objects {
            let path = object_path(&object.sha256);
            if !self.disk.exists(&path).map_err(failed())? {
                return refused(format!("{path} ({}) is missing", object.name));
            }
        }
        let frame = manifest.encode();
        self.disk.write_whole(&hash_path(id), hash_line(id, &frame).as_bytes()).map_err(failed())?;
        self.disk.write_whole(&manifest_path(id), &frame).map_err(failed())?;
        for name in self.disk.list(PARTIAL).map_err(failed())? {
            self.disk.remove_tree(&format!("{PARTIAL}/{name}")).map_err(failed())?;
        }
        Ok(manifest.sha256())
    }
}

fn begun_path() -> String {
    format!("{PARTIAL}/{MANIFEST}")
}

fn partial_path(object: &BackupObject) -> String {
    format!("{PARTIAL}/{}", hex(&object.sha256))
}
