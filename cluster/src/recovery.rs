//! What can be said when the majority is gone, and the first members of the epoch after it.
//!
//! Invariant: pure. It never promises that nothing is lost unless every majority that may have acknowledged an
//! entry has a survivor in it; where it cannot know, it says so.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use store::LogId;
use store::restore::SurvivorReport;

use crate::member::{Member, MemberRole};
use crate::rpc::wire;
use crate::types::{RaftMembership, members};

/// The members that a survivor knows of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KnownMembers {
    /// All of them, by number.
    pub members: BTreeMap<u64, Member>,
    /// The voters; two sets while a change was on its way.
    pub configurations: Vec<BTreeSet<u64>>,
}

/// What is proposed, and what it costs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecoveryPlan {
    /// Place of the survivor to go on from; none when each has a fault.
    pub best: Option<usize>,
    /// Voters that are no survivors.
    pub missing: BTreeSet<u64>,
    /// Whether the survivors are a majority: then nothing is to be recovered, they are to be started.
    pub majority_lives: bool,
    /// Whether an entry may have been acknowledged that no survivor has.
    pub acknowledged_may_be_lost: bool,
    /// The last entry kept.
    pub kept: LogId,
    /// The last entry of which a survivor knows that it was committed.
    pub committed: LogId,
}

impl KnownMembers {
    /// Reads a membership as a survivor keeps it.
    pub fn read(frame: &Bytes) -> Result<Self, String> {
        if frame.is_empty() {
            return Ok(Self::default());
        }
        let membership = wire::membership::decode(frame).map_err(|error| error.to_string())?;
        let configurations = membership.get_joint_config().clone();
        let mut members = members(&membership);
        for (id, member) in &mut members {
            member.id.0 = *id;
        }
        Ok(Self { members, configurations })
    }

    /// All voters.
    #[must_use]
    pub fn voters(&self) -> BTreeSet<u64> {
        self.configurations.iter().flatten().copied().collect()
    }

    /// Whether these nodes can elect: a majority of both configurations where there are two.
    fn can_elect(&self, nodes: &BTreeSet<u64>) -> bool {
        !self.configurations.is_empty() && self.configurations.iter().all(|voters| majority(voters, nodes))
    }

    /// Whether these nodes may have acknowledged alone. One configuration is enough: a change that was on its
    /// way may have been given up for the one before it.
    fn may_have_acknowledged(&self, nodes: &BTreeSet<u64>) -> bool {
        self.configurations.is_empty() || self.configurations.iter().any(|voters| majority(voters, nodes))
    }
}

fn majority(voters: &BTreeSet<u64>, nodes: &BTreeSet<u64>) -> bool {
    voters.intersection(nodes).count().saturating_mul(2) > voters.len()
}

/// The membership that a new epoch begins with: these voters and nobody else.
pub fn first_membership(voters: &[Member]) -> Result<Bytes, String> {
    let ids: BTreeSet<u64> = voters.iter().map(|member| member.id.0).collect();
    let members: BTreeMap<u64, Member> = voters
        .iter()
        .map(|member| (member.id.0, Member { role: MemberRole::Voter, ..member.clone() }))
        .collect();
    let membership = RaftMembership::new(vec![ids], members).map_err(|error| error.to_string())?;
    Ok(wire::membership::encode(&membership))
}

