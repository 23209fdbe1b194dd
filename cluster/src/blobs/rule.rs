//! Who must hold an attachment, decided on sets alone.
//!
//! Invariant: holders are enough when they are more than half of the voters of every configuration in force.

use std::collections::BTreeSet;

use tally::command::{Command, Item};
use tally::station::Submission;

/// Whether holders are a majority of each configuration.
pub(crate) fn is_majority(configurations: &[BTreeSet<u64>], holders: &BTreeSet<u64>) -> bool {
    let enough = |voters: &BTreeSet<u64>| voters.intersection(holders).count() > voters.len().div_euclid(2);
    !configurations.is_empty() && configurations.iter().all(enough)
}

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
        | Command::Hold { .. }
        | Command::Release { .. } => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_of_each_configuration_must_hold() {
        let set = |numbers: &[u64]| numbers.iter().copied().collect::<BTreeSet<u64>>();
        let one = [set(&[1, 2, 3])];
        assert!(is_majority(&one, &set(&[1, 3])));
        assert!(is_majority(&one, &set(&[1, 3, 9])));
        assert!(!is_majority(&one, &set(&[1, 9, 8])));
        let four = [set(&[1, 2, 3, 4])];
        assert!(!is_majority(&four, &set(&[1, 2])));
        let joint = [set(&[1, 2, 3]), set(&[3, 4, 5])];
        assert!(!is_majority(&joint, &set(&[1, 2, 3])));
        assert!(is_majority(&joint, &set(&[1, 3, 4])));
        assert!(!is_majority(&[], &set(&[1])));
    }
}
