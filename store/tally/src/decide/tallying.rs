//! What every step on a form shares: finding the station and its form, and writing an event with all that
//! follows from it.
//!
//! Invariant: a form's row, its event, its place in the change feed and the sums above it change together.

use alloc::string::String;
use alloc::vec::Vec;

use crate::account::Account;
use crate::command::REASON_BYTES_MAX;
use crate::contest::Contest;
use crate::form::{Field, Form};
use crate::ids::{AttachmentId, ContestId, LogTime};
use crate::outcome::{FormProblem, Outcome, Refusal};
use crate::region::Level;
use crate::region::StationCode;
use crate::row::{Change, Row, RowKey};
use crate::rules::RuleSet;
use crate::station::{CountKind, Event, EventKind, Station, Tally};

use super::draft::{Case, Draft};
use super::{Contradiction, DecideError, Stop, request, sums};

/// The station and contest that a command is about.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) contest: ContestId,
    pub(super) station: StationCode,
}

/// The same, with the revision that the caller saw.
#[derive(Clone, Copy)]
pub(super) struct TargetRevision {
    pub(super) target: Target,
    pub(super) revision: u32,
}

impl Target {
    pub(super) const fn at(self, revision: u32) -> TargetRevision {
        TargetRevision { target: self, revision }
    }
}

/// The rows behind a target: both exist and belong together (R01).
pub(super) struct Found<'a> {
    pub(super) contest: &'a Contest,
    pub(super) station: &'a Station,
}

pub(super) fn find<'a>(case: &Case<'a>, target: Target) -> Result<Found<'a>, Stop> {
    let contest = case.rows.contest(target.contest)?.ok_or(Refusal::ContestUnknown)?;
    let station = case.rows.station(target.station)?.ok_or(Refusal::StationUnknown)?;
    if !contest.held_at(target.station) {
        return Err(Refusal::ContestNotHeld.into());
    }
    Ok(Found { contest, station })
}

/// The current form, if it is still the one that the caller saw (R04).
pub(super) fn current<'a>(case: &Case<'a>, seen: TargetRevision) -> Result<&'a Tally, Stop> {
    let tally = case.rows.tally(seen.target.contest, seen.target.station)?;
    let stale = Refusal::StaleRevision {
        current_revision: tally.map_or(0, |tally| tally.revision),
        digest: tally.map(|tally| tally.digest),
    };
    tally.filter(|tally| tally.revision == seen.revision).ok_or(Stop::Refused(stale))
}

/// The form does not let that step be taken.
pub(super) fn state_forbids(tally: &Tally) -> Stop {
    Refusal::InvalidState { state: tally.state, current_revision: tally.revision }.into()
}

/// A reason for a hold or a release: asked for by the contract, so an empty one is refused.
pub(super) fn reason_given(reason: &str) -> Result<(), Refusal> {
    if reason.len() > REASON_BYTES_MAX {
        return Err(Refusal::InvalidForm([FormProblem::ReasonTooLong].into()));
    }
    if reason.trim().is_empty() {
        return Err(Refusal::ConfirmationRequired {
            flags: Vec::new(),
            reason_missing: true,
            photo_missing: false,
        });
    }
    Ok(())
}

/// What is told beside a step and only kept.
#[derive(Default)]
pub(super) struct Remarks {
    pub(super) confirm: RuleSet,
    pub(super) reason: Option<String>,
    pub(super) attachments: Vec<AttachmentId>,
    pub(super) observed_at: Option<LogTime>,
    pub(super) count_kind: CountKind,
    pub(super) reading: Option<Form>,
    pub(super) differences: Vec<Field>,
    pub(super) level: Option<Level>,
}

/// A step that was allowed: the form before it and the form after it.
///
/// `after` is complete but for `events`, `index` and `at`, which [`write`] fills in.
pub(super) struct Step<'a> {
    pub(super) kind: EventKind,
    pub(super) by: &'a Account,
    pub(super) before: Option<&'a Tally>,
    pub(super) after: Tally,
    pub(super) leaf_index: u64,
    pub(super) remarks: Remarks,
}

/// Writes a step: the form's row, its event, the change feed and the sums of all regions above.
pub(super) fn write(
    case: &Case<'_>,
    draft: &mut Draft,
    target: Target,
    options: usize,
    step: Step<'_>,
) -> Result<Outcome, DecideError> {
    let Target { contest, station } = target;
    let Step { kind, by, before, mut after, leaf_index, remarks } = step;
    let sequence = before.map_or(0, |tally| tally.events).checked_add(1).ok_or(Contradiction::Overflow)?;
    after.events = sequence;
    after.index = case.place.index;
    after.at = case.now;
    let carries_form = matches!(kind, EventKind::Report | EventKind::Correction);
    let event = Event {
        kind,
        revision: after.revision,
        state: after.state,
        account: by.id,
        role: by.role,
        at: case.now,
        index: case.place.index,
        term: case.place.term,
        item: case.place.item,
        node: case.header.node,
        leaf_index,
        digest: after.digest,
        form: carries_form.then(|| after.form.clone()),
        flags: if carries_form { after.flags.clone() } else { Vec::new() },
        confirm: remarks.confirm,
        reason: remarks.reason,
        attachments: remarks.attachments,
        observed_at: remarks.observed_at,
        count_kind: remarks.count_kind,
        reading: remarks.reading,
        differences: remarks.differences,
        level: remarks.level,
    };
    sums::replace(case, draft, target, options, before, &after)?;
    let outcome = request::tallied(contest, station, &event);
    let change = Change { contest, station, event: sequence };
    for attachment in &event.attachments {
        // The first event to name it stays the one that is told.
        if case.rows.attachment(*attachment)?.is_none() {
            draft.put(RowKey::Attachment(*attachment), Row::Attachment(change));
        }
    }
    draft.put(RowKey::Change(case.place.index, case.place.item), Row::Change(change));
    draft.put(RowKey::Event(contest, station, sequence), Row::Event(event));
    draft.put(RowKey::Tally(contest, station), Row::Tally(after));
    Ok(outcome)
}

/// Changes nothing but what is known of a form: its state follows.
pub(super) fn restate(
    case: &Case<'_>,
    draft: &mut Draft,
    target: Target,
    options: usize,
    by: &Account,
    change: StateChange<'_>,
) -> Result<Outcome, DecideError> {
    let StateChange { kind, before, after, remarks } = change;
    let last = case.rows.event(target.contest, target.station, before.events)?;
    let leaf_index = last.ok_or(Contradiction::LastEvent)?.leaf_index;
    let step = Step { kind, by, before: Some(before), after: after.settled(), leaf_index, remarks };
    write(case, draft, target, options, step)
}

/// What becomes known of a form.
pub(super) struct StateChange<'a> {
    pub(super) kind: EventKind,
    pub(super) before: &'a Tally,
    pub(super) after: Tally,
    pub(super) remarks: Remarks,
}

impl Remarks {
    /// Nothing but why.
    pub(super) fn because(reason: &str) -> Self {
        Self { reason: Some(reason.into()), ..Self::default() }
    }
}
