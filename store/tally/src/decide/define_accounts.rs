//! `DefineAccounts`: accounts are made or changed, by name.
//!
//! Invariant: once there is an active super admin there always is one. A new credential, or being switched off, ends all
//! sessions of the account. Nobody makes, changes or takes over an account that they do not govern.

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::account::{Account, ActivationCode, Role, username_allowed};
use crate::audit::{AccountChange, AuditEvent};
use crate::command::{AccountDefinition, NewCredential};
use crate::ids::{AccountId, LogTime};
use crate::outcome::{DefinitionProblem, Refusal};
use crate::row::{Row, RowKey};

use super::definitions::{Count, checked_length, each, malformed};
use super::draft::{Case, Draft};
use super::rights::Caller;
use super::{Contradiction, Stop, Verdict};

/// Longest password hash in PHC form, in bytes.
pub(super) const PASSWORD_HASH_BYTES_MAX: usize = 512;

/// The system may define accounts too: the first super admin comes before anybody can sign in.
pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    definitions: &[AccountDefinition],
) -> Verdict {
    for definition in definitions {
        caller.governs(definition.role, definition.scope)?;
    }
    checked_length(definitions)?;
    let super_admins = draft.ledger.super_admins;
    let mut accounts: BTreeMap<&str, Account> = BTreeMap::new();
    let mut count = Count::default();
    for (position, definition) in each(definitions) {
        if !username_allowed(&definition.username) || !credential_allowed(&definition.credential) {
            return Err(malformed(position));
        }
        let before = match accounts.get(definition.username.as_str()) {
            Some(account) => Some(account.clone()),
            None => stored(case, &definition.username)?,
        };
        let after = match &before {
            Some(before) => {
                caller.governs(before.role, before.scope)?;
                changed(before, definition, case.now)
            }
            None if definition.credential == NewCredential::Kept => return Err(malformed(position)),
            None => created(draft, definition)?,
        };
        match &before {
            None => count.created()?,
            Some(before) if *before == after => count.unchanged()?,
            Some(_) => count.changed()?,
        }
        count_super_admins(draft, before.as_ref(), &after)?;
        if before.as_ref() != Some(&after) {
            draft.note(AuditEvent::AccountDefined(change(before.as_ref(), &after)));
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

fn credential_allowed(credential: &NewCredential) -> bool {
    match credential {
        NewCredential::Kept | NewCredential::Code(_) => true,
        NewCredential::Password(hash) => (1..=PASSWORD_HASH_BYTES_MAX).contains(&hash.len()),
    }
}

fn stored(case: &Case<'_>, username: &str) -> Result<Option<Account>, Stop> {
    let Some(id) = case.rows.username(username)? else {
        return Ok(None);
    };
    Ok(Some(case.rows.account(id)?.ok_or(Contradiction::Username)?.clone()))
}

/// Password and code as a credential makes them: one takes the place of the other.
fn secrets(credential: &NewCredential) -> (Option<String>, Option<ActivationCode>) {
    match credential {
        NewCredential::Kept => (None, None),
        NewCredential::Password(hash) => (Some(hash.clone()), None),
        NewCredential::Code(digest) => (None, Some(ActivationCode { digest: *digest, used: None })),
    }
}

fn created(draft: &mut Draft, definition: &AccountDefinition) -> Result<Account, Contradiction> {
    let number = draft.ledger.accounts.checked_add(1).ok_or(Contradiction::Overflow)?;
    draft.ledger.accounts = number;
    let (password_hash, code) = secrets(&definition.credential);
    Ok(Account {
        id: AccountId(number),
        username: definition.username.clone(),
        role: definition.role,
        scope: definition.scope,
        password_hash,
        code,
        second_factor: None,
        active: definition.active,
        sessions_after: LogTime::default(),
    })
}

/// Another credential starts anew, without the second factor: it is given to who has lost theirs. The same one again
/// changes nothing.
fn changed(before: &Account, definition: &AccountDefinition, now: LogTime) -> Account {
    let same = match &definition.credential {
        NewCredential::Kept => true,
        NewCredential::Password(hash) => before.password_hash.as_ref() == Some(hash),
        NewCredential::Code(digest) => before.code.as_ref().is_some_and(|code| code.digest == *digest),
    };
    let ends_sessions = !same || (before.active && !definition.active);
    let after = Account {
        role: definition.role,
        scope: definition.scope,
        active: definition.active,
        sessions_after: if ends_sessions { before.ending_sessions(now) } else { before.sessions_after },
        ..before.clone()
    };
    if same {
        return after;
    }
    let (password_hash, code) = secrets(&definition.credential);
    Account { password_hash, code, second_factor: None, ..after }
}

fn change(before: Option<&Account>, after: &Account) -> AccountChange {
    let secrets = |account: &Account| (account.password_hash.clone(), account.code.clone());
    AccountChange {
        username: after.username.clone(),
        role: after.role,
        scope: after.scope,
        active: after.active,
        created: before.is_none(),
        credential: before.is_none_or(|before| secrets(before) != secrets(after)),
    }
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
