//! Items on their way to the leader, unstamped, and their answers.
//!
//! Invariant: the time and node in a forwarded proposal are zero; only the leader stamps (9.3).

use bytes::Bytes;
use tally::command::{Item, Principal, Proposal};
use tally::ids::{LogTime, NodeId};
use tally::outcome::Answer;

use super::{Kind, WireError, decode, encode};
use crate::error::ProposeError;

/// Answers or errors, one an item.
pub(crate) type Results = Vec<Result<Answer, ProposeError>>;

/// The proposal's stamp is taken off, whatever it says.
pub(crate) fn encode_request(proposal: &mut Proposal) -> Bytes {
    proposal.header.node = NodeId(0);
    proposal.header.proposed_at = LogTime(0);
    let proposal = store::codec::encode_proposal(proposal);
    encode(Kind::ForwardRequest, proposal.len().saturating_add(8), |writer| writer.bytes(&proposal))
}

pub(crate) fn decode_request(frame: Bytes) -> Result<(Principal, Vec<Item>), WireError> {
    let mut reader = decode(Kind::ForwardRequest, frame)?;
    let bytes = reader.bytes()?;
    reader.end()?;
    let proposal = store::codec::decode_proposal(&bytes).map_err(|_| WireError::Value)?;
    Ok((proposal.header.principal, proposal.items))
}

pub(crate) fn encode_response(results: &Results) -> Bytes {
    let answers: Vec<Answer> = results.iter().filter_map(|result| result.as_ref().ok().cloned()).collect();
    let answers = store::codec::encode_answers(&answers);
    let capacity = answers.len().saturating_add(results.len()).saturating_add(16);
    encode(Kind::ForwardResponse, capacity, |writer| {
        writer.length(results.len());
        for result in results {
            writer.u8(match result {
                Ok(_) => 0,
                Err(ProposeError::NoLeader) => 1,
                Err(ProposeError::Overloaded) => 2,
                Err(ProposeError::Unknown) => 3,
                Err(ProposeError::TooLarge) => 4,
                Err(ProposeError::DiskFull) => 5,
                Err(ProposeError::AttachmentUnknown) => 8,
                Err(ProposeError::AttachmentNotHeld) => 9,
            });
        }
        writer.bytes(&answers);
    })
}

pub(crate) fn decode_response(frame: Bytes) -> Result<Results, WireError> {
    let mut reader = decode(Kind::ForwardResponse, frame)?;
    let count = reader.length(1)?;
    let tags: Vec<u8> = (0..count).map(|_| reader.u8()).collect::<Result<_, _>>()?;
    let bytes = reader.bytes()?;
    reader.end()?;
    let mut answers = store::codec::decode_answers(&bytes).map_err(|_| WireError::Value)?.into_iter();
    let mut results = Vec::with_capacity(count);
    for tag in tags {
        results.push(match tag {
            0 => Ok(answers.next().ok_or(WireError::Short)?),
            1 => Err(ProposeError::NoLeader),
            2 => Err(ProposeError::Overloaded),
            3 => Err(ProposeError::Unknown),
            4 => Err(ProposeError::TooLarge),
            5 => Err(ProposeError::DiskFull),
            8 => Err(ProposeError::AttachmentUnknown),
            9 => Err(ProposeError::AttachmentNotHeld),
            _ => return Err(WireError::Value),
        });
    }
    if answers.next().is_some() { Err(WireError::Leftover) } else { Ok(results) }
}
