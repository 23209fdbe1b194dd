//! `RaiseLevel`: the feature level goes up by one and never down.

use crate::audit::AuditEvent;
use crate::outcome::{Outcome, Refusal};

use super::draft::Draft;
use super::rights::Caller;
use super::{Contradiction, Verdict};

/// Which levels a build knows is not asked: builds of all releases decide an entry alike. The leader proposes a level only
/// when every member's build knows it, and the store of one that does not stops before it is in force.
pub(super) fn decide(caller: &Caller<'_>, draft: &mut Draft, level: u32) -> Verdict {
    caller.housekeeping()?;
    let active = draft.ledger.level;
    let next = active.checked_add(1).ok_or(Contradiction::Overflow)?;
    if level != next {
        return Err(Refusal::LevelOutOfOrder { level: active }.into());
    }
    draft.ledger.level = level;
    draft.note(AuditEvent::LevelRaised(level));
    Ok(Outcome::LevelRaised(level))
}
