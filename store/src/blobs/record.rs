//! What stands behind an attachment's bytes: whose they are and what was found out about them.
//!
//! Invariant: a file is the bytes and then two slots of [`SLOT_BYTES`]; the newer whole one counts. A change
//! writes the other slot, so that a crash leaves the old record or the new one.

use tally::ids::{AttachmentId, LogTime};

use super::files::BlobFiles;
use crate::codec;

/// Bytes of a slot: a length (2 bytes), a frame, zeros.
const SLOT_BYTES: usize = 256;
/// Bytes behind those of the attachment.
pub const TRAILER_BYTES: u64 = 512;
/// Longest name of an engine, so that a record fits into its slot.
pub const ENGINE_BYTES_MAX: usize = 100;

const _: () = assert!(TRAILER_BYTES == 2 * 256 && SLOT_BYTES == 256);

/// What the bytes are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MediaType {
    /// `image/jpeg`.
    Jpeg,
    /// `image/png`.
    Png,
    /// `image/webp`.
    Webp,
    /// `application/pdf`.
    Pdf,
}

impl MediaType {
    const ALL: [(Self, u8, &'static str); 4] = [
        (Self::Jpeg, 1, "image/jpeg"),
        (Self::Png, 2, "image/png"),
        (Self::Webp, 3, "image/webp"),
        (Self::Pdf, 4, "application/pdf"),
    ];

    /// Its number on disk and between nodes, for ever.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Jpeg => 1,
            Self::Png => 2,
            Self::Webp => 3,
            Self::Pdf => 4,
        }
    }

    /// The type of that number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known, _)| *known == number).map(|(kind, ..)| kind)
    }

    /// Its name on the web.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(.., known)| *known == name).map(|(kind, ..)| kind)
    }
}

/// What a virus scanner said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// Something was found.
    Infected,
}

impl Verdict {
    /// Its number on disk and between nodes, for ever.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Clean => 1,
            Self::Infected => 2,
        }
    }

    /// The verdict of that number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Clean),
            2 => Some(Self::Infected),
            _ => None,
        }
    }
}

/// One look of a virus scanner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scan {
    /// When.
    pub at: LogTime,
    /// Engine and signatures; at most [`ENGINE_BYTES_MAX`] bytes.
    pub engine: String,
    /// What it said.
    pub verdict: Verdict,
}

/// What is known of an attachment beside its bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct About {
    /// What it is.
    pub media_type: MediaType,
    /// The last scan; `None` before the first.
    pub scan: Option<Scan>,
}

/// What stands in a slot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BlobRecord {
    /// The newer of two slots has the larger.
    pub generation: u64,
    /// SHA-256 of the bytes.
    pub id: AttachmentId,
    /// How many bytes.
    pub size: u64,
    /// Log time at which it was stored here, or last asked to be kept.
    pub stored_at: LogTime,
    /// What is known of it.
    pub about: About,
}

fn slot(record: &BlobRecord) -> std::io::Result<Vec<u8>> {
    let frame = codec::encode_blob_record(record);
    let mut bytes = u16::try_from(frame.len()).map_err(std::io::Error::other)?.to_be_bytes().to_vec();
    bytes.extend_from_slice(&frame);
    if bytes.len() > SLOT_BYTES {
        return Err(std::io::Error::other("the record is larger than its slot"));
    }
    bytes.resize(SLOT_BYTES, 0);
    Ok(bytes)
}

/// Both slots of a new file.
pub(super) fn trailer(record: &BlobRecord) -> std::io::Result<Vec<u8>> {
    let mut bytes = slot(record)?;
    bytes.resize(SLOT_BYTES.saturating_mul(2), 0);
    Ok(bytes)
}

fn parse(slot: &[u8]) -> Option<BlobRecord> {
    let (length, rest) = slot.split_first_chunk::<2>()?;
    codec::decode_blob_record(rest.get(..usize::from(u16::from_be_bytes(*length)))?).ok()
}

/// The record of a file, if it is one of that attachment and of the file's length.
pub(super) fn read<F: BlobFiles>(
    files: &F,
    path: &str,
    id: AttachmentId,
) -> std::io::Result<Option<(BlobRecord, usize)>> {
    let Some(size) = files.size(path)?.checked_sub(TRAILER_BYTES) else { return Ok(None) };
    let bytes = files.read_at(path, size, SLOT_BYTES.saturating_mul(2))?;
    let slots = bytes.chunks(SLOT_BYTES).enumerate();
    let whole = slots.filter_map(|(place, slot)| parse(slot).map(|record| (record, place)));
    let newest = whole.max_by_key(|(record, _)| record.generation);
    Ok(newest.filter(|(record, _)| record.id == id && record.size == size))
}

/// Writes a newer record into the slot that the present one does not have.
pub(super) fn write<F: BlobFiles>(
    files: &F,
    path: &str,
    record: &BlobRecord,
    present: usize,
) -> std::io::Result<()> {
    let other = if present == 0 { u64::try_from(SLOT_BYTES).map_err(std::io::Error::other)? } else { 0 };
    files.write_at(path, record.size.saturating_add(other), &slot(record)?)?;
    files.sync_file(path)
}
