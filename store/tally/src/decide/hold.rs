//! Hold: a counted form is taken out of the sums by hand and stays out until it is released.

use crate::account::Role;
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
    // A form that a rule holds cannot be held by hand as well: release it first, so that history says so.
    if !before.state.counted() {
        return Err(state_forbids(before));
    }
    reason_given(reason)?;
    let after = Tally { held_by_hand: true, ..before.clone() };
    let change = StateChange { kind: EventKind::Hold, before, after, remarks: Remarks::because(reason) };
    Ok(restate(case, draft, seen.target, found.contest.options.len(), by, change)?)
}
