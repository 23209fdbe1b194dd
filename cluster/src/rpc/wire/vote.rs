//! Votes, pre-votes and hand-over.
//!
//! Invariant: what is read is what was written, or a [`WireError`].

use bytes::Bytes;
use openraft::raft::{
    TransferLeaderError, TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};

use super::{Kind, WireError, decode, encode};
use crate::types::{TypeConfig, raft_log_id, raft_vote, store_log_id, store_vote};

const CAPACITY: usize = 64;

pub(crate) fn encode_request(request: &VoteRequest<TypeConfig>) -> Bytes {
    encode(Kind::VoteRequest, CAPACITY, |writer| {
        writer.vote(store_vote(&request.vote));
        writer.log_id(request.last_log_id.map(store_log_id));
        writer.flag(request.leadership_transfer);
    })
}

pub(crate) fn decode_request(frame: Bytes) -> Result<VoteRequest<TypeConfig>, WireError> {
    let mut reader = decode(Kind::VoteRequest, frame)?;
    let request = VoteRequest {
        vote: raft_vote(reader.vote()?),
        last_log_id: reader.log_id()?.map(raft_log_id),
        leadership_transfer: reader.flag()?,
    };
    reader.end()?;
    Ok(request)
}

pub(crate) fn encode_response(response: &VoteResponse<TypeConfig>) -> Bytes {
    encode(Kind::VoteResponse, CAPACITY, |writer| {
        writer.vote(store_vote(&response.vote));
        writer.flag(response.vote_granted);
        writer.log_id(response.last_log_id.map(store_log_id));
    })
}

pub(crate) fn decode_response(frame: Bytes) -> Result<VoteResponse<TypeConfig>, WireError> {
    let mut reader = decode(Kind::VoteResponse, frame)?;
    let response = VoteResponse {
        vote: raft_vote(reader.vote()?),
        vote_granted: reader.flag()?,
        last_log_id: reader.log_id()?.map(raft_log_id),
    };
    reader.end()?;
    Ok(response)
}

pub(crate) fn encode_transfer(request: &TransferLeaderRequest<TypeConfig>) -> Bytes {
    encode(Kind::TransferRequest, CAPACITY, |writer| {
        writer.vote(store_vote(request.from_leader()));
        writer.u64(*request.to_node_id());
        writer.log_id(request.last_log_id().copied().map(store_log_id));
    })
}

pub(crate) fn decode_transfer(frame: Bytes) -> Result<TransferLeaderRequest<TypeConfig>, WireError> {
    let mut reader = decode(Kind::TransferRequest, frame)?;
    let from = raft_vote(reader.vote()?);
    let to = reader.u64()?;
    let last = reader.log_id()?.map(raft_log_id);
    reader.end()?;
    Ok(TransferLeaderRequest::new(from, to, last))
}

pub(crate) fn encode_transfer_response(response: &TransferLeaderResponse<TypeConfig>) -> Bytes {
    encode(Kind::TransferResponse, CAPACITY, |writer| match response {
        Ok(()) => writer.u8(0),
        Err(TransferLeaderError::VoteChanged { expected, actual }) => {
            writer.u8(1);
            writer.vote(store_vote(expected));
            writer.vote(store_vote(actual));
        }
        Err(TransferLeaderError::LogNotFlushed { expected, actual }) => {
            writer.u8(2);
            writer.log_id(expected.map(store_log_id));
            writer.log_id(actual.map(store_log_id));
        }
    })
}

pub(crate) fn decode_transfer_response(
    frame: Bytes,
) -> Result<TransferLeaderResponse<TypeConfig>, WireError> {
    let mut reader = decode(Kind::TransferResponse, frame)?;
    let response = match reader.u8()? {
        0 => Ok(()),
        1 => Err(TransferLeaderError::VoteChanged {
            expected: raft_vote(reader.vote()?),
            actual: raft_vote(reader.vote()?),
        }),
        2 => Err(TransferLeaderError::LogNotFlushed {
            expected: reader.log_id()?.map(raft_log_id),
            actual: reader.log_id()?.map(raft_log_id),
        }),
        _ => return Err(WireError::Value),
    };
    reader.end()?;
    Ok(response)
}
