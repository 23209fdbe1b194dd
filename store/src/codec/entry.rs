//! A log entry on disk: `{format, CRC-32C, kind, term, payload}`; its index is its key.
//!
//! Invariant: the checksum covers the index too, so that an entry under another's key is found out. The
//! payload is copied as it is, never parsed.

use bytes::Bytes;

use super::frame::{CodecError, Format};
use crate::entry::{LogEntry, LogId, Payload};

/// Format, checksum, kind, term.
const HEADER_BYTES: usize = 1 + 4 + 1 + 8;
/// Where the checksummed part begins.
const COVERED_FROM: usize = 5;

const KIND_BLANK: u8 = 1;
const KIND_PROPOSAL: u8 = 2;
const KIND_MEMBERSHIP: u8 = 3;

fn checksum(index: u64, covered: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&index.to_be_bytes()), covered)
}

/// The value of an entry.
pub(crate) fn encode_entry(entry: &LogEntry) -> Vec<u8> {
    let (kind, payload): (u8, &[u8]) = match &entry.payload {
        Payload::Blank => (KIND_BLANK, &[]),
        Payload::Proposal(frame) => (KIND_PROPOSAL, frame),
        Payload::Membership(frame) => (KIND_MEMBERSHIP, frame),
    };
    let mut value = Vec::with_capacity(HEADER_BYTES.saturating_add(payload.len()));
    value.extend_from_slice(&[Format::EntryV1.byte(), 0, 0, 0, 0, kind]);
    value.extend_from_slice(&entry.id.term.to_be_bytes());
    value.extend_from_slice(payload);
    let checksum = checksum(entry.id.index, value.get(COVERED_FROM..).unwrap_or_default());
    if let Some(place) = value.get_mut(1..COVERED_FROM) {
        place.copy_from_slice(&checksum.to_be_bytes());
    }
    value
}

/// Reads the value under an index.
pub(crate) fn decode_entry(index: u64, value: &Bytes) -> Result<LogEntry, CodecError> {
    let (header, payload) = value.split_first_chunk::<HEADER_BYTES>().ok_or(CodecError::Short)?;
    let [format, c0, c1, c2, c3, kind, term @ ..] = *header;
    if format != Format::EntryV1.byte() {
        return Err(CodecError::UnknownFormat(format));
    }
    if checksum(index, value.get(COVERED_FROM..).unwrap_or_default()) != u32::from_be_bytes([c0, c1, c2, c3])
    {
        return Err(CodecError::Checksum);
    }
    let frame = || value.slice(HEADER_BYTES..);
    let payload = match kind {
        KIND_BLANK if payload.is_empty() => Payload::Blank,
        KIND_PROPOSAL => Payload::Proposal(frame()),
        KIND_MEMBERSHIP => Payload::Membership(frame()),
        _ => return Err(CodecError::Value("kind of entry")),
    };
    Ok(LogEntry { id: LogId { term: u64::from_be_bytes(term), index }, payload })
}
