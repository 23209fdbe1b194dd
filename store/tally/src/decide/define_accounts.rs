//! `DefineAccounts`: accounts are made or changed, by name.
//!
//! Invariant: once there is an active super admin there always is one. A new password, or being switched
//! off, ends all sessions of the account.

use alloc::collections::BTreeMap;

use crate::account::{Account, Role, Scope, username_allowed};
use crate::command::AccountDefinition;
use crate::ids::{AccountId, LogTime};
use crate::outcome::{DefinitionProblem, Refusal};
use crate::row::{Row, RowKey};

use super::definitions::{Count, checked_length, each, malformed};
use super::draft::{Case, Draft};
use super::rights::Caller;
use super::{Contradiction, Stop, Verdict};

/// Longest password hash in PHC form, in bytes.
const PASSWORD_HASH_BYTES_MAX: usize = 512;

/// The system may define accounts too: the first super admin comes before anybody can sign in.
pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    definitions: &[AccountDefinition],
) -> Verdict {
    if !matches!(caller, Caller::System) {
        let covered =
            |scope: Scope| definitions.iter().all(|definition| scope.covers_scope(definition.scope));
        caller.master_data(covered)?;
    }
    checked_length(definitions)?;
    let super_admins = draft.ledger.super_admins;
    let mut accounts: BTreeMap<&str, Account> = BTreeMap::new();
    let mut count = Count::default();
    for (position, definition) in each(definitions) {
        let hash_length = definition.password_hash.len();
        if !username_allowed(&definition.username) || !(1..=PASSWORD_HASH_BYTES_MAX).contains(&hash_length) {
            return Err(malformed(position));
        }
        let before = match accounts.get(definition.username.as_str()) {
            Some(account) => Some(account.clone()),
            None => stored(case, &definition.username)?,
        };
        let after = match &before {
            Some(before) => changed(before, definition, case.now),
            None => created(draft, definition)?,
        };
        match &before {
            None => count.created()?,
            Some(before) if *before == after => count.unchanged()?,
            Some(_) => count.changed()?,
        }
        count_super_admins(draft, before.as_ref(), &after)?;
        if before.as_ref() != Some(&after) {
            accounts.insert(&definition.username, after);
        }
    }
    if super_admins > 0 && draft.ledger.super_admins == 0 {
        return Err(Refusal::DefinitionConflict(DefinitionProblem::LastSuperAdmin).into());
    }
    for account in accounts.into_values() {
        draft.put(RowKey::Username(account.username.clone()), Row::Username(account.id));
        draft.put(RowKey::Account(account.id), Row::Account(account));
    }
    Ok(count.outcome())
}

fn stored(case: &Case<'_>, username: &str) -> Result<Option<Account>, Stop> {
    let Some(id) = case.rows.username(username)? else {
        return Ok(None);
    };
    Ok(Some(case.rows.account(id)?.ok_or(Contradiction::Username)?.clone()))
}

fn created(draft: &mut Draft, definition: &AccountDefinition) -> Result<Account, Contradiction> {
    let number = draft.ledger.accounts.checked_add(1).ok_or(Contradiction::Overflow)?;
    draft.ledger.accounts = number;
    let AccountDefinition { username, role, scope, password_hash, active } = definition.clone();
    let sessions_after = LogTime::default();
    Ok(Account { id: AccountId(number), username, role, scope, password_hash, active, sessions_after })
}

fn changed(before: &Account, definition: &AccountDefinition, now: LogTime) -> Account {
    let AccountDefinition { username, role, scope, password_hash, active } = definition.clone();
    let ends_sessions = before.password_hash != password_hash || (before.active && !active);
    let sessions_after = if ends_sessions { now } else { before.sessions_after };
    Account { id: before.id, username, role, scope, password_hash, active, sessions_after }
}

fn count_super_admins(
    draft: &mut Draft,
    before: Option<&Account>,
    after: &Account,
) -> Result<(), Contradiction> {
    let counts = |account: &Account| u64::from(account.active && account.role == Role::SuperAdmin);
    let sum = draft.ledger.super_admins.checked_add(counts(after)).ok_or(Contradiction::Overflow)?;
    draft.ledger.super_admins = sum.checked_sub(before.map_or(0, counts)).ok_or(Contradiction::Underflow)?;
    Ok(())
}
