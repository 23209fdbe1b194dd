//! Changes of members and leadership that an operator asks of any node and the leader carries out.
//!
//! Invariant: what is read is what was written, or a [`WireError`].

use bytes::Bytes;
use tally::ids::NodeId;

use super::{Kind, WireError, decode, encode, membership};
use crate::error::OperateError;
use crate::membership::Change;

pub(crate) fn encode_request(change: &Change) -> Bytes {
    encode(Kind::ChangeRequest, 128, |writer| match change {
        Change::Add(member) => {
            writer.u8(0);
            membership::write_member(writer, member);
        }
        Change::Promote(id) => {
            writer.u8(1);
            writer.u64(id.0);
        }
        Change::Remove { id, forced } => {
            writer.u8(2);
            writer.u64(id.0);
            writer.flag(*forced);
        }
        Change::Transfer(to) => {
            writer.u8(3);
            writer.u64(to.map_or(0, |id| id.0));
        }
        Change::Replace { old, new } => {
            writer.u8(4);
            writer.u64(old.0);
            writer.u64(new.0);
        }
        Change::Move(member) => {
            writer.u8(5);
            membership::write_member(writer, member);
        }
    })
}

pub(crate) fn decode_request(frame: Bytes) -> Result<Change, WireError> {
    let mut reader = decode(Kind::ChangeRequest, frame)?;
    let change = match reader.u8()? {
        0 => Change::Add(membership::read_member(&mut reader)?),
        1 => Change::Promote(NodeId(reader.u64()?)),
        2 => Change::Remove { id: NodeId(reader.u64()?), forced: reader.flag()? },
        3 => Change::Transfer(Some(NodeId(reader.u64()?)).filter(|id| id.0 != 0)),
        4 => Change::Replace { old: NodeId(reader.u64()?), new: NodeId(reader.u64()?) },
        5 => Change::Move(membership::read_member(&mut reader)?),
        _ => return Err(WireError::Value),
    };
    reader.end()?;
    Ok(change)
}

/// The node that leads afterwards, as far as known; or why it was not done.
pub(crate) fn encode_response(result: &Result<NodeId, OperateError>) -> Bytes {
    encode(Kind::ChangeResponse, 64, |writer| match result {
        Ok(leader) => {
            writer.u8(0);
            writer.u64(leader.0);
        }
        Err(error) => {
            writer.u8(match error {
                OperateError::Precondition(_) => 1,
                OperateError::Unavailable(_) => 2,
                OperateError::Failed(_) => 3,
            });
            writer.text(&error.to_string());
        }
    })
}

pub(crate) fn decode_response(frame: Bytes) -> Result<Result<NodeId, OperateError>, WireError> {
    let mut reader = decode(Kind::ChangeResponse, frame)?;
    let result = match reader.u8()? {
        0 => Ok(NodeId(reader.u64()?)),
        1 => Err(OperateError::Precondition(reader.text()?)),
        2 => Err(OperateError::Unavailable(reader.text()?)),
        3 => Err(OperateError::Failed(reader.text()?)),
        _ => return Err(WireError::Value),
    };
    reader.end()?;
    Ok(result)
}
