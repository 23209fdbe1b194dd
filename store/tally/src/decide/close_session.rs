//! `CloseSession`: the caller's session ends now, on every node.

use crate::audit::AuditEvent;
use crate::outcome::{Outcome, Refusal};
use crate::row::RowKey;

use super::Verdict;
use super::draft::Draft;
use super::rights::Caller;

pub(super) fn decide(caller: &Caller<'_>, draft: &mut Draft) -> Verdict {
    let Caller::Account { session, .. } = caller else {
        return Err(Refusal::Forbidden.into());
    };
    draft.delete(RowKey::Session(*session));
    draft.note(AuditEvent::SignedOut);
    Ok(Outcome::Done)
}
