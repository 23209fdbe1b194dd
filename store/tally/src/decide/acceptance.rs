//! Accepting a form: what report and correction share once the station, the right and the revision are clear.
//!
//! Invariant: a form is accepted whole or refused whole. It is in bounds, every broken rule that wants a
//! confirmation has one with a reason, and any broken rule that holds keeps it out of the sums.

use alloc::vec::Vec;

use crate::account::{Account, Role};
use crate::command::{ATTACHMENTS_MAX, REASON_BYTES_MAX};
use crate::contest::Contest;
use crate::digest::form_digest;
use crate::form::{Field, Form};
use crate::ids::{AccountId, AttachmentId, FormDigest};
use crate::neighbourhood::{NeighbourForm, Neighbourhood};
use crate::outcome::{FormProblem, Refusal};
use crate::region::StationCode;
use crate::row::{Row, RowKey};
use crate::rules::{self, Circumstances, Flag, LARGE_CHANGE, Severity};
use crate::station::{EventKind, Reading, Readings, Submission, Tally, TallyState};

use super::draft::{Case, Draft};
use super::tallying::{Found, Remarks, Step, Target, write};
use super::{Contradiction, DecideError, Verdict};

/// Most problems that one refusal names; it is remembered, so it must stay small.
const PROBLEMS_MAX: usize = 32;

pub(super) fn accept(
    case: &Case<'_>,
    draft: &mut Draft,
    found: &Found<'_>,
    by: &Account,
    before: Option<&Tally>,
    submission: &Submission,
) -> Verdict {
    possible(found, by, submission)?;
    let neighbours = case.rows.neighbourhood(found.contest.id, found.station.code.village())?;
    let nobody = Neighbourhood::default();
    let digest = form_digest(&submission.form, found.contest);
    let neighbour = NeighbourForm::of(found.station.code, &submission.form, &digest);
    let circumstances = Circumstances {
        neighbours: Some(neighbours.unwrap_or(&nobody)),
        likeness: neighbour.likeness,
        before,
        photo_elsewhere: photo_elsewhere(case, found.station.code, &submission.attachments)?,
        received_at: Some(case.now),
        observed_at: submission.observed_at,
    };
    let flags = rules::check_in(&submission.form, found.contest, found.station, circumstances);
    confirmed(found.contest, submission, &flags)?;
    reasoned(found.contest, before, submission)?;
    let remarks = Remarks {
        confirm: submission.confirm,
        reason: submission.reason.clone(),
        attachments: submission.attachments.clone(),
        observed_at: submission.observed_at,
        count_kind: submission.count_kind,
        ..Remarks::default()
    };
    let accepted = Accepted {
        form: submission.form.clone(),
        digest,
        flags,
        author: by.id,
        readings: Readings::One,
        neighbour,
    };
    store(case, draft, found, by, (before, accepted, remarks))
}

/// A second reading that a third one equals.
pub(super) struct Acceptance<'a> {
    pub(super) before: &'a Tally,
    pub(super) second: &'a Reading,
    /// Boxes in which it differs from the form.
    pub(super) differences: Vec<Field>,
}

/// Puts a reading in the form's place that two accounts share. Broken rules are confirmed by that: both read them so.
pub(super) fn accept_reading(
    case: &Case<'_>,
    draft: &mut Draft,
    found: &Found<'_>,
    by: &Account,
    acceptance: Acceptance<'_>,
) -> Verdict {
    let Acceptance { before, second, differences } = acceptance;
    let neighbours = case.rows.neighbourhood(found.contest.id, found.station.code.village())?;
    let neighbour = NeighbourForm::of(found.station.code, &second.form, &second.digest);
    let circumstances = Circumstances {
        neighbours,
        likeness: neighbour.likeness,
        before: Some(before),
        received_at: Some(case.now),
        ..Circumstances::default()
    };
    let flags = rules::check_in(&second.form, found.contest, found.station, circumstances);
    let confirm = flags.iter().filter(|flag| flag.severity == Severity::Confirm).map(|flag| flag.rule);
    let remarks = Remarks { confirm: confirm.collect(), differences, ..Remarks::default() };
    let (form, digest, author) = (second.form.clone(), second.digest, second.account);
    let accepted = Accepted { form, digest, flags, author, readings: Readings::Agreed, neighbour };
    store(case, draft, found, by, (Some(before), accepted, remarks))
}

/// A form that passed.
struct Accepted {
    form: Form,
    digest: FormDigest,
    flags: Vec<Flag>,
    author: AccountId,
    readings: Readings,
    neighbour: NeighbourForm,
}

