//! What peers tell about themselves, asked every two seconds or when somebody must know: release, levels, progress, room,
//! clock.
//!
//! Invariant: what is not known or too old is not guessed; a clock is only as well known as the answer was quick. However
//! many must know, one round of questions is under way at a time.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::Engine;
use tally::ids::NodeId;
use tokio::sync::{Notify, watch};

use crate::dial::Purpose;
use crate::handle::Cluster;
use crate::member::Member;
use crate::rpc::connection::PeerError;
use crate::rpc::wire::query::Hello;
use crate::rpc::{server, wire};
use crate::runtime::{self, Instant};
use crate::space::Room;

const INTERVAL: Duration = Duration::from_secs(2);
/// Between two rounds, whoever wants one.
const PAUSE: Duration = Duration::from_millis(100);
/// What was told so long ago is as good as new.
const LATELY: Duration = Duration::from_millis(200);
/// Longest wait for a round that somebody wants: one peer that is away makes it as long as its deadline.
const WANTED_MAX: Duration = Duration::from_millis(1_500);
const DEADLINE: Duration = Duration::from_secs(1);
/// What was told longer ago than this says nothing about a clock any more.
const CLOCK_AGE_MAX: Duration = Duration::from_secs(10);

/// What a peer told about itself.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) release: String,
    pub(crate) level_newest: u32,
    /// Whether it runs with the certificate of a node that only reads.
    pub(crate) edge: bool,
    pub(crate) obstacles: u8,
    pub(crate) room: Room,
    pub(crate) applied: u64,
    /// Its clock minus this node's, in milliseconds.
    pub(crate) clock_offset_ms: i64,
    /// How far that may be from the truth: half of the time the answer took.
    clock_error_ms: i64,
    at: Instant,
}

impl Told {
    /// `began_ms` is this node's clock when it asked, `took` how long the answer needed.
    fn new(hello: Hello, began_ms: u64, took: Duration) -> Self {
        let half = took.checked_div(2).unwrap_or_default().as_millis();
        let half = i64::try_from(half).unwrap_or(i64::MAX);
        let offset = i128::from(hello.clock_ms).saturating_sub(i128::from(began_ms));
        let offset = offset.saturating_sub(i128::from(half));
        Self {
            release: hello.release,
            level_newest: hello.level_newest,
            edge: hello.edge,
            obstacles: hello.obstacles,
            room: hello.room,
            applied: hello.applied,
            clock_offset_ms: i64::try_from(offset).unwrap_or(if offset < 0 { i64::MIN } else { i64::MAX }),
            clock_error_ms: half,
            at: runtime::now(),
        }
    }

    /// The least that its clock is away from this node's; `None` when that was told too long ago.
    pub(crate) fn clock_offset_at_least_ms(&self) -> Option<i64> {
        if runtime::since(self.at) > CLOCK_AGE_MAX {
            return None;
        }
        let least = self.clock_offset_ms.saturating_abs().saturating_sub(self.clock_error_ms).max(0);
        Some(least.saturating_mul(self.clock_offset_ms.signum()))
    }
}

/// What peers told, and how to have them asked now.
#[derive(Default)]
pub(crate) struct Greetings {
    told: Mutex<BTreeMap<NodeId, Told>>,
    wanted: Notify,
    rounds: watch::Sender<Rounds>,
}

/// Rounds of questions so far, and when the last one ended.
#[derive(Clone, Copy, Debug, Default)]
struct Rounds {
    begun: u64,
    ended: u64,
    ended_at: Option<Instant>,
}

impl Greetings {
    fn told(&self) -> MutexGuard<'_, BTreeMap<NodeId, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        self.rounds.send_modify(|rounds| rounds.begun = rounds.begun.saturating_add(1));
    }

    fn end(&self) {
        self.rounds.send_modify(|rounds| {
            rounds.ended = rounds.begun;
            rounds.ended_at = Some(runtime::now());
        });
    }

    /// Waits until a round has ended that began after this call, or a moment has passed.
    async fn another_round(&self) {
        let mut rounds = self.rounds.subscribe();
        let begun = rounds.borrow_and_update().begun;
        self.wanted.notify_one();
        // An error would mean that the node is gone, and nobody waits then.
        let round = async { rounds.wait_for(|rounds| rounds.ended > begun).await.is_ok() };
        runtime::timeout(WANTED_MAX, round).await.ok();
    }
}

