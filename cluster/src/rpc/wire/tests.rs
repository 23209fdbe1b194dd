//! Golden bytes of every frame, and that no bytes whatever make reading panic.
//!
//! Invariant: a golden value below never changes; a new format gets a new one beside it.

use bytes::Bytes;
use openraft::raft::{
    AppendEntriesRequest, SnapshotResponse, StreamAppendError, TransferLeaderError, TransferLeaderRequest,
    VoteRequest, VoteResponse,
};
use proptest::prelude::*;
use store::{About, MediaType, Scan, Verdict};
use tally::command::{Command, Header, Item, Principal, Proposal};
use tally::ids::{AttachmentId, LogTime, NodeId};
use tally::outcome::{Answer, Outcome};

use super::append::Append;
use super::*;
use crate::Room;
use crate::error::{OperateError, ProposeError};
use crate::freshness::Pulse;
use crate::member::{Member, MemberRole};
use crate::membership::Change;
use crate::types::{ProposalBytes, RaftEntry, RaftMembership, raft_log_id, raft_vote};

fn id(term: u64, index: u64) -> crate::types::RaftLogId {
    raft_log_id(store::LogId { term, index })
}

fn a_vote() -> crate::types::RaftVote {
    raft_vote(store::Vote { term: 7, node: 2, committed: true })
}

fn a_member() -> Member {
    Member {
        id: NodeId(3),
        role: MemberRole::Edge,
        incarnation: [9; 16],
        peer_address: "a:1".into(),
        officer_url: "b".into(),
        public_url: String::new(),
        ops_url: "d".into(),
    }
}

fn a_membership() -> RaftMembership {
    let voters = vec![[1, 2].into(), [2].into()];
    let nodes = [(1, Member::default()), (2, Member::default()), (3, a_member())];
    RaftMembership::new(voters, std::collections::BTreeMap::from(nodes)).unwrap()
}

fn a_part() -> blobs::Part {
    blobs::Part { id: AttachmentId([3; 32]), offset: 5, length: 6 }
}

fn a_found() -> blobs::Found {
    let scan = Scan { at: LogTime(7), engine: "clamav".into(), verdict: Verdict::Clean };
    let about = About { media_type: MediaType::Pdf, scan: Some(scan) };
    blobs::Found { size: 8, about, bytes: Bytes::from_static(b"xyz") }
}

#[test]
fn frames_about_attachments_come_back_as_they_went() {
    let names = vec![AttachmentId([1; 32]), AttachmentId([2; 32])];
    let hold = blobs::encode_hold_request(LogTime(9), &names);
    assert_eq!(blobs::decode_hold_request(hold), Ok((LogTime(9), names.clone())));
    assert_eq!(blobs::decode_hold_response(blobs::encode_hold_response(&[true])), Ok(vec![true]));
    assert_eq!(blobs::decode_read_request(blobs::encode_read_request(&a_part())), Ok(a_part()));
    for found in [None, Some(a_found())] {
        let frame = blobs::encode_read_response(found.as_ref());
        assert_eq!(blobs::decode_read_response(frame), Ok(found));
    }
    assert_eq!(blobs::decode_check_request(blobs::encode_check_request(&names)), Ok(names));
    assert_eq!(blobs::decode_check_response(blobs::encode_check_response(&[])), Ok(vec![]));
    // An engine's name that no slot on disk would hold.
    let mut long = a_found();
    long.about.scan = long.about.scan.map(|scan| Scan { engine: "x".repeat(200), ..scan });
    let frame = blobs::encode_read_response(Some(&long));
    assert_eq!(blobs::decode_read_response(frame), Err(WireError::TooLarge));
}

fn hex(bytes: &[u8]) -> String {
    tally::ids::hex(bytes)
}

