//! Who the caller is and what that allows, judged at log time over the rows (R02).

use crate::account::{Account, Role, Scope, Session};
use crate::command::Principal;
use crate::ids::SessionId;
use crate::outcome::Refusal;
use crate::region::StationCode;
use crate::row::{Row, RowKey};

use super::Stop;
use super::draft::{Case, Draft};

/// Who asks, known to be who they say.
pub(super) enum Caller<'a> {
    /// The system itself.
    System,
    /// An operator at the ops listener.
    Operator,
    /// An active account in a living session.
    Account { account: &'a Account, session: SessionId },
    /// Anybody.
    Public,
}

/// Finds out who asks. A session lives while it is kept, log time has not reached its end, it was opened
/// after the account's last change of password, and the account is active.
pub(super) fn authenticate<'a>(case: &Case<'a>) -> Result<Caller<'a>, Stop> {
    let (id, session) = match case.header.principal {
        Principal::System => return Ok(Caller::System),
        Principal::Operator => return Ok(Caller::Operator),
        Principal::Public => return Ok(Caller::Public),
        Principal::Session { account, session } => (account, session),
    };
    let row = case.rows.session(session)?.filter(|row| row.account == id).ok_or(Refusal::Unauthenticated)?;
    let account = case.rows.account(id)?.ok_or(Refusal::Unauthenticated)?;
    let alive = row.alive_at(case.now) && row.opened_at > account.sessions_after && account.active;
    if !alive {
        return Err(Refusal::Unauthenticated.into());
    }
    Ok(Caller::Account { account, session })
}

/// Writes down that the caller's session is in use, if that was not said for a while.
pub(super) fn seen(case: &Case<'_>, caller: &Caller<'_>, draft: &mut Draft) -> Result<(), Stop> {
    let Caller::Account { session, .. } = caller else { return Ok(()) };
    if let Some(row) = case.rows.session(*session)?.filter(|row| row.unseen_at(case.now)) {
        draft.put(RowKey::Session(*session), Row::Session(Session { seen_at: case.now, ..*row }));
    }
    Ok(())
}

impl<'a> Caller<'a> {
    /// Marks, founding, levels, node numbers and sessions are asked for by no person's request.
    pub(super) const fn housekeeping(&self) -> Result<(), Refusal> {
        match self {
            Self::System | Self::Operator => Ok(()),
            Self::Account { .. } | Self::Public => Err(Refusal::Forbidden),
        }
    }

    /// Accounts of a role and a scope: the system and operators, or an account that governs such roles and whose scope
    /// covers theirs.
    pub(super) fn governs(&self, role: Role, scope: Scope) -> Result<(), Refusal> {
        match self {
            Self::System | Self::Operator => Ok(()),
            Self::Account { account, .. }
                if account.role.governs(role) && account.scope.covers_scope(scope) =>
            {
                Ok(())
            }
            Self::Account { .. } | Self::Public => Err(Refusal::Forbidden),
        }
    }

    /// Master data: an operator, or a super admin whose scope covers all that is defined.
    pub(super) fn master_data(&self, covers: impl Fn(Scope) -> bool) -> Result<(), Refusal> {
        match self {
            Self::Operator => Ok(()),
            Self::Account { account, .. } if account.role == Role::SuperAdmin && covers(account.scope) => {
                Ok(())
            }
            Self::System | Self::Account { .. } | Self::Public => Err(Refusal::Forbidden),
        }
    }

    /// A step on the form of a station: an account whose role takes it and whose scope covers the station.
    pub(super) fn station_step(
        &self,
        takes: impl Fn(Role) -> bool,
        station: StationCode,
    ) -> Result<&'a Account, Refusal> {
        match self {
            Self::Account { account, .. } if takes(account.role) && account.scope.covers(station) => {
                Ok(account)
            }
            Self::System | Self::Operator | Self::Account { .. } | Self::Public => Err(Refusal::Forbidden),
        }
    }

    /// Complaints: everybody, and nobody by name, so that no officer's complaint weighs more than a voter's.
    pub(super) const fn complains(&self) -> Result<(), Refusal> {
        match self {
            Self::Public => Ok(()),
            Self::System | Self::Operator | Self::Account { .. } => Err(Refusal::Forbidden),
        }
    }
}
