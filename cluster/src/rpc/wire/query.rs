//! Questions between nodes that change nothing: an index to read at, and who a peer is.
//!
//! Invariant: what is read is what was written, or a [`WireError`].

use bytes::Bytes;

use crate::space::Room;

use super::{Kind, WireError, decode, encode};

/// What a peer says about itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Hello {
    /// Release it runs.
    pub(crate) release: String,
    /// Newest feature level that it can apply and read.
    pub(crate) level_newest: u32,
    /// Whether it runs with the certificate of a node that only reads.
    pub(crate) edge: bool,
    /// What keeps it from leading, a bit each; 0 for nothing.
    pub(crate) obstacles: u8,
    /// What the room on its disk allows.
    pub(crate) room: Room,
    /// Index it has applied.
    pub(crate) applied: u64,
    /// Its clock, in milliseconds since 1970.
    pub(crate) clock_ms: u64,
}

pub(crate) fn encode_read_index_request() -> Bytes {
    encode(Kind::ReadIndexRequest, 0, |_| {})
}

pub(crate) fn decode_read_index_request(frame: Bytes) -> Result<(), WireError> {
    decode(Kind::ReadIndexRequest, frame)?.end()
}

/// The index to wait for; `None` when the peer does not lead.
pub(crate) fn encode_read_index_response(index: Option<u64>) -> Bytes {
    encode(Kind::ReadIndexResponse, 16, |writer| {
        writer.flag(index.is_some());
        writer.u64(index.unwrap_or_default());
    })
}

pub(crate) fn decode_read_index_response(frame: Bytes) -> Result<Option<u64>, WireError> {
    let mut reader = decode(Kind::ReadIndexResponse, frame)?;
    let known = reader.flag()?;
    let index = reader.u64()?;
    reader.end()?;
    Ok(known.then_some(index))
}

/// An index: the one that was lost, or in the answer the last one there.
pub(crate) fn encode_fenced(index: u64) -> Bytes {
    encode(Kind::Fenced, 8, |writer| writer.u64(index))
}

pub(crate) fn decode_fenced(frame: Bytes) -> Result<u64, WireError> {
    let mut reader = decode(Kind::Fenced, frame)?;
    let index = reader.u64()?;
    reader.end()?;
    Ok(index)
}

pub(crate) fn encode_hello_request() -> Bytes {
    encode(Kind::HelloRequest, 0, |_| {})
}

pub(crate) fn decode_hello_request(frame: Bytes) -> Result<(), WireError> {
    decode(Kind::HelloRequest, frame)?.end()
}

pub(crate) fn encode_hello_response(hello: &Hello) -> Bytes {
    encode(Kind::HelloResponse, 64, |writer| {
        writer.text(&hello.release);
        writer.u32(hello.level_newest);
        writer.flag(hello.edge);
        writer.u8(hello.obstacles);
        writer.u8(hello.room.number());
        writer.u64(hello.applied);
        writer.u64(hello.clock_ms);
    })
}

pub(crate) fn decode_hello_response(frame: Bytes) -> Result<Hello, WireError> {
    let mut reader = decode(Kind::HelloResponse, frame)?;
    let hello = Hello {
        release: reader.text()?,
        level_newest: reader.u32()?,
        edge: reader.flag()?,
        obstacles: reader.u8()?,
        room: Room::of_number(reader.u8()?).ok_or(WireError::Value)?,
        applied: reader.u64()?,
        clock_ms: reader.u64()?,
    };
    reader.end()?;
    Ok(hello)
}
