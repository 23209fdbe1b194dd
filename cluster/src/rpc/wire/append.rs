//! Entries on their way to a follower, and what it says to them.
//!
//! Invariant: an entry's payload is the log's own bytes; the follower's log gets a slice of the frame.

use bytes::Bytes;
use openraft::raft::{AppendEntriesRequest, StreamAppendError, StreamAppendResult};

use super::{Kind, Reader, WireError, Writer, decode, encode, membership};
use crate::freshness::Pulse;
use crate::types::{ProposalBytes, RaftEntry, TypeConfig, raft_log_id, raft_vote, store_log_id, store_vote};

/// An append and what the leader said of its leadership when it was sent.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) request: AppendEntriesRequest<TypeConfig>,
    pub(crate) pulse: Pulse,
}

/// Fewest bytes an entry takes: term, index, kind.
const ENTRY_BYTES_MIN: usize = 17;
const FIXED_BYTES: usize = 96;

/// Bytes that an entry will take, memberships (rare) guessed.
fn size_of(entry: &RaftEntry) -> usize {
    let payload = match &entry.payload {
        openraft::EntryPayload::Blank => 0,
        openraft::EntryPayload::Normal(proposal) => proposal.0.len(),
        openraft::EntryPayload::Membership(_) => 1024,
    };
    payload.saturating_add(ENTRY_BYTES_MIN).saturating_add(4)
}

pub(crate) fn encode_request(append: &Append) -> Bytes {
    let request = &append.request;
    let capacity = request.entries.iter().map(size_of).fold(FIXED_BYTES, usize::saturating_add);
    encode(Kind::AppendRequest, capacity, |writer| {
        writer.u32(append.pulse.age_ms);
        writer.u64(append.pulse.stamp);
        writer.u32(append.pulse.held_ms);
        writer.u64(append.pulse.applied);
        writer.vote(store_vote(&request.vote));
        writer.log_id(request.prev_log_id.map(store_log_id));
        writer.log_id(request.leader_commit.map(store_log_id));
        writer.length(request.entries.len());
        for entry in &request.entries {
            write_entry(writer, entry);
        }
    })
}

fn write_entry(writer: &mut Writer, entry: &RaftEntry) {
    let id = store_log_id(entry.log_id);
    writer.u64(id.term);
    writer.u64(id.index);
    match &entry.payload {
        openraft::EntryPayload::Blank => writer.u8(0),
        openraft::EntryPayload::Normal(proposal) => {
            writer.u8(1);
            writer.bytes(&proposal.0);
        }
        openraft::EntryPayload::Membership(membership) => {
            writer.u8(2);
            writer.bytes(&membership::encode(membership));
        }
    }
}

fn read_entry(reader: &mut Reader) -> Result<RaftEntry, WireError> {
    let log_id = raft_log_id(store::LogId { term: reader.u64()?, index: reader.u64()? });
    let payload = match reader.u8()? {
        0 => openraft::EntryPayload::Blank,
        1 => openraft::EntryPayload::Normal(ProposalBytes(reader.bytes()?)),
        2 => openraft::EntryPayload::Membership(membership::decode(&reader.bytes()?)?),
        _ => return Err(WireError::Value),
    };
    Ok(RaftEntry { log_id, payload })
}

pub(crate) fn decode_request(frame: Bytes) -> Result<Append, WireError> {
    let mut reader = decode(Kind::AppendRequest, frame)?;
    let pulse =
        Pulse { age_ms: reader.u32()?, stamp: reader.u64()?, held_ms: reader.u32()?, applied: reader.u64()? };
    let vote = raft_vote(reader.vote()?);
    let prev_log_id = reader.log_id()?.map(raft_log_id);
    let leader_commit = reader.log_id()?.map(raft_log_id);
    let count = reader.length(ENTRY_BYTES_MIN)?;
    let mut entries = Vec::with_capacity(count);
    // A gap would trip an assertion deep inside the follower: it is refused here.
    let mut next = prev_log_id.map(|id| id.index.saturating_add(1));
    for _ in 0..count {
        let entry = read_entry(&mut reader)?;
        if next.is_some_and(|index| index != entry.log_id.index) {
            return Err(WireError::Value);
        }
        next = Some(entry.log_id.index.saturating_add(1));
        entries.push(entry);
    }
    reader.end()?;
    let request = AppendEntriesRequest { vote, prev_log_id, entries, leader_commit };
    Ok(Append { request, pulse })
}

/// What came of an append, and the time of the node that answers (see [`Pulse::stamp`]).
pub(crate) fn encode_response(result: &StreamAppendResult<TypeConfig>, stamp: u64) -> Bytes {
    encode(Kind::AppendResponse, FIXED_BYTES, |writer| {
        writer.u64(stamp);
        match result {
            Ok(matching) => {
                writer.u8(0);
                writer.log_id(matching.map(store_log_id));
            }
            Err(StreamAppendError::Conflict(at)) => {
                writer.u8(1);
                writer.log_id(Some(store_log_id(*at)));
            }
            Err(StreamAppendError::HigherVote(vote)) => {
                writer.u8(2);
                writer.vote(store_vote(vote));
            }
        }
    })
}

/// See [`encode_response`].
pub(crate) type Answered = (StreamAppendResult<TypeConfig>, u64);

pub(crate) fn decode_response(frame: Bytes) -> Result<Answered, WireError> {
    let mut reader = decode(Kind::AppendResponse, frame)?;
    let stamp = reader.u64()?;
    let result = match reader.u8()? {
        0 => Ok(reader.log_id()?.map(raft_log_id)),
        1 => Err(StreamAppendError::Conflict(raft_log_id(reader.log_id()?.ok_or(WireError::Value)?))),
        2 => Err(StreamAppendError::HigherVote(raft_vote(reader.vote()?))),
        _ => return Err(WireError::Value),
    };
    reader.end()?;
    Ok((result, stamp))
}
