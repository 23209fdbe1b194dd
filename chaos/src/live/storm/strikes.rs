//! What is done to the nodes and to the lines between them.
//!
//! Invariant: whatever a strike did is undone when it is over: lines are whole, processes run, and are waited for.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::sleep;

use super::watch::Silence;
use crate::chance::Chance;
use crate::live::fleet::Fleet;
use crate::live::links::{Links, Pair, Way};
use crate::live::{Trouble, harness};

/// Length of one beat of a line that flaps.
const BEAT: Duration = Duration::from_millis(200);

/// A fault of the storm.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Kind {
    /// The leader is killed and starts again.
    KillLeader,
    /// Any node is killed and starts again.
    KillOne,
    /// All are killed at once and start again.
    KillAll,
    /// The leader is stopped and goes on.
    PauseLeader,
    /// Any node is stopped and goes on.
    PauseOne,
    /// Nothing reaches the leader from the others, and nothing of it reaches them.
    CutLeader,
    /// The same for any node.
    CutOne,
    /// As many nodes as the others can do without are cut off together, the leader among them.
    CutMinority,
    /// Nothing of the leader reaches the others; it hears them.
    MuteLeader,
    /// The leader hears nothing; the others hear it.
    DeafenLeader,
    /// Two halves that only one node joins.
    Bridge,
    /// Each node sees two neighbours only; with three nodes a chain.
    Ring,
    /// The lines of a node come and go.
    Flap,
    /// The lines of a node are slow.
    Slow,
    /// The lines of a node carry little.
    Thin,
    /// The connections of a node end, as when a router forgets them.
    Reset,
    /// Leadership is handed over.
    HandOver,
}

impl Kind {
    /// What it is called in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::KillLeader => "kill of the leader",
            Self::KillOne => "kill of one",
            Self::KillAll => "kill of all",
            Self::PauseLeader => "pause of the leader",
            Self::PauseOne => "pause of one",
            Self::CutLeader => "leader cut off",
            Self::CutOne => "one cut off",
            Self::CutMinority => "minority with the leader cut off",
            Self::MuteLeader => "leader mute",
            Self::DeafenLeader => "leader deaf",
            Self::Bridge => "bridge",
            Self::Ring => "ring",
            Self::Flap => "flapping lines of one",
            Self::Slow => "slow lines of one",
            Self::Thin => "thin lines of one",
            Self::Reset => "connections of one reset",
            Self::HandOver => "hand-over",
        }
    }

    /// Longest that nobody may be answered, where a majority of the nodes is there and sees each other (design section 8).
    pub(super) const fn gap_max(self) -> Option<Duration> {
        match self {
            Self::HandOver => Some(Duration::from_millis(250)),
            Self::KillLeader
            | Self::KillOne
            | Self::PauseLeader
            | Self::PauseOne
            | Self::CutLeader
            | Self::CutOne
            | Self::CutMinority => Some(Duration::from_millis(1_500)),
            Self::MuteLeader | Self::DeafenLeader | Self::Slow | Self::Thin | Self::Reset => {
                Some(Duration::from_secs(2))
            }
            Self::KillAll | Self::Bridge | Self::Ring | Self::Flap => None,
        }
    }

    /// Whether it needs lines that can be cut.
    pub(super) const fn needs_links(self) -> bool {
        !matches!(
            self,
            Self::KillLeader
                | Self::KillOne
                | Self::KillAll
                | Self::PauseLeader
                | Self::PauseOne
                | Self::HandOver
        )
    }

    const fn is_for_leader(self) -> bool {
        matches!(
            self,
            Self::KillLeader
                | Self::PauseLeader
                | Self::CutLeader
                | Self::CutMinority
                | Self::MuteLeader
                | Self::DeafenLeader
        )
    }
}

/// A strike that is about to happen.
pub(super) struct Strike {
    pub(super) kind: Kind,
    /// Places of those it hits.
    pub(super) nodes: Vec<usize>,
    hold: Duration,
}

/// Both ways of every line between two groups.
fn between(one: &[usize], other: &[usize]) -> Vec<Pair> {
    let pairs = one.iter().flat_map(|left| other.iter().map(move |right| (*left, *right)));
    pairs.flat_map(|(left, right)| [(left, right), (right, left)]).collect()
}

/// Every line that is not between neighbours in a ring.
fn across(count: usize) -> Vec<Pair> {
    let far = |left: usize, right: usize| {
        let apart = left.abs_diff(right);
        apart > 1 && (count == 3 || apart.saturating_add(1) != count)
    };
    (0..count)
        .flat_map(|left| (0..count).map(move |right| (left, right)))
        .filter(|(left, right)| far(*left, *right))
        .collect()
}

impl Strike {
    /// Chooses whom it hits and for how long.
    pub(super) async fn plan(kind: Kind, fleet: &Fleet, chance: &mut Chance) -> Result<Self, Trouble> {
        let count = fleet.members().len();
        let any = chance.place(count);
        let hold = Duration::from_millis(chance.between(700, 2_500));
        let first = if kind.is_for_leader() { leader(fleet).await? } else { any };
        let nodes = match kind {
            Kind::KillAll | Kind::Ring => (0..count).collect(),
            Kind::CutMinority => {
                let mut others: Vec<usize> = (0..count).filter(|node| *node != first).collect();
                chance.shuffle(&mut others);
                others.truncate(count.saturating_sub(1).div_euclid(2).saturating_sub(1));
                others.push(first);
                others
            }
            Kind::KillLeader
            | Kind::KillOne
            | Kind::PauseLeader
            | Kind::PauseOne
            | Kind::CutLeader
            | Kind::CutOne
            | Kind::MuteLeader
            | Kind::DeafenLeader
            | Kind::Bridge
            | Kind::Flap
            | Kind::Slow
            | Kind::Thin
            | Kind::Reset
            | Kind::HandOver => vec![first],
        };
        Ok(Self { kind, nodes, hold })
    }

