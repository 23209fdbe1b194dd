//! Bytes from a fuzzer, read as everything that is stored; `tests/fuzz` feeds them, the tests below replay what is kept.
//!
//! Invariant: whatever bytes come, nothing here panics but on a promise that was broken: what was read and is written
//! again reads as the same. Checksums are made right first, since damage is found by them. Not part of any release.
#![allow(clippy::missing_panics_doc, reason = "to panic on a broken promise is what these functions are for")]

use std::fmt::Debug;

use bytes::Bytes;
use tally::model::Model;

use crate::backup::BackupManifest;
use crate::codec::{self, CodecError, framed};
use crate::{LogEntry, LogId, Manifest, Payload, keys, version};

const ROW: u8 = 0x01;
const PROPOSAL: u8 = 0x11;
const ANSWERS: u8 = 0x21;
const META: u8 = 0x41;
const MANIFEST: u8 = 0x51;
const BLOB: u8 = 0x61;
const BACKUP: u8 = 0x62;

/// What can be read is written, and what was written reads as the same.
fn both_ways<T: Debug + PartialEq, F: AsRef<[u8]>>(
    frame: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, CodecError>,
    encode: impl Fn(&T) -> F,
) -> Option<T> {
    let value = decode(frame).ok()?;
    let written = encode(&value);
    assert_eq!(decode(written.as_ref()).as_ref(), Ok(&value), "written and read again");
    assert!(
        written.as_ref().len() <= frame.len(),
        "nothing is written longer than it can be read: {value:?}"
    );
    Some(value)
}

/// A key of each kind, and the body of the row under it: the first byte is the key's, the length of the key follows.
pub fn rows(data: &[u8]) {
    let Some((length, rest)) = data.split_first() else { return };
    let Some((key, body)) = rest.split_at_checked(usize::from(*length)) else { return };
    let Some(parsed) = keys::parse_row(key) else { return };
    assert_eq!(keys::row(&parsed), key, "a key has one spelling: {parsed:?}");
    let frame = framed(ROW, body);
    both_ways(&frame, |frame| codec::decode_row(&parsed, frame), codec::encode_row);
    // As it came, the frame is damaged or whole by chance; only the former is known to be refused.
    drop(codec::decode_row(&parsed, body));
}

/// What stands beside rows and in files of its own; the first byte says what.
pub fn records(data: &[u8]) {
    let Some((kind, body)) = data.split_first() else { return };
    let meta = || framed(META, body);
    match kind {
        b'i' => drop(both_ways(&meta(), codec::decode_identity, codec::encode_identity)),
        b'l' => drop(both_ways(&meta(), codec::decode_log_id, codec::encode_log_id)),
        b'v' => drop(both_ways(&meta(), codec::decode_vote, codec::encode_vote)),
        b'a' => drop(both_ways(&meta(), codec::decode_applied, codec::encode_applied)),
        b'm' => drop(both_ways(&meta(), codec::decode_mark, codec::encode_mark)),
        b's' => drop(both_ways(&meta(), codec::decode_sums, codec::encode_sums)),
        b'b' => drop(both_ways(&framed(BLOB, body), codec::decode_blob_record, codec::encode_blob_record)),
        b't' => drop(both_ways(&framed(BLOB, body), codec::decode_blob_totals, codec::encode_blob_totals)),
        b'S' => manifest(body),
        b'B' => backup(body),
        b'e' => entry(body),
        b'k' => other_keys(body),
        b'p' => pointer(body),
        _ => {}
    }
}

fn manifest(body: &[u8]) {
    let manifest = both_ways(&framed(MANIFEST, body), Manifest::decode, Manifest::encode);
    let Some(manifest) = manifest else { return };
    let inside = |name: &str| !name.is_empty() && !name.contains('/') && name != "." && name != "..";
    assert!(inside(&manifest.id) && manifest.files.iter().all(|file| inside(&file.name)), "{manifest:?}");
    drop(manifest.encode());
}

