//! What goes wrong in a run, and when.
//!
//! Invariant: the whole plan follows from the seed and is known before the run begins; each fault ends by itself. A
//! fault that finds nobody to strike does nothing.

use std::collections::BTreeSet;
use std::fmt;

use crate::chance::Chance;

/// Whom a fault strikes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    /// The one that leads when it strikes.
    Leader,
    /// One that does not, by its place among them.
    Follower(u64),
}

/// What goes wrong. Durations are in milliseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// A process is killed and started again.
    Kill(Who, u64),
    /// A machine loses its power and gets it back.
    Power(Who, u64),
    /// All machines lose their power and get it back one after the other.
    PowerAll(u64),
    /// A process stands still.
    Pause(Who, u64),
    /// Nothing gets to or from a node.
    Isolate(Who, u64),
    /// Nothing gets out of a node.
    Mute(Who, u64),
    /// Nothing gets to a node.
    Deafen(Who, u64),
    /// Two halves that only one node hears both of.
    Bridge(u64),
    /// Each node hears its neighbours in a ring only.
    Ring(u64),
    /// The ways of a node come and go.
    Flap(Who, u64),
    /// All ways are slow and lose much.
    Weather(u64, u64, u64),
    /// All connections break.
    Reset,
    /// A disk is slow: longest flush, duration.
    SlowDisk(Who, u64, u64),
    /// A disk does not finish its flushes.
    Hang(Who, u64),
    /// A flush fails.
    FailedFlush(Who),
    /// A disk has hardly any room: percent free, duration.
    Full(Who, u64, u64),
    /// A wall clock jumps and is set right later: by, duration.
    Clock(Who, i64, u64),
    /// Leadership is handed over.
    HandOver,
    /// A snapshot is built.
    Snapshot(Who),
    /// A new node joins and votes.
    Join,
    /// A node leaves.
    Leave(Who),
    /// Somebody asks for the next level.
    RaiseLevel,
    /// All nodes start the new release, one after the other; then somebody asks for its level.
    RollOut,
    /// A node goes back to the old release for a while; where the new level is in force, that must refuse.
    GoBack(Who, u64),
}

impl Fault {
    /// Its kind, for counting.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Kill(..) => "kill",
            Self::Power(..) => "power",
            Self::PowerAll(_) => "power-all",
            Self::Pause(..) => "pause",
            Self::Isolate(..) => "isolate",
            Self::Mute(..) => "mute",
            Self::Deafen(..) => "deafen",
            Self::Bridge(_) => "bridge",
            Self::Ring(_) => "ring",
            Self::Flap(..) => "flap",
            Self::Weather(..) => "weather",
            Self::Reset => "reset",
            Self::SlowDisk(..) => "slow-disk",
            Self::Hang(..) => "hang",
            Self::FailedFlush(_) => "failed-flush",
            Self::Full(..) => "full",
            Self::Clock(..) => "clock",
            Self::HandOver => "hand-over",
            Self::Snapshot(_) => "snapshot",
            Self::Join => "join",
            Self::Leave(_) => "leave",
            Self::RaiseLevel => "raise-level",
            Self::RollOut => "roll-out",
            Self::GoBack(..) => "go-back",
        }
    }
}

/// A fault and when it strikes, in milliseconds since the begin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    /// When.
    pub at_ms: u64,
    /// What.
    pub fault: Fault,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:>6} ms {:?}", self.at_ms, self.fault)
    }
}

/// What a seed says: how many nodes, and what happens to them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// Nodes at the begin.
    pub nodes: u64,
    /// When the last fault ends at the latest.
    pub end_ms: u64,
    /// Longest ordinary way, in milliseconds.
    pub latency_ms: u64,
    /// Lost segments of a hundred.
    pub loss_percent: u64,
    /// Nodes that run the old release at the begin.
    pub outdated: BTreeSet<u64>,
    /// The faults, in order.
    pub steps: Vec<Step>,
}

/// Nothing strikes before the country is made.
const BEGIN_MS: u64 = 4_000;
/// So many plans have every kind of fault.
const PLANS_WITH_EVERY_KIND: u64 = 200;
/// Longest that a fault lasts.
const LAST_MS: u64 = 6_000;