#[test]
fn frames_are_what_they_were() {
    let vote = VoteRequest { vote: a_vote(), last_log_id: Some(id(6, 5)), leadership_transfer: true };
    assert_eq!(hex(&vote::encode_request(&vote)), GOLDEN_VOTE);
    let append = Append {
        request: AppendEntriesRequest {
            vote: a_vote(),
            prev_log_id: Some(id(6, 5)),
            entries: vec![
                RaftEntry { log_id: id(7, 6), payload: openraft::EntryPayload::Blank },
                RaftEntry {
                    log_id: id(7, 7),
                    payload: openraft::EntryPayload::Normal(ProposalBytes(Bytes::from_static(b"xyz"))),
                },
            ],
            leader_commit: None,
        },
        pulse: Pulse { age_ms: 12, stamp: 13, held_ms: 14, applied: 16 },
    };
    assert_eq!(hex(&append::encode_request(&append)), GOLDEN_APPEND);
    assert_eq!(hex(&append::encode_response(&Ok(Some(id(7, 7))), 15)), GOLDEN_APPEND_RESPONSE);
    let names = [AttachmentId([1; 32]), AttachmentId([2; 32])];
    assert_eq!(hex(&blobs::encode_hold_request(LogTime(9), &names)), GOLDEN_BLOB_HOLD);
    assert_eq!(hex(&blobs::encode_hold_response(&[true, false])), GOLDEN_BLOB_HELD);
    assert_eq!(hex(&blobs::encode_read_request(&a_part())), GOLDEN_BLOB_READ);
    assert_eq!(hex(&blobs::encode_read_response(Some(&a_found()))), GOLDEN_BLOB_FOUND);
    assert_eq!(hex(&blobs::encode_check_request(&names[..1])), GOLDEN_BLOB_CHECK);
    assert_eq!(hex(&blobs::encode_check_response(&[false])), GOLDEN_BLOB_CHECKED);
    assert_eq!(hex(&membership::encode(&a_membership())), GOLDEN_MEMBERSHIP);
    assert_eq!(hex(&change::encode_request(&Change::Promote(NodeId(4)))), GOLDEN_CHANGE);
}

#[test]
fn what_nodes_tell_about_themselves_is_what_it_was() {
    let hello = query::Hello {
        release: "1.0".into(),
        level_newest: 2,
        edge: true,
        obstacles: 5,
        room: Room::Critical,
        applied: 7,
        clock_ms: 8,
    };
    assert_eq!(hex(&query::encode_hello_response(&hello)), GOLDEN_HELLO);
    assert_eq!(hex(&query::encode_fenced(9)), GOLDEN_FENCED);
    assert_eq!(query::decode_fenced(query::encode_fenced(9)), Ok(9));
    assert_eq!(query::decode_hello_response(query::encode_hello_response(&hello)), Ok(hello));
}

