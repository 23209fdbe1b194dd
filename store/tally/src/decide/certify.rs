//! Certify: a committee declares that the form stands, level by level (PPK, KPU of the regency, the province, the nation).
//!
//! Invariant: only a form that two readings do not dispute, that nobody holds and whose large corrections were approved is
//! certified; a level is never certified twice, nor a lower one after a higher.

use crate::account::{Account, Role, Scope};
use crate::outcome::Refusal;
use crate::region::Level;
use crate::station::{EventKind, Tally, TallyState};

use super::Verdict;
use super::draft::{Case, Draft};
use super::rights::Caller;
use super::tallying::{
    Remarks, StateChange, TargetRevision, current, find, reason_given, restate, state_forbids,
};

/// What the command says beside its target.
pub(super) struct Declaration<'a> {
    pub(super) level: Option<Level>,
    pub(super) reason: &'a str,
}

pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    seen: TargetRevision,
    declaration: &Declaration<'_>,
) -> Verdict {
    let found = find(case, seen.target)?;
    let by = caller.station_step(Role::certifies, seen.target.station)?;
    let level = level_of(by, declaration.level)?;
    let before = current(case, seen)?;
    let higher = match before.state {
        TallyState::Reported | TallyState::Reviewed => true,
        // The smaller the number, the higher the level.
        TallyState::Certified => before.certified.is_some_and(|certified| level < certified),
        TallyState::Disputed | TallyState::Held => false,
    };
    if !higher || before.approval_pending {
        return Err(state_forbids(before));
    }
    reason_given(declaration.reason)?;
    let after = Tally { certified: Some(level), ..before.clone() };
    let remarks = Remarks { level: Some(level), ..Remarks::because(declaration.reason) };
    let change = StateChange { kind: EventKind::Certification, before, after, remarks };
    Ok(restate(case, draft, seen.target, found.contest.options.len(), by, change)?)
}

/// The level asked for, or that of the caller's scope; nobody certifies above their own. The lowest is the district's.
fn level_of(by: &Account, asked: Option<Level>) -> Result<Level, Refusal> {
    let own = match by.scope {
        Scope::Region(region) => region.level().min(Level::District),
        Scope::Station(_) => Level::District,
    };
    let level = asked.unwrap_or(own);
    if level < own || level == Level::Village { Err(Refusal::Forbidden) } else { Ok(level) }
}