impl Plan {
    /// The plan of a seed for a run of so many seconds.
    #[must_use]
    pub fn of(seed: u64, seconds: u64) -> Self {
        let mut chance = Chance::of(seed, 77);
        let nodes = if chance.percent(70) { 3 } else { 5 };
        let latency_ms = *[1, 2, 2, 5, 10].get(chance.place(5)).unwrap_or(&2);
        let loss_percent = *[0, 0, 0, 1].get(chance.place(4)).unwrap_or(&0);
        let end_ms = seconds.saturating_mul(1_000).max(BEGIN_MS.saturating_add(LAST_MS));
        let mut steps = Vec::new();
        let mut at_ms = BEGIN_MS;
        loop {
            // Some long quiet between them, so that the cluster gets on.
            let pause_ms =
                if chance.percent(25) { chance.between(2_500, 5_000) } else { chance.between(200, 2_200) };
            at_ms = at_ms.saturating_add(pause_ms);
            if at_ms > end_ms.saturating_sub(LAST_MS) {
                break;
            }
            steps.push(Step { at_ms, fault: draw(&mut chance) });
        }
        let outdated = releases(seed, nodes, end_ms, &mut steps);
        Self { seed, nodes, end_ms, latency_ms, loss_percent, outdated, steps }
    }
}

/// Adds what happens to releases: a roll-out in most plans, and nodes that go back before and after it. Answers who begins
/// with the old one.
fn releases(seed: u64, nodes: u64, end_ms: u64, steps: &mut Vec<Step>) -> BTreeSet<u64> {
    let mut chance = Chance::of(seed, 78);
    let latest_ms = end_ms.saturating_sub(LAST_MS);
    let mut add = |chance: &mut Chance, fault: Fault| {
        let at_ms = chance.between(BEGIN_MS, latest_ms.max(BEGIN_MS.saturating_add(1)));
        steps.push(Step { at_ms, fault });
    };
    if chance.percent(80) {
        add(&mut chance, Fault::RollOut);
    }
    for _ in 0..chance.below(3) {
        let (who, during_ms) = (who(&mut chance), chance.between(300, 4_000));
        add(&mut chance, Fault::GoBack(who, during_ms));
    }
    steps.sort_by_key(|step| step.at_ms);
    (1..=nodes).filter(|_| chance.percent(70)).collect()
}

/// Every kind of fault that plans draw.
#[must_use]
pub fn kinds() -> BTreeSet<&'static str> {
    (0..PLANS_WITH_EVERY_KIND)
        .flat_map(|seed| Plan::of(seed, 60).steps)
        .map(|step| step.fault.kind())
        .collect()
}

fn who(chance: &mut Chance) -> Who {
    if chance.percent(55) { Who::Leader } else { Who::Follower(chance.below(4)) }
}

fn draw(chance: &mut Chance) -> Fault {
    let who = who(chance);
    let short_ms = chance.between(20, 900);
    let long_ms = chance.between(300, 4_000);
    match chance.below(100) {
        0..14 => Fault::Kill(who, if chance.coin() { short_ms } else { long_ms }),
        14..28 => Fault::Power(who, if chance.coin() { short_ms } else { long_ms }),
        28..32 => Fault::PowerAll(short_ms),
        32..40 => Fault::Pause(who, long_ms),
        40..47 => Fault::Isolate(who, long_ms),
        47..51 => Fault::Mute(who, long_ms),
        51..55 => Fault::Deafen(who, long_ms),
        55..58 => Fault::Bridge(long_ms),
        58..61 => Fault::Ring(long_ms),
        61..63 => Fault::Flap(who, long_ms),
        63..66 => Fault::Weather(chance.between(5, 60), chance.between(0, 12), long_ms),
        66..68 => Fault::Reset,
        68..71 => Fault::SlowDisk(who, chance.between(10, 120), long_ms),
        71..74 => Fault::Hang(who, long_ms),
        74..76 => Fault::FailedFlush(who),
        76..78 => Fault::Full(who, chance.between(1, 9), long_ms),
        78..82 => Fault::Clock(who, jump_ms(chance), long_ms),
        82..88 => Fault::HandOver,
        88..91 => Fault::Snapshot(who),
        91..96 => Fault::Join,
        96..99 => Fault::Leave(who),
        _ => Fault::RaiseLevel,
    }
}

fn jump_ms(chance: &mut Chance) -> i64 {
    const JUMPS_MS: [i64; 6] = [-86_400_000, -3_600_000, -5_000, 5_000, 3_600_000, 86_400_000];
    JUMPS_MS.get(chance.place(JUMPS_MS.len())).copied().unwrap_or(5_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_one_plan() {
        assert_eq!(Plan::of(7, 60), Plan::of(7, 60));
        assert_ne!(Plan::of(7, 60).steps, Plan::of(8, 60).steps);
        let plan = Plan::of(7, 60);
        assert!(plan.steps.len() > 10 && plan.steps.is_sorted_by_key(|step| step.at_ms), "{plan:?}");
    }

    #[test]
    fn every_kind_is_drawn() {
        assert_eq!(kinds().len(), 24, "{:?}", kinds());
    }
}