#[test]
fn all_kinds_come_back_as_they_went() {
    let request = VoteRequest { vote: a_vote(), last_log_id: None, leadership_transfer: false };
    assert_eq!(vote::decode_request(vote::encode_request(&request)), Ok(request));
    let response = VoteResponse { vote: a_vote(), vote_granted: true, last_log_id: Some(id(1, 2)) };
    assert_eq!(vote::decode_response(vote::encode_response(&response)), Ok(response));
    let transfer = TransferLeaderRequest::new(a_vote(), 3, Some(id(2, 9)));
    assert_eq!(vote::decode_transfer(vote::encode_transfer(&transfer)), Ok(transfer));
    for answer in [
        Ok(()),
        Err(TransferLeaderError::VoteChanged { expected: a_vote(), actual: a_vote() }),
        Err(TransferLeaderError::LogNotFlushed { expected: Some(id(1, 1)), actual: None }),
    ] {
        let frame = vote::encode_transfer_response(&answer);
        assert_eq!(vote::decode_transfer_response(frame), Ok(answer));
    }
    for answer in [
        Ok(None),
        Ok(Some(id(3, 4))),
        Err(StreamAppendError::Conflict(id(1, 2))),
        Err(StreamAppendError::HigherVote(a_vote())),
    ] {
        assert_eq!(append::decode_response(append::encode_response(&answer, 15)), Ok((answer, 15)));
    }
    assert_eq!(membership::decode(&membership::encode(&a_membership())), Ok(a_membership()));
    assert_eq!(
        membership::decode(&membership::encode(&RaftMembership::default())),
        Ok(RaftMembership::default())
    );
    for change in [
        Change::Add(a_member()),
        Change::Promote(NodeId(1)),
        Change::Remove { id: NodeId(2), forced: true },
        Change::Replace { old: NodeId(2), new: NodeId(4) },
        Change::Move(a_member()),
        Change::Transfer(None),
        Change::Transfer(Some(NodeId(5))),
    ] {
        assert_eq!(change::decode_request(change::encode_request(&change)), Ok(change));
    }
    for result in [
        Ok(NodeId(4)),
        Err(OperateError::Precondition("a".into())),
        Err(OperateError::Unavailable("b".into())),
        Err(OperateError::Failed("c".into())),
    ] {
        assert_eq!(change::decode_response(change::encode_response(&result)), Ok(result));
    }
    for index in [None, Some(9)] {
        let frame = query::encode_read_index_response(index);
        assert_eq!(query::decode_read_index_response(frame), Ok(index));
    }
    let chunk =
        snapshot::Chunk { snapshot: "s".into(), file: 1, offset: 2, bytes: Bytes::from_static(b"data") };
    assert_eq!(snapshot::decode_chunk(snapshot::encode_chunk(&chunk)), Ok(chunk));
    assert_eq!(snapshot::decode_state(snapshot::encode_state(&[1, 2])), Ok(vec![1, 2]));
    let finish = snapshot::decode_finish(snapshot::encode_finish("s", &a_vote()));
    assert_eq!(finish, Ok(("s".into(), a_vote())));
    let response = SnapshotResponse::new(a_vote());
    assert_eq!(snapshot::decode_response(snapshot::encode_response(&response)), Ok(response));
}

#[test]
fn forwarded_items_arrive_unstamped_and_answers_in_place() {
    let items = vec![Item { request: None, command: Command::AllocateNode }; 2];
    let header = Header { principal: Principal::Operator, node: NodeId(8), proposed_at: LogTime(99) };
    let mut proposal = Proposal { header, items: items.clone() };
    let frame = forward::encode_request(&mut proposal);
    assert_eq!((proposal.header.node, proposal.header.proposed_at), (NodeId(0), LogTime(0)));
    assert_eq!(forward::decode_request(frame), Ok((Principal::Operator, items)));
    let answer = |outcome| Ok(Answer { outcome, replay: true });
    let results = vec![
        answer(Outcome::Done),
        Err(ProposeError::NoLeader),
        answer(Outcome::NodeAllocated(NodeId(4))),
        Err(ProposeError::Overloaded),
        Err(ProposeError::Unknown),
        Err(ProposeError::TooLarge),
        Err(ProposeError::DiskFull),
    ];
    assert_eq!(forward::decode_response(forward::encode_response(&results)), Ok(results));
}

#[test]
fn broken_frames_are_refused_for_what_is_wrong() {
    let good = query::encode_read_index_response(Some(1));
    let change = |place: usize, value: u8| {
        let mut bytes = good.to_vec();
        bytes[place] = value;
        query::decode_read_index_response(Bytes::from(bytes)).unwrap_err()
    };
    assert_eq!(change(0, 9), WireError::Format(9));
    assert_eq!(change(1, 1), WireError::Kind(1));
    assert_eq!(change(2, 0xff), WireError::TooLarge);
    assert_eq!(change(12, 0xff), WireError::Checksum);
    let mut longer = good.to_vec();
    longer.push(0);
    assert_eq!(query::decode_read_index_response(longer.into()), Err(WireError::Leftover));
    assert_eq!(query::decode_read_index_response(good.slice(..12)), Err(WireError::Short));
}

