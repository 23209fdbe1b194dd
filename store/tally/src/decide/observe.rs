//! `Observe`: what a node saw and did not let pass enters the audit log.

use crate::account::USERNAME_BYTES_MAX;
use crate::audit::{AuditEvent, Observation};
use crate::command::OBSERVATIONS_MAX;
use crate::outcome::{DefinitionProblem, Outcome, Refusal};

use super::Verdict;
use super::draft::Draft;
use super::rights::Caller;

pub(super) fn decide(caller: &Caller<'_>, draft: &mut Draft, seen: &[Observation]) -> Verdict {
    caller.housekeeping()?;
    let bounded = seen.iter().all(|observation| observation.username.len() <= USERNAME_BYTES_MAX);
    if seen.len() > OBSERVATIONS_MAX || !bounded {
        return Err(Refusal::DefinitionConflict(DefinitionProblem::Length).into());
    }
    for observation in seen {
        draft.note(AuditEvent::Observed(observation.clone()));
    }
    Ok(Outcome::Done)
}
