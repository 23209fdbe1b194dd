//! The whole state as one sorted map in memory: the oracle of tests, of chaos and of `rakit fsck`.
//!
//! Invariant: the model knows no rule. It loads footprints, asks for decisions and writes effects, as the
//! store does; what is true of all states is said once, in [`invariants`], and worked out anew in [`recount`].

mod complaints;
pub mod invariants;
pub mod recount;
mod violation;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::aggregate::Aggregate;
use crate::command::{Header, Item, Proposal};
use crate::decide::{Contradiction, DecideError, Place, decide};
use crate::footprint::{footprint, footprint_more};
use crate::ids::ContestId;
use crate::outcome::Answer;
use crate::region::{RegionCode, StationCode};
use crate::row::{Effect, Ledger, MissingRow, Row, RowKey, WorkingSet};
use crate::station::Tally;

use invariants::Violation;

/// The rows of a state.
pub type Rows = BTreeMap<RowKey, Row>;

/// A state in memory.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Model {
    rows: Rows,
}

impl Model {
    /// A state of given rows.
    #[must_use]
    pub const fn new(rows: Rows) -> Self {
        Self { rows }
    }

    /// All rows.
    #[must_use]
    pub const fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Puts a row in place, as damage or a fixture would.
    pub fn put(&mut self, key: RowKey, row: Row) {
        self.rows.insert(key, row);
    }

    /// Applies a log entry, item by item; each sees what the ones before it did. An error is a bug or a
    /// damaged state, and leaves the items before it applied.
    pub fn apply(&mut self, proposal: &Proposal, index: u64, term: u64) -> Result<Vec<Answer>, DecideError> {
        let places = (0..=u16::MAX).map(|item| Place { index, term, item });
        if proposal.items.len() > usize::from(u16::MAX) {
            return Err(Contradiction::Overflow.into());
        }
        places
            .zip(&proposal.items)
            .map(|(place, item)| self.apply_item(place, &proposal.header, item))
            .collect()
    }

    fn apply_item(&mut self, place: Place, header: &Header, item: &Item) -> Result<Answer, DecideError> {
        let rows = self.working_set(header, item)?;
        let decision = decide(&rows, &place, header, item)?;
        for effect in decision.effects {
            match effect {
                Effect::Put(key, row) => self.rows.insert(key, row),
                Effect::Delete(key) => self.rows.remove(&key),
            };
        }
        Ok(decision.answer)
    }

    /// The rows that an item's decision reads, and no others: what is missing there is a bug, and shows.
    pub fn working_set(&self, header: &Header, item: &Item) -> Result<WorkingSet, MissingRow> {
        let mut rows = WorkingSet::default();
        let mut keys = footprint(&self.ledger(), header, item);
        while !keys.is_empty() {
            for key in keys {
                let row = self.rows.get(&key).cloned();
                rows.insert(key, row);
            }
            keys = footprint_more(&rows, header, item)?;
        }
        Ok(rows)
    }

    /// The ledger; of a new history the default.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        match self.rows.get(&RowKey::Ledger) {
            Some(Row::Ledger(ledger)) => ledger.clone(),
            _ => Ledger::default(),
        }
    }

    /// The current form of a station.
    #[must_use]
    pub fn tally(&self, contest: ContestId, station: StationCode) -> Option<&Tally> {
        match self.rows.get(&RowKey::Tally(contest, station)) {
            Some(Row::Tally(tally)) => Some(tally),
            _ => None,
        }
    }

    /// The kept sums of a region.
    #[must_use]
    pub fn aggregate(&self, contest: ContestId, region: RegionCode) -> Option<&Aggregate> {
        match self.rows.get(&RowKey::Aggregate(contest, region)) {
            Some(Row::Aggregate(aggregate)) => Some(aggregate),
            _ => None,
        }
    }

    /// What is wrong with the state; nothing, if all is well.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        invariants::violations(&self.rows)
    }
}