impl<E: Engine> Cluster<E> {
    /// Asks all peers who they are, again and again, and judges this node's clock by what they say.
    pub(crate) async fn greet_peers(&self) {
        let (greetings, mut judged_at) = (&self.inner.greetings, runtime::now());
        while !self.is_over() {
            greetings.begin();
            let members = self.status().members.into_iter().map(|status| status.member);
            let peers: Vec<_> = members.filter(|member| member.id != self.inner.settings.node).collect();
            // Together, so that one that is away does not delay the others; each has its deadline.
            futures_util::future::join_all(peers.iter().map(|peer| self.greet(peer))).await;
            greetings.end();
            if runtime::since(judged_at) >= INTERVAL {
                judged_at = runtime::now();
                self.judge_clock().await;
            }
            runtime::sleep(PAUSE).await;
            runtime::timeout(INTERVAL.saturating_sub(PAUSE), greetings.wanted.notified()).await.ok();
        }
    }

    /// Whether all peers were asked a moment ago: asking once more would bring nothing new.
    pub(crate) fn heard_peers_lately(&self) -> bool {
        let ended_at = self.inner.greetings.rounds.borrow().ended_at;
        ended_at.is_some_and(|at| runtime::since(at) < LATELY)
    }

    /// Has all peers asked once more.
    pub(crate) async fn hear_peers(&self) {
        self.inner.greetings.another_round().await;
    }

    /// Asks one peer now.
    pub(crate) async fn greet(&self, member: &Member) {
        self.inner.peers.find(member);
        let (began, began_ms) = (runtime::now(), self.now().0);
        match self.ask_who(member, Purpose::Control).await {
            Ok(hello) => {
                let told = Told::new(hello, began_ms, runtime::since(began));
                self.inner.greetings.told().insert(member.id, told);
            }
            // Once: whoever was taken out is told so every two seconds.
            Err(PeerError::Refused(why)) if !self.inner.told_refused.swap(true, Ordering::Relaxed) => {
                tracing::error!(peer = member.id.0, why, "the others do not take this node for one of them");
            }
            Err(_) => {}
        }
    }

    /// Asks one peer who it is.
    async fn ask_who(&self, member: &Member, purpose: Purpose) -> Result<Hello, PeerError> {
        ask_who(&self.inner.peers.link(member, purpose)).await
    }

    /// What peers told last.
    pub(crate) fn told(&self) -> BTreeMap<NodeId, Told> {
        self.inner.greetings.told().clone()
    }
}

/// Asks the peer at the other end of a link who it is.
pub(crate) async fn ask_who(link: &crate::rpc::connection::Link) -> Result<Hello, PeerError> {
    let frame = link.call(server::HELLO, wire::query::encode_hello_request(), DEADLINE).await?;
    wire::query::decode_hello_response(frame).map_err(|error| PeerError::Broken(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_says_less_about_a_clock() {
        let hello = |clock_ms| Hello { clock_ms, ..Hello::default() };
        let told = Told::new(hello(5_100), 1_000, Duration::from_millis(200));
        assert_eq!((told.clock_offset_ms, told.clock_offset_at_least_ms()), (4_000, Some(3_900)));
        let told = Told::new(hello(1_000), 1_500, Duration::from_secs(1));
        assert_eq!((told.clock_offset_ms, told.clock_offset_at_least_ms()), (-1_000, Some(-500)));
        let told = Told::new(hello(1_100), 1_000, Duration::from_millis(400));
        assert_eq!(told.clock_offset_at_least_ms(), Some(0));
        runtime::sleep(CLOCK_AGE_MAX + Duration::from_millis(1)).await;
        assert_eq!(told.clock_offset_at_least_ms(), None);
    }
}