/// Gives an accepted form its revision and writes it.
fn store(
    case: &Case<'_>,
    draft: &mut Draft,
    found: &Found<'_>,
    by: &Account,
    (before, accepted, remarks): (Option<&Tally>, Accepted, Remarks),
) -> Verdict {
    let &Found { contest, station } = found;
    let revision = before.map_or(0, |tally| tally.revision).checked_add(1).ok_or(Contradiction::Overflow)?;
    let leaf_index = draft.ledger.leaves;
    draft.ledger.leaves = leaf_index.checked_add(1).ok_or(Contradiction::Overflow)?;
    let Accepted { form, digest, flags, author, readings, neighbour } = accepted;
    // Where two readers agreed nobody else has to approve what they put in the form's place.
    let large_change = flags.iter().any(|flag| flag.rule == LARGE_CHANGE);
    let approval_pending = large_change && readings == Readings::One;
    let after = Tally {
        state: TallyState::Reported,
        held_by_hand: before.is_some_and(|tally| tally.held_by_hand),
        held_by_rule: flags.iter().any(|flag| flag.severity == Severity::Hold),
        readings,
        certified: None,
        approval_pending,
        author,
        revision,
        events: 0,
        form,
        digest,
        flags,
        index: case.place.index,
        at: case.now,
    };
    let village = station.code.village();
    let neighbourhood = case.rows.neighbourhood(contest.id, village)?.cloned().unwrap_or_default();
    let neighbourhood = neighbourhood.with(neighbour);
    draft.put(RowKey::Neighbourhood(contest.id, village), Row::Neighbourhood(neighbourhood));
    let kind = if before.is_some() { EventKind::Correction } else { EventKind::Report };
    let target = Target { contest: contest.id, station: station.code };
    let step = Step { kind, by, before, after: after.settled(), leaf_index, remarks };
    Ok(write(case, draft, target, contest.options.len(), step)?)
}

/// Whether a photo was named for another station before (R26).
fn photo_elsewhere(
    case: &Case<'_>,
    station: StationCode,
    named: &[AttachmentId],
) -> Result<bool, DecideError> {
    for attachment in named {
        if case.rows.attachment(*attachment)?.is_some_and(|first| first.station != station) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Refuses a correction that does not say why, where the contest wants that.
fn reasoned(contest: &Contest, before: Option<&Tally>, submission: &Submission) -> Result<(), Refusal> {
    let wanted = contest.reason_required || before.is_some_and(|before| before.certified.is_some());
    let given = submission.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    if before.is_none() || !wanted || given {
        return Ok(());
    }
    Err(Refusal::ConfirmationRequired { flags: Vec::new(), reason_missing: true, photo_missing: false })
}

/// Refuses what no paper can say (R03) and what may not be left out.
fn possible(found: &Found<'_>, by: &Account, submission: &Submission) -> Result<(), Refusal> {
    let mut problems = form_problems(found, by, &submission.form);
    if submission.reason.as_ref().is_some_and(|reason| reason.len() > REASON_BYTES_MAX) {
        problems.push(FormProblem::ReasonTooLong);
    }
    if submission.attachments.len() > ATTACHMENTS_MAX {
        problems.push(FormProblem::TooManyAttachments);
    }
    none_of(problems)
}

/// Refuses a reading that no paper can say.
pub(super) fn possible_form(found: &Found<'_>, by: &Account, form: &Form) -> Result<(), Refusal> {
    none_of(form_problems(found, by, form))
}

fn form_problems(found: &Found<'_>, by: &Account, form: &Form) -> Vec<FormProblem> {
    let &Found { contest, station } = found;
    let mut problems = Vec::new();
    if form.votes.len() != contest.options.len() {
        problems.push(FormProblem::OptionsDiffer);
    }
    if matches!(by.role, Role::Officer | Role::Reviewer) && !contest.partial_forms {
        problems.extend(form.parts_missing().map(FormProblem::PartMissing));
    }
    problems.extend(rules::bounds::check(form, station.kind).take(PROBLEMS_MAX));
    problems
}

fn none_of(mut problems: Vec<FormProblem>) -> Result<(), Refusal> {
    problems.truncate(PROBLEMS_MAX);
    if problems.is_empty() { Ok(()) } else { Err(Refusal::InvalidForm(problems)) }
}

/// Refuses broken rules that want a confirmation and lack it, or its reason, or its photo. All flags are
/// told, so that the officer sees at once what will happen.
fn confirmed(contest: &Contest, submission: &Submission, flags: &[Flag]) -> Result<(), Refusal> {
    let mut wanting = flags.iter().filter(|flag| flag.severity == Severity::Confirm).peekable();
    if wanting.peek().is_none() {
        return Ok(());
    }
    let unconfirmed = !wanting.all(|flag| submission.confirm.contains(flag.rule));
    let reason = submission.reason.as_deref().unwrap_or("");
    let reason_missing = !unconfirmed && reason.trim().is_empty();
    let photo_missing = !unconfirmed && contest.photo_required && submission.attachments.is_empty();
    if unconfirmed || reason_missing || photo_missing {
        return Err(Refusal::ConfirmationRequired { flags: flags.to_vec(), reason_missing, photo_missing });
    }
    Ok(())
}