#[test]
fn points_and_sums_come_back_as_they_went() {
    let told = points::Points {
        quarantined: true,
        points: vec![store::HashPoint { index: 7, hash: 5 }, store::HashPoint { index: 9, hash: u128::MAX }],
    };
    let frame = points::encode_points_response(&told);
    assert_eq!(hex(&frame), GOLDEN_POINTS);
    assert_eq!(points::decode_points_response(frame), Ok(told.clone()));
    let many = points::Points { points: vec![told.points[0]; points::POINTS_MAX + 1], ..told };
    let refused = points::decode_points_response(points::encode_points_response(&many));
    assert_eq!(refused, Err(WireError::TooLarge));
    assert_eq!(points::decode_points_request(points::encode_points_request()), Ok(()));
    assert_eq!(hex(&points::encode_sums_request(258)), GOLDEN_SUMS_REQUEST);
    assert_eq!(points::decode_sums_request(points::encode_sums_request(258)), Ok(258));
    let mut sums = store::StateSums { hash: 3, ..store::StateSums::default() };
    sums.buckets[63] = 2;
    for sums in [None, Some(sums)] {
        let frame = points::encode_sums_response(sums.as_ref());
        assert_eq!(frame.len(), HEADER_BYTES + 1 + sums.as_ref().map_or(0, |_| 16 + 8 * store::BUCKETS));
        assert_eq!(points::decode_sums_response(frame), Ok(sums));
    }
}

#[test]
fn a_gap_in_entries_is_refused() {
    let blank = |index| RaftEntry { log_id: id(7, index), payload: openraft::EntryPayload::Blank };
    let request = |entries| Append {
        request: AppendEntriesRequest {
            vote: a_vote(),
            prev_log_id: Some(id(7, 1)),
            entries,
            leader_commit: None,
        },
        pulse: Pulse::default(),
    };
    assert!(append::decode_request(append::encode_request(&request(vec![blank(2), blank(3)]))).is_ok());
    for entries in [vec![blank(3)], vec![blank(2), blank(4)]] {
        let frame = append::encode_request(&request(entries));
        assert_eq!(append::decode_request(frame).unwrap_err(), WireError::Value);
    }
}

#[test]
fn frames_are_cut_out_of_a_stream_wherever_it_breaks() {
    let one = query::encode_read_index_response(Some(1));
    let two = query::encode_hello_request();
    let stream = [one.as_ref(), two.as_ref()].concat();
    for cut in 0..=stream.len() {
        let mut buffer = BytesMut::from(&stream[..cut]);
        let mut frames = Vec::new();
        while let Some(frame) = take_frame(&mut buffer).unwrap() {
            frames.push(frame);
        }
        buffer.extend_from_slice(&stream[cut..]);
        while let Some(frame) = take_frame(&mut buffer).unwrap() {
            frames.push(frame);
        }
        assert_eq!(frames, [one.clone(), two.clone()], "cut at {cut}");
    }
}