/// Judges the survivors, which are of one cluster and epoch. The members are those that the best one knows.
pub fn plan(survivors: &[SurvivorReport]) -> Result<RecoveryPlan, String> {
    let sound = survivors.iter().enumerate().filter(|(_, survivor)| survivor.faults.is_empty());
    // The first of equals: whoever asks names the one it likes best first.
    let best = sound.rev().max_by_key(|(_, survivor)| survivor.last).map(|(place, _)| place);
    let kept = best.and_then(|place| survivors.get(place));
    let known =
        kept.map(|survivor| KnownMembers::read(&survivor.membership)).transpose()?.unwrap_or_default();
    let alive: BTreeSet<u64> = survivors
        .iter()
        .filter(|survivor| survivor.faults.is_empty())
        .map(|survivor| survivor.identity.node)
        .collect();
    let present: BTreeSet<u64> = survivors.iter().map(|survivor| survivor.identity.node).collect();
    let voters = known.voters();
    Ok(RecoveryPlan {
        best,
        missing: voters.difference(&present).copied().collect(),
        majority_lives: known.can_elect(&alive),
        acknowledged_may_be_lost: known.may_have_acknowledged(&voters.difference(&alive).copied().collect()),
        kept: kept.map(|survivor| survivor.last).unwrap_or_default(),
        committed: survivors.iter().map(|survivor| survivor.committed).max().unwrap_or_default(),
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test stops at the first surprise")]
mod tests {
    use store::Identity;
    use tally::ids::{LogTime, NodeId};

    use super::*;

    fn member(id: u64) -> Member {
        Member { id: NodeId(id), ..Member::default() }
    }

    fn survivor(node: u64, voters: u64, last: (u64, u64)) -> SurvivorReport {
        let all: Vec<Member> = (1..=voters).map(member).collect();
        let last = LogId { term: last.0, index: last.1 };
        let earlier = LogId { index: last.index - 1, ..last };
        SurvivorReport {
            identity: Identity { cluster: [1; 16], epoch: 1, node, incarnation: [2; 16], edge: false },
            name: "uji".to_owned(),
            log_time: LogTime(1),
            next_node: NodeId(voters + 1),
            vote: None,
            last,
            committed: earlier,
            applied: earlier,
            hash: 0,
            membership: first_membership(&all).unwrap(),
            faults: Vec::new(),
        }
    }

    #[test]
    fn the_longest_log_of_the_highest_term_is_best() {
        let plan = plan(&[survivor(1, 5, (3, 90)), survivor(2, 5, (4, 80))]).unwrap();
        assert_eq!((plan.best, plan.kept.index, plan.committed.index), (Some(1), 80, 79));
        assert_eq!(plan.missing, BTreeSet::from([3, 4, 5]));
        assert!(!plan.majority_lives && plan.acknowledged_may_be_lost);
    }

    #[test]
    fn half_of_an_even_number_lost_loses_nothing() {
        let plan = plan(&[survivor(1, 4, (3, 90)), survivor(2, 4, (3, 91))]).unwrap();
        assert!(!plan.majority_lives, "they cannot elect");
        assert!(!plan.acknowledged_may_be_lost, "but any three of four had one of them");
    }

    #[test]
    fn a_majority_needs_no_recovery() {
        let plan = plan(&[survivor(1, 3, (3, 90)), survivor(2, 3, (3, 91))]).unwrap();
        assert!(plan.majority_lives && !plan.acknowledged_may_be_lost);
    }

    #[test]
    fn a_survivor_with_a_fault_is_neither_best_nor_counted() {
        let mut longest = survivor(1, 3, (9, 900));
        longest.faults.push("broken".to_owned());
        let plan = plan(&[longest, survivor(3, 3, (3, 91))]).unwrap();
        assert_eq!((plan.best, plan.missing), (Some(1), BTreeSet::from([2])));
        assert!(!plan.majority_lives && plan.acknowledged_may_be_lost);
    }

    #[test]
    fn an_edge_promises_nothing() {
        let mut edge = survivor(9, 3, (3, 91));
        edge.identity.edge = true;
        let plan = plan(&[edge]).unwrap();
        assert_eq!(plan.missing, BTreeSet::from([1, 2, 3]));
        assert!(plan.acknowledged_may_be_lost);
    }

    #[test]
    fn members_read_back() {
        let known = KnownMembers::read(&first_membership(&[member(4), member(5)]).unwrap()).unwrap();
        assert_eq!(known.voters(), BTreeSet::from([4, 5]));
        assert_eq!(known.members[&4].id, NodeId(4));
    }
}
