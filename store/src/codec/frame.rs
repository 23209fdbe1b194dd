//! Frames, and the encoding inside them. The only file that names the encoding library: it is unmaintained.
//!
//! Invariant: body bytes are variable-length little-endian integers, lengths before lists, one byte for the
//! variant of a choice; the checksum covers the format byte and the body.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
pub(super) use bincode::de::Decoder;
pub(super) use bincode::enc::Encoder;
use bincode::enc::write::Writer;
pub(super) use bincode::error::{DecodeError, EncodeError};
pub(super) use bincode::{Decode, Encode};

/// Most memory that decoding one frame may ask for, in bytes. Larger than any frame that is ever written.
pub const DECODED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Format byte and checksum.
const HEADER_BYTES: usize = 5;

/// Why bytes could not be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CodecError {
    /// Written by a newer release, or not by Rakit.
    #[error("format {0} is unknown")]
    UnknownFormat(u8),
    /// Not what was written.
    #[error("its checksum does not match")]
    Checksum,
    /// Shorter than any frame.
    #[error("it is cut short")]
    Short,
    /// The checksum matches, but the body is none of its format.
    #[error("its body is malformed: {0}")]
    Body(String),
    /// A value that its type does not allow.
    #[error("it holds a {0} that cannot be")]
    Value(&'static str),
}

/// Every format byte, once. Retired ones stay here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    RowV1,
    ProposalV1,
    AnswersV1,
    EntryV1,
    MetaV1,
    ManifestV1,
    BlobV1,
    BackupV1,
}

impl Format {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::RowV1 => 0x01,
            Self::ProposalV1 => 0x11,
            Self::AnswersV1 => 0x21,
            Self::EntryV1 => 0x31,
            Self::MetaV1 => 0x41,
            Self::ManifestV1 => 0x51,
            Self::BlobV1 => 0x61,
            Self::BackupV1 => 0x62,
        }
    }
}

/// A stored shape of a value. Writing cannot fail; reading can, for what the value's type does not allow.
pub(super) trait Stored<T>: Sized {
    fn of(value: &T) -> Self;
    fn restore(self) -> Result<T, CodecError>;
}

const fn encoding() -> Configuration<LittleEndian, Varint, Limit<DECODED_BYTES_MAX>> {
    bincode::config::standard().with_limit::<DECODED_BYTES_MAX>()
}

/// Appends a body to a frame.
struct Body<'a>(&'a mut Vec<u8>);

impl Writer for Body<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// The checksum of a frame: over all its bytes but its own four.
fn checksum(format: u8, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&[format]), body)
}

/// Writes a frame.
pub(super) fn seal<S: Encode>(format: Format, body: &S) -> Vec<u8> {
    let mut frame = Vec::with_capacity(256);
    frame.extend_from_slice(&[format.byte(), 0, 0, 0, 0]);
    // Writing to memory fails for no shape of ours. Were it to, the frame would be refused by any reader.
    if bincode::encode_into_writer(body, Body(&mut frame), encoding()).is_err() {
        return Vec::new();
    }
    let checksum = checksum(format.byte(), frame.get(HEADER_BYTES..).unwrap_or_default());
    if let Some(place) = frame.get_mut(1..HEADER_BYTES) {
        place.copy_from_slice(&checksum.to_be_bytes());
    }
    frame
}

/// A frame around any body, its checksum right: what damage alone never makes.
#[cfg(any(test, fuzzing))]
pub(crate) fn framed(format: u8, body: &[u8]) -> Vec<u8> {
    [&[format][..], &checksum(format, body).to_be_bytes(), body].concat()
}

/// Checks the format byte and the checksum of a frame; answers its body.
pub(super) fn check(format: Format, frame: &[u8]) -> Result<&[u8], CodecError> {
    let (header, body) = frame.split_first_chunk::<HEADER_BYTES>().ok_or(CodecError::Short)?;
    let [found, stored @ ..] = *header;
    if found != format.byte() {
        return Err(CodecError::UnknownFormat(found));
    }
    if checksum(found, body) != u32::from_be_bytes(stored) {
        return Err(CodecError::Checksum);
    }
    Ok(body)
}

/// Reads a frame of one format.
pub(super) fn unseal<S: Decode<()>>(format: Format, frame: &[u8]) -> Result<S, CodecError> {
    let body = check(format, frame)?;
    let (value, length) = bincode::decode_from_slice(body, encoding()).map_err(|error| body_error(&error))?;
    if length == body.len() { Ok(value) } else { Err(CodecError::Body("bytes are left over".to_owned())) }
}

fn body_error(error: &DecodeError) -> CodecError {
    CodecError::Body(error.to_string())
}

/// Writes the number of a variant.
pub(super) fn put_number<E: Encoder>(number: u8, encoder: &mut E) -> Result<(), EncodeError> {
    number.encode(encoder)
}

/// Refuses the number of no variant.
pub(super) fn no_variant(type_name: &'static str) -> DecodeError {
    DecodeError::Other(type_name)
}
