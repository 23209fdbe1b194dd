//! What stands beside entries and rows: identity, vote, marks, applied position, hashes, manifests.

use bytes::Bytes;

use super::frame::{
    CodecError, Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Format, Stored, no_variant,
    put_number, seal, unseal,
};
use super::v1::{choice, record};
use crate::backup::{BackupManifest, BackupObject, ObjectKind};
use crate::blobs::{About, BlobRecord, MediaType, Scan, Totals, Verdict};
use crate::entry::{LogId, Vote};
use crate::identity::Identity;
use crate::machine::{BUCKETS, StateSums};
use crate::snapshot::{Manifest, ManifestFile, SnapshotMeta};

/// Position of the state: one row, written in the batch of each apply round.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct AppliedRecord {
    /// Last entry applied.
    pub(crate) id: Option<LogId>,
    /// Entry of the membership.
    pub(crate) membership_id: Option<LogId>,
    /// The membership.
    pub(crate) membership: Option<Bytes>,
    /// Running hash of the rows.
    pub(crate) hash: u128,
}

/// What the log had made durable when it was written (design 9.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Mark {
    /// Writes so far; the newer of two slots has the larger.
    pub(crate) generation: u64,
    /// Sequence of the log database that a flush had covered.
    pub(crate) sequence: u64,
    /// The vote then.
    pub(crate) vote: Option<Vote>,
    /// The last entry then.
    pub(crate) last: Option<LogId>,
}

record! {
    /// See [`LogId`].
    LogIdV1 for LogId { term: u64, index: u64 }
}

record! {
    /// See [`Vote`].
    VoteV1 for Vote { term: u64, node: u64, committed: bool }
}

record! {
    /// See [`Identity`].
    IdentityV1 for Identity { cluster: [u8; 16], epoch: u64, node: u64, incarnation: [u8; 16], edge: bool }
}

record! {
    /// See [`AppliedRecord`].
    AppliedV1 for AppliedRecord {
        id: Option<LogIdV1>,
        membership_id: Option<LogIdV1>,
        membership: Option<Vec<u8>>,
        hash: u128,
    }
}

record! {
    /// See [`StateSums`].
    SumsV1 for StateSums { hash: u128, buckets: [u64; BUCKETS] }
}

record! {
    /// See [`Mark`].
    MarkV1 for Mark { generation: u64, sequence: u64, vote: Option<VoteV1>, last: Option<LogIdV1> }
}

record! {
    /// See [`SnapshotMeta`].
    SnapshotMetaV1 for SnapshotMeta {
        cluster: [u8; 16],
        epoch: u64,
        applied: Option<LogIdV1>,
        membership_id: Option<LogIdV1>,
        membership: Option<Vec<u8>>,
        hash: u128,
        level: u32,
    }
}

record! {
    /// See [`ManifestFile`].
    ManifestFileV1 for ManifestFile { name: String, size: u64, sha256: [u8; 32] }
}

record! {
    /// See [`Manifest`].
    ManifestV1 for Manifest { id: String, meta: SnapshotMetaV1, files: Vec<ManifestFileV1> }
}

record! {
    /// See [`Scan`].
    ScanV1 for Scan { at: u64, engine: String, verdict: u8 }
}

record! {
    /// See [`About`].
    AboutV1 for About { media_type: u8, scan: Option<ScanV1> }
}

record! {
    /// See [`BlobRecord`].
    BlobRecordV1 for BlobRecord { generation: u64, id: [u8; 32], size: u64, stored_at: u64, about: AboutV1 }
}

record! {
    /// See [`Totals`].
    TotalsV1 for Totals { count: u64, bytes: u64, exact: bool }
}

impl Stored<MediaType> for u8 {
    fn of(value: &MediaType) -> Self {
        value.number()
    }

    fn restore(self) -> Result<MediaType, CodecError> {
        MediaType::from_number(self).ok_or(CodecError::Value("MediaType"))
    }
}

impl Stored<Verdict> for u8 {
    fn of(value: &Verdict) -> Self {
        value.number()
    }

    fn restore(self) -> Result<Verdict, CodecError> {
        Verdict::from_number(self).ok_or(CodecError::Value("Verdict"))
    }
}

choice! {
    /// See [`ObjectKind`].
    ObjectKindV1 for ObjectKind {
        1 => State,
    }
}

record! {
    /// See [`BackupObject`].
    BackupObjectV1 for BackupObject { kind: ObjectKindV1, name: String, size: u64, sha256: [u8; 32] }
}

record! {
    /// See [`BackupManifest`].
    BackupV1 for BackupManifest {
        id: String,
        name: String,
        node: u64,
        log_time: u64,
        revisions: u64,
        meta: SnapshotMetaV1,
        objects: Vec<BackupObjectV1>,
    }
}

impl Stored<Bytes> for Vec<u8> {
    fn of(value: &Bytes) -> Self {
        value.to_vec()
    }

    fn restore(self) -> Result<Bytes, CodecError> {
        Ok(self.into())
    }
}

/// A writer and a reader of one format, named after what they are for.
macro_rules! frames {
    ($($encode:ident, $decode:ident: $value:ty as $stored:ty, $format:ident;)*) => {$(
        /// Writes the frame.
        pub(crate) fn $encode(value: &$value) -> Vec<u8> {
            seal(Format::$format, &<$stored as Stored<$value>>::of(value))
        }

        /// Reads the frame.
        pub(crate) fn $decode(frame: &[u8]) -> Result<$value, CodecError> {
            Stored::<$value>::restore(unseal::<$stored>(Format::$format, frame)?)
        }
    )*};
}

frames! {
    encode_identity, decode_identity: Identity as IdentityV1, MetaV1;
    encode_log_id, decode_log_id: LogId as LogIdV1, MetaV1;
    encode_vote, decode_vote: Vote as VoteV1, MetaV1;
    encode_applied, decode_applied: AppliedRecord as AppliedV1, MetaV1;
    encode_mark, decode_mark: Mark as MarkV1, MetaV1;
    encode_sums, decode_sums: StateSums as SumsV1, MetaV1;
    encode_blob_record, decode_blob_record: BlobRecord as BlobRecordV1, BlobV1;
    encode_blob_totals, decode_blob_totals: Totals as TotalsV1, BlobV1;
    encode_manifest, decode_manifest: Manifest as ManifestV1, ManifestV1;
    encode_backup, decode_backup: BackupManifest as BackupV1, BackupV1;
}
