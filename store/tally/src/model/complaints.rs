//! What is true of complaints in every state.
//!
//! Invariant: complaints about a form are numbered without a gap from 1 to their count, no more than the bounds allow, and
//! those counted as open are those without an answer.

use crate::complaint::{COMPLAINTS_MAX, COMPLAINTS_OPEN_MAX, Complaints};
use crate::ids::ContestId;
use crate::region::StationCode;
use crate::row::{Row, RowKey};

use super::invariants::Source;

/// Whether the count knows of a complaint of that number.
pub(super) fn is_counted<S: Source>(rows: &S, contest: ContestId, station: StationCode, number: u32) -> bool {
    let counts = rows.row(&RowKey::Complaints(station, contest));
    matches!(counts.as_deref(), Some(Row::Complaints(counts)) if (1..=counts.all).contains(&number))
}

/// Whether all complaints that are counted are there, and as many of them without an answer.
pub(super) fn are_there<S: Source>(
    rows: &S,
    contest: ContestId,
    station: StationCode,
    counts: Complaints,
) -> bool {
    let known = rows.row(&RowKey::Tally(contest, station));
    let Some(Row::Tally(tally)) = known.as_deref() else { return false };
    if counts.all == 0 || counts.all > COMPLAINTS_MAX || counts.open > COMPLAINTS_OPEN_MAX {
        return false;
    }
    let mut open = 0_u32;
    for number in 1..=counts.all {
        let row = rows.row(&RowKey::Complaint(contest, station, number));
        let Some(Row::Complaint(complaint)) = row.as_deref() else { return false };
        if !(1..=tally.revision).contains(&complaint.revision) {
            return false;
        }
        open = open.saturating_add(u32::from(complaint.answer.is_none()));
    }
    open == counts.open
}
