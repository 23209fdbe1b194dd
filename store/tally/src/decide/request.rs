//! The memory of requests: what makes a retry have one effect and one answer (promise P2).
//!
//! Invariant: a key is known from the first decision on it until both limits below are passed, and the queue
//! holds exactly the known keys, in the order they came, without a gap.

use core::ops::Range;

use crate::command::{Header, Item, RequestIdentity};
use crate::ids::LogTime;
use crate::outcome::{Answer, Outcome, Refusal};
use crate::row::{
    Ledger, MissingRow, QueuedRequest, RememberedAnswer, RequestRecord, Row, RowKey, WorkingSet,
};
use crate::station::{Event, EventKind, Receipt};

use super::draft::{Case, Draft};
use super::{Contradiction, DecideError};

/// A key lives at least this long, in milliseconds of log time: 48 hours.
pub const REQUEST_AGE_MS_MIN: u64 = 48 * 60 * 60 * 1000;
/// A key lives until at least this many newer requests were remembered.
pub const REQUESTS_KEPT_MIN: u64 = 1_000_000;
/// Most requests that one decision forgets. More than one, so that the queue shrinks back after a burst.
pub const REQUESTS_EXPIRED_MAX: u64 = 4;

/// Sequences at the head of the queue that are old enough by number; their age is asked of their rows.
pub(crate) fn expirable(ledger: &Ledger) -> Range<u64> {
    // The newest request has sequence `requests_next - 1`; so many must be newer than an expirable one.
    let end = ledger.requests_next.saturating_sub(REQUESTS_KEPT_MIN);
    let first = ledger.requests_first;
    first..end.min(first.saturating_add(REQUESTS_EXPIRED_MAX)).max(first)
}

/// What is remembered under the item's key.
pub(crate) fn record<'rows>(
    rows: &'rows WorkingSet,
    header: &Header,
    item: &Item,
) -> Result<Option<&'rows RequestRecord>, MissingRow> {
    let Some(request) = &item.request else {
        return Ok(None);
    };
    rows.request(header.principal.account(), request.key)
}

/// The answer to a request whose key is known: the first one again, or a mismatch.
pub(super) fn known_answer(case: &Case<'_>, item: &Item) -> Result<Option<Answer>, DecideError> {
    let Some(request) = &item.request else {
        return Ok(None);
    };
    let Some(record) = record(case.rows, case.header, item)? else {
        return Ok(None);
    };
    if record.fingerprint != request.fingerprint {
        return Ok(Some(Answer { outcome: Outcome::Refused(Refusal::IdempotencyMismatch), replay: false }));
    }
    let outcome = match &record.answer {
        RememberedAnswer::Outcome(outcome) => outcome.clone(),
        RememberedAnswer::Event(change) => {
            let event = case.rows.event(change.contest, change.station, change.event)?;
            let event = event.ok_or(Contradiction::RememberedEvent)?;
            tallied(change.contest, change.station, event)
        }
    };
    Ok(Some(Answer { outcome, replay: true }))
}

/// The outcome that an event was told with, rebuilt from it alone.
pub(super) fn tallied(
    contest: crate::ids::ContestId,
    station: crate::region::StationCode,
    event: &Event,
) -> Outcome {
    Outcome::Tallied {
        receipt: Receipt {
            contest,
            station,
            revision: event.revision,
            index: event.index,
            term: event.term,
            at: event.at,
            digest: event.digest,
            leaf_index: event.leaf_index,
            node: event.node,
        },
        state: event.state,
        flags: event.flags.clone(),
        first: event.kind == EventKind::Report,
        differences: event.differences.clone(),
    }
}

/// Remembers what was answered under the request's key. Unauthenticated is not: whoever signs in again with
/// the same request at hand must get through.
pub(super) fn remember(
    case: &Case<'_>,
    draft: &mut Draft,
    request: &RequestIdentity,
    outcome: &Outcome,
) -> Result<(), DecideError> {
    if matches!(outcome, Outcome::Refused(Refusal::Unauthenticated)) {
        return Ok(());
    }
    let answer = draft
        .change(case.place)
        .map_or_else(|| RememberedAnswer::Outcome(outcome.clone()), RememberedAnswer::Event);
    let sequence = draft.ledger.requests_next;
    draft.ledger.requests_next = sequence.checked_add(1).ok_or(Contradiction::Overflow)?;
    let account = case.header.principal.account();
    let record = RequestRecord { fingerprint: request.fingerprint, sequence, answer };
    let queued = QueuedRequest { account, key: request.key, at: case.now };
    draft.put(RowKey::Request(account, request.key), Row::Request(record));
    draft.put(RowKey::RequestQueue(sequence), Row::RequestQueue(queued));
    Ok(())
}

/// Forgets a few requests that are past both limits, oldest first. `before` is the ledger the footprint saw.
pub(super) fn expire(case: &Case<'_>, before: &Ledger, draft: &mut Draft) -> Result<(), DecideError> {
    for sequence in expirable(before) {
        let queued = case.rows.queued_request(sequence)?.ok_or(Contradiction::RequestQueueGap)?;
        if !expired(queued.at, case.now) {
            break;
        }
        draft.delete(RowKey::Request(queued.account, queued.key));
        draft.delete(RowKey::RequestQueue(sequence));
        draft.ledger.requests_first = sequence.checked_add(1).ok_or(Contradiction::Overflow)?;
    }
    Ok(())
}

const fn expired(at: LogTime, now: LogTime) -> bool {
    now.0.saturating_sub(at.0) > REQUEST_AGE_MS_MIN
}
