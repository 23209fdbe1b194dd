//! Whether the timers fit this node's disk and its way to its peers (design section 5), and how often they did not.
//!
//! Invariant: what could not be measured (a peer that is not there yet) does not count; measuring ends after
//! [`MEASURE_MAX`]. A follower answers an append only after its flush, so that both times add up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::{Engine, Machine};

use crate::adapter::snapshot::stored_membership;
use crate::dial::Purpose;
use crate::greeting::ask_who;
use crate::member::Member;
use crate::rpc::peers::Peers;
use crate::runtime;
use crate::settings::Settings;
use crate::timers::Timers;
use crate::types::members;

/// Longest that a start waits for what peers answer.
const MEASURE_MAX: Duration = Duration::from_millis(300);
/// Answers of a peer that are waited for, in each of a few rounds.
const ANSWERS: usize = 8;
const ROUNDS: usize = 3;

/// The timers this node runs with: the ones it was set to, or slower ones.
pub(crate) async fn fit<E: Engine>(settings: &Settings, machine: &Machine<E>, peers: &Peers) -> Timers {
    let Some(flush) = settings.slowest_flush else { return settings.timers };
    let round_trip = slowest_round_trip(&others(settings, machine), peers).await;
    let slowest = flush.saturating_add(round_trip.unwrap_or_default());
    let timers = settings.timers.fitting(slowest);
    let (flush_us, round_trip_us) = (flush.as_micros(), round_trip.map(|time| time.as_micros()));
    if timers == settings.timers && timers.leave_room_for(slowest) {
        tracing::info!(flush_us, ?round_trip_us, ?timers, "disk and peers are fast enough for the timers");
    } else {
        tracing::warn!(
            flush_us,
            ?round_trip_us,
            wanted = ?settings.timers,
            taken = ?timers,
            fits = timers.leave_room_for(slowest),
            "disk or peers are too slow for the timers; set a slower timers.profile on all nodes"
        );
    }
    timers
}

/// The other members, as the state last knew them.
fn others<E: Engine>(settings: &Settings, machine: &Machine<E>) -> Vec<Member> {
    let applied = machine.applied();
    let known = stored_membership(applied.membership_id, applied.membership.as_ref());
    let known = known.map(|stored| members(stored.membership())).unwrap_or_default();
    let named = known.into_iter().map(|(id, member)| Member { id: tally::ids::NodeId(id), ..member });
    named.filter(|member| member.id != settings.node).collect()
}

/// The slowest of the peers that answer; `None` when none does.
async fn slowest_round_trip(others: &[Member], peers: &Peers) -> Option<Duration> {
    let asked = others.iter().map(|member| async {
        let link = peers.link(member, Purpose::Control);
        runtime::timeout(MEASURE_MAX, round_trip(&link)).await.ok().flatten()
    });
    futures_util::future::join_all(asked).await.into_iter().flatten().max()
}

/// The slowest answer of the quietest round.
async fn round_trip(link: &crate::rpc::connection::Link) -> Option<Duration> {
    // The first one makes the connection.
    ask_who(link).await.ok()?;
    let mut best: Option<Duration> = None;
    for _ in 0..ROUNDS {
        let mut slowest = Duration::ZERO;
        for _ in 0..ANSWERS {
            let began = runtime::now();
            ask_who(link).await.ok()?;
            slowest = slowest.max(runtime::since(began));
        }
        best = Some(best.map_or(slowest, |best| best.min(slowest)));
    }
    best
}

/// Heartbeats sent, and those that had no answer when the next one was due.
#[derive(Debug, Default)]
pub(crate) struct Heartbeats {
    sent: AtomicU64,
    unanswered: AtomicU64,
}

impl Heartbeats {
    /// Heartbeats sent, and how many of them nobody answered in time.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.unanswered.load(Ordering::Relaxed))
    }

    /// One is on its way; it counts as unanswered unless [`Beat::answered`] is called.
    pub(crate) fn send(self: &Arc<Self>) -> Beat {
        self.sent.fetch_add(1, Ordering::Relaxed);
        Beat { heartbeats: Arc::clone(self), answered: false }
    }
}

/// A heartbeat on its way. openraft drops the call when the next one is due.
#[derive(Debug)]
pub(crate) struct Beat {
    heartbeats: Arc<Heartbeats>,
    answered: bool,
}

impl Beat {
    pub(crate) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        if !self.answered {
            self.heartbeats.unanswered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_that_was_given_up_counts_as_unanswered() {
        let heartbeats = Arc::new(Heartbeats::default());
        heartbeats.send().answered();
        drop(heartbeats.send());
        assert_eq!(heartbeats.counts(), (2, 1));
    }
}
