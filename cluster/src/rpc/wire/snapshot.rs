//! A snapshot in pieces.
//!
//! Invariant: what is read is what was written, or a [`WireError`]; files are named by their place in the
//! manifest, so that no name from the wire ever reaches a path.

use bytes::Bytes;
use openraft::raft::SnapshotResponse;

use super::{Kind, WireError, decode, encode};
use crate::types::{RaftVote, TypeConfig, raft_vote, store_vote};

/// A piece of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Chunk {
    /// Of which snapshot.
    pub(crate) snapshot: String,
    /// Place of the file in the manifest.
    pub(crate) file: u32,
    /// Where in the file.
    pub(crate) offset: u64,
    /// The bytes.
    pub(crate) bytes: Bytes,
}

pub(crate) fn encode_offer(manifest: &Bytes) -> Bytes {
    encode(Kind::SnapshotOffer, manifest.len().saturating_add(8), |writer| writer.bytes(manifest))
}

pub(crate) fn decode_offer(frame: Bytes) -> Result<Bytes, WireError> {
    let mut reader = decode(Kind::SnapshotOffer, frame)?;
    let manifest = reader.bytes()?;
    reader.end()?;
    Ok(manifest)
}

/// For each file the bytes that the receiver has.
pub(crate) fn encode_state(offsets: &[u64]) -> Bytes {
    encode(Kind::SnapshotState, offsets.len().saturating_mul(8).saturating_add(8), |writer| {
        writer.length(offsets.len());
        for offset in offsets {
            writer.u64(*offset);
        }
    })
}

pub(crate) fn decode_state(frame: Bytes) -> Result<Vec<u64>, WireError> {
    let mut reader = decode(Kind::SnapshotState, frame)?;
    let count = reader.length(8)?;
    let offsets = (0..count).map(|_| reader.u64()).collect::<Result<_, _>>()?;
    reader.end()?;
    Ok(offsets)
}

pub(crate) fn encode_chunk(chunk: &Chunk) -> Bytes {
    let capacity = chunk.bytes.len().saturating_add(chunk.snapshot.len()).saturating_add(32);
    encode(Kind::SnapshotChunk, capacity, |writer| {
        writer.text(&chunk.snapshot);
        writer.u32(chunk.file);
        writer.u64(chunk.offset);
        writer.bytes(&chunk.bytes);
    })
}

pub(crate) fn decode_chunk(frame: Bytes) -> Result<Chunk, WireError> {
    let mut reader = decode(Kind::SnapshotChunk, frame)?;
    let chunk = Chunk {
        snapshot: reader.text()?,
        file: reader.u32()?,
        offset: reader.u64()?,
        bytes: reader.bytes()?,
    };
    reader.end()?;
    Ok(chunk)
}

pub(crate) fn encode_finish(snapshot: &str, vote: &RaftVote) -> Bytes {
    encode(Kind::SnapshotFinish, snapshot.len().saturating_add(32), |writer| {
        writer.text(snapshot);
        writer.vote(store_vote(vote));
    })
}

pub(crate) fn decode_finish(frame: Bytes) -> Result<(String, RaftVote), WireError> {
    let mut reader = decode(Kind::SnapshotFinish, frame)?;
    let finish = (reader.text()?, raft_vote(reader.vote()?));
    reader.end()?;
    Ok(finish)
}

pub(crate) fn encode_response(response: &SnapshotResponse<TypeConfig>) -> Bytes {
    encode(Kind::SnapshotResponse, 32, |writer| writer.vote(store_vote(&response.vote)))
}

pub(crate) fn decode_response(frame: Bytes) -> Result<SnapshotResponse<TypeConfig>, WireError> {
    let mut reader = decode(Kind::SnapshotResponse, frame)?;
    let response = SnapshotResponse::new(raft_vote(reader.vote()?));
    reader.end()?;
    Ok(response)
}
