//! Memberships, on the wire, in the log and in the state: one format for all three.
//!
//! Invariant: what this module wrote in any release, it reads in every later one; the first byte is the format.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};
use tally::ids::NodeId;

use super::{Reader, WireError, Writer};
use crate::member::{Member, MemberRole};
use crate::types::RaftMembership;

const FORMAT: u8 = 1;
/// Fewest bytes of a member: number twice, role, incarnation, four empty texts.
const MEMBER_BYTES_MIN: usize = 8 + 8 + 1 + 16 + 4 * 4;

pub(crate) fn encode(membership: &RaftMembership) -> Bytes {
    let mut writer = Writer::new(BytesMut::with_capacity(512));
    writer.u8(FORMAT);
    let configurations = membership.get_joint_config();
    writer.length(configurations.len());
    for configuration in configurations {
        writer.length(configuration.len());
        for id in configuration {
            writer.u64(*id);
        }
    }
    let members: Vec<_> = membership.nodes().collect();
    writer.length(members.len());
    for (id, member) in members {
        writer.u64(*id);
        write_member(&mut writer, member);
    }
    writer.into_bytes()
}

pub(crate) fn decode(bytes: &Bytes) -> Result<RaftMembership, WireError> {
    let mut reader = Reader::new(bytes.clone());
    let format = reader.u8()?;
    if format != FORMAT {
        return Err(WireError::Format(format));
    }
    let count = reader.length(4)?;
    let mut configurations = Vec::with_capacity(count);
    for _ in 0..count {
        let voters = reader.length(8)?;
        let voters: BTreeSet<u64> = (0..voters).map(|_| reader.u64()).collect::<Result<_, _>>()?;
        configurations.push(voters);
    }
    let count = reader.length(MEMBER_BYTES_MIN)?;
    let mut members = BTreeMap::new();
    for _ in 0..count {
        let id = reader.u64()?;
        members.insert(id, read_member(&mut reader)?);
    }
    reader.end()?;
    if configurations.is_empty() && members.is_empty() {
        return Ok(RaftMembership::default());
    }
    RaftMembership::new(configurations, members).map_err(|_| WireError::Value)
}

pub(super) fn write_member(writer: &mut Writer, member: &Member) {
    writer.u64(member.id.0);
    writer.u8(match member.role {
        MemberRole::Voter => 0,
        MemberRole::Edge => 1,
    });
    writer.fixed(&member.incarnation);
    writer.text(&member.peer_address);
    writer.text(&member.officer_url);
    writer.text(&member.public_url);
    writer.text(&member.ops_url);
}

pub(super) fn read_member(reader: &mut Reader) -> Result<Member, WireError> {
    Ok(Member {
        id: NodeId(reader.u64()?),
        role: match reader.u8()? {
            0 => MemberRole::Voter,
            1 => MemberRole::Edge,
            _ => return Err(WireError::Value),
        },
        incarnation: reader.fixed()?,
        peer_address: reader.text()?,
        officer_url: reader.text()?,
        public_url: reader.text()?,
        ops_url: reader.text()?,
    })
}
