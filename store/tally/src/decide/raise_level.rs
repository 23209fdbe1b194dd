//! `RaiseLevel`: the feature level goes up by one and never down.

use crate::LEVEL_NEWEST;
use crate::outcome::{Outcome, Refusal};

use super::draft::Draft;
use super::rights::Caller;
use super::{Contradiction, Verdict};

/// Refuses a level this build does not know. Builds that differ in that must not decide the same entry, so
/// the leader proposes a level only when every member's build knows it.
pub(super) fn decide(caller: &Caller<'_>, draft: &mut Draft, level: u32) -> Verdict {
    caller.housekeeping()?;
    let active = draft.ledger.level;
    let next = active.checked_add(1).ok_or(Contradiction::Overflow)?;
    if level != next || level > LEVEL_NEWEST {
        return Err(Refusal::LevelOutOfOrder { level: active }.into());
    }
    draft.ledger.level = level;
    Ok(Outcome::LevelRaised(level))
}
