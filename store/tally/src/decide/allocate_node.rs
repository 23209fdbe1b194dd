//! `AllocateNode`: the next node number, given out once and never again, not even after a failed join.

use crate::audit::AuditEvent;
use crate::ids::NodeId;
use crate::outcome::Outcome;

use super::draft::Draft;
use super::rights::Caller;
use super::{Contradiction, Verdict};

pub(super) fn decide(caller: &Caller<'_>, draft: &mut Draft) -> Verdict {
    caller.housekeeping()?;
    let node = draft.ledger.next_node;
    draft.ledger.next_node = NodeId(node.0.checked_add(1).ok_or(Contradiction::Overflow)?);
    draft.note(AuditEvent::NodeAllocated(node));
    Ok(Outcome::NodeAllocated(node))
}
