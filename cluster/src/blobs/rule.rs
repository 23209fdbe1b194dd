//! Who must hold an attachment, decided on sets alone.
//!
//! Invariant: holders are enough when they are more than half of the voters of every configuration in force.

use std::collections::BTreeSet;

use tally::command::{Command, Item};
use tally::station::Submission;

use crate::membership::plan::is_majority;

/// What an item hands in, where it names attachments.
pub(crate) fn naming(item: &Item) -> Option<&Submission> {
    match &item.command {
        Command::Report { submission, .. } | Command::Correct { submission, .. } => {
            (!submission.attachments.is_empty()).then_some(submission)
        }
        Command::Mark
        | Command::Found { .. }
        | Command::RaiseLevel { .. }
        | Command::AllocateNode
        | Command::DefineRegions(_)
        | Command::DefineStations(_)
        | Command::DefineContest(_)
        | Command::DefineAccounts(_)
        | Command::OpenSession { .. }
        | Command::CloseSession
        | Command::TouchSession
        | Command::ExpireSessions(_)
        | Command::EndSessions(_)
        | Command::SetPassword { .. }
        | Command::SetSecondFactor(_)
        | Command::Observe(_)
        | Command::Hold { .. }
        | Command::Release { .. }
        | Command::Review { .. }
        | Command::Certify { .. }
        | Command::Approve { .. }
        | Command::Complain { .. }
        | Command::AnswerComplaint { .. } => None,
    }
}

/// Writes down who holds what an item names.
pub(crate) fn set_holders(item: &mut Item, holders: &BTreeSet<u64>) {
    if let Command::Report { submission, .. } | Command::Correct { submission, .. } = &mut item.command {
        submission.holders = holders.iter().copied().map(tally::ids::NodeId).collect();
    }
}

/// Whether an item may be proposed: it names no attachment, or holders that are enough.
pub(crate) fn admits(configurations: &[BTreeSet<u64>], item: &Item) -> bool {
    naming(item).is_none_or(|submission| {
        let holders = submission.holders.iter().map(|node| node.0).collect();
        is_majority(configurations, &holders)
    })
}