    /// Does it, holds it, and undoes it. `silence` hears of nodes that nothing reaches.
    pub(super) async fn run(&self, fleet: &mut Fleet, silence: &Silence) -> Result<(), Trouble> {
        match self.kind {
            Kind::KillLeader | Kind::KillOne | Kind::KillAll => {
                self.nodes.iter().for_each(|node| fleet.kill(*node));
                if self.kind != Kind::KillAll {
                    sleep(self.hold).await;
                }
                fleet.start(&self.nodes).await.map(drop)
            }
            Kind::PauseLeader | Kind::PauseOne => self.pause(fleet).await,
            Kind::HandOver => hand_over(fleet).await,
            Kind::Flap => self.flap(fleet).await,
            Kind::Reset => self.reset(fleet),
            Kind::CutLeader
            | Kind::CutOne
            | Kind::CutMinority
            | Kind::MuteLeader
            | Kind::DeafenLeader
            | Kind::Bridge
            | Kind::Ring
            | Kind::Slow
            | Kind::Thin => self.cut(fleet, silence).await,
        }
    }

    async fn pause(&self, fleet: &Fleet) -> Result<(), Trouble> {
        for node in &self.nodes {
            fleet.signal(*node, Signal::STOP).map_err(harness)?;
        }
        sleep(self.hold).await;
        for node in &self.nodes {
            fleet.signal(*node, Signal::CONT).map_err(harness)?;
        }
        Ok(())
    }

    async fn flap(&self, fleet: &Fleet) -> Result<(), Trouble> {
        let links = links(fleet)?;
        let pairs = between(&self.nodes, &others(fleet, &self.nodes));
        let mut left = self.hold.saturating_mul(2);
        while !left.is_zero() {
            links.set(pairs.iter().copied(), Way { cut: true, ..Way::default() });
            sleep(BEAT).await;
            links.heal();
            sleep(BEAT).await;
            left = left.saturating_sub(BEAT.saturating_mul(2));
        }
        Ok(())
    }

    fn reset(&self, fleet: &Fleet) -> Result<(), Trouble> {
        let links = links(fleet)?;
        for pair in between(&self.nodes, &others(fleet, &self.nodes)) {
            links.reset(pair);
        }
        Ok(())
    }

    async fn cut(&self, fleet: &Fleet, silence: &Silence) -> Result<(), Trouble> {
        let links = links(fleet)?;
        let others = others(fleet, &self.nodes);
        let both = between(&self.nodes, &others);
        let cut = Way { cut: true, ..Way::default() };
        let (pairs, way) = match self.kind {
            Kind::MuteLeader => {
                (both.into_iter().filter(|(from, _)| self.nodes.contains(from)).collect(), cut)
            }
            Kind::DeafenLeader => (both.into_iter().filter(|(_, to)| self.nodes.contains(to)).collect(), cut),
            Kind::Bridge => {
                let (left, right) = others.split_at(others.len().div_euclid(2));
                (between(left, right), cut)
            }
            Kind::Ring => (across(self.nodes.len()), cut),
            Kind::Slow => (both, Way { delay: Duration::from_millis(30), ..Way::default() }),
            Kind::Thin => (both, Way { bytes_per_second: Some(200_000), ..Way::default() }),
            Kind::CutLeader
            | Kind::CutOne
            | Kind::CutMinority
            | Kind::KillLeader
            | Kind::KillOne
            | Kind::KillAll
            | Kind::PauseLeader
            | Kind::PauseOne
            | Kind::Flap
            | Kind::Reset
            | Kind::HandOver => (both, cut),
        };
        links.set(pairs, way);
        if matches!(self.kind, Kind::CutOne | Kind::CutLeader) {
            self.nodes.iter().for_each(|node| silence.begins(*node));
        }
        sleep(self.hold).await;
        silence.ends();
        links.heal();
        Ok(())
    }
}

fn others(fleet: &Fleet, nodes: &[usize]) -> Vec<usize> {
    fleet.members().into_iter().filter(|node| !nodes.contains(node)).collect()
}

fn links(fleet: &Fleet) -> Result<&Links, Trouble> {
    fleet.links().ok_or_else(|| harness("a cut without lines that can be cut"))
}

async fn leader(fleet: &Fleet) -> Result<usize, Trouble> {
    fleet.leader().await.ok_or_else(|| harness("nobody leads"))
}

async fn hand_over(fleet: &Fleet) -> Result<(), Trouble> {
    let operator = fleet.operators().next().ok_or_else(|| harness("no nodes"))?;
    let handed = operator.transfer(None).await;
    handed.map(drop).map_err(|error| Trouble::Violation(format!("a hand-over was refused: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_leaves_neighbours_and_three_make_a_chain() {
        assert_eq!(across(3), [(0, 2), (2, 0)]);
        let five = across(5);
        assert!(!five.contains(&(0, 1)) && !five.contains(&(0, 4)) && five.contains(&(0, 2)));
        assert_eq!(five.len(), 10);
    }

    #[test]
    fn a_cut_between_groups_goes_both_ways() {
        assert_eq!(between(&[0], &[1, 2]), [(0, 1), (1, 0), (0, 2), (2, 0)]);
    }
}
