//! The cluster as the rest of a node holds it.
//!
//! Invariant: a clone is another handle to the same node; nothing here waits for a disk on the caller's thread.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openraft::Raft;
use openraft::async_runtime::watch::WatchReceiver as _;
use store::{Engine, Log, Machine, View};
use tally::ids::{LogTime, NodeId};
use tokio::sync::{Notify, Semaphore, watch};

use crate::adapter::state_machine::StateMachine;
use crate::admission::Admission;
use crate::equality::Equality;
use crate::error::OperateError;
use crate::fitness::Fitness;
use crate::followers::Followers;
use crate::freshness::Freshness;
use crate::greeting::Greetings;
use crate::member::Member;
use crate::pace::Heartbeats;
use crate::read::Rounds;
use crate::rpc::fence::Fence;
use crate::rpc::peers::Peers;
use crate::rpc::snapshot::Inbox;
use crate::rpc::transfers::Transfers;
use crate::runtime::{self, Instant};
use crate::settings::Settings;
use crate::types::{RaftMetrics, TypeConfig, store_log_id};

pub(crate) type RaftHandle<E> = Raft<TypeConfig, StateMachine<E>>;

/// One node of the cluster.
pub struct Cluster<E: Engine> {
    pub(crate) inner: Arc<Inner<E>>,
}

impl<E: Engine> Clone for Cluster<E> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<E: Engine> std::fmt::Debug for Cluster<E> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cluster").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

/// What all handles share.
pub(crate) struct Inner<E: Engine> {
    pub(crate) settings: Settings,
    pub(crate) raft: RaftHandle<E>,
    pub(crate) log: Log<E>,
    pub(crate) machine: Machine<E>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) fence: Arc<Fence>,
    pub(crate) transfers: Arc<Transfers>,
    pub(crate) heartbeats: Arc<Heartbeats>,
    pub(crate) followers: Arc<Followers>,
    /// Set when a leader proved that this node lost entries.
    pub(crate) told_lost: OnceLock<String>,
    /// Whether it was said already that a peer refuses this node.
    pub(crate) told_refused: AtomicBool,
    pub(crate) admission: Arc<Admission>,
    pub(crate) applied: watch::Receiver<u64>,
    /// Bytes of entries applied since the start, and those of them that were when the last snapshot was built.
    pub(crate) applied_bytes: Arc<AtomicU64>,
    pub(crate) snapshot_bytes: AtomicU64,
    pub(crate) rounds: Rounds,
    pub(crate) inbox: Inbox<E>,
    pub(crate) equality: Equality,
    pub(crate) blobs: crate::blobs::Desk,
    pub(crate) greetings: Greetings,
    /// Votes are held until then: a leader that trusted this node's lease before a restart still may.
    pub(crate) votes_from: Instant,
    /// What keeps this node from leading.
    pub(crate) fitness: Fitness,
    /// Greetings in a row that called this node's clock wrong.
    pub(crate) clock_wrong_rounds: AtomicU32,
    /// What the room on the disk allows, as a number, and the bytes that are free.
    pub(crate) room: AtomicU8,
    pub(crate) free_bytes: AtomicU64,
    pub(crate) recovered: AtomicBool,
    pub(crate) stopping: AtomicBool,
    /// The watchdog asks for a hand-over.
    pub(crate) hand_over: Notify,
    pub(crate) connections: Semaphore,
}

impl<E: Engine> Cluster<E> {
    /// What this node was started with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// This node's clock.
    #[must_use]
    pub fn now(&self) -> LogTime {
        self.inner.settings.clock.now()
    }

    /// The newest view of this node's state, at once.
    #[must_use]
    pub fn view(&self) -> View<E> {
        self.inner.machine.view()
    }

    /// The state itself: hashes, dirty regions, snapshots.
    #[must_use]
    pub fn machine(&self) -> &Machine<E> {
        &self.inner.machine
    }

    /// The log itself: numbers for metrics.
    #[must_use]
    pub fn log(&self) -> &Log<E> {
        &self.inner.log
    }

    /// The applied index, and every change of it.
    #[must_use]
    pub fn applied(&self) -> watch::Receiver<u64> {
        self.inner.applied.clone()
    }

    /// Every write that was acknowledged so many milliseconds ago, or earlier, is applied here: since then a majority was
    /// known to follow a leader whose state of then this node has. -1 when none was ever heard of.
    #[must_use]
    pub fn leader_age_ms(&self) -> i64 {
        self.inner.freshness.age_ms()
    }

