//! Questions between nodes that change nothing: an index to read at, and who a peer is.
//!
//! Invariant: what is read is what was written, or a [`WireError`].

use bytes::Bytes;

use super::{Kind, WireError, decode, encode};

/// What a peer says about itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Hello {
    /// Release it runs.
    pub(crate) release: String,
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

pub(crate) fn encode_hello_request() -> Bytes {
    encode(Kind::HelloRequest, 0, |_| {})
}

pub(crate) fn decode_hello_request(frame: Bytes) -> Result<(), WireError> {
    decode(Kind::HelloRequest, frame)?.end()
}

pub(crate) fn encode_hello_response(hello: &Hello) -> Bytes {
    encode(Kind::HelloResponse, 64, |writer| {
        writer.text(&hello.release);
        writer.u64(hello.applied);
        writer.u64(hello.clock_ms);
    })
}

pub(crate) fn decode_hello_response(frame: Bytes) -> Result<Hello, WireError> {
    let mut reader = decode(Kind::HelloResponse, frame)?;
    let hello = Hello { release: reader.text()?, applied: reader.u64()?, clock_ms: reader.u64()? };
    reader.end()?;
    Ok(hello)
}
