//! `OpenSession`: after the gateway has checked a password against the hash that the command names, or worked out the
//! digest of a one-time code.
//!
//! Invariant: a code opens one session. Asked again by the same attempt, because its answer was lost, it opens another
//! in its place for a while; by any other attempt never.

use crate::account::{Account, CodeUse, SecondFactor, Session};
use crate::audit::{Address, AuditEvent};
use crate::command::Proof;
use crate::ids::{AccountId, LogTime, SessionId};
use crate::outcome::{Outcome, Refusal};
use crate::row::{Row, RowKey};

use super::Verdict;
use super::draft::{Case, Draft};
use super::rights::Caller;

/// How long after its first use a code can be used again by the same attempt, in milliseconds.
const CODE_RETRY_MS: u64 = 10 * 60 * 1_000;

/// What the command says.
pub(super) struct Opening<'a> {
    pub(super) session: SessionId,
    pub(super) account: AccountId,
    pub(super) proof: &'a Proof,
    pub(super) second_factor_step: Option<u64>,
    pub(super) lifetime_ms: u64,
    pub(super) idle_ms: u64,
    pub(super) address: Option<Address>,
}

/// The same session opened again is the same session: the gateway retries what it does not know.
pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    opening: &Opening<'_>,
) -> Verdict {
    caller.housekeeping()?;
    let account = case.rows.account(opening.account)?.filter(|account| account.active);
    let account = account.ok_or(Refusal::Unauthenticated)?;
    if let Some(session) = case.rows.session(opening.session)? {
        if session.account != account.id || !proven(account, opening.proof, case.now) {
            return Err(Refusal::Unauthenticated.into());
        }
        return Ok(Outcome::SessionOpened { account: account.id, expires_at: session.expires_at });
    }
    if !proven(account, opening.proof, case.now) {
        return Err(Refusal::Unauthenticated.into());
    }
    let mut after = account.clone();
    after.second_factor = stepped(account.second_factor.as_ref(), opening.second_factor_step)?;
    // In the very millisecond of a change of password, a session opened after it must count as after it.
    let opened_at = LogTime(case.now.0.max(account.sessions_after.0.saturating_add(1)));
    let expires_at = LogTime(opened_at.0.saturating_add(opening.lifetime_ms));
    if let (Proof::Code { attempt, .. }, Some(code)) = (opening.proof, &mut after.code) {
        if let Some(used) = code.used {
            draft.delete(RowKey::Session(used.session));
        }
        let at = code.used.map_or(case.now, |used| used.at);
        code.used = Some(CodeUse { attempt: *attempt, session: opening.session, at });
    }
    if after != *account {
        draft.put(RowKey::Account(account.id), Row::Account(after));
    }
    let session = Session {
        id: opening.session,
        account: account.id,
        opened_at,
        expires_at,
        idle_ms: opening.idle_ms,
        seen_at: opened_at,
        address: opening.address,
    };
    draft.put(RowKey::Session(session.id), Row::Session(session));
    draft.note(AuditEvent::SignedIn {
        account: account.id,
        address: opening.address,
        by_code: matches!(opening.proof, Proof::Code { .. }),
    });
    Ok(Outcome::SessionOpened { account: account.id, expires_at })
}

fn proven(account: &Account, proof: &Proof, now: LogTime) -> bool {
    match proof {
        Proof::Password(hash) => account.password_hash.as_ref() == Some(hash),
        Proof::Code { digest, attempt } => account.code.as_ref().is_some_and(|code| {
            let again =
                |used: CodeUse| used.attempt == *attempt && now.0.saturating_sub(used.at.0) <= CODE_RETRY_MS;
            code.digest == *digest && code.used.is_none_or(again)
        }),
    }
}

/// The second factor after it was used: a code of a time step counts once (RFC 6238, 5.2).
fn stepped(factor: Option<&SecondFactor>, step: Option<u64>) -> Result<Option<SecondFactor>, Refusal> {
    let Some(factor) = factor else { return Ok(None) };
    let step = step.filter(|step| *step > factor.last_step).ok_or(Refusal::Unauthenticated)?;
    Ok(Some(SecondFactor { last_step: step, ..factor.clone() }))
}
