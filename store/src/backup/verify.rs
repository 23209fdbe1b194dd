//! Checking a backup to the last row, without changing it.

use tally::row::Ledger;

use super::directory::{object_path, refused};
use super::{BackupDirectory, BackupManifest, BackupObject, ObjectKind};
use crate::engine::{Disk, OpenMode, Purpose, Reader};
use crate::machine::{Sums, sums};
use crate::restore::ledger;
use crate::snapshot::{describe, digest};
use crate::{Identity, StoreError, codec, keys};

/// One thing that is wrong with a backup.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The file, relative to the directory of backups.
    pub file: String,
    /// What is wrong, with the name the file has in the database.
    pub detail: String,
}

/// A backup whose every byte and row was checked.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What it consists of.
    pub manifest: BackupManifest,
    /// Hashes and counts from its rows.
    pub sums: Sums,
    /// Its ledger.
    pub ledger: Ledger,
}

/// Where the database is put together for a look, on the scratch disk.
const STATE: &str = "state";

impl<D: Disk> BackupDirectory<D> {
    /// The objects that are not what the manifest says.
    pub fn faults(&self, manifest: &BackupManifest) -> Result<Vec<Fault>, StoreError> {
        let mut faults = Vec::new();
        for object in &manifest.objects {
            if let Some(detail) = self.fault(object)? {
                faults.push(Fault { file: object_path(&object.sha256), detail });
            }
        }
        Ok(faults)
    }

    fn fault(&self, object: &BackupObject) -> Result<Option<String>, StoreError> {
        let path = object_path(&object.sha256);
        let name = &object.name;
        if !self.disk.exists(&path).map_err(StoreError::file(format!("reading {path}")))? {
            return Ok(Some(format!("{name} is missing")));
        }
        let found = digest(&self.disk, &path, name)?;
        Ok(if found.size != object.size {
            Some(format!("{name} has {} bytes instead of {}", found.size, object.size))
        } else if found.sha256 != object.sha256 {
            Some(format!("{name} does not have the SHA-256 it is named after"))
        } else {
            None
        })
    }

    /// Opens a backup whose objects have no fault and compares its rows with what the manifest says. The
    /// database is put together on `scratch` from references to the objects, which are only read.
    pub fn verify_rows(&self, manifest: &BackupManifest, scratch: &D) -> Result<Verified, StoreError> {
        let id = &manifest.id;
        for object in &manifest.objects {
            match object.kind {
                ObjectKind::State => {
                    let (from, to) = (object_path(&object.sha256), format!("{STATE}/{}", object.name));
                    let failed = StoreError::file(format!("referring to {from}"));
                    scratch.refer(&to, &self.disk, &from).map_err(failed)?;
                }
            }
        }
        let rows = scratch.open(STATE, Purpose::State, OpenMode::ReadOnly)?;
        let value = rows.get(&keys::IDENTITY)?.unwrap_or_default();
        let identity = codec::decode_identity(&value);
        let identity =
            identity.map_err(|source| StoreError::Damaged { what: "the identity".to_owned(), source })?;
        let owner = Identity { cluster: manifest.meta.cluster, epoch: manifest.meta.epoch, ..identity };
        if identity != owner || describe(&rows, &identity)? != manifest.meta {
            return refused(format!("the rows of {id} are of another state than its manifest says"));
        }
        let sums = sums(&rows)?;
        if sums.state != manifest.meta.hash {
            return refused(format!("the rows of {id} do not have the hash that its manifest names"));
        }
        Ok(Verified { manifest: manifest.clone(), sums, ledger: ledger(&rows)? })
    }
}
