//! What a decision is made of: the case it is given, and the draft of what it will change.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::audit::{Actor, AuditEvent, AuditRecord};
use crate::command::Header;
use crate::ids::LogTime;
use crate::row::{Change, Effect, Ledger, Row, RowKey, WorkingSet};

use super::Place;

/// What is given: rows, place in the log, header, and the log time of the item.
pub(super) struct Case<'a> {
    pub(super) rows: &'a WorkingSet,
    pub(super) place: &'a Place,
    pub(super) header: &'a Header,
    pub(super) now: LogTime,
}

/// What is to be changed: at most one change for a key, told in the order of keys.
pub(super) struct Draft {
    pub(super) ledger: Ledger,
    rows: BTreeMap<RowKey, Option<Row>>,
    notes: Vec<AuditEvent>,
}

impl Draft {
    pub(super) const fn new(ledger: Ledger) -> Self {
        Self { ledger, rows: BTreeMap::new(), notes: Vec::new() }
    }

    pub(super) fn put(&mut self, key: RowKey, row: Row) {
        self.rows.insert(key, Some(row));
    }

    pub(super) fn delete(&mut self, key: RowKey) {
        self.rows.insert(key, None);
    }

    /// Notes something for the audit log.
    pub(super) fn note(&mut self, event: AuditEvent) {
        self.notes.push(event);
    }

    /// Writes what was noted.
    pub(super) fn write_notes(&mut self, case: &Case<'_>) {
        let actor = Actor::of(case.header.principal);
        for (number, event) in (0..).zip(core::mem::take(&mut self.notes)) {
            let record = AuditRecord { at: case.now, actor, event };
            self.put(RowKey::Audit(case.place.index, case.place.item, number), Row::Audit(record));
        }
    }

    /// The event that was drafted, if one was.
    pub(super) fn change(&self, place: &Place) -> Option<Change> {
        let key = RowKey::Change(place.index, place.item);
        self.rows
            .get(&key)
            .and_then(|row| if let Some(Row::Change(change)) = row { Some(*change) } else { None })
    }

    pub(super) fn into_effects(mut self) -> Vec<Effect> {
        self.rows.insert(RowKey::Ledger, Some(Row::Ledger(self.ledger)));
        let effect = |(key, row)| match row {
            Some(row) => Effect::Put(key, row),
            None => Effect::Delete(key),
        };
        self.rows.into_iter().map(effect).collect()
    }
}
