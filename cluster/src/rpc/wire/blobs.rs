//! Attachments between nodes: which are wanted, which are there, and their bytes.
//!
//! Invariant: what is read is what was written, or a [`WireError`]. Names are fixed lengths of bytes, never
//! texts, so that none from the wire leads a path astray.

use bytes::Bytes;
use store::blobs::ENGINE_BYTES_MAX;
use store::{About, MediaType, Scan, Verdict};
use tally::ids::{AttachmentId, LogTime};

use super::{Kind, Reader, WireError, Writer, decode, encode};

const NAME_BYTES: usize = 32;

/// Which part of an attachment is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Part {
    /// Of which.
    pub(crate) id: AttachmentId,
    /// From where.
    pub(crate) offset: u64,
    /// How many bytes at most.
    pub(crate) length: u32,
}

/// A part of an attachment, and what is known of the whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    /// Bytes of the whole.
    pub(crate) size: u64,
    /// What is known of it.
    pub(crate) about: About,
    /// The part.
    pub(crate) bytes: Bytes,
}

fn write_names(writer: &mut Writer, names: &[AttachmentId]) {
    writer.length(names.len());
    for name in names {
        writer.fixed(&name.0);
    }
}

fn read_names(reader: &mut Reader) -> Result<Vec<AttachmentId>, WireError> {
    let count = reader.length(NAME_BYTES)?;
    (0..count).map(|_| reader.fixed().map(AttachmentId)).collect()
}

fn names_bytes(names: &[AttachmentId]) -> usize {
    names.len().saturating_mul(NAME_BYTES).saturating_add(16)
}

/// The log time tells a receiver that is behind how long these are wanted for.
pub(crate) fn encode_hold_request(at: LogTime, names: &[AttachmentId]) -> Bytes {
    encode(Kind::BlobHoldRequest, names_bytes(names), |writer| {
        writer.u64(at.0);
        write_names(writer, names);
    })
}

pub(crate) fn decode_hold_request(frame: Bytes) -> Result<(LogTime, Vec<AttachmentId>), WireError> {
    let mut reader = decode(Kind::BlobHoldRequest, frame)?;
    let request = (LogTime(reader.u64()?), read_names(&mut reader)?);
    reader.end()?;
    Ok(request)
}

pub(crate) fn encode_check_request(names: &[AttachmentId]) -> Bytes {
    encode(Kind::BlobCheckRequest, names_bytes(names), |writer| write_names(writer, names))
}

pub(crate) fn decode_check_request(frame: Bytes) -> Result<Vec<AttachmentId>, WireError> {
    let mut reader = decode(Kind::BlobCheckRequest, frame)?;
    let names = read_names(&mut reader)?;
    reader.end()?;
    Ok(names)
}

/// One flag for each name asked for, in the same order.
fn encode_flags(kind: Kind, flags: &[bool]) -> Bytes {
    encode(kind, flags.len().saturating_add(8), |writer| {
        writer.length(flags.len());
        for flag in flags {
            writer.flag(*flag);
        }
    })
}

fn decode_flags(kind: Kind, frame: Bytes) -> Result<Vec<bool>, WireError> {
    let mut reader = decode(kind, frame)?;
    let count = reader.length(1)?;
    let flags = (0..count).map(|_| reader.flag()).collect::<Result<_, _>>()?;
    reader.end()?;
    Ok(flags)
}

pub(crate) fn encode_hold_response(held: &[bool]) -> Bytes {
    encode_flags(Kind::BlobHoldResponse, held)
}

pub(crate) fn decode_hold_response(frame: Bytes) -> Result<Vec<bool>, WireError> {
    decode_flags(Kind::BlobHoldResponse, frame)
}

pub(crate) fn encode_check_response(present: &[bool]) -> Bytes {
    encode_flags(Kind::BlobCheckResponse, present)
}

pub(crate) fn decode_check_response(frame: Bytes) -> Result<Vec<bool>, WireError> {
    decode_flags(Kind::BlobCheckResponse, frame)
}

pub(crate) fn encode_read_request(part: &Part) -> Bytes {
    encode(Kind::BlobReadRequest, 48, |writer| {
        writer.fixed(&part.id.0);
        writer.u64(part.offset);
        writer.u32(part.length);
    })
}

pub(crate) fn decode_read_request(frame: Bytes) -> Result<Part, WireError> {
    let mut reader = decode(Kind::BlobReadRequest, frame)?;
    let part = Part { id: AttachmentId(reader.fixed()?), offset: reader.u64()?, length: reader.u32()? };
    reader.end()?;
    Ok(part)
}

fn write_about(writer: &mut Writer, about: &About) {
    writer.u8(about.media_type.number());
    writer.flag(about.scan.is_some());
    if let Some(scan) = &about.scan {
        writer.u64(scan.at.0);
        writer.text(&scan.engine);
        writer.u8(scan.verdict.number());
    }
}

fn read_about(reader: &mut Reader) -> Result<About, WireError> {
    let media_type = MediaType::from_number(reader.u8()?).ok_or(WireError::Value)?;
    if !reader.flag()? {
        return Ok(About { media_type, scan: None });
    }
    let at = LogTime(reader.u64()?);
    let engine = reader.text()?;
    if engine.len() > ENGINE_BYTES_MAX {
        return Err(WireError::TooLarge);
    }
    let verdict = Verdict::from_number(reader.u8()?).ok_or(WireError::Value)?;
    Ok(About { media_type, scan: Some(Scan { at, engine, verdict }) })
}

/// `None` when it is not there, or cannot be read.
pub(crate) fn encode_read_response(found: Option<&Found>) -> Bytes {
    let capacity = found.map_or(0, |found| found.bytes.len()).saturating_add(160);
    encode(Kind::BlobReadResponse, capacity, |writer| {
        writer.flag(found.is_some());
        if let Some(found) = found {
            writer.u64(found.size);
            write_about(writer, &found.about);
            writer.bytes(&found.bytes);
        }
    })
}

pub(crate) fn decode_read_response(frame: Bytes) -> Result<Option<Found>, WireError> {
    let mut reader = decode(Kind::BlobReadResponse, frame)?;
    let found = if reader.flag()? {
        let (size, about) = (reader.u64()?, read_about(&mut reader)?);
        Some(Found { size, about, bytes: reader.bytes()? })
    } else {
        None
    };
    reader.end()?;
    Ok(found)
}
