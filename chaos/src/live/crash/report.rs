//! What a run came to, for people.
//!
//! Invariant: rounds that were skipped stand in it.

use std::fmt;
use std::time::Duration;

use crate::live::Fault;

/// One round that went well.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub(super) fault: Fault,
    /// Nodes hit.
    pub(super) targets: Vec<usize>,
    /// Whether the leader was among them.
    pub(super) led: bool,
    /// Whether the disk failed before the process.
    pub(super) disk_first: bool,
    /// Writes acknowledged before the fault, and from it to the end of the round.
    pub(super) before: u64,
    pub(super) after: u64,
    /// From the start of the nodes to all of them being ready.
    pub(super) ready: Duration,
    /// From the fault to another leader, where the old one lived on.
    pub(super) takeover: Option<Duration>,
}

/// A run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    rounds: Vec<Round>,
    /// Writes acknowledged in all, each found at every node.
    pub acknowledged: u64,
    /// Why power losses were left out.
    pub skipped: Option<String>,
}

impl fmt::Display for Round {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let led = if self.led { ", the leader" } else { "" };
        let order = if self.fault.is_power_loss() && self.disk_first { ", disk first" } else { "" };
        write!(
            formatter,
            "{} {:?}{led}{order}: {} writes before, {} after, ready in {} ms",
            self.fault.name(),
            self.targets,
            self.before,
            self.after,
            self.ready.as_millis()
        )?;
        self.takeover
            .map_or(Ok(()), |takeover| write!(formatter, ", another led after {} ms", takeover.as_millis()))
    }
}

impl Report {
    pub(super) fn add(&mut self, round: Round) {
        self.rounds.push(round);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in Fault::ALL {
            let rounds: Vec<&Round> = self.rounds.iter().filter(|round| round.fault == fault).collect();
            if rounds.is_empty() {
                continue;
            }
            let led = rounds.iter().filter(|round| round.led).count();
            let mut ready: Vec<u128> = rounds.iter().map(|round| round.ready.as_millis()).collect();
            ready.sort_unstable();
            let middle = ready.get(ready.len() / 2).copied().unwrap_or(0);
            let longest = ready.last().copied().unwrap_or(0);
            writeln!(
                formatter,
                "{:18} {:4} rounds, {led:4} with the leader; start to ready: median {middle} ms, longest {longest} ms",
                fault.name(),
                rounds.len(),
            )?;
            if let Some(slowest) = rounds.iter().filter_map(|round| round.takeover).max() {
                writeln!(formatter, "{:18} another node led after {} ms at most", "", slowest.as_millis())?;
            }
        }
        if let Some(why) = &self.skipped {
            writeln!(formatter, "SKIPPED power losses and full disks: {why}")?;
        }
        writeln!(formatter, "{} rounds, {} writes acknowledged", self.rounds.len(), self.acknowledged)
    }
}
