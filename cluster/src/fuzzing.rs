//! Bytes from a fuzzer, read as what comes from peers; `tests/fuzz` feeds them, the tests below replay what is kept.
//!
//! Invariant: whatever bytes come, nothing here panics but on a promise that was broken: what was read is written in one
//! way, and reads as the same. Checksums are made right first. Not part of any release.
#![allow(clippy::missing_panics_doc, reason = "to panic on a broken promise is what these functions are for")]

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use store::{LogEntry, LogId, Payload};

use crate::rpc::identity::{EPOCH_HEADER, Envelope, NewestEpoch};
use crate::rpc::wire::{
    self, Kind, WireError, append, blobs, change, forward, membership, points, query, snapshot, vote,
};

/// What a reader and its writer make of a frame; `None` when it was refused.
type Reading = fn(Bytes) -> Option<Bytes>;

/// A closure as what it is here.
const fn reading(kind: Kind, reading: Reading) -> (Kind, Reading) {
    (kind, reading)
}

/// A reader and its writer as one function from frame to frame.
macro_rules! readings {
    ($($kind:ident: $decode:expr => $encode:expr;)*) => {
        &[$(reading(Kind::$kind, |frame| Some($encode($decode(frame).ok()?)))),*]
    };
}

/// Every kind of frame.
const READINGS: &[(Kind, Reading)] = readings! {
    VoteRequest: vote::decode_request => |value| vote::encode_request(&value);
    VoteResponse: vote::decode_response => |value| vote::encode_response(&value);
    TransferRequest: vote::decode_transfer => |value| vote::encode_transfer(&value);
    TransferResponse: vote::decode_transfer_response => |value| vote::encode_transfer_response(&value);
    AppendRequest: append::decode_request => |value| append::encode_request(&value);
    AppendResponse: append::decode_response => |(result, stamp)| append::encode_response(&result, stamp);
    ReadIndexRequest: query::decode_read_index_request => |()| query::encode_read_index_request();
    ReadIndexResponse: query::decode_read_index_response => query::encode_read_index_response;
    ForwardRequest: forward::decode_request => forwarded;
    ForwardResponse: forward::decode_response => |value| forward::encode_response(&value);
    SnapshotOffer: snapshot::decode_offer => |value| snapshot::encode_offer(&value);
    SnapshotState: snapshot::decode_state => |value: Vec<u64>| snapshot::encode_state(&value);
    SnapshotChunk: snapshot::decode_chunk => |value| snapshot::encode_chunk(&value);
    SnapshotFinish: snapshot::decode_finish => |(name, vote): (String, _)| snapshot::encode_finish(&name, &vote);
    SnapshotResponse: snapshot::decode_response => |value| snapshot::encode_response(&value);
    HelloRequest: query::decode_hello_request => |()| query::encode_hello_request();
    HelloResponse: query::decode_hello_response => |value| query::encode_hello_response(&value);
    ChangeRequest: change::decode_request => |value| change::encode_request(&value);
    ChangeResponse: change::decode_response => |value| change::encode_response(&value);
    PointsRequest: points::decode_points_request => |()| points::encode_points_request();
    PointsResponse: points::decode_points_response => |value| points::encode_points_response(&value);
    SumsRequest: points::decode_sums_request => points::encode_sums_request;
    SumsResponse: points::decode_sums_response => |value: Option<_>| points::encode_sums_response(value.as_ref());
    BlobHoldRequest: blobs::decode_hold_request => |(at, names): (_, Vec<_>)| blobs::encode_hold_request(at, &names);
    BlobHoldResponse: blobs::decode_hold_response => |value: Vec<_>| blobs::encode_hold_response(&value);
    BlobReadRequest: blobs::decode_read_request => |value| blobs::encode_read_request(&value);
    BlobReadResponse: blobs::decode_read_response => |value: Option<_>| blobs::encode_read_response(value.as_ref());
    BlobCheckRequest: blobs::decode_check_request => |value: Vec<_>| blobs::encode_check_request(&value);
    BlobCheckResponse: blobs::decode_check_response => |value: Vec<_>| blobs::encode_check_response(&value);
    Fenced: query::decode_fenced => query::encode_fenced;
};

