//! Correct: a form in place of the one that the officer saw. The old one stays in the history.

use crate::account::Role;
use crate::station::{Submission, TallyState};

use super::Verdict;
use super::acceptance::accept;
use super::draft::{Case, Draft};
use super::rights::Caller;
use super::tallying::{TargetRevision, current, find, state_forbids};

pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    seen: TargetRevision,
    submission: &Submission,
) -> Verdict {
    let found = find(case, seen.target)?;
    let by = caller.station_step(Role::reports, seen.target.station)?;
    let before = current(case, seen)?;
    if before.state == TallyState::Certified {
        return Err(state_forbids(before));
    }
    accept(case, draft, &found, by, Some(before), submission)
}
