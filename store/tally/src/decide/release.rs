//! Release: a held form is put back into the sums, whether a rule or a hand held it.

use crate::account::Role;
use crate::station::{EventKind, Tally, TallyState};

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
    if before.state != TallyState::Held {
        return Err(state_forbids(before));
    }
    reason_given(reason)?;
    let after = Tally { held_by_hand: false, held_by_rule: false, ..before.clone() };
    let change = StateChange { kind: EventKind::Release, before, after, remarks: Remarks::because(reason) };
    Ok(restate(case, draft, seen.target, found.contest.options.len(), by, change)?)
}
