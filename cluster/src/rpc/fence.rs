//! Peers that lost what they had acknowledged (design 9.2).
//!
//! Invariant: what a follower acknowledged to this leader in this term, and what it acknowledged and was committed in
//! any term, it must have for ever. One that denies it under the same incarnation is fenced: nothing more is sent to
//! it, and openraft, which would overwrite or panic, never hears of the conflict.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tally::ids::NodeId;

use crate::member::Member;

/// What a peer acknowledged.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// The term in which `acknowledged` was said.
    term: u64,
    /// Highest index acknowledged in that term.
    acknowledged: u64,
    /// Highest index acknowledged and known to be committed, in any term.
    committed: u64,
    /// The index it lost, once it has.
    lost: Option<u64>,
}

impl Mark {
    /// The index that the peer must have.
    const fn floor(&self, term: u64) -> u64 {
        if self.term == term && self.acknowledged > self.committed {
            self.acknowledged
        } else {
            self.committed
        }
    }
}

/// All peers' marks. One for each incarnation: a member that joined anew begins with nothing.
#[derive(Debug, Default)]
pub(crate) struct Fence(Mutex<BTreeMap<(NodeId, [u8; 16]), Mark>>);

impl Fence {
    /// A peer acknowledged everything up to `index` in `term`, when everything up to `committed` was committed.
    pub(crate) fn acknowledged(&self, peer: &Member, term: u64, index: u64, committed: u64) {
        let mut marks = self.marks();
        let mark = marks.entry((peer.id, peer.incarnation)).or_default();
        if mark.term < term {
            mark.term = term;
            mark.acknowledged = 0;
        }
        if mark.term == term {
            mark.acknowledged = mark.acknowledged.max(index);
        }
        mark.committed = mark.committed.max(index.min(committed));
    }

    /// A peer denied to have `index` in `term`: the index it lost, if that is news and may not be.
    pub(crate) fn denied(&self, peer: &Member, term: u64, index: u64) -> Option<u64> {
        let mut marks = self.marks();
        let mark = marks.get_mut(&(peer.id, peer.incarnation))?;
        if mark.lost.is_none() && index <= mark.floor(term) {
            mark.lost = Some(mark.floor(term));
            return mark.lost;
        }
        None
    }

    /// Whether a peer is fenced, and the index it lost.
    pub(crate) fn lost(&self, peer: &Member) -> Option<u64> {
        self.marks().get(&(peer.id, peer.incarnation))?.lost
    }

    fn marks(&self) -> MutexGuard<'_, BTreeMap<(NodeId, [u8; 16]), Mark>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(incarnation: u8) -> Member {
        Member { id: NodeId(2), incarnation: [incarnation; 16], ..Member::default() }
    }

    #[test]
    fn what_was_acknowledged_in_this_term_must_be_there() {
        let fence = Fence::default();
        assert_eq!(fence.denied(&peer(1), 3, 0), None);
        fence.acknowledged(&peer(1), 3, 10, 4);
        assert_eq!(fence.denied(&peer(1), 3, 11), None);
        assert_eq!(fence.lost(&peer(1)), None);
        assert_eq!(fence.denied(&peer(1), 3, 10), Some(10));
        assert_eq!(fence.lost(&peer(1)), Some(10));
        // Said once.
        assert_eq!(fence.denied(&peer(1), 3, 9), None);
        // It joined anew.
        assert_eq!(fence.lost(&peer(2)), None);
        assert_eq!(fence.denied(&peer(2), 3, 1), None);
    }

    #[test]
    fn another_leader_may_have_overwritten_what_was_not_committed() {
        let fence = Fence::default();
        fence.acknowledged(&peer(1), 3, 10, 4);
        assert_eq!(fence.denied(&peer(1), 5, 7), None);
        fence.acknowledged(&peer(1), 5, 6, 6);
        assert_eq!(fence.denied(&peer(1), 5, 7), None);
        assert_eq!(fence.denied(&peer(1), 5, 6), Some(6));
    }
}
