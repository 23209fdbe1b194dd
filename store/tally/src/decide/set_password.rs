//! `SetPassword`: the caller chooses another password; all their sessions end, this one too.

use crate::account::Account;
use crate::audit::AuditEvent;
use crate::outcome::{Outcome, Refusal};
use crate::row::{Row, RowKey};

use super::Verdict;
use super::define_accounts::PASSWORD_HASH_BYTES_MAX;
use super::draft::{Case, Draft};
use super::rights::Caller;

/// `before` is the hash that the old password was checked against; another current one refuses.
pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    (before, after): (Option<&str>, &str),
) -> Verdict {
    let Caller::Account { account, session } = caller else {
        return Err(Refusal::Forbidden.into());
    };
    if account.password_hash.as_deref() != before || !(1..=PASSWORD_HASH_BYTES_MAX).contains(&after.len()) {
        return Err(Refusal::Forbidden.into());
    }
    let after = Some(after.into());
    let sessions_after = account.ending_sessions(case.now);
    let changed = Account { password_hash: after, sessions_after, ..(*account).clone() };
    draft.put(RowKey::Account(account.id), Row::Account(changed));
    draft.delete(RowKey::Session(*session));
    draft.note(AuditEvent::PasswordChanged);
    Ok(Outcome::Done)
}