/// Feeds a body, right frame around it, to every reader of that kind of thing.
fn read_everything(body: &[u8]) {
    let frame = |kind| encode(kind, body.len(), |writer| writer.fixed(body));
    drop(vote::decode_request(frame(Kind::VoteRequest)));
    drop(vote::decode_response(frame(Kind::VoteResponse)));
    drop(vote::decode_transfer(frame(Kind::TransferRequest)));
    drop(vote::decode_transfer_response(frame(Kind::TransferResponse)));
    drop(append::decode_request(frame(Kind::AppendRequest)));
    drop(append::decode_response(frame(Kind::AppendResponse)));
    drop(forward::decode_request(frame(Kind::ForwardRequest)));
    drop(forward::decode_response(frame(Kind::ForwardResponse)));
    drop(query::decode_hello_response(frame(Kind::HelloResponse)));
    query::decode_fenced(frame(Kind::Fenced)).ok();
    points::decode_points_request(frame(Kind::PointsRequest)).ok();
    drop(points::decode_points_response(frame(Kind::PointsResponse)));
    points::decode_sums_request(frame(Kind::SumsRequest)).ok();
    drop(points::decode_sums_response(frame(Kind::SumsResponse)));
    query::decode_read_index_response(frame(Kind::ReadIndexResponse)).ok();
    drop(snapshot::decode_offer(frame(Kind::SnapshotOffer)));
    drop(snapshot::decode_state(frame(Kind::SnapshotState)));
    drop(snapshot::decode_chunk(frame(Kind::SnapshotChunk)));
    drop(snapshot::decode_finish(frame(Kind::SnapshotFinish)));
    drop(snapshot::decode_response(frame(Kind::SnapshotResponse)));
    drop(blobs::decode_hold_request(frame(Kind::BlobHoldRequest)));
    drop(blobs::decode_hold_response(frame(Kind::BlobHoldResponse)));
    blobs::decode_read_request(frame(Kind::BlobReadRequest)).ok();
    drop(blobs::decode_read_response(frame(Kind::BlobReadResponse)));
    drop(blobs::decode_check_request(frame(Kind::BlobCheckRequest)));
    drop(blobs::decode_check_response(frame(Kind::BlobCheckResponse)));
    drop(change::decode_request(frame(Kind::ChangeRequest)));
    drop(change::decode_response(frame(Kind::ChangeResponse)));
    drop(membership::decode(&Bytes::copy_from_slice(body)));
    query::decode_hello_request(Bytes::copy_from_slice(body)).ok();
    drop(take_frame(&mut BytesMut::from(body)));
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_everything(&body);
    }

    #[test]
    fn no_damage_to_a_good_frame_makes_reading_panic(place in 0_usize..400, value: u8) {
        let mut membership = membership::encode(&a_membership()).to_vec();
        if let Some(byte) = membership.get_mut(place) {
            *byte = value;
        }
        read_everything(&membership);
    }
}

const GOLDEN_VOTE: &str = concat!(
    "010100000023939c7a7700000000000000070000000000000002010100000000000000060000000000000005",
    "01",
);
const GOLDEN_APPEND: &str = concat!(
    "0103000000686a3364a20000000c000000000000000d0000000e000000000000001000000000000000070000",
    "0000000000020101000000000000000600000000000000050000000002000000000000000700000000000000",
    "060000000000000000070000000000000007010000000378797a",
);
const GOLDEN_APPEND_RESPONSE: &str =
    "01040000001a66cb1893000000000000000f000100000000000000070000000000000007";
const GOLDEN_MEMBERSHIP: &str = concat!(
    "0100000002000000020000000000000001000000000000000200000001000000000000000200000003000000",
    "0000000001000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000200000000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000030000000000000003010909090909090909090909090909090900000003",
    "613a310000000162000000000000000164",
);
const GOLDEN_HELLO: &str = "01110000001ed69c624500000003312e300000000201050300000000000000070000000000000008";
const GOLDEN_FENCED: &str = "012800000008f49a69460000000000000009";
const GOLDEN_CHANGE: &str = "011200000009884129f4010000000000000004";
const GOLDEN_POINTS: &str = concat!(
    "0115000000350a9e002d01000000020000000000000007000000000000000000000000000000050000000000",
    "000009ffffffffffffffffffffffffffffffff",
);
const GOLDEN_SUMS_REQUEST: &str = "0116000000087eb15a0a0000000000000102";
const GOLDEN_BLOB_HOLD: &str = concat!(
    "011e0000004cf2c9fe6b00000000000000090000000201010101010101010101010101010101010101010101",
    "010101010101010101010202020202020202020202020202020202020202020202020202020202020202",
);
const GOLDEN_BLOB_HELD: &str = "011f000000060be7b6f0000000020100";
const GOLDEN_BLOB_READ: &str = concat!(
    "01200000002cfda438b303030303030303030303030303030303030303030303030303030303030303030000",
    "00000000000500000006",
);
const GOLDEN_BLOB_FOUND: &str = concat!(
    "012100000025f6b2bc200100000000000000080401000000000000000700000006636c616d61760100000003",
    "78797a",
);
const GOLDEN_BLOB_CHECK: &str = concat!(
    "012200000024bf55c07800000001010101010101010101010101010101010101010101010101010101010101",
    "0101",
);
const GOLDEN_BLOB_CHECKED: &str = "01230000000556d0ee420000000100";
