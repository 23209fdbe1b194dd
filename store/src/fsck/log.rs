//! The log: every entry, no gap, and what its marks promise.

use std::ops::ControlFlow;

use bytes::Bytes;

use super::report::{Findings, Report};
use crate::codec;
use crate::engine::{Direction, Disk, Engine, Reader};
use crate::log::{MarkFile, missing};
use crate::{LogId, Payload, Vote, keys};

/// Where a log begins and ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    pub(super) purged: Option<LogId>,
    pub(super) last: Option<LogId>,
}

/// Checks the log; answers its ends.
pub(super) fn check<D: Disk>(disk: &D, engine: &D::Engine, report: &mut Report) -> Ends {
    let mut marks = Findings::default();
    let vote: Option<Vote> = mark(engine, &keys::VOTE, "vote", codec::decode_vote, &mut marks);
    let committed: Option<LogId> =
        mark(engine, &keys::COMMITTED, "committed mark", codec::decode_log_id, &mut marks);
    let purged: Option<LogId> = mark(engine, &keys::PURGED, "purged mark", codec::decode_log_id, &mut marks);
    let last = entries(engine, purged, report).or(purged);
    report.last = last.map(|last| last.index);
    if let Some(committed) = committed.filter(|committed| Some(*committed) > last) {
        marks.wrong(format!("entry {} was committed, the log ends at {:?}", committed.index, report.last));
    }
    report.add("log marks", marks);
    synced(disk, engine, vote, last, report);
    Ends { purged, last }
}

fn mark<R: Reader, T>(
    reader: &R,
    key: &[u8],
    name: &str,
    decode: fn(&[u8]) -> Result<T, codec::CodecError>,
    findings: &mut Findings,
) -> Option<T> {
    let value = match reader.get(key) {
        Ok(value) => value?,
        Err(error) => {
            findings.wrong(format!("{name}: {error}"));
            return None;
        }
    };
    findings.count();
    match decode(&value) {
        Ok(value) => Some(value),
        Err(error) => {
            findings.wrong(format!("{name}: {error}"));
            None
        }
    }
}

/// Every entry behind the purged ones: checksum, place, term, and whether this release can read it.
fn entries<R: Reader>(reader: &R, purged: Option<LogId>, report: &mut Report) -> Option<LogId> {
    let mut findings = Findings::default();
    let mut before = purged;
    let first = keys::entry(purged.map_or(0, |purged| purged.index.saturating_add(1)));
    let scanned = reader.scan(&first, &keys::ENTRIES_END, Direction::Forward, &mut |key, value| {
        findings.count();
        let Some(index) = keys::entry_index(key) else {
            findings.wrong(format!("the key {key:02x?} is none of an entry"));
            return ControlFlow::Continue(());
        };
        // A log that was never purged may begin anywhere.
        if let Some(before) = before.filter(|before| before.index.checked_add(1) != Some(index)) {
            findings.wrong(format!("entries are missing between {} and {index}", before.index));
        }
        let term = match codec::decode_entry(index, &Bytes::copy_from_slice(value)) {
            Ok(entry) => {
                if let Payload::Proposal(frame) = &entry.payload
                    && let Err(error) = codec::decode_proposal(frame)
                {
                    findings.wrong(format!("entry {index} cannot be read by this release: {error}"));
                }
                if let Some(before) = before.filter(|before| before.term > entry.id.term) {
                    findings.wrong(format!("entry {index} has a lower term than entry {}", before.index));
                }
                entry.id.term
            }
            Err(error) => {
                findings.wrong(format!("entry {index}: {error}"));
                before.map_or(0, |before| before.term)
            }
        };
        before = Some(LogId { term, index });
        ControlFlow::Continue(())
    });
    if let Err(error) = scanned {
        let after = before.map_or(0, |before| before.index);
        findings.wrong(format!("nothing can be read after entry {after}: {error}"));
    }
    report.add("log entries", findings);
    before
}

/// The `SYNCED` mark: what was acknowledged is there.
fn synced<D: Disk>(
    disk: &D,
    engine: &D::Engine,
    vote: Option<Vote>,
    last: Option<LogId>,
    report: &mut Report,
) {
    let mut findings = Findings::default();
    match MarkFile::open(disk) {
        Err(error) => findings.wrong(format!("SYNCED: {error}")),
        Ok((_, None)) => {
            if last.is_some() {
                findings.wrong("SYNCED is missing or holds no whole mark".to_owned());
            }
        }
        Ok((_, Some(mark))) => {
            findings.count();
            if let Some(detail) = missing(mark, engine.sequence(), vote, last) {
                findings.wrong(format!("flushed data was lost: {detail}"));
            }
        }
    }
    report.add("SYNCED mark", findings);
}
