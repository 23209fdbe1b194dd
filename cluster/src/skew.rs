//! Whether this node's clock may stamp log time (design 9.3).
//!
//! Invariant: a node that is more than a second from the median of the voters' clocks stamps nothing, does not
//! stand for election and, when it leads, hands over to one whose clock is right. It takes a majority of clocks to
//! call one wrong: with fewer known, nobody is.

use std::sync::atomic::Ordering;

use store::Engine;
use tally::ids::NodeId;

use crate::fitness::Obstacle;
use crate::greeting::Told;
use crate::handle::Cluster;
use crate::types::voters;

/// Farther from the median than this a clock is wrong.
pub(crate) const DEVIATION_MS_MAX: i64 = 1_000;
/// Rounds in a row that must call a clock wrong: a single one may be a stutter of the machine.
const ROUNDS_MIN: u32 = 2;

/// How far the own clock is from the median, from the other voters' clocks minus the own; `None` unless a majority
/// of `voters` clocks is known. Of two middle ones the one that speaks for the own clock counts.
fn deviation_ms(offsets_ms: &[i64], voters: usize) -> Option<i64> {
    let mut clocks = offsets_ms.to_vec();
    clocks.push(0);
    if clocks.len() <= voters.div_euclid(2) {
        return None;
    }
    clocks.sort_unstable();
    let middle = clocks.len().div_euclid(2);
    let upper = *clocks.get(middle)?;
    if clocks.len() % 2 == 1 {
        return Some(upper.saturating_neg());
    }
    let lower = *clocks.get(middle.checked_sub(1)?)?;
    let median = if lower <= 0 && upper >= 0 {
        0
    } else if lower > 0 {
        lower
    } else {
        upper
    };
    Some(median.saturating_neg())
}

impl<E: Engine> Cluster<E> {
    /// This node's clock minus the median of the voters', in milliseconds, as far as it is certain.
    #[must_use]
    pub fn clock_deviation_ms(&self) -> Option<i64> {
        let metrics = self.metrics();
        let voters = voters(metrics.membership_config.membership());
        let myself = self.inner.settings.node;
        let told = self.told();
        let others = told.iter().filter(|(id, _)| **id != myself && voters.contains(&id.0));
        let offsets: Vec<i64> = others.filter_map(|(_, told)| told.clock_offset_at_least_ms()).collect();
        deviation_ms(&offsets, voters.len())
    }

    /// After each round of greetings.
    pub(crate) async fn judge_clock(&self) {
        let deviation_ms = self.clock_deviation_ms();
        let wrong = deviation_ms.is_some_and(|deviation| deviation.saturating_abs() > DEVIATION_MS_MAX);
        let rounds =
            if wrong { self.inner.clock_wrong_rounds.load(Ordering::Relaxed).saturating_add(1) } else { 0 };
        self.inner.clock_wrong_rounds.store(rounds, Ordering::Relaxed);
        let unfit = rounds >= ROUNDS_MIN;
        if self.set_obstacle(Obstacle::Clock, unfit) {
            if unfit {
                tracing::error!(
                    ?deviation_ms,
                    "this node's clock is wrong; it stamps nothing and does not lead"
                );
            } else {
                tracing::info!(?deviation_ms, "this node's clock is right again");
            }
        }
        if unfit
            && self.is_leader()
            && let Err(error) = self.transfer_here(None).await
        {
            tracing::warn!(%error, "leadership stays where the clock is wrong");
        }
    }

    /// Whether a peer's clock is known to be wrong, as far as this node can tell.
    pub(crate) fn clock_is_wrong(&self, id: NodeId) -> bool {
        let told = self.told();
        let Some(offset_ms) = told.get(&id).and_then(Told::clock_offset_at_least_ms) else { return false };
        let own_ms = self.clock_deviation_ms().unwrap_or_default();
        offset_ms.saturating_add(own_ms).saturating_abs() > DEVIATION_MS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_a_majority_to_call_a_clock_wrong() {
        let cases: [(&[i64], usize, Option<i64>); 9] = [
            (&[], 1, Some(0)),
            (&[], 3, None),
            (&[5_000], 3, Some(0)),
            (&[5_000, 5_000], 3, Some(-5_000)),
            (&[-5_000, -4_000], 3, Some(4_000)),
            (&[-5_000, 5_000], 3, Some(0)),
            (&[0, 9_000], 3, Some(0)),
            (&[7_000, 7_000, 8_000], 5, Some(-7_000)),
            (&[7_000], 5, None),
        ];
        for (offsets_ms, voters, expected) in cases {
            assert_eq!(deviation_ms(offsets_ms, voters), expected, "{offsets_ms:?} of {voters}");
        }
    }
}
