//! Rows that stay decoded between rounds: those that nearly every form reads.
//!
//! Invariant: a row here is what the database holds after the last round that was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use tally::contest::Contest;
use tally::ids::ContestId;
use tally::region::Level;
use tally::row::{Row, RowKey};

use super::round::Slot;

/// Most rows kept. 7,277 districts, 514 regencies, 38 provinces and the nation of two contests fit; when more
/// come, all are dropped and loaded again as they are needed.
const ROWS_MAX: usize = 20_000;

/// All contests, by id.
pub(super) type Contests = Arc<BTreeMap<ContestId, Arc<Contest>>>;

/// See the module.
#[derive(Default)]
pub(super) struct Hot {
    rows: BTreeMap<RowKey, Slot>,
    pub(super) contests: Contests,
}

fn kept(key: &RowKey) -> bool {
    match key {
        RowKey::Ledger | RowKey::Contest(_) | RowKey::Account(_) | RowKey::Session(_) => true,
        RowKey::Aggregate(_, region) => region.level() != Level::Village,
        RowKey::Region(_)
        | RowKey::Station(_)
        | RowKey::Username(_)
        | RowKey::Tally(..)
        | RowKey::Event(..)
        | RowKey::Change(..)
        | RowKey::Request(..)
        | RowKey::RequestQueue(_)
        | RowKey::Attachment(_)
        | RowKey::Neighbourhood(..)
        | RowKey::Audit(..)
        | RowKey::Epoch(_)
        | RowKey::Complaint(..)
        | RowKey::Complaints(..) => false,
    }
}

impl Hot {
    pub(super) fn new(contests: Contests) -> Self {
        Self { rows: BTreeMap::new(), contests }
    }

    pub(super) fn get(&self, key: &RowKey) -> Option<&Slot> {
        self.rows.get(key)
    }

    /// Takes over what a written round knows.
    pub(super) fn keep(&mut self, round: BTreeMap<RowKey, Slot>) {
        if self.rows.len().saturating_add(round.len()) > ROWS_MAX {
            self.rows.clear();
        }
        for (key, slot) in round {
            if let (RowKey::Contest(id), true) = (&key, slot.changed()) {
                let contests = Arc::make_mut(&mut self.contests);
                match slot.row() {
                    Some(Row::Contest(contest)) => contests.insert(*id, Arc::new(contest.clone())),
                    _ => contests.remove(id),
                };
            }
            if kept(&key) {
                self.rows.insert(key, slot.settled());
            }
        }
    }
}