fn backup(body: &[u8]) {
    let manifest = both_ways(&framed(BACKUP, body), BackupManifest::decode, BackupManifest::encode);
    let Some(manifest) = manifest else { return };
    let inside = |name: &str| !name.is_empty() && !name.contains('/') && name != "." && name != "..";
    assert!(inside(&manifest.id) && manifest.objects.iter().all(|object| inside(&object.name)));
    assert!(manifest.objects.iter().all(|object| manifest.object(&object.sha256).is_some()));
}

/// A log entry: its index, then its kind, its term and what it holds. An entry has one spelling.
fn entry(body: &[u8]) {
    let Some((index, rest)) = body.split_first_chunk::<8>() else { return };
    let index = u64::from_be_bytes(*index);
    drop(codec::decode_entry(index, &Bytes::copy_from_slice(rest)));
    let Some((term, rest)) = rest.split_first_chunk::<8>() else { return };
    let Some((kind, frame)) = rest.split_first() else { return };
    let frame = Bytes::copy_from_slice(frame);
    let payload = match kind % 3 {
        0 => Payload::Blank,
        1 => Payload::Proposal(frame),
        _ => Payload::Membership(frame),
    };
    let entry = LogEntry { id: LogId { term: u64::from_be_bytes(*term), index }, payload };
    let value = Bytes::from(codec::encode_entry(&entry));
    assert_eq!(codec::decode_entry(index, &value).as_ref(), Ok(&entry));
    assert!(codec::decode_entry(index.wrapping_add(1), &value).is_err(), "under another's key");
}

fn other_keys(body: &[u8]) {
    if let Some(index) = keys::entry_index(body) {
        assert_eq!(keys::entry(index), body);
    }
    if let Some(index) = keys::hash_point_index(body) {
        assert_eq!(keys::hash_point(index), body);
    }
    if let Some(name) = std::str::from_utf8(body).ok().and_then(crate::blobs::parse_name) {
        assert_eq!(tally::ids::hex(&name.0).as_bytes(), body, "an attachment's file has one name");
    }
}

/// A small file with its own checksum: the directory that is current, the format.
fn pointer(body: &[u8]) {
    if let Some(text) = version::line_text(body) {
        assert_eq!(version::line_of(text), body, "a line has one spelling");
    }
    if let Ok(text) = std::str::from_utf8(body) {
        assert_eq!(version::line_text(&version::line_of(text)), Some(text));
    }
}

/// A proposal as it stands in the log, and what the rules make of it in an empty history; and answers.
pub fn proposals(data: &[u8]) {
    let Some((kind, body)) = data.split_first() else { return };
    if *kind == b'a' {
        let decode = |frame: &[u8]| codec::decode_answers(frame);
        both_ways(&framed(ANSWERS, body), decode, |answers| codec::encode_answers(answers));
        return;
    }
    let proposal = both_ways(&framed(PROPOSAL, body), codec::decode_proposal, codec::encode_proposal);
    let Some(proposal) = proposal else { return };
    let mut model = Model::default();
    if let Ok(answers) = model.apply(&proposal, 1, 1) {
        assert_eq!(answers.len(), proposal.items.len());
        assert_eq!(model.violations(), [], "{proposal:?}");
        for (key, row) in model.rows() {
            let frame = codec::encode_row(row);
            assert_eq!(codec::decode_row(key, &frame).as_ref(), Ok(row), "a row that the rules made");
            assert_eq!(keys::parse_row(&keys::row(key)).as_ref(), Some(key), "a key that the rules made");
        }
    }
}

#[cfg(test)]
#[path = "../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;
    use super::*;

    #[test]
    fn kept_rows_break_nothing() {
        replay("store_rows", rows);
    }

    #[test]
    fn kept_records_break_nothing() {
        replay("store_records", records);
    }

    #[test]
    fn kept_proposals_break_nothing() {
        replay("store_proposals", proposals);
    }
}
