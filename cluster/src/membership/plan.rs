//! Which changes are safe to begin, decided on sets alone.
//!
//! Invariant: a quorum is more than half of the voters.

use std::collections::BTreeSet;

/// Whether these are a majority of each configuration in force; of none they are not.
pub(crate) fn is_majority(configurations: &[BTreeSet<u64>], these: &BTreeSet<u64>) -> bool {
    let enough = |voters: &BTreeSet<u64>| voters.intersection(these).count() > voters.len().div_euclid(2);
    !configurations.is_empty() && configurations.iter().all(enough)
}

/// How many more of the voters must live for a majority; `None` when enough do.
pub(crate) fn missing_for_quorum(voters: &BTreeSet<u64>, alive: &BTreeSet<u64>) -> Option<usize> {
    let quorum = voters.len().div_euclid(2).saturating_add(1);
    let living = voters.intersection(alive).count();
    quorum.checked_sub(living).filter(|missing| *missing > 0)
}

/// The best voter to lead next: caught up, alive, not this one; the furthest, then the lowest number.
pub(crate) fn successor(
    voters: &BTreeSet<u64>,
    alive: &BTreeSet<u64>,
    myself: u64,
    matched: impl Fn(u64) -> Option<u64>,
) -> Option<u64> {
    let candidates = voters.intersection(alive).copied().filter(|id| *id != myself);
    candidates
        .filter_map(|id| matched(id).map(|index| (index, std::cmp::Reverse(id))))
        .max()
        .map(|(_, std::cmp::Reverse(id))| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_of_each_configuration_is_needed() {
        let set = |numbers: &[u64]| numbers.iter().copied().collect::<BTreeSet<u64>>();
        let one = [set(&[1, 2, 3])];
        assert!(is_majority(&one, &set(&[1, 3])));
        assert!(is_majority(&one, &set(&[1, 3, 9])));
        assert!(!is_majority(&one, &set(&[1, 9, 8])));
        let four = [set(&[1, 2, 3, 4])];
        assert!(!is_majority(&four, &set(&[1, 2])));
        let joint = [set(&[1, 2, 3]), set(&[3, 4, 5])];
        assert!(!is_majority(&joint, &set(&[1, 2, 3])));
        assert!(!is_majority(&joint, &set(&[1, 4, 5])));
        assert!(is_majority(&joint, &set(&[1, 3, 4])));
        assert!(is_majority(&joint, &set(&[1, 2, 4, 5])));
        assert!(!is_majority(&[], &set(&[1])));
    }

    #[test]
    fn a_majority_must_live() {
        let check = |voters: &[u64], alive: &[u64]| {
            missing_for_quorum(&voters.iter().copied().collect(), &alive.iter().copied().collect())
        };
        assert_eq!(check(&[1, 2, 3], &[1, 2]), None);
        assert_eq!(check(&[1, 2, 3], &[1, 4, 5]), Some(1));
        assert_eq!(check(&[1, 2, 3, 4], &[1, 2]), Some(1));
        assert_eq!(check(&[1, 2, 3, 4, 5], &[]), Some(3));
        assert_eq!(check(&[1], &[1]), None);
    }

    #[test]
    fn the_furthest_living_voter_follows() {
        let voters = BTreeSet::from([1, 2, 3, 4]);
        let alive = BTreeSet::from([1, 2, 3, 9]);
        let matched =
            |id| [(1, 50), (2, 40), (3, 40), (4, 60), (9, 70)].into_iter().find(|(of, _)| *of == id);
        let matched = |id| matched(id).map(|(_, index)| index);
        assert_eq!(successor(&voters, &alive, 1, matched), Some(2));
        assert_eq!(successor(&voters, &alive, 2, matched), Some(1));
        assert_eq!(successor(&voters, &BTreeSet::from([1]), 1, matched), None);
        assert_eq!(successor(&voters, &alive, 1, |_| None), None);
    }
}
