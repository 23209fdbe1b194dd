//! Report: the first form of a station.

use crate::account::Role;
use crate::outcome::Refusal;
use crate::station::Submission;

use super::Verdict;
use super::acceptance::accept;
use super::draft::{Case, Draft};
use super::rights::Caller;
use super::tallying::{Target, find};

pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    target: Target,
    submission: &Submission,
) -> Verdict {
    let found = find(case, target)?;
    let by = caller.station_step(Role::reports, target.station)?;
    if let Some(tally) = case.rows.tally(target.contest, target.station)? {
        let (current_revision, digest) = (tally.revision, Some(tally.digest));
        return Err(Refusal::StaleRevision { current_revision, digest }.into());
    }
    accept(case, draft, &found, by, None, submission)
}
