//! Who is right where states differ (design 9.5), decided on hashes alone.
//!
//! Invariant: a node differs only if more than half of the voters have another value at the same index; where no
//! value has that majority nobody is judged.

use std::collections::{BTreeMap, BTreeSet};

/// Hashes by index, of one node.
pub(crate) type Table = BTreeMap<u64, u128>;

/// What all that was told amounts to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Verdict {
    /// Newest index at which a majority of the voters have one value.
    pub(crate) agreed: Option<u64>,
    /// Nodes that differed from the majority at the newest index they could be compared at, and that index.
    pub(crate) differing: BTreeMap<u64, u64>,
    /// Newest index at which voters differ and no value has a majority, if no later index has one.
    pub(crate) split: Option<u64>,
}

/// The value that more than half of the voters have at an index.
pub(crate) fn majority(
    voters: &BTreeSet<u64>,
    tables: &BTreeMap<u64, Table>,
    index: u64,
) -> Result<Option<u128>, Split> {
    let mut counts: BTreeMap<u128, usize> = BTreeMap::new();
    for (node, table) in tables {
        if let Some(hash) = table.get(&index).filter(|_| voters.contains(node)) {
            let count = counts.entry(*hash).or_default();
            *count = count.saturating_add(1);
        }
    }
    let quorum = voters.len().div_euclid(2).saturating_add(1);
    let winner = counts.iter().find(|(_, count)| **count >= quorum).map(|(hash, _)| *hash);
    if winner.is_none() && counts.len() > 1 { Err(Split) } else { Ok(winner) }
}

/// Voters differ and no value has a majority.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Split;

/// Compares what nodes told at every index.
pub(crate) fn compare(voters: &BTreeSet<u64>, tables: &BTreeMap<u64, Table>) -> Verdict {
    let indexes: BTreeSet<u64> = tables.values().flat_map(|table| table.keys().copied()).collect();
    let mut verdict = Verdict::default();
    for index in indexes {
        match majority(voters, tables, index) {
            Ok(None) => {}
            Err(Split) => verdict.split = Some(index),
            Ok(Some(right)) => {
                verdict.agreed = Some(index);
                verdict.split = None;
                for (node, table) in tables {
                    match table.get(&index) {
                        Some(hash) if *hash == right => drop(verdict.differing.remove(node)),
                        Some(_) => drop(verdict.differing.insert(*node, index)),
                        None => {}
                    }
                }
            }
        }
    }
    verdict
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tables(told: &[(u64, &[(u64, u128)])]) -> BTreeMap<u64, Table> {
        told.iter().map(|(node, table)| (*node, table.iter().copied().collect())).collect()
    }

    #[test]
    fn only_the_one_against_a_majority_differs() {
        let voters = BTreeSet::from([1, 2, 3]);
        let verdict = compare(&voters, &tables(&[(1, &[(10, 5)]), (2, &[(10, 5)]), (3, &[(10, 6)])]));
        assert_eq!((verdict.agreed, verdict.split), (Some(10), None));
        assert_eq!(verdict.differing, BTreeMap::from([(3, 10)]));
    }

    #[test]
    fn two_voices_of_three_that_differ_are_a_split_until_the_third_speaks() {
        let voters = BTreeSet::from([1, 2, 3]);
        let told = [(1, &[(10, 5), (20, 7)][..]), (2, &[(10, 6), (20, 7)][..])];
        let verdict = compare(&voters, &tables(&told[..]));
        assert_eq!((verdict.agreed, verdict.split), (Some(20), None), "a later index settles it");
        let verdict = compare(&voters, &tables(&[(1, &[(10, 5)]), (2, &[(10, 6)])]));
        assert_eq!((verdict.agreed, verdict.split, verdict.differing.len()), (None, Some(10), 0));
        let all = [(1, &[(10, 5)][..]), (2, &[(10, 6)][..]), (3, &[(10, 6)][..])];
        assert_eq!(compare(&voters, &tables(&all)).differing, BTreeMap::from([(1, 10)]));
    }

    #[test]
    fn who_does_not_vote_is_judged_but_not_counted() {
        let voters = BTreeSet::from([1, 2, 3]);
        let told = [(1, &[(10, 5)][..]), (7, &[(10, 6)][..]), (8, &[(10, 6)][..])];
        assert_eq!(compare(&voters, &tables(&told)), Verdict::default());
        let told = [(1, &[(10, 5)][..]), (2, &[(10, 5)][..]), (7, &[(10, 6)][..])];
        assert_eq!(compare(&voters, &tables(&told)).differing, BTreeMap::from([(7, 10)]));
    }

    #[test]
    fn a_node_that_is_equal_again_is_let_go() {
        let voters = BTreeSet::from([1, 2, 3]);
        let told = [(1, &[(10, 5), (20, 9)][..]), (2, &[(10, 5), (20, 9)][..]), (3, &[(10, 6), (20, 9)][..])];
        assert!(compare(&voters, &tables(&told)).differing.is_empty());
    }

    proptest! {
        #[test]
        fn nobody_of_a_majority_is_ever_judged(values in proptest::collection::vec(0_u128..3, 1..8)) {
            let voters: BTreeSet<u64> = (0..).take(values.len()).collect();
            let all: BTreeMap<u64, Table> =
                (0..).zip(&values).map(|(node, value)| (node, Table::from([(1, *value)]))).collect();
            let verdict = compare(&voters, &all);
            for (node, value) in (0_u64..).zip(&values) {
                let equal = values.iter().filter(|other| *other == value).count();
                let differs = verdict.differing.contains_key(&node);
                prop_assert!(!(differs && equal * 2 > values.len()));
                let other_majority = (0..3_u128).any(|other| {
                    other != *value && values.iter().filter(|one| **one == other).count() * 2 > values.len()
                });
                prop_assert_eq!(differs, other_majority);
            }
        }
    }
}
