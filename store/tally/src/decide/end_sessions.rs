//! `EndSessions`: all sessions of an account end, on every node, as soon as this is applied.

use crate::account::Account;
use crate::audit::AuditEvent;
use crate::ids::AccountId;
use crate::outcome::{Outcome, Refusal};
use crate::row::{Row, RowKey};

use super::Verdict;
use super::draft::{Case, Draft};
use super::rights::Caller;

pub(super) fn decide(case: &Case<'_>, caller: &Caller<'_>, draft: &mut Draft, id: AccountId) -> Verdict {
    let account = case.rows.account(id)?.ok_or(Refusal::Forbidden)?;
    caller.governs(account.role, account.scope)?;
    let changed = Account { sessions_after: account.ending_sessions(case.now), ..account.clone() };
    draft.put(RowKey::Account(id), Row::Account(changed));
    draft.note(AuditEvent::SessionsEnded { account: id });
    Ok(Outcome::Done)
}
