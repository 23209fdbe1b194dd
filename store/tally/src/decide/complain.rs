//! Complain: anybody says that a station's form is wrong.
//!
//! Invariant: nothing of it touches the form, its history or a sum, so that the public's voice changes what is said of a
//! number and never the number.

use crate::audit::AuditEvent;
use crate::complaint::{
    COMPLAINT_BYTES_MAX, Complaint, ComplaintKind, ComplaintReceipt, Complaints, NewComplaint, text_allowed,
};
use crate::form::Field;
use crate::outcome::{ComplaintProblem, Outcome, Refusal};
use crate::row::{Row, RowKey};

use super::draft::{Case, Draft};
use super::rights::Caller;
use super::tallying::{Found, TargetRevision, current, find};
use super::{Contradiction, Verdict};

pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    seen: TargetRevision,
    told: &NewComplaint,
) -> Verdict {
    let found = find(case, seen.target)?;
    caller.complains()?;
    // Whoever saw an older form looks at the new one first: it may be right by now.
    current(case, seen)?;
    let (contest, station) = (seen.target.contest, seen.target.station);
    let before = case.rows.complaints(station, contest)?.unwrap_or_default();
    if !before.has_room() {
        return Err(Refusal::ComplaintsFull.into());
    }
    possible(&found, told)?;
    let number = before.all.checked_add(1).ok_or(Contradiction::Overflow)?;
    let after = Complaints { all: number, open: before.open.checked_add(1).ok_or(Contradiction::Overflow)? };
    let complaint = Complaint {
        revision: seen.revision,
        kind: told.kind,
        field: told.field,
        read: told.read,
        text: told.text.clone(),
        at: case.now,
        index: case.place.index,
        answer: None,
    };
    draft.put(RowKey::Complaint(contest, station, number), Row::Complaint(complaint));
    draft.put(RowKey::Complaints(station, contest), Row::Complaints(after));
    draft.note(AuditEvent::Complained { contest, station, number, kind: told.kind });
    Ok(Outcome::Complained(ComplaintReceipt {
        contest,
        station,
        number,
        verdict: None,
        index: case.place.index,
        term: case.place.term,
        at: case.now,
        node: case.header.node,
    }))
}

/// Whether it can be said of a form of that contest at that station.
fn possible(found: &Found<'_>, told: &NewComplaint) -> Result<(), Refusal> {
    let silent = told.kind == ComplaintKind::Other && told.text.trim().is_empty();
    let problem = if silent || !text_allowed(&told.text, COMPLAINT_BYTES_MAX) {
        Some(ComplaintProblem::Text)
    } else if told.field.is_some_and(|field| !stands_on(field, found.contest.options.len())) {
        Some(ComplaintProblem::Field)
    } else if told.read.is_some_and(|read| told.field.is_none() || read > found.station.kind.count_max()) {
        Some(ComplaintProblem::Count)
    } else {
        None
    };
    problem.map_or(Ok(()), |problem| Err(Refusal::InvalidComplaint(problem)))
}

/// Whether the form of a contest with so many options has such a box.
fn stands_on(field: Field, options: usize) -> bool {
    field.fixed_pointer().is_some() || field.option_position().is_some_and(|position| position < options)
}
