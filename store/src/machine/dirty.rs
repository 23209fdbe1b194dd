//! What the publisher has to render again.

use std::collections::BTreeSet;

use tally::ids::ContestId;
use tally::region::RegionCode;
use tally::row::RowKey;

/// Most regions that are named one by one.
const REGIONS_MAX: usize = 20_000;

/// Regions whose sums changed, or in which something is said of a form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Dirty {
    /// These.
    Regions(BTreeSet<(ContestId, RegionCode)>),
    /// Too many to name, or master data changed: everything.
    All,
}

impl Default for Dirty {
    fn default() -> Self {
        Self::Regions(BTreeSet::new())
    }
}

impl Dirty {
    /// Adds what a changed row makes out of date.
    pub(super) fn add(&mut self, key: &RowKey) {
        let Self::Regions(regions) = self else { return };
        match key {
            RowKey::Aggregate(contest, region) => {
                regions.insert((*contest, *region));
            }
            // The page of a station is looked at with its village; the village's own is told apart by its version.
            RowKey::Complaints(station, contest) => {
                regions.insert((*contest, station.village()));
            }
            RowKey::Region(_) | RowKey::Station(_) | RowKey::Contest(_) => *self = Self::All,
            // Forms and events change sums, or at least the version of them, in the same round.
            RowKey::Ledger
            | RowKey::Account(_)
            | RowKey::Username(_)
            | RowKey::Session(_)
            | RowKey::Tally(..)
            | RowKey::Event(..)
            | RowKey::Change(..)
            | RowKey::Request(..)
            | RowKey::RequestQueue(_)
            | RowKey::Attachment(_)
            | RowKey::Neighbourhood(..)
            | RowKey::Audit(..)
            | RowKey::Epoch(_)
            | RowKey::Complaint(..) => {}
        }
        if matches!(self, Self::Regions(regions) if regions.len() > REGIONS_MAX) {
            *self = Self::All;
        }
    }
}
