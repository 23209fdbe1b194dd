//! `AnswerComplaint`: an official says what came of a complaint.
//!
//! Invariant: a complaint is answered once; what the answer leads to is a step on the form of its own, with its own
//! rights and its own line of history.

use crate::account::Role;
use crate::audit::AuditEvent;
use crate::complaint::{
    COMPLAINT_ANSWER_BYTES_MAX, Complaint, ComplaintAnswer, ComplaintReceipt, ComplaintVerdict, Complaints,
    text_allowed,
};
use crate::outcome::{ComplaintProblem, Outcome, Refusal};
use crate::row::{Row, RowKey};

use super::draft::{Case, Draft};
use super::rights::Caller;
use super::tallying::{Target, find};
use super::{Contradiction, Verdict};

/// What the command says.
pub(super) struct Answering<'a> {
    pub(super) number: u32,
    pub(super) verdict: ComplaintVerdict,
    pub(super) text: &'a str,
}

pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    target: Target,
    told: &Answering<'_>,
) -> Verdict {
    find(case, target)?;
    let Target { contest, station } = target;
    let Answering { number, verdict, text } = *told;
    let by = caller.station_step(Role::answers, station)?;
    let complaint = case.rows.complaint(contest, station, number)?.ok_or(Refusal::ComplaintUnknown)?;
    if complaint.answer.is_some() {
        return Err(Refusal::ComplaintAnswered.into());
    }
    if text.trim().is_empty() || !text_allowed(text, COMPLAINT_ANSWER_BYTES_MAX) {
        return Err(Refusal::InvalidComplaint(ComplaintProblem::Text).into());
    }
    let before = case.rows.complaints(station, contest)?.unwrap_or_default();
    let after = Complaints { open: before.open.checked_sub(1).ok_or(Contradiction::Underflow)?, ..before };
    let (at, index) = (case.now, case.place.index);
    let answer = ComplaintAnswer { verdict, text: text.into(), account: by.id, role: by.role, at, index };
    let answered = Complaint { answer: Some(answer), ..complaint.clone() };
    draft.put(RowKey::Complaint(contest, station, number), Row::Complaint(answered));
    draft.put(RowKey::Complaints(station, contest), Row::Complaints(after));
    draft.note(AuditEvent::ComplaintAnswered { contest, station, number, verdict });
    let (term, node) = (case.place.term, case.header.node);
    let verdict = Some(verdict);
    Ok(Outcome::Complained(ComplaintReceipt { contest, station, number, verdict, index, term, at, node }))
}
