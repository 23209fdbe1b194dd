//! `SetSecondFactor`: the caller sets up a second factor, after the gateway has checked a code made with it, or takes it
//! away.

use crate::account::{Account, SECRET_BYTES_MAX, SECRET_BYTES_MIN, SecondFactor};
use crate::audit::AuditEvent;
use crate::outcome::{Outcome, Refusal};
use crate::row::{Row, RowKey};

use super::Verdict;
use super::draft::Draft;
use super::rights::Caller;

pub(super) fn decide(caller: &Caller<'_>, draft: &mut Draft, factor: Option<&SecondFactor>) -> Verdict {
    let Caller::Account { account, .. } = caller else {
        return Err(Refusal::Forbidden.into());
    };
    let allowed =
        |factor: &SecondFactor| (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&factor.secret.len());
    if !factor.is_none_or(allowed) {
        return Err(Refusal::Forbidden.into());
    }
    let changed = Account { second_factor: factor.cloned(), ..(*account).clone() };
    draft.put(RowKey::Account(account.id), Row::Account(changed));
    draft.note(AuditEvent::SecondFactor { enabled: factor.is_some() });
    Ok(Outcome::Done)
}
