//! What the commands that define master data share: bounds of a list, places in it, and the count of rows.

use crate::command::DEFINITIONS_MAX;
use crate::outcome::{DefinitionProblem, Outcome, Refusal};

use super::{Contradiction, Stop};

/// Refuses a list that is empty or too long.
pub(super) fn checked_length<T>(definitions: &[T]) -> Result<(), Refusal> {
    if definitions.is_empty() || definitions.len() > DEFINITIONS_MAX {
        return Err(Refusal::DefinitionConflict(DefinitionProblem::Length));
    }
    Ok(())
}

/// The items with their places in the list.
pub(super) fn each<T>(definitions: &[T]) -> impl Iterator<Item = (u32, &T)> {
    (0..).zip(definitions)
}

/// The item at a place is malformed.
pub(super) const fn malformed(position: u32) -> Stop {
    Stop::Refused(Refusal::DefinitionConflict(DefinitionProblem::Malformed { position }))
}

/// Rows made, changed, and found to be so already.
#[derive(Default)]
pub(super) struct Count {
    created: u32,
    changed: u32,
    unchanged: u32,
}

impl Count {
    pub(super) fn created(&mut self) -> Result<(), Contradiction> {
        one_more(&mut self.created)
    }

    pub(super) fn changed(&mut self) -> Result<(), Contradiction> {
        one_more(&mut self.changed)
    }

    pub(super) fn unchanged(&mut self) -> Result<(), Contradiction> {
        one_more(&mut self.unchanged)
    }

    /// Rows made and changed, if there are any.
    pub(super) const fn touched(&self) -> Option<(u32, u32)> {
        if self.created == 0 && self.changed == 0 { None } else { Some((self.created, self.changed)) }
    }

    pub(super) const fn outcome(&self) -> Outcome {
        Outcome::Defined { created: self.created, changed: self.changed, unchanged: self.unchanged }
    }
}

fn one_more(count: &mut u32) -> Result<(), Contradiction> {
    *count = count.checked_add(1).ok_or(Contradiction::Overflow)?;
    Ok(())
}
