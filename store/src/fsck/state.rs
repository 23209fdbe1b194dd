//! The state: every row, and everything that is kept about rows worked out from them again.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use tally::ids::ContestId;
use tally::model::invariants::{Check, Source, Violation};
use tally::row::{Row, RowKey};

use super::log::Ends;
use super::report::{Findings, Report};
use crate::engine::{Direction, Engine, Reader, walk as walk_rows};
use crate::machine::{Summing, differing_parts, read_applied, read_points, read_sums};
use crate::{StateSums, codec, keys};

/// Rows looked up by key. Contests stay in memory: every form asks for its own.
struct Rows<'a, E: Engine> {
    engine: &'a E,
    contests: BTreeMap<ContestId, Row>,
}

impl<E: Engine> Rows<'_, E> {
    fn load(&self, key: &RowKey) -> Option<Row> {
        let bytes = self.engine.get(&keys::row(key)).ok()??;
        codec::decode_row(key, &bytes).ok()
    }
}

impl<E: Engine> Source for Rows<'_, E> {
    fn row(&self, key: &RowKey) -> Option<Cow<'_, Row>> {
        if let RowKey::Contest(contest) = key {
            return self.contests.get(contest).map(Cow::Borrowed);
        }
        self.load(key).map(Cow::Owned)
    }
}

/// Findings by what they are about.
#[derive(Default)]
struct Kinds {
    rows: Findings,
    sums: Findings,
    history: Findings,
    requests: Findings,
    accounts: Findings,
}

impl Kinds {
    fn count(&mut self, key: &RowKey) {
        self.rows.count();
        match key {
            RowKey::Region(_) | RowKey::Aggregate(..) | RowKey::Neighbourhood(..) => self.sums.count(),
            RowKey::Tally(..)
            | RowKey::Event(..)
            | RowKey::Change(..)
            | RowKey::Complaint(..)
            | RowKey::Complaints(..) => self.history.count(),
            RowKey::Request(..) | RowKey::RequestQueue(_) => self.requests.count(),
            RowKey::Account(_) | RowKey::Username(_) | RowKey::Session(_) => self.accounts.count(),
            RowKey::Ledger
            | RowKey::Station(_)
            | RowKey::Contest(_)
            | RowKey::Attachment(_)
            | RowKey::Audit(..)
            | RowKey::Epoch(_) => {}
        }
    }

    fn take(&mut self, found: Vec<Violation>) {
        for violation in found {
            let text = violation.to_string();
            match violation {
                Violation::Kind(_) => self.rows.wrong(text),
                Violation::Sums(..)
                | Violation::Children(..)
                | Violation::Region(_)
                | Violation::RegionMissing(_)
                | Violation::Neighbourhood(..)
                | Violation::Neighbours => self.sums.wrong(text),
                Violation::NotHeld(..)
                | Violation::History(..)
                | Violation::Digest(..)
                | Violation::Change(..)
                | Violation::Attachment(_)
                | Violation::Complaints(..)
                | Violation::Ledger("leaves") => self.history.wrong(text),
                Violation::Request(_) | Violation::Ledger("requests") => self.requests.wrong(text),
                Violation::Account(_) | Violation::Session(_) | Violation::Ledger(_) => {
                    self.accounts.wrong(text);
                }
            }
        }
    }
}

/// Checks the state.
pub(super) fn check<E: Engine>(engine: &E, log: Option<Ends>, report: &mut Report) {
    let mut contests = BTreeMap::new();
    // What cannot be read is reported when all rows are walked over.
    drop(engine.scan(&keys::CONTESTS_FIRST, &keys::CONTESTS_END, Direction::Forward, &mut |key, value| {
        if let Some(key @ RowKey::Contest(id)) = keys::parse_row(key)
            && let Ok(row) = codec::decode_row(&key, value)
        {
            contests.insert(id, row);
        }
        ControlFlow::Continue(())
    }));
    let rows = Rows { engine, contests };
    let mut kinds = Kinds::default();
    let found = walk(&rows, &mut kinds);
    let Kinds { rows, sums, history, requests, accounts } = kinds;
    report.add("rows", rows);
    report.add("sums", sums);
    report.add("history", history);
    report.add("requests", requests);
    report.add("accounts", accounts);
    position(engine, found.as_ref(), log, report);
}

/// Shows every row to the rules; answers the sums of all, unless some could not be read.
fn walk<E: Engine>(rows: &Rows<'_, E>, kinds: &mut Kinds) -> Option<StateSums> {
    let mut check = Check::new(rows);
    let mut summing = Summing::default();
    let mut last = Vec::new();
    // A moment of it: rows are looked up in the database while it is walked over.
    let moment = rows.engine.snapshot();
    let scanned = walk_rows(&moment, &keys::ROWS_FIRST, &keys::ROWS_END, &mut |key, value| {
        summing.add(key, value);
        last.clear();
        last.extend_from_slice(key);
        let Some(parsed) = keys::parse_row(key) else {
            kinds.rows.wrong(format!("the key {key:02x?} is none of this format"));
            return ControlFlow::Continue(());
        };
        kinds.count(&parsed);
        match codec::decode_row(&parsed, value) {
            Ok(row) => check.row(&parsed, &row),
            Err(error) => kinds.rows.wrong(format!("row {parsed:?}: {error}")),
        }
        kinds.take(check.take_found());
        ControlFlow::Continue(())
    });
    if let Err(error) = scanned {
        let after = keys::parse_row(&last);
        kinds.rows.wrong(format!("nothing can be read after row {after:?}: {error}"));
        return None;
    }
    kinds.take(check.finish());
    Some(summing.finish())
}

/// The state hash, the remembered ones, and whether log and state fit together.
fn position<R: Reader>(reader: &R, found: Option<&StateSums>, log: Option<Ends>, report: &mut Report) {
    let mut hash = Findings::default();
    let mut points = Findings::default();
    let mut place = Findings::default();
    report.hash = found.map(|found| found.hash);
    match read_applied(reader) {
        Err(error) => hash.wrong(error.to_string()),
        Ok(applied) => {
            let index = applied.id.map_or(0, |id| id.index);
            report.applied = Some(index);
            hash.count();
            match (read_sums(reader, &applied), found) {
                (Err(error), _) => hash.wrong(error.to_string()),
                (Ok(_), None) => hash.wrong("it cannot be worked out while rows cannot be read".to_owned()),
                (Ok(kept), Some(found)) if kept != *found => {
                    hash.wrong(format!("rows and kept hash differ in: {}", differing_parts(&kept, found)));
                }
                (Ok(_), Some(_)) => {}
            }
            remembered(reader, index, &mut points);
            place.count();
            let purged = log.and_then(|log| log.purged).map_or(0, |purged| purged.index);
            let last = log.and_then(|log| log.last).map_or(0, |last| last.index);
            if purged > index {
                place.wrong(format!("the state ends at {index}, the log begins after {purged}"));
            }
            if log.is_some() && last < index {
                place.wrong(format!("the state is at {index}, the log ends at {last}"));
            }
        }
    }
    report.add("state hash", hash);
    report.add("hash points", points);
    report.add("log and state", place);
}

fn remembered<R: Reader>(reader: &R, applied: u64, findings: &mut Findings) {
    match read_points(reader) {
        Err(error) => findings.wrong(error.to_string()),
        Ok(points) => {
            for point in points {
                findings.count();
                if point.index > applied || !point.sums.is_consistent() {
                    findings.wrong(format!("the hash remembered at {} cannot be", point.index));
                }
            }
        }
    }
}
