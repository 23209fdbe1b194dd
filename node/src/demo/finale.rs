//! The end of a play: what every node says, beside what must be.
//!
//! Invariant: hashes are compared at one index only, the newest that most nodes were seen at.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::official::Votes;
use super::remote::Remote;

/// How long the nodes may take to come to the same index.
const AGREE_MAX: Duration = Duration::from_secs(30);
/// How long a node that does not answer is waited for.
const ALL_MAX: Duration = Duration::from_secs(5);
/// Wait between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Hashes kept of each node.
const HASHES_MAX: usize = 256;

/// What one node says at the end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Witness {
    /// The node's place.
    pub(super) node: usize,
    /// The nation's votes; `None` when it did not answer.
    pub(super) votes: Option<Votes>,
    /// Its state hash at the common index; `None` when it did not come there.
    pub(super) hash: Option<String>,
}

/// What all of them say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    /// The index that the hashes are of.
    pub(super) index: u64,
    /// The nodes.
    pub(super) witnesses: Vec<Witness>,
}

impl Verdict {
    /// Whether all nodes that answered say the same, and the votes are these where they are known beforehand.
    /// At least a majority must have answered.
    pub(super) fn agrees(&self, expected: Option<&Votes>) -> bool {
        let answered: Vec<&Witness> = self
            .witnesses
            .iter()
            .filter(|witness| witness.votes.is_some() && witness.hash.is_some())
            .collect();
        let Some(first) = answered.first() else {
            return false;
        };
        let same = answered.iter().all(|witness| witness.votes == first.votes && witness.hash == first.hash);
        let right = expected.is_none_or(|expected| first.votes.as_ref() == Some(expected));
        same && right && answered.len().saturating_mul(2) > self.witnesses.len()
    }
}

/// Asks every node until all of them stand at one index and agree; after a while a majority that does is enough,
/// and in the end whatever was heard.
pub(super) async fn hear(remote: &Remote, expected: Option<&Votes>) -> Verdict {
    let began = Instant::now();
    let mut heard: Vec<BTreeMap<u64, String>> = vec![BTreeMap::new(); remote.nodes()];
    loop {
        let verdict = once(remote, &mut heard).await;
        let complete = verdict.witnesses.iter().all(|witness| witness.hash.is_some());
        let enough = complete || began.elapsed() >= ALL_MAX;
        if (enough && verdict.agrees(expected)) || began.elapsed() >= AGREE_MAX {
            return verdict;
        }
        sleep(LOOK_EVERY).await;
    }
}

/// One look at every node, all at once. `heard` keeps what each said before: entries that nobody asked for move
/// the nodes on one after the other, and an index that all of them have stood at is found among the last ones.
async fn once(remote: &Remote, heard: &mut [BTreeMap<u64, String>]) -> Verdict {
    let hashes = join_all((0..remote.nodes()).map(|node| remote.state_hash(node))).await;
    for (hashes, now) in heard.iter_mut().zip(hashes) {
        hashes.extend(now.map(|now| (now.index, now.hash)));
        while hashes.len() > HASHES_MAX {
            hashes.pop_first();
        }
    }
    let index = common_index(heard);
    let votes = join_all((0..remote.nodes()).map(|node| remote.nation(node))).await;
    let witnesses = votes.into_iter().zip(heard.iter()).enumerate();
    let witnesses = witnesses
        .map(|(node, (votes, hashes))| Witness { node, votes, hash: hashes.get(&index).cloned() })
        .collect();
    Verdict { index, witnesses }
}

/// The newest of the indexes that most nodes told their hash at.
fn common_index(heard: &[BTreeMap<u64, String>]) -> u64 {
    let mut told: BTreeMap<u64, usize> = BTreeMap::new();
    for index in heard.iter().flat_map(BTreeMap::keys) {
        let nodes = told.entry(*index).or_default();
        *nodes = nodes.saturating_add(1);
    }
    told.into_iter().max_by_key(|(index, nodes)| (*nodes, *index)).map_or(0, |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witness(node: usize, votes: Option<Votes>, hash: Option<&str>) -> Witness {
        Witness { node, votes, hash: hash.map(str::to_owned) }
    }

    #[test]
    fn nodes_agree_only_on_the_same_votes_and_hash() {
        let votes = [1, 2, 3];
        let two = [witness(0, Some(votes), Some("a")), witness(1, Some(votes), Some("a"))];
        let with = |third: Witness| Verdict { index: 7, witnesses: [&two[..], &[third]].concat() };
        assert!(with(witness(2, Some(votes), Some("a"))).agrees(Some(&votes)));
        assert!(with(witness(2, None, None)).agrees(None), "a dead node does not speak");
        assert!(!with(witness(2, Some([1, 2, 4]), Some("a"))).agrees(Some(&votes)));
        assert!(!with(witness(2, Some(votes), Some("b"))).agrees(None));
        assert!(!with(witness(2, Some(votes), Some("a"))).agrees(Some(&[0, 0, 0])));
        let alone = witness(0, Some(votes), Some("a"));
        let silent = |node| witness(node, None, None);
        assert!(!Verdict { index: 7, witnesses: vec![alone, silent(1), silent(2)] }.agrees(None));
    }

    #[test]
    fn the_common_index_is_the_newest_that_most_nodes_stood_at() {
        let told = |indexes: &[u64]| indexes.iter().map(|index| (*index, "h".to_owned())).collect();
        assert_eq!(common_index(&[told(&[1, 3, 5]), told(&[2, 3, 4]), told(&[3, 6])]), 3);
        assert_eq!(common_index(&[told(&[7, 8]), told(&[7, 8]), told(&[])]), 8);
        assert_eq!(common_index(&[told(&[]), told(&[])]), 0);
    }
}
