//! What a node's state summed up to at its hash points.
//!
//! Invariant: what is read is what was written, or a [`WireError`]; at most [`POINTS_MAX`] points come at once.

use bytes::Bytes;
use store::{BUCKETS, HashPoint, StateSums};

use super::{Kind, WireError, decode, encode};

/// Most points in one answer: as many as a node remembers.
pub(crate) const POINTS_MAX: usize = 64;
/// Bytes of one point.
const POINT_BYTES: usize = 24;

/// What a node says about its state.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Points {
    /// Whether it has set its own state apart.
    pub(crate) quarantined: bool,
    /// Index and hash, oldest first.
    pub(crate) points: Vec<HashPoint>,
}

pub(crate) fn encode_points_request() -> Bytes {
    encode(Kind::PointsRequest, 0, |_| {})
}

pub(crate) fn decode_points_request(frame: Bytes) -> Result<(), WireError> {
    decode(Kind::PointsRequest, frame)?.end()
}

pub(crate) fn encode_points_response(points: &Points) -> Bytes {
    let capacity = points.points.len().saturating_mul(POINT_BYTES).saturating_add(8);
    encode(Kind::PointsResponse, capacity, |writer| {
        writer.flag(points.quarantined);
        writer.length(points.points.len());
        for point in &points.points {
            writer.u64(point.index);
            writer.fixed(&point.hash.to_be_bytes());
        }
    })
}

pub(crate) fn decode_points_response(frame: Bytes) -> Result<Points, WireError> {
    let mut reader = decode(Kind::PointsResponse, frame)?;
    let quarantined = reader.flag()?;
    let length = reader.length(POINT_BYTES)?;
    if length > POINTS_MAX {
        return Err(WireError::TooLarge);
    }
    let mut points = Vec::with_capacity(length);
    for _ in 0..length {
        points.push(HashPoint { index: reader.u64()?, hash: u128::from_be_bytes(reader.fixed()?) });
    }
    reader.end()?;
    Ok(Points { quarantined, points })
}

pub(crate) fn encode_sums_request(index: u64) -> Bytes {
    encode(Kind::SumsRequest, 8, |writer| writer.u64(index))
}

pub(crate) fn decode_sums_request(frame: Bytes) -> Result<u64, WireError> {
    let mut reader = decode(Kind::SumsRequest, frame)?;
    let index = reader.u64()?;
    reader.end()?;
    Ok(index)
}

/// The sums at the index; `None` when they are not remembered.
pub(crate) fn encode_sums_response(sums: Option<&StateSums>) -> Bytes {
    encode(Kind::SumsResponse, 16 + 8 * BUCKETS + 1, |writer| {
        writer.flag(sums.is_some());
        if let Some(sums) = sums {
            writer.fixed(&sums.hash.to_be_bytes());
            for bucket in sums.buckets {
                writer.u64(bucket);
            }
        }
    })
}

pub(crate) fn decode_sums_response(frame: Bytes) -> Result<Option<StateSums>, WireError> {
    let mut reader = decode(Kind::SumsResponse, frame)?;
    let sums = if reader.flag()? {
        let mut sums = StateSums { hash: u128::from_be_bytes(reader.fixed()?), ..StateSums::default() };
        for bucket in &mut sums.buckets {
            *bucket = reader.u64()?;
        }
        Some(sums)
    } else {
        None
    };
    reader.end()?;
    Ok(sums)
}