fn forwarded((principal, items): (tally::command::Principal, Vec<tally::command::Item>)) -> Bytes {
    let header = tally::command::Header {
        principal,
        node: tally::ids::NodeId::default(),
        proposed_at: tally::ids::LogTime::default(),
    };
    forward::encode_request(&mut tally::command::Proposal { header, items })
}

/// One frame: the number of its kind, then its body.
pub fn frames(data: &[u8]) {
    let Some((number, body)) = data.split_first() else { return };
    let whole = Bytes::copy_from_slice(data);
    for (kind, reading) in READINGS {
        // As it came, with a header of its own making.
        drop(reading(whole.clone()));
        if kind.number() != *number {
            continue;
        }
        let frame = wire::encode(*kind, body.len(), |writer| writer.fixed(body));
        let Some(written) = reading(frame) else { return };
        let again = reading(written.clone());
        assert_eq!(again.as_ref(), Some(&written), "{kind:?}: written in one way");
    }
    members(body);
}

/// The members, on the wire, in the log and in the state.
fn members(body: &[u8]) {
    let bytes = Bytes::copy_from_slice(body);
    let Ok(read) = membership::decode(&bytes) else { return };
    let written = membership::encode(&read);
    assert_eq!(membership::decode(&written).as_ref(), Ok(&read));
    let entry = LogEntry { id: LogId { term: 1, index: 1 }, payload: Payload::Membership(written) };
    match crate::types::raft_entry(entry.clone()) {
        Ok(read) => assert_eq!(crate::types::store_entry(read), entry),
        Err(error) => unreachable!("members that were just written cannot be read: {error}"),
    }
}

/// A stream of frames, cut anywhere: the first byte says into pieces of what length.
pub fn streams(data: &[u8]) {
    let Some((length, stream)) = data.split_first() else { return };
    let whole = cut(stream, stream.len().max(1));
    assert_eq!(cut(stream, usize::from(*length).max(1)), whole, "pieces do not matter");
}

/// The frames of a stream that comes in pieces, and how it ended.
fn cut(stream: &[u8], piece: usize) -> (Vec<Bytes>, Option<WireError>) {
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for piece in stream.chunks(piece) {
        buffer.extend_from_slice(piece);
        loop {
            match wire::take_frame(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(
            buffer.capacity() <= crate::settings::FRAME_BYTES_MAX.saturating_mul(3),
            "room for one frame"
        );
    }
    (frames, None)
}

/// The headers in which peers say who they are.
pub fn headers(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    if let Ok(envelope) = Envelope::from_header(&value) {
        assert_eq!(envelope.to_header().as_bytes(), data.to_ascii_lowercase(), "{envelope:?}");
        assert_eq!(Envelope::from_header(&envelope.to_header()), Ok(envelope));
    }
    let newest = NewestEpoch::default();
    newest.heard_in(&HeaderMap::from_iter([(http::HeaderName::from_static(EPOCH_HEADER), value)]));
    assert!(newest.after(0).is_none_or(|epoch| epoch > 0));
}

#[cfg(test)]
#[path = "../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;
    use super::*;

    #[test]
    fn kept_frames_break_nothing() {
        replay("cluster_frames", frames);
    }

    #[test]
    fn kept_streams_break_nothing() {
        replay("cluster_streams", streams);
    }

    #[test]
    fn kept_headers_break_nothing() {
        replay("cluster_headers", headers);
    }

    #[test]
    fn every_kind_of_frame_is_read() {
        let mut known: Vec<u8> = READINGS.iter().map(|(kind, _)| kind.number()).collect();
        known.sort_unstable();
        let numbers: Vec<u8> = (1..=23).chain(30..=35).chain([40]).collect();
        assert_eq!(known, numbers);
    }
}
