//! When voters last followed this node.
//!
//! Invariant: a voter followed at the moment at which a heartbeat was sent that it answered itself, and no later. openraft's
//! own time of the last quorum is not used: it takes an answer to entries for one to every message up to the index that
//! the answer names, one that was only sent after it among them (see `confirmation`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::runtime::{self, Instant};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Followers {
    /// By voter: in which term, and when.
    followed: Mutex<BTreeMap<u64, (u64, Instant)>>,
    news: Notify,
}

impl Followers {
    /// A peer has answered a heartbeat of that term that was sent then.
    pub(crate) fn followed(&self, peer: u64, term: u64, sent: Instant) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = followed.entry(peer).or_insert((term, sent));
        *known = (*known).max((term, sent));
        drop(followed);
        self.news.notify_one();
    }

    /// Resolves when somebody has followed since the last time.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// The latest moment at which a majority of each configuration followed this node in a term.
    pub(crate) fn majority_at(
        &self,
        myself: u64,
        term: u64,
        configurations: &[BTreeSet<u64>],
    ) -> Option<Instant> {
        let (followed, now) = (self.followed.lock().unwrap_or_else(PoisonError::into_inner), runtime::now());
        let at = |voter: &u64| match followed.get(voter) {
            _ if *voter == myself => Some(now),
            Some((then, at)) if *then == term => Some(*at),
            Some(_) | None => None,
        };
        let majority = |voters: &BTreeSet<u64>| {
            let mut times: Vec<Instant> = voters.iter().filter_map(at).collect();
            times.sort_unstable_by(|one, other| other.cmp(one));
            times.get(voters.len().div_euclid(2)).copied()
        };
        configurations.iter().map(majority).min().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_majority_of_each_configuration_must_have_followed_in_the_term() {
        let (followers, began) = (Followers::default(), runtime::now());
        let at = |ms| runtime::after(began, Duration::from_millis(ms));
        let three = [BTreeSet::from([1, 2, 3])];
        let joint = [BTreeSet::from([1, 2, 3]), BTreeSet::from([3, 4, 5])];
        runtime::sleep(Duration::from_millis(100)).await;
        assert_eq!(followers.majority_at(1, 5, &three), None);
        followers.followed(2, 5, at(10));
        assert_eq!(followers.majority_at(1, 5, &three), Some(at(10)));
        assert_eq!(followers.majority_at(1, 6, &three), None, "that was another term");
        followers.followed(3, 5, at(30));
        followers.followed(2, 5, at(5));
        assert_eq!(followers.majority_at(1, 5, &three), Some(at(30)), "an older answer takes nothing back");
        assert_eq!(followers.majority_at(1, 5, &joint), None);
        followers.followed(4, 5, at(20));
        assert_eq!(followers.majority_at(1, 5, &joint), Some(at(20)));
        assert_eq!(
            followers.majority_at(1, 5, &[BTreeSet::from([1])]),
            Some(at(100)),
            "it is its own majority"
        );
    }
}
