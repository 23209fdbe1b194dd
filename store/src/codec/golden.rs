//! Golden bytes of what stands beside the rows. They were computed by a separate program from
//! `docs/data-format.md`, so that they hold the format, not this code. A difference means that a new format byte
//! is needed, never new bytes here.

use bytes::Bytes;
use tally::ids::{AttachmentId, LogTime, hex};

use super::{
    AppliedRecord, CodecError, Mark, decode_applied, decode_blob_record, decode_blob_totals, decode_entry,
    decode_identity, decode_log_id, decode_mark, decode_sums, decode_vote, encode_applied,
    encode_blob_record, encode_blob_totals, encode_entry, encode_identity, encode_log_id, encode_mark,
    encode_sums, encode_vote,
};
use crate::blobs::{About, BlobRecord, MediaType, Scan, Totals, Verdict};
use crate::entry::{LogEntry, LogId, Payload, Vote};
use crate::identity::Identity;
use crate::machine::{BUCKETS, StateSums};

const ID: LogId = LogId { term: 7, index: 1000 };
const VOTE: Vote = Vote { term: 300, node: 2, committed: true };
const HASH: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

const TOTALS: Totals = Totals { count: 2, bytes: 70_000, exact: true };

fn blob_record() -> BlobRecord {
    let scan = Scan { at: LogTime(9), engine: "clamav 1.4".to_owned(), verdict: Verdict::Clean };
    let about = About { media_type: MediaType::Jpeg, scan: Some(scan) };
    BlobRecord { generation: 2, id: AttachmentId([7; 32]), size: 300, stored_at: LogTime(8), about }
}

fn identity() -> Identity {
    Identity { cluster: [0x11; 16], epoch: 1, node: 3, incarnation: [0x22; 16], edge: false }
}

fn applied() -> AppliedRecord {
    let membership = Some(Bytes::from_static(&[1, 2, 3]));
    AppliedRecord { id: Some(ID), membership_id: None, membership, hash: HASH }
}

fn mark() -> Mark {
    Mark { generation: 5, sequence: 70_000, vote: Some(VOTE), last: Some(ID) }
}

fn sums() -> StateSums {
    let mut buckets = [0; BUCKETS];
    buckets[..3].copy_from_slice(&[250, 251, u64::MAX]);
    StateSums { hash: HASH, buckets }
}

fn entries() -> [LogEntry; 3] {
    let entry = |term, index, payload| LogEntry { id: LogId { term, index }, payload };
    [
        entry(7, 1000, Payload::Blank),
        entry(7, 1001, Payload::Proposal(Bytes::from_static(b"frame"))),
        entry(8, 1002, Payload::Membership(Bytes::from_static(&[0, 0xff]))),
    ]
}

#[test]
fn meta_frames_are_what_they_were() {
    let frames = [
        encode_identity(&identity()),
        encode_log_id(&ID),
        encode_vote(&VOTE),
        encode_applied(&applied()),
        encode_mark(&mark()),
        encode_sums(&sums()),
        encode_blob_record(&blob_record()),
        encode_blob_totals(&TOTALS),
    ];
    let golden = [
        "41780cef881111111111111111111111111111111101032222222222222222222222222222222200",
        "41a9f2abfc07fbe803",
        "41dc1ffb66fb2c010201",
        "415824b8650107fbe803000103010203feefcdab8967452301efcdab8967452301",
        "41dbef936305fc7011010001fb2c0102010107fbe803",
        concat!(
            "41573fec36feefcdab8967452301efcdab8967452301fafbfb00fdffffffffffffffff",
            "000000000000000000000000000000000000000000000000000000000000",
            "00000000000000000000000000000000000000000000000000000000000000",
        ),
        "614461598c020707070707070707070707070707070707070707070707070707070707070707fb2c01080101090a636c616d617620312e3401",
        "6147c569a202fc7011010001",
    ];
    assert_eq!(frames.map(|frame| hex(&frame)), golden);
}

#[test]
fn meta_frames_are_read_back() {
    assert_eq!(decode_identity(&encode_identity(&identity())), Ok(identity()));
    assert_eq!(decode_log_id(&encode_log_id(&ID)), Ok(ID));
    assert_eq!(decode_vote(&encode_vote(&VOTE)), Ok(VOTE));
    assert_eq!(decode_applied(&encode_applied(&applied())), Ok(applied()));
    assert_eq!(decode_mark(&encode_mark(&mark())), Ok(mark()));
    assert_eq!(decode_sums(&encode_sums(&sums())), Ok(sums()));
    assert_eq!(decode_blob_record(&encode_blob_record(&blob_record())), Ok(blob_record()));
    assert_eq!(decode_blob_totals(&encode_blob_totals(&TOTALS)), Ok(TOTALS));
}

#[test]
fn entries_are_what_they_were() {
    let golden = [
        "31592a9089010000000000000007",
        "312f1250120200000000000000076672616d65",
        "31be8c4b3703000000000000000800ff",
    ];
    assert_eq!(entries().map(|entry| hex(&encode_entry(&entry))), golden);
}

#[test]
fn entries_are_read_back_under_their_own_index_only() {
    for entry in entries() {
        let value = Bytes::from(encode_entry(&entry));
        assert_eq!(decode_entry(entry.id.index, &value), Ok(entry.clone()));
        assert_eq!(decode_entry(entry.id.index + 1, &value), Err(CodecError::Checksum));
    }
}

#[test]
fn a_flipped_bit_is_never_read() {
    for entry in entries() {
        let value = encode_entry(&entry);
        for bit in 0..value.len() * 8 {
            let mut flipped = value.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_entry(entry.id.index, &flipped.into()).is_err(), "bit {bit} of {entry:?}");
        }
    }
}
