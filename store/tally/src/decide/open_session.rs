//! `OpenSession`: after the gateway has checked the password against the hash that the command names.

use crate::account::Session;
use crate::ids::{AccountId, LogTime, SessionId};
use crate::outcome::{Outcome, Refusal};
use crate::row::{Row, RowKey};

use super::Verdict;
use super::draft::{Case, Draft};
use super::rights::Caller;

/// What the command says.
pub(super) struct Opening<'a> {
    pub(super) session: SessionId,
    pub(super) account: AccountId,
    pub(super) password_hash: &'a str,
    pub(super) lifetime_ms: u64,
}

/// The same session opened again is the same session: the gateway retries what it does not know.
pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    opening: &Opening<'_>,
) -> Verdict {
    caller.housekeeping()?;
    let account = case.rows.account(opening.account)?;
    let account = account
        .filter(|account| account.active && account.password_hash == opening.password_hash)
        .ok_or(Refusal::Unauthenticated)?;
    if let Some(session) = case.rows.session(opening.session)? {
        if session.account != account.id {
            return Err(Refusal::Unauthenticated.into());
        }
        return Ok(Outcome::SessionOpened { account: account.id, expires_at: session.expires_at });
    }
    // In the very millisecond of a change of password, a session opened after it must count as after it.
    let opened_at = LogTime(case.now.0.max(account.sessions_after.0.saturating_add(1)));
    let expires_at = LogTime(opened_at.0.saturating_add(opening.lifetime_ms));
    let session = Session { id: opening.session, account: account.id, opened_at, expires_at };
    draft.put(RowKey::Session(session.id), Row::Session(session));
    Ok(Outcome::SessionOpened { account: account.id, expires_at })
}
