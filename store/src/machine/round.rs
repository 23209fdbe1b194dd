//! The rows of one apply round, over those of the database.
//!
//! Invariant: each row is read from the database once and written once, however many items touch it; what a
//! later item reads is what an earlier one wrote.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tally::row::{Effect, Row, RowKey, WorkingSet};

use super::hash::{StateSums, bucket_of, contribution};
use super::hot::Hot;
use crate::engine::{Batch, Engine};
use crate::{StoreError, codec, keys};

/// What a row counts in the running hash.
#[derive(Clone, Debug)]
enum Counted {
    /// Not there: nothing.
    Absent,
    /// These bytes, not hashed yet: most rows that are read are never changed.
    Bytes(Bytes),
    /// This.
    Hash(u128),
}

/// What a round writes.
#[derive(Clone, Debug)]
enum Written {
    Nothing,
    Bytes(Bytes),
    Deletion,
}

/// A row while it is worked on.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    row: Option<Arc<Row>>,
    counted: Counted,
    /// Changed since it was last counted.
    dirty: bool,
    /// What this round makes of it, once counted.
    written: Written,
}

impl Slot {
    pub(super) fn row(&self) -> Option<&Row> {
        self.row.as_deref()
    }

    pub(super) fn changed(&self) -> bool {
        !matches!(self.written, Written::Nothing)
    }

    /// As it is for the next round.
    pub(super) fn settled(self) -> Self {
        Self { written: Written::Nothing, dirty: false, ..self }
    }
}

/// See the module.
pub(super) struct Round<'a, E: Engine> {
    engine: &'a E,
    hot: &'a Hot,
    slots: BTreeMap<RowKey, Slot>,
    sums: StateSums,
    scratch: Vec<u8>,
}

impl<'a, E: Engine> Round<'a, E> {
    pub(super) fn new(engine: &'a E, hot: &'a Hot, sums: StateSums) -> Self {
        Self { engine, hot, slots: BTreeMap::new(), sums, scratch: Vec::new() }
    }

    fn load(&self, key: &RowKey) -> Result<Slot, StoreError> {
        if let Some(slot) = self.hot.get(key) {
            return Ok(slot.clone());
        }
        let Some(bytes) = self.engine.get(&keys::row(key))? else {
            return Ok(Slot { row: None, counted: Counted::Absent, dirty: false, written: Written::Nothing });
        };
        let row = codec::decode_row(key, &bytes)
            .map_err(|source| StoreError::Damaged { what: format!("row {key:?}"), source })?;
        Ok(Slot {
            row: Some(Arc::new(row)),
            counted: Counted::Bytes(bytes),
            dirty: false,
            written: Written::Nothing,
        })
    }

    /// The row under a key, loaded when it is not there yet.
    pub(super) fn row(&mut self, key: &RowKey) -> Result<Option<Arc<Row>>, StoreError> {
        if let Some(slot) = self.slots.get(key) {
            return Ok(slot.row.clone());
        }
        let slot = self.load(key)?;
        let row = slot.row.clone();
        self.slots.insert(key.clone(), slot);
        Ok(row)
    }

    /// Loads rows into a working set.
    pub(super) fn load_into(&mut self, rows: &mut WorkingSet, wanted: Vec<RowKey>) -> Result<(), StoreError> {
        for key in wanted {
            let row = self.row(&key)?;
            rows.insert_shared(key, row);
        }
        Ok(())
    }

    /// Puts a decision's effects in place.
    pub(super) fn change(&mut self, effects: Vec<Effect>) -> Result<(), StoreError> {
        for effect in effects {
            let (key, row) = match effect {
                Effect::Put(key, row) => (key, Some(Arc::new(row))),
                Effect::Delete(key) => (key, None),
            };
            if !self.slots.contains_key(&key) {
                let slot = self.load(&key)?;
                self.slots.insert(key.clone(), slot);
            }
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.row = row;
                slot.dirty = true;
            }
        }
        Ok(())
    }

    /// Encodes what changed since the last call and brings the running sums up to date.
    pub(super) fn settle(&mut self) -> &StateSums {
        for (key, slot) in self.slots.iter_mut().filter(|(_, slot)| slot.dirty) {
            let bucket = bucket_of(key);
            let key = keys::row(key);
            let before = match &slot.counted {
                Counted::Absent => 0,
                Counted::Bytes(bytes) => contribution(&mut self.scratch, &key, bytes),
                Counted::Hash(hash) => *hash,
            };
            let bytes = slot.row.as_deref().map(|row| Bytes::from(codec::encode_row(row)));
            let after = bytes.as_ref().map(|bytes| contribution(&mut self.scratch, &key, bytes));
            self.sums.exchange(bucket, before, after.unwrap_or(0));
            slot.counted = after.map_or(Counted::Absent, Counted::Hash);
            slot.written = bytes.map_or(Written::Deletion, Written::Bytes);
            slot.dirty = false;
        }
        &self.sums
    }

    /// Adds what changed to a batch; answers the bytes of it.
    pub(super) fn write(&self, batch: &mut Batch) -> usize {
        let mut size: usize = 0;
        for (key, slot) in &self.slots {
            match &slot.written {
                Written::Nothing => {}
                Written::Bytes(bytes) => {
                    let key = keys::row(key);
                    size = size.saturating_add(key.len()).saturating_add(bytes.len());
                    batch.put(key, bytes.clone());
                }
                Written::Deletion => batch.delete(keys::row(key)),
            }
        }
        size
    }

    /// All rows touched.
    pub(super) fn into_slots(self) -> BTreeMap<RowKey, Slot> {
        self.slots
    }
}
