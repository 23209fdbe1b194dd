//! Frames between peers, written by hand: `docs/peer-protocol.md` is the description for people.
//!
//! Invariant: a frame is `{format, kind, body length, CRC-32C of the body, body}`; reading never panics, never
//! allocates more than the bytes at hand justify, and refuses what is left over.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

pub(crate) mod append;
pub(crate) mod blobs;
pub(crate) mod change;
pub(crate) mod fields;
pub(crate) mod forward;
pub(crate) mod membership;
pub(crate) mod points;
pub(crate) mod query;
pub(crate) mod snapshot;
pub(crate) mod vote;

pub(crate) use fields::{Reader, Writer};

use crate::settings::FRAME_BYTES_MAX;

/// The format that this release writes and reads.
pub(crate) const FORMAT: u8 = 1;
/// Bytes before a body.
pub(crate) const HEADER_BYTES: usize = 10;

/// What a frame holds. Numbers are for ever.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A request for a vote or a pre-vote.
    VoteRequest = 1,
    /// Its answer.
    VoteResponse = 2,
    /// Entries, or none: a heartbeat.
    AppendRequest = 3,
    /// Its answer.
    AppendResponse = 4,
    /// A leader hands over.
    TransferRequest = 5,
    /// Its answer.
    TransferResponse = 6,
    /// A linearizable read asks for an index.
    ReadIndexRequest = 7,
    /// Its answer.
    ReadIndexResponse = 8,
    /// Items for the leader.
    ForwardRequest = 9,
    /// Their answers.
    ForwardResponse = 10,
    /// A snapshot is offered.
    SnapshotOffer = 11,
    /// What the receiver has of it.
    SnapshotState = 12,
    /// A piece of a file.
    SnapshotChunk = 13,
    /// All pieces were sent.
    SnapshotFinish = 14,
    /// The receiver's vote after it.
    SnapshotResponse = 15,
    /// Who are you.
    HelloRequest = 16,
    /// Its answer.
    HelloResponse = 17,
    /// Members or leadership are to change.
    ChangeRequest = 18,
    /// Its answer.
    ChangeResponse = 19,
    /// What was your state at your hash points.
    PointsRequest = 20,
    /// Its answer.
    PointsResponse = 21,
    /// What was it by part at one of them.
    SumsRequest = 22,
    /// Its answer.
    SumsResponse = 23,
    /// Attachments that the receiver shall have.
    BlobHoldRequest = 30,
    /// Which it has now, durably.
    BlobHoldResponse = 31,
    /// A part of an attachment is asked for.
    BlobReadRequest = 32,
    /// Its bytes.
    BlobReadResponse = 33,
    /// Attachments that the receiver may have.
    BlobCheckRequest = 34,
    /// Which it has.
    BlobCheckResponse = 35,
    /// A leader tells a peer which entry it lost; the answer is the peer's last one.
    Fenced = 40,
}

/// Why a frame cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum WireError {
    /// It ends before it should.
    #[error("the frame is cut short")]
    Short,
    /// It is larger than any frame may be.
    #[error("the frame is too large")]
    TooLarge,
    /// It is of a format this release does not know.
    #[error("the frame's format {0} is not known")]
    Format(u8),
    /// It is of another kind than expected.
    #[error("the frame is of kind {0}, not the one expected")]
    Kind(u8),
    /// Its checksum is wrong.
    #[error("the frame's checksum is wrong")]
    Checksum,
    /// A value in it means nothing.
    #[error("a value in the frame means nothing")]
    Value,
    /// Bytes are left over.
    #[error("bytes are left over in the frame")]
    Leftover,
}

/// Writes a frame around what `fill` writes.
pub(crate) fn encode(kind: Kind, capacity: usize, fill: impl FnOnce(&mut Writer)) -> Bytes {
    let mut writer = Writer::new(BytesMut::with_capacity(capacity.saturating_add(HEADER_BYTES)));
    writer.header(kind);
    fill(&mut writer);
    writer.finish()
}

/// Reads one whole frame: nothing before it, nothing after it.
pub(crate) fn decode(kind: Kind, frame: Bytes) -> Result<Reader, WireError> {
    let mut buffer = frame;
    let header = Header::read(&mut buffer)?;
    let reader = header.body(kind, buffer)?;
    Ok(reader)
}

/// Takes the next whole frame out of a stream's buffer; `None` when more bytes are needed.
pub(crate) fn take_frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, WireError> {
    let Some(header) = buffer.get(..HEADER_BYTES) else { return Ok(None) };
    let header = Header::read(&mut &*header)?;
    let length = header.length.saturating_add(HEADER_BYTES);
    if buffer.len() < length {
        buffer.reserve(length.saturating_sub(buffer.len()));
        return Ok(None);
    }
    Ok(Some(buffer.split_to(length).freeze()))
}

struct Header {
    kind: u8,
    length: usize,
    checksum: u32,
}

impl Header {
    fn read(buffer: &mut impl bytes::Buf) -> Result<Self, WireError> {
        let format = buffer.try_get_u8().map_err(|_| WireError::Short)?;
        if format != FORMAT {
            return Err(WireError::Format(format));
        }
        let kind = buffer.try_get_u8().map_err(|_| WireError::Short)?;
        let length = buffer.try_get_u32().map_err(|_| WireError::Short)?;
        let checksum = buffer.try_get_u32().map_err(|_| WireError::Short)?;
        let length = usize::try_from(length).map_err(|_| WireError::TooLarge)?;
        if length > FRAME_BYTES_MAX {
            return Err(WireError::TooLarge);
        }
        Ok(Self { kind, length, checksum })
    }

    fn body(&self, kind: Kind, body: Bytes) -> Result<Reader, WireError> {
        if self.kind != kind.number() {
            return Err(WireError::Kind(self.kind));
        }
        match body.len().cmp(&self.length) {
            std::cmp::Ordering::Less => return Err(WireError::Short),
            std::cmp::Ordering::Greater => return Err(WireError::Leftover),
            std::cmp::Ordering::Equal => {}
        }
        if crc32c::crc32c(&body) != self.checksum {
            return Err(WireError::Checksum);
        }
        Ok(Reader::new(body))
    }
}

impl Kind {
    #[expect(clippy::as_conversions, reason = "the numbers are the representation, written above")]
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }
}

impl Writer {
    fn header(&mut self, kind: Kind) {
        self.buffer.put_u8(FORMAT);
        self.buffer.put_u8(kind.number());
        self.buffer.put_u64(0);
    }

    fn finish(mut self) -> Bytes {
        let (length, checksum) = {
            let body = self.buffer.get(HEADER_BYTES..).unwrap_or_default();
            // A body over 4 GiB cannot be: every writer's input is bounded far below; the reader would refuse.
            (u32::try_from(body.len()).unwrap_or(u32::MAX), crc32c::crc32c(body))
        };
        if let Some(mut place) = self.buffer.get_mut(2..HEADER_BYTES) {
            place.put_u32(length);
            place.put_u32(checksum);
        }
        self.buffer.freeze()
    }
}

impl Reader {
    /// The end: nothing may be left.
    pub(crate) fn end(self) -> Result<(), WireError> {
        if self.buffer.has_remaining() { Err(WireError::Leftover) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
