//! What Raft promises: one leader a term, one log, nothing committed changes, and a leader has all of it.

use std::collections::BTreeMap;

use super::Complaint;

/// An entry as it was seen: its term and a hash of its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seen {
    /// The term.
    pub term: u64,
    /// A hash of the payload.
    pub hash: u64,
}

/// All that was seen of elections and logs.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    leaders: BTreeMap<u64, u64>,
    entries: BTreeMap<(u64, u64), u64>,
    committed: BTreeMap<u64, Seen>,
}

impl Agreement {
    /// A node takes another one, or itself, for the elected leader of a term.
    pub fn elected(&mut self, node: u64, term: u64, leader: u64) -> Option<Complaint> {
        let first = *self.leaders.entry(term).or_insert(leader);
        (first != leader)
            .then(|| format!("term {term} has two leaders: {first}, and, as node {node} has it, {leader}"))
    }

    /// An entry is in the log of a node.
    pub fn entry(&mut self, node: u64, index: u64, seen: Seen) -> Option<Complaint> {
        let first = *self.entries.entry((index, seen.term)).or_insert(seen.hash);
        (first != seen.hash).then(|| {
            format!("entry {index} of term {} is another one on node {node} than elsewhere", seen.term)
        })
    }

    /// An entry in the log of a node is applied there.
    pub fn committed(&mut self, node: u64, index: u64, seen: Seen) -> Option<Complaint> {
        let first = *self.committed.entry(index).or_insert(seen);
        (first != seen)
            .then(|| format!("entry {index} was committed as {first:?} and is {seen:?} on node {node}"))
    }

    /// The last entry known to be committed.
    #[must_use]
    pub fn last_committed(&self) -> Option<(u64, Seen)> {
        self.committed.last_key_value().map(|(index, seen)| (*index, *seen))
    }

    /// A node was just seen to lead a term: what it has at the last index that was committed when the term began.
    pub fn leads(&self, node: u64, term: u64, has: impl Fn(u64) -> Option<u64>) -> Option<Complaint> {
        let (index, seen) = self.last_committed()?;
        // What was committed later, in a later term, this leader need not have.
        if seen.term >= term {
            return None;
        }
        let found = has(index);
        (found != Some(seen.term)).then(|| {
            format!(
                "node {node} leads term {term} without entry {index} of term {}, which was committed; it has {found:?}",
                seen.term
            )
        })
    }

    /// Terms that had a leader, and entries that were committed, as far as they were seen.
    #[must_use]
    pub fn seen(&self) -> (usize, usize) {
        (self.leaders.len(), self.committed.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_noticed_when_it_is_broken() {
        let seen = |term, hash| Seen { term, hash };
        let mut agreement = Agreement::default();
        assert_eq!(agreement.elected(1, 3, 1), None);
        assert_eq!(agreement.elected(2, 3, 1), None);
        assert!(agreement.elected(2, 3, 2).is_some());
        assert_eq!(agreement.entry(1, 10, seen(3, 77)), None);
        assert_eq!(agreement.entry(2, 10, seen(4, 78)), None);
        assert!(agreement.entry(2, 10, seen(3, 79)).is_some());
        assert_eq!(agreement.committed(1, 10, seen(3, 77)), None);
        assert!(agreement.committed(2, 10, seen(4, 78)).is_some());
        assert_eq!(agreement.leads(1, 4, |_| Some(3)), None);
        assert_eq!(agreement.leads(1, 3, |_| None), None);
        assert!(agreement.leads(1, 4, |_| Some(2)).is_some());
        assert!(agreement.leads(1, 4, |_| None).is_some());
    }
}
