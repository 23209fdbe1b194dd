//! Found: names the cluster and starts the count of levels; the first entry of a new history.

use alloc::borrow::ToOwned;

use crate::audit::AuditEvent;
use crate::command::NAME_BYTES_MAX;
use crate::ids::NodeId;
use crate::outcome::{DefinitionProblem, Outcome, Refusal};

use super::Verdict;
use super::draft::Draft;
use super::rights::Caller;

/// The feature level every history begins with.
const LEVEL_FIRST: u32 = 1;

/// What the command says.
pub(super) struct Founding<'a> {
    pub(super) cluster: [u8; 16],
    pub(super) name: &'a str,
    pub(super) epoch: u64,
    pub(super) next_node: NodeId,
}

pub(super) fn decide(caller: &Caller<'_>, draft: &mut Draft, founding: &Founding<'_>) -> Verdict {
    caller.housekeeping()?;
    if draft.ledger.epoch != 0 {
        return Err(Refusal::AlreadyFounded.into());
    }
    let named = !founding.name.is_empty() && founding.name.len() <= NAME_BYTES_MAX;
    if !named || founding.cluster == [0; 16] || founding.epoch == 0 || founding.next_node.0 == 0 {
        return Err(Refusal::DefinitionConflict(DefinitionProblem::Malformed { position: 0 }).into());
    }
    draft.ledger.cluster = founding.cluster;
    founding.name.clone_into(&mut draft.ledger.name);
    draft.ledger.epoch = founding.epoch;
    draft.ledger.level = LEVEL_FIRST;
    draft.ledger.next_node = founding.next_node;
    draft.note(AuditEvent::Founded);
    Ok(Outcome::Done)
}
