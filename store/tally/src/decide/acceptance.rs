//! Accepting a form: what report and correction share once the station, the right and the revision are clear.
//!
//! Invariant: a form is accepted whole or refused whole. It is in bounds, every broken rule that wants a
//! confirmation has one with a reason, and any broken rule that holds keeps it out of the sums.

use alloc::vec::Vec;

use crate::account::{Account, Role};
use crate::command::{ATTACHMENTS_MAX, REASON_BYTES_MAX};
use crate::contest::Contest;
use crate::digest::form_digest;
use crate::outcome::{FormProblem, Refusal};
use crate::rules::{self, Flag, Severity};
use crate::station::{EventKind, Submission, Tally, TallyState};

use super::draft::{Case, Draft};
use super::tallying::{Found, Remarks, Step, Target, write};
use super::{Contradiction, Verdict};

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
    let &Found { contest, station } = found;
    possible(found, by, submission)?;
    let flags = rules::check(&submission.form, contest, station);
    confirmed(contest, submission, &flags)?;
    let held_by_hand = before.is_some_and(|tally| tally.held_by_hand);
    let held = held_by_hand || flags.iter().any(|flag| flag.severity == Severity::Hold);
    let revision = before.map_or(0, |tally| tally.revision).checked_add(1).ok_or(Contradiction::Overflow)?;
    let leaf_index = draft.ledger.leaves;
    draft.ledger.leaves = leaf_index.checked_add(1).ok_or(Contradiction::Overflow)?;
    let after = Tally {
        state: if held { TallyState::Held } else { TallyState::Reported },
        held_by_hand,
        revision,
        events: 0,
        form: submission.form.clone(),
        digest: form_digest(&submission.form, contest),
        flags,
        index: case.place.index,
        at: case.now,
    };
    let remarks = Remarks {
        confirm: submission.confirm,
        reason: submission.reason.clone(),
        attachments: submission.attachments.clone(),
        observed_at: submission.observed_at,
        count_kind: submission.count_kind,
    };
    let kind = if before.is_some() { EventKind::Correction } else { EventKind::Report };
    let target = Target { contest: contest.id, station: station.code };
    Ok(write(
        case,
        draft,
        target,
        contest.options.len(),
        Step { kind, by, before, after, leaf_index, remarks },
    )?)
}

/// Refuses what no paper can say (R03) and what may not be left out.
fn possible(found: &Found<'_>, by: &Account, submission: &Submission) -> Result<(), Refusal> {
    let &Found { contest, station } = found;
    let form = &submission.form;
    let mut problems = Vec::new();
    if form.votes.len() != contest.options.len() {
        problems.push(FormProblem::OptionsDiffer);
    }
    if by.role == Role::Officer && !contest.partial_forms {
        problems.extend(form.parts_missing().map(FormProblem::PartMissing));
    }
    if submission.reason.as_ref().is_some_and(|reason| reason.len() > REASON_BYTES_MAX) {
        problems.push(FormProblem::ReasonTooLong);
    }
    if submission.attachments.len() > ATTACHMENTS_MAX {
        problems.push(FormProblem::TooManyAttachments);
    }
    problems.extend(rules::bounds::check(form, station.kind).take(PROBLEMS_MAX));
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
