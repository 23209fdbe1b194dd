//! Approve: a second person has looked at a correction that changed much (R27).

use crate::account::Role;
use crate::outcome::Refusal;
use crate::station::{EventKind, Tally};

use super::Verdict;
use super::draft::{Case, Draft};
use super::rights::Caller;
use super::tallying::{
    Remarks, StateChange, TargetRevision, current, find, reason_given, restate, state_forbids,
};

pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    seen: TargetRevision,
    reason: &str,
) -> Verdict {
    let found = find(case, seen.target)?;
    let by = caller.station_step(Role::certifies, seen.target.station)?;
    let before = current(case, seen)?;
    if !before.approval_pending {
        return Err(state_forbids(before));
    }
    if before.author == by.id {
        return Err(Refusal::SamePerson.into());
    }
    reason_given(reason)?;
    let after = Tally { approval_pending: false, ..before.clone() };
    let change = StateChange { kind: EventKind::Approval, before, after, remarks: Remarks::because(reason) };
    Ok(restate(case, draft, seen.target, found.contest.options.len(), by, change)?)
}
