//! What keeps this node from leading, although it follows and votes.
//!
//! Invariant: a node with any obstacle does not stand for election; one that leads when an obstacle appears hands
//! over. Obstacles come and go one by one.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use store::Engine;
use tally::ids::NodeId;

use crate::error::OperateError;
use crate::handle::Cluster;
use crate::space::Room;

/// Longest a draining follower waits for news of the leader.
const DRAIN_LEADER_DEADLINE: Duration = Duration::from_secs(5);

/// Why a node must not lead. The numbers are bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Obstacle {
    /// Its clock is wrong (9.3).
    Clock,
    /// An operator is about to stop it.
    Draining,
    /// Its state is not that of a majority (9.5).
    State,
}

impl Obstacle {
    const fn bit(self) -> u8 {
        match self {
            Self::Clock => 1,
            Self::Draining => 2,
            Self::State => 4,
        }
    }
}

/// The obstacles there are now.
#[derive(Debug, Default)]
pub(crate) struct Fitness(AtomicU8);

impl Fitness {
    /// Whether that obstacle is there.
    pub(crate) fn has(&self, obstacle: Obstacle) -> bool {
        self.0.load(Ordering::Relaxed) & obstacle.bit() != 0
    }

    /// All of them, as peers are told.
    pub(crate) fn bits(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// Sets or clears an obstacle; answers whether that changed something, and whether none is left.
    fn set(&self, obstacle: Obstacle, there: bool) -> (bool, bool) {
        let before = if there {
            self.0.fetch_or(obstacle.bit(), Ordering::Relaxed)
        } else {
            self.0.fetch_and(!obstacle.bit(), Ordering::Relaxed)
        };
        let changed = (before & obstacle.bit() != 0) != there;
        (changed, self.0.load(Ordering::Relaxed) == 0)
    }
}

impl<E: Engine> Cluster<E> {
    /// Hands leadership away and does not take it again, until [`Cluster::resume`]; answers who leads.
    pub async fn drain(&self) -> Result<NodeId, OperateError> {
        self.set_obstacle(Obstacle::Draining, true);
        if self.is_leader() {
            let handed_over = self.transfer_here(None).await;
            if handed_over.is_err() {
                // Nobody else can: a cluster without a leader helps nobody.
                self.resume();
            }
            return handed_over;
        }
        self.wait_leader(DRAIN_LEADER_DEADLINE).await
    }

    /// This node may lead again.
    pub fn resume(&self) {
        self.set_obstacle(Obstacle::Draining, false);
    }

    /// Whether [`Cluster::drain`] was asked for.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.inner.fitness.has(Obstacle::Draining)
    }

    /// Why a peer must not lead, as far as this node knows.
    pub(crate) fn unfit(&self, id: NodeId) -> Option<&'static str> {
        if id == self.inner.settings.node {
            return None;
        }
        let obstacles = self.told().get(&id).map_or(0, |told| told.obstacles);
        if self.clock_is_wrong(id) || obstacles & Obstacle::Clock.bit() != 0 {
            return Some("its clock is wrong");
        }
        if self.inner.equality.differs(id) || obstacles & Obstacle::State.bit() != 0 {
            return Some("its state is wrong");
        }
        if obstacles & Obstacle::Draining.bit() != 0 {
            return Some("it is draining");
        }
        if self.room_of(id) > Room::Plenty {
            return Some("its disk is nearly full");
        }
        (obstacles != 0).then_some("it says that it must not lead")
    }

    /// Sets or clears an obstacle; answers whether that changed something.
    pub(crate) fn set_obstacle(&self, obstacle: Obstacle, there: bool) -> bool {
        let (changed, fit) = self.inner.fitness.set(obstacle, there);
        if changed {
            self.inner.raft.runtime_config().elect(fit && !self.inner.settings.edge);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_obstacle_counts_once() {
        let fitness = Fitness::default();
        assert!(!fitness.has(Obstacle::Clock));
        assert_eq!(fitness.set(Obstacle::Clock, true), (true, false));
        assert_eq!(fitness.set(Obstacle::Clock, true), (false, false));
        assert!(fitness.has(Obstacle::Clock));
        assert_eq!(fitness.set(Obstacle::Clock, false), (true, true));
        assert_eq!(fitness.set(Obstacle::Clock, false), (false, true));
    }
}
