//! What a backup consists of and what it is of.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tally::ids::LogTime;

use crate::SnapshotMeta;
use crate::codec::{self, CodecError};
use crate::snapshot::name_allowed;

/// Most objects of a backup: a million attachments beside the state.
const OBJECTS_MAX: usize = 1_100_000;

/// What an object is for. A new kind is a variant here, a number in the codec, a source beside
/// [`super::BackupSource`] and a place in `restore`; everything between them moves bytes by their hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ObjectKind {
    /// A file of the state database.
    State,
}

/// One object: bytes known by their SHA-256.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackupObject {
    /// What it is for.
    pub kind: ObjectKind,
    /// Its name there.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// What a backup consists of and what it is of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackupManifest {
    /// Name of the backup: index and term of its last entry, and a number.
    pub id: String,
    /// Name of the cluster.
    pub name: String,
    /// The node it was taken from.
    pub node: u64,
    /// Log time of the last entry.
    pub log_time: LogTime,
    /// Accepted revisions of forms so far.
    pub revisions: u64,
    /// What the state in it is of.
    pub meta: SnapshotMeta,
    /// Its objects.
    pub objects: Vec<BackupObject>,
}

impl BackupManifest {
    /// The frame for the wire and the disk.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        codec::encode_backup(self).into()
    }

    /// Reads the frame. Names that could leave a directory are refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let manifest = codec::decode_backup(bytes)?;
        let names_allowed = manifest.objects.iter().all(|object| name_allowed(&object.name));
        if manifest.objects.len() > OBJECTS_MAX || !names_allowed || !name_allowed(&manifest.id) {
            return Err(CodecError::Value("backup manifest"));
        }
        Ok(manifest)
    }

    /// SHA-256 of the frame: stands for the whole backup, since the frame names the hash of each object.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.encode()).into()
    }

    /// Bytes of all objects.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.objects.iter().fold(0, |sum, object| sum.saturating_add(object.size))
    }

    /// The object with that hash.
    #[must_use]
    pub fn object(&self, sha256: &[u8; 32]) -> Option<&BackupObject> {
        self.objects.iter().find(|object| object.sha256 == *sha256)
    }
}
