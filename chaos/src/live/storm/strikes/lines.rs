//! Faults of the lines between nodes.
//!
//! Invariant: when one of these returns, every line is whole again.

use std::time::Duration;

use tokio::time::sleep;

use super::super::watch::Silence;
use super::Strike;
use crate::live::fleet::Fleet;
use crate::live::hosts::Drops;
use crate::live::links::{Links, Pair, Way};
use crate::live::{Trouble, harness};

/// Length of one beat of a line that flaps.
const BEAT: Duration = Duration::from_millis(200);

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

fn others(fleet: &Fleet, nodes: &[usize]) -> Vec<usize> {
    fleet.members().into_iter().filter(|node| !nodes.contains(node)).collect()
}

fn links(fleet: &Fleet) -> Result<&Links, Trouble> {
    fleet.links().ok_or_else(|| harness("a fault of lines without doors"))
}

const CUT: Way = Way { cut: true, delay: Duration::ZERO, bytes_per_second: None };

/// Nothing passes in these directions.
fn cut(fleet: &Fleet, pairs: &[Pair]) -> Result<(), Trouble> {
    if let Some(hosts) = fleet.hosts() {
        return hosts.set(pairs, Drops::All).map_err(harness);
    }
    links(fleet)?.set(pairs.iter().copied(), CUT);
    Ok(())
}

/// Delay of a slow line, each way.
const SLOW: Way = Way { cut: false, delay: Duration::from_millis(30), bytes_per_second: None };

/// The lines of a node are slow until [`heal`].
pub(in crate::live::storm) fn slow_down(fleet: &Fleet, node: usize) -> Result<(), Trouble> {
    links(fleet)?.set(between(&[node], &others(fleet, &[node])), SLOW);
    Ok(())
}

/// All lines as they were made.
pub(in crate::live::storm) fn heal(fleet: &Fleet) -> Result<(), Trouble> {
    if let Some(hosts) = fleet.hosts() {
        return hosts.heal().map_err(harness);
    }
    links(fleet)?.heal();
    Ok(())
}

/// The lines of a node come and go.
pub(super) async fn flap(strike: &Strike, fleet: &Fleet) -> Result<(), Trouble> {
    let pairs = between(&strike.nodes, &others(fleet, &strike.nodes));
    let mut left = strike.hold.saturating_mul(2);
    while !left.is_zero() {
        cut(fleet, &pairs)?;
        sleep(BEAT).await;
        heal(fleet)?;
        sleep(BEAT).await;
        left = left.saturating_sub(BEAT.saturating_mul(2));
    }
    Ok(())
}

/// The connections of a node end.
pub(super) fn reset(strike: &Strike, fleet: &Fleet) -> Result<(), Trouble> {
    let links = links(fleet)?;
    for pair in between(&strike.nodes, &others(fleet, &strike.nodes)) {
        links.reset(pair);
    }
    Ok(())
}

/// What is wrong with lines for a while.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spoil {
    /// Nothing passes between those hit and the others.
    Cut,
    /// Nothing of those hit reaches the others.
    Mute,
    /// Nothing of the others reaches those hit.
    Deafen,
    /// The others are two halves that only those hit join.
    Bridge,
    /// Only neighbours see each other.
    Ring,
    /// Everything takes longer.
    Slow,
    /// Little passes at a time.
    Thin,
    /// A part of the packets is lost, both ways.
    Lose,
}

/// Spoils lines, waits, and heals them. `silence` hears of those hit while nothing reaches them.
pub(super) async fn spoil(
    strike: &Strike,
    fleet: &Fleet,
    (how, silence): (Spoil, Option<&Silence>),
) -> Result<(), Trouble> {
    let others = others(fleet, &strike.nodes);
    let both = between(&strike.nodes, &others);
    let hit = |node: &usize| strike.nodes.contains(node);
    match how {
        Spoil::Cut => cut(fleet, &both)?,
        Spoil::Mute => {
            cut(fleet, &both.into_iter().filter(|(from, _)| hit(from)).collect::<Vec<_>>())?;
        }
        Spoil::Deafen => {
            cut(fleet, &both.into_iter().filter(|(_, to)| hit(to)).collect::<Vec<_>>())?;
        }
        Spoil::Bridge => {
            let (left, right) = others.split_at(others.len().div_euclid(2));
            cut(fleet, &between(left, right))?;
        }
        Spoil::Ring => cut(fleet, &across(strike.nodes.len()))?,
        Spoil::Slow => links(fleet)?.set(both, SLOW),
        Spoil::Thin => links(fleet)?.set(both, Way { bytes_per_second: Some(200_000), ..Way::default() }),
        Spoil::Lose => {
            let hosts = fleet.hosts().ok_or_else(|| harness("packets are lost between hosts only"))?;
            hosts.set(&both, Drops::Some).map_err(harness)?;
        }
    }
    if let Some(silence) = silence {
        strike.nodes.iter().for_each(|node| silence.begins(*node));
    }
    sleep(strike.hold).await;
    // Before anything passes again.
    if let Some(silence) = silence {
        silence.ends();
    }
    heal(fleet)
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
