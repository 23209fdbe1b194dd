//! What a snapshot consists of and what it is of.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::CHUNK_BYTES_MAX;
use crate::codec::{self, AppliedRecord, CodecError};
use crate::engine::{Disk, Reader};
use crate::{Identity, LogId, StoreError, keys};
use tally::row::{Row, RowKey};

/// Most files of a snapshot.
pub(super) const FILES_MAX: usize = 10_000;
/// Longest name of a file or a snapshot.
const NAME_BYTES_MAX: usize = 128;

/// What a snapshot is of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SnapshotMeta {
    /// Cluster it belongs to.
    pub cluster: [u8; 16],
    /// Epoch of the cluster's history.
    pub epoch: u64,
    /// Last entry in it.
    pub applied: Option<LogId>,
    /// Entry of the membership.
    pub membership_id: Option<LogId>,
    /// The membership, as the cluster layer encoded it.
    pub membership: Option<Bytes>,
    /// State hash.
    pub hash: u128,
    /// Lowest feature level that can read it.
    pub level: u32,
}

/// One file of a snapshot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ManifestFile {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// What a snapshot consists of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    /// Name of the snapshot: index and term of its last entry, and a number.
    pub id: String,
    /// What it is of.
    pub meta: SnapshotMeta,
    /// Its files, by name.
    pub files: Vec<ManifestFile>,
}

impl Manifest {
    /// The frame for the wire and the disk.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        codec::encode_manifest(self).into()
    }

    /// Reads the frame. Names that could leave a directory are refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let manifest = codec::decode_manifest(bytes)?;
        let names_allowed = manifest.files.iter().all(|file| name_allowed(&file.name));
        if manifest.files.len() > FILES_MAX || !names_allowed || !name_allowed(&manifest.id) {
            return Err(CodecError::Value("manifest"));
        }
        Ok(manifest)
    }

    /// Bytes of all files.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size))
    }

    pub(super) fn file(&self, name: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

pub(crate) fn name_allowed(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.starts_with('.') && name.bytes().all(allowed)
}

/// Files that a database writes for itself and that say nothing about its rows.
pub(crate) fn incidental(name: &str) -> bool {
    name.starts_with("LOG") || name == "LOCK"
}

/// Reads what a state database is of.
pub(crate) fn describe<R: Reader>(rows: &R, identity: &Identity) -> Result<SnapshotMeta, StoreError> {
    let AppliedRecord { id, membership_id, membership, hash } = crate::machine::read_applied(rows)?;
    let ledger =
        rows.get(&keys::row(&RowKey::Ledger))?.map(|value| codec::decode_row(&RowKey::Ledger, &value));
    let ledger =
        ledger.transpose().map_err(|source| StoreError::Damaged { what: "the ledger".to_owned(), source })?;
    let level = match ledger {
        Some(Row::Ledger(ledger)) => ledger.level,
        _ => 0,
    };
    let (cluster, epoch) = (identity.cluster, identity.epoch);
    Ok(SnapshotMeta { cluster, epoch, applied: id, membership_id, membership, hash, level })
}

/// Size and SHA-256 of a file.
pub(crate) fn digest<D: Disk>(disk: &D, path: &str, name: &str) -> Result<ManifestFile, StoreError> {
    let failed = || StoreError::file(format!("reading {path}"));
    let size = disk.size(path).map_err(failed())?;
    let mut hasher = Sha256::new();
    let mut offset = 0;
    while offset < size {
        let chunk = disk.read_at(path, offset, CHUNK_BYTES_MAX).map_err(failed())?;
        if chunk.is_empty() {
            break;
        }
        offset = offset.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        hasher.update(&chunk);
    }
    Ok(ManifestFile { name: name.to_owned(), size, sha256: hasher.finalize().into() })
}
