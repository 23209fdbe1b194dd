//! Complaints: those about one form, and those of a region that wait for an answer.
//!
//! Invariant: a page of a region never splits a form's complaints, and looks at a bounded number of forms; what it leaves
//! out it says by the place to go on after.

use std::ops::ControlFlow;

use tally::complaint::{Complaint, Complaints};
use tally::ids::ContestId;
use tally::region::{RegionCode, StationCode};
use tally::row::{Row, RowKey};

use super::View;
use crate::StoreError;
use crate::engine::Engine;

/// Most forms with complaints that one page looks at: answered ones stay among them for ever.
const FORMS_MAX: usize = 10_000;

/// A form that complaints are about: station and contest, in the order of the keys.
pub type ComplaintPlace = (StationCode, ContestId);

/// One page of complaints that wait for an answer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OpenComplaints {
    /// Where each stands, its number there, and what it says.
    pub complaints: Vec<(ComplaintPlace, u32, Complaint)>,
    /// Where the next page goes on; none at the end.
    pub next: Option<ComplaintPlace>,
}

impl<E: Engine> View<E> {
    /// The complaints about a form with their numbers, oldest first.
    pub fn complaints(
        &self,
        contest: &ContestId,
        station: StationCode,
    ) -> Result<Vec<(u32, Complaint)>, StoreError> {
        let mut found = Vec::new();
        let first = RowKey::Complaint(*contest, station, 0);
        self.rows(&first, &RowKey::Complaint(*contest, station, u32::MAX), |key, row| {
            if let (RowKey::Complaint(_, _, number), Row::Complaint(complaint)) = (key, row) {
                found.push((number, complaint));
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// How many complaints about a form there are.
    pub fn complaint_counts(
        &self,
        contest: &ContestId,
        station: StationCode,
    ) -> Result<Complaints, StoreError> {
        Ok(match self.row(&RowKey::Complaints(station, *contest))? {
            Some(Row::Complaints(counts)) => counts,
            _ => Complaints::default(),
        })
    }

    /// Complaints of a region that wait for an answer, by station and contest, after a place: those of whole forms until
    /// there are `limit` or more.
    pub fn open_complaints(
        &self,
        region: RegionCode,
        after: Option<ComplaintPlace>,
        limit: usize,
    ) -> Result<OpenComplaints, StoreError> {
        let Some((first, last)) = region.station_range() else { return Ok(OpenComplaints::default()) };
        let first = after.map_or((first, ContestId::FIRST), |after| after.max((first, ContestId::FIRST)));
        if first.0 > last {
            return Ok(OpenComplaints::default());
        }
        let (mut places, mut open, mut looked) = (Vec::new(), 0_usize, 0_usize);
        let (mut last_seen, mut next) = (None, None);
        let end = RowKey::Complaints(last, ContestId::LAST);
        self.rows(&RowKey::Complaints(first.0, first.1), &end, |key, row| {
            let (RowKey::Complaints(station, contest), Row::Complaints(counts)) = (key, row) else {
                return ControlFlow::Continue(());
            };
            let place = (station, contest);
            if after == Some(place) {
                return ControlFlow::Continue(());
            }
            if open >= limit || looked >= FORMS_MAX {
                next = last_seen;
                return ControlFlow::Break(());
            }
            looked = looked.saturating_add(1);
            last_seen = Some(place);
            if counts.open > 0 {
                open = open.saturating_add(usize::try_from(counts.open).unwrap_or(usize::MAX));
                places.push(place);
            }
            ControlFlow::Continue(())
        })?;
        let mut complaints = Vec::with_capacity(open);
        for place in places {
            let (station, contest) = place;
            let all = self.complaints(&contest, station)?;
            let waiting = all.into_iter().filter(|(_, complaint)| complaint.answer.is_none());
            complaints.extend(waiting.map(|(number, complaint)| (place, number, complaint)));
        }
        Ok(OpenComplaints { complaints, next })
    }
}