    /// The leader, where one is known. It may have been unseated meanwhile.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        self.inner.raft.server_metrics().borrow_watched().current_leader.map(NodeId)
    }

    /// Whether this node takes itself for the leader.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.leader() == Some(self.inner.settings.node)
    }

    /// Whether this node has caught up with what it may have answered before its last stop.
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.inner.recovered.load(Ordering::Relaxed)
    }

    /// Whether Raft has stopped for good: the process must end. The text says why.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if let Some(lost) = self.inner.told_lost.get() {
            return Some(lost.clone());
        }
        if let Some(epoch) = self.overtaken() {
            return Some(format!(
                "epoch {epoch} of this cluster has begun elsewhere, this node's data is of epoch {}: that history was \
                 abandoned; set the data aside and let the node join again under a new number",
                self.inner.settings.epoch
            ));
        }
        if let Some(damage) = self.inner.machine.damage() {
            return Some(format!(
                "this node's data is damaged ({damage}); remove the node from the cluster, delete its data, and let it join again under a new number"
            ));
        }
        let metrics = self.inner.raft.metrics();
        let metrics = metrics.borrow_watched();
        metrics.running_state.as_ref().err().map(ToString::to_string)
    }

    /// The later epoch in which a peer lives, if one does.
    pub(crate) fn overtaken(&self) -> Option<u64> {
        self.inner.peers.newest_epoch().after(self.inner.settings.epoch)
    }

    /// Resolves when Raft has stopped, by [`Cluster::shutdown`] or by a failure, with what it said.
    pub async fn stopped(&self) -> String {
        let mut metrics = self.inner.raft.metrics();
        loop {
            if let Some(failure) = self.failure() {
                return failure;
            }
            if metrics.changed().await.is_err() {
                return "raft stopped".into();
            }
        }
    }

    /// Makes all connections to peers anew: whoever dials shows other certificates now.
    pub fn reconnect(&self) {
        self.inner.peers.reset();
    }

    /// Heartbeats that this node sent as leader, and how many of them had no answer when the next was due.
    #[must_use]
    pub fn heartbeats(&self) -> (u64, u64) {
        self.inner.heartbeats.counts()
    }

    /// Waits until this node has caught up with what it may have answered before its last stop.
    pub async fn wait_ready(&self, deadline: Duration) -> Result<(), OperateError> {
        match self.inner.raft.wait_for_recovery(Some(deadline)).await {
            Ok(_) => {
                self.inner.recovered.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => Err(OperateError::Unavailable(error.to_string())),
        }
    }

    /// Waits until some leader is known.
    pub async fn wait_leader(&self, deadline: Duration) -> Result<NodeId, OperateError> {
        let mut metrics = self.inner.raft.server_metrics();
        let wait = async {
            loop {
                if let Some(leader) = self.leader() {
                    return Some(leader);
                }
                metrics.changed().await.ok()?;
            }
        };
        let leader = runtime::timeout(deadline, wait).await.ok().flatten();
        leader.ok_or_else(|| OperateError::Unavailable("no leader was elected in time".into()))
    }

    pub(crate) fn metrics(&self) -> RaftMetrics {
        self.inner.raft.metrics().borrow_watched().clone()
    }

    /// The member of that number, in the membership this node goes by.
    pub(crate) fn member(&self, id: NodeId) -> Option<Member> {
        let metrics = self.inner.raft.server_metrics();
        let metrics = metrics.borrow_watched();
        let mut member = metrics.membership_config.membership().get_node(&id.0)?.clone();
        member.id = id;
        Some(member)
    }

    /// On the leader: takes note of when a majority last followed. Before an entry of its own term is applied, what an
    /// earlier leader had acknowledged may not be.
    pub(crate) fn note_own_quorum(&self) {
        let metrics = self.metrics();
        let (myself, term) = (self.inner.settings.node.0, metrics.current_term);
        let applied_term = metrics.last_applied.map(|id| store_log_id(id).term);
        if metrics.current_leader != Some(myself) || applied_term != Some(term) {
            return;
        }
        let configurations = metrics.membership_config.membership().get_joint_config();
        if let Some(at) = self.inner.followers.majority_at(myself, term, configurations) {
            self.inner.freshness.acknowledged(at);
        }
    }
}
