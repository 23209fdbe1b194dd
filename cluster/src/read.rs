//! Reads, as fresh as asked for.
//!
//! Invariant: a linearizable read joins only a round that has not begun (a round that has may have asked the
//! leader before the read arrived); when no leader confirms in time there is an error, never local data (9.6).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use openraft::ReadPolicy;
use store::{Engine, View};
use tokio::sync::Semaphore;

use crate::dial::Purpose;
use crate::error::ReadError;
use crate::handle::Cluster;
use crate::rpc::server;
use crate::rpc::wire;
use crate::runtime::{self, Instant};
use crate::settings::{LINEARIZABLE_DEADLINE_MS, MIN_INDEX_DEADLINE_MS};
use crate::types::store_log_id;

/// How fresh a view must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReadMode {
    /// What this node has applied.
    Local,
    /// What this node has applied, if a leader with a majority was heard at most that long ago.
    Bounded {
        /// The longest age, in milliseconds.
        max_age_ms: u64,
    },
    /// Everything that was answered before the call.
    Linearizable,
}

/// Rounds under way at once: one more than one, so that one that hangs does not hold up all.
const ROUNDS_MAX: usize = 2;
/// Longest a round asks before it gives up.
const ROUND_DEADLINE: Duration = Duration::from_secs(1);
/// Wait between two attempts when there is no leader.
const RETRY: Duration = Duration::from_millis(10);

type Round = Shared<BoxFuture<'static, Option<u64>>>;

/// The round that reads may still join.
pub(crate) struct Rounds {
    pending: Mutex<Option<Round>>,
    turns: Arc<Semaphore>,
}

impl Default for Rounds {
    fn default() -> Self {
        Self { pending: Mutex::new(None), turns: Arc::new(Semaphore::new(ROUNDS_MAX)) }
    }
}

impl<E: Engine> Cluster<E> {
    /// A view as fresh as asked that has also applied `min_index`, or why there is none in time: five seconds
    /// for an index, two for a linearizable read.
    pub async fn read(&self, mode: ReadMode, min_index: Option<u64>) -> Result<View<E>, ReadError> {
        if let Some(reason) = self.quarantine() {
            return Err(ReadError::Quarantined(reason.to_string()));
        }
        match mode {
            ReadMode::Local => {}
            ReadMode::Bounded { max_age_ms } => {
                let age_ms = self.leader_age_ms();
                if !u64::try_from(age_ms).is_ok_and(|age| age <= max_age_ms) {
                    return Err(ReadError::TooOld { age_ms });
                }
            }
            ReadMode::Linearizable => {
                let deadline =
                    runtime::after(runtime::now(), Duration::from_millis(LINEARIZABLE_DEADLINE_MS));
                let index = self.read_index(deadline).await.ok_or(ReadError::NoLeader)?;
                if !self.wait_applied(index, deadline).await {
                    return Err(ReadError::NoLeader);
                }
            }
        }
        if let Some(wanted) = min_index {
            let deadline = runtime::after(runtime::now(), Duration::from_millis(MIN_INDEX_DEADLINE_MS));
            if !self.wait_applied(wanted, deadline).await {
                return Err(ReadError::BehindIndex { wanted, applied: *self.inner.applied.borrow() });
            }
        }
        Ok(self.inner.machine.view())
    }

    /// An index that covers everything answered before the call.
    pub(crate) async fn read_index(&self, deadline: Instant) -> Option<u64> {
        loop {
            let patience = runtime::remaining(deadline);
            if patience.is_zero() || self.is_stopping() {
                return None;
            }
            match runtime::timeout(patience, self.join_round()).await {
                Ok(Some(index)) => return Some(index),
                Ok(None) => runtime::sleep(RETRY.min(runtime::remaining(deadline))).await,
                Err(_) => return None,
            }
        }
    }

    fn join_round(&self) -> Round {
        let mut pending = self.inner.rounds.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(round) = &*pending {
            return round.clone();
        }
        let cluster = self.clone();
        let turns = Arc::clone(&self.inner.rounds.turns);
        let round = async move {
            let _turn = turns.acquire_owned().await.ok()?;
            cluster.close_round();
            runtime::timeout(ROUND_DEADLINE, cluster.ask_index()).await.ok().flatten()
        };
        let round = round.boxed().shared();
        *pending = Some(round.clone());
        round
    }

    /// The round begins: who comes now needs another one.
    fn close_round(&self) {
        *self.inner.rounds.pending.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn ask_index(&self) -> Option<u64> {
        let leader = self.leader()?;
        if leader == self.inner.settings.node {
            return self.own_read_index().await;
        }
        let member = self.member(leader)?;
        let link = self.inner.peers.link(&member, Purpose::Control);
        let frame = wire::query::encode_read_index_request();
        let answer = link.call(server::READ_INDEX, frame, ROUND_DEADLINE).await.ok()?;
        wire::query::decode_read_index_response(answer).ok().flatten()
    }

    /// On the leader: the index after a majority has confirmed that it still leads.
    pub(crate) async fn own_read_index(&self) -> Option<u64> {
        let linearizer = self.inner.raft.get_read_linearizer(ReadPolicy::ReadIndex).await.ok()?;
        let read = store_log_id(*linearizer.read_log_id().log_id());
        self.is_followed(read.term).await.then_some(read.index)
    }

    /// For a follower: joins the leader's own rounds, so that many followers' reads cost one confirmation.
    pub(crate) async fn read_index_for_peer(&self) -> Option<u64> {
        if self.is_leader() { self.join_round().await } else { None }
    }

    async fn wait_applied(&self, index: u64, deadline: Instant) -> bool {
        let mut applied = self.inner.applied.clone();
        let reached = async { applied.wait_for(|applied| *applied >= index).await.is_ok() };
        runtime::timeout(runtime::remaining(deadline), reached).await.unwrap_or(false)
    }
}
