//! A node without a cluster: the model behind the ports, with faults to order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use api::ports::{
    ClusterStatus, Commands, Consistency, Dirty, Equality, Freshness, HashPoints, HealthCheck, MemberRequest,
    MemberStatus, OperationError, Operations, Queries, ReadError, ReadOptions, StateHash, StateView,
    SubmitError,
};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tally::command::{Header, Item, Principal, Proposal};
use tally::ids::{LogTime, NodeId};
use tally::model::Model;
use tally::outcome::Answer;
use tally::row::{Row, RowKey};
use tokio::sync::watch;

use super::view::View;

/// When the tests begin.
pub(crate) const BEGIN_MS: u64 = 1_707_900_000_000;

/// A node over the model.
pub(crate) struct ModelNode {
    model: Mutex<Model>,
    applied: watch::Sender<u64>,
    pub(crate) clock_ms: AtomicU64,
    /// Rows that local reads see instead of the newest: this node lags.
    lagging: Mutex<Option<(BTreeMap<RowKey, Row>, u64)>>,
    /// How long ago this node heard of a leader.
    pub(crate) leader_age_ms: AtomicI64,
    /// What the next submissions come to.
    pub(crate) submit_fault: Mutex<Option<SubmitError>>,
    /// Whether the command is applied before the fault is told.
    pub(crate) fault_after_effect: AtomicBool,
    /// What reads that wait for the cluster come to.
    pub(crate) read_fault: Mutex<Option<ReadError>>,
    /// Whether status panics.
    pub(crate) panicking: AtomicBool,
    pub(crate) failing_check: AtomicBool,
    /// Whether a backup was asked for before.
    pub(crate) backup_ready: AtomicBool,
}

impl ModelNode {
    pub(crate) fn new() -> Arc<Self> {
        Self::of(Model::default(), 0)
    }

    /// Another node in the same state.
    pub(crate) fn copy(&self) -> Arc<Self> {
        Self::of(self.model.lock().unwrap().clone(), self.index())
    }

    fn of(model: Model, index: u64) -> Arc<Self> {
        Arc::new(Self {
            model: Mutex::new(model),
            applied: watch::Sender::new(index),
            clock_ms: AtomicU64::new(BEGIN_MS),
            lagging: Mutex::new(None),
            leader_age_ms: AtomicI64::new(42),
            submit_fault: Mutex::new(None),
            fault_after_effect: AtomicBool::new(false),
            read_fault: Mutex::new(None),
            panicking: AtomicBool::new(false),
            failing_check: AtomicBool::new(false),
            backup_ready: AtomicBool::new(false),
        })
    }

    pub(crate) fn index(&self) -> u64 {
        *self.applied.borrow()
    }

    /// Local reads see the state of now until [`Self::catch_up`].
    pub(crate) fn lag(&self) {
        let rows = self.model.lock().unwrap().rows().clone();
        *self.lagging.lock().unwrap() = Some((rows, self.index()));
    }

    pub(crate) fn catch_up(&self) {
        *self.lagging.lock().unwrap() = None;
    }

    /// How many requests are remembered: what was proposed, refusals included.
    pub(crate) fn remembered(&self) -> usize {
        let model = self.model.lock().unwrap();
        model.rows().keys().filter(|key| matches!(key, RowKey::Request(..))).count()
    }

    pub(crate) fn apply(&self, principal: Principal, items: Vec<Item>) -> Vec<Answer> {
        let proposed_at = LogTime(self.clock_ms.load(Ordering::Relaxed));
        let index = self.index() + 1;
        let header = Header { principal, node: NodeId(1), proposed_at };
        let mut model = self.model.lock().unwrap();
        let answers = model.apply(&Proposal { header, items }, index, 1).expect("a decision");
        assert_eq!(model.violations(), Vec::new());
        drop(model);
        self.applied.send_replace(index);
        answers
    }

    fn newest(&self) -> Arc<dyn StateView> {
        Arc::new(View { rows: self.model.lock().unwrap().rows().clone(), index: self.index() })
    }
}

impl Queries for ModelNode {
    fn view(&self, options: ReadOptions) -> BoxFuture<'_, Result<Arc<dyn StateView>, ReadError>> {
        async move {
            if let Some(fault) = self.read_fault.lock().unwrap().clone() {
                return Err(fault);
            }
            if options.min_index.is_some_and(|index| index > self.index()) {
                return Err(ReadError::Stale);
            }
            if options.consistency == Consistency::Local { self.local() } else { Ok(self.newest()) }
        }
        .boxed()
    }

    fn local(&self) -> Result<Arc<dyn StateView>, ReadError> {
        if let Some((rows, index)) = self.lagging.lock().unwrap().clone() {
            return Ok(Arc::new(View { rows, index }));
        }
        Ok(self.newest())
    }

    fn withheld(&self) -> bool {
        *self.read_fault.lock().unwrap() == Some(ReadError::Quarantined)
    }

    fn freshness(&self) -> Freshness {
        Freshness {
            node: NodeId(7),
            index: self.index(),
            leader_age_ms: self.leader_age_ms.load(Ordering::Relaxed),
        }
    }

    fn applied(&self) -> watch::Receiver<u64> {
        self.applied.subscribe()
    }

    fn mark_dirty(&self) {}

    fn take_dirty(&self) -> Dirty {
        Dirty::All
    }

    fn now(&self) -> LogTime {
        LogTime(self.clock_ms.load(Ordering::Relaxed))
    }
}

impl Commands for ModelNode {
    fn submit(
        &self,
        principal: Principal,
        items: Vec<Item>,
    ) -> BoxFuture<'_, Vec<Result<Answer, SubmitError>>> {
        async move {
            let count = items.len();
            let fault = self.submit_fault.lock().unwrap().clone();
            if let Some(fault) = fault {
                if self.fault_after_effect.load(Ordering::Relaxed) {
                    self.apply(principal, items);
                }
                return vec![Err(fault); count];
            }
            self.apply(principal, items).into_iter().map(Ok).collect()
        }
        .boxed()
    }
}

impl Operations for ModelNode {
    fn status(&self) -> ClusterStatus {
        assert!(!self.panicking.load(Ordering::Relaxed), "a handler that panics");
        let node = MemberStatus {
            disk: "plenty",
            incarnation: "00".repeat(16),
            id: NodeId(1),
            role: "voter",
            reachable: true,
            index: Some(9),
            lag: Some(0),
            release: Some("0.0.0".to_owned()),
            peer_address: "127.0.0.1:1".to_owned(),
            officer_url: "https://127.0.0.1:2".to_owned(),
            public_url: "http://127.0.0.1:3".to_owned(),
        };
        ClusterStatus {
            cluster: "00".repeat(16),
            name: "uji".to_owned(),
            epoch: 1,
            level: 1,
            term: 3,
            leader: Some(NodeId(1)),
            nodes: vec![node],
            index: self.index(),
            last_index: self.index(),
            committed: self.index(),
            certificates: Vec::new(),
            equality: Equality::default(),
        }
    }

    fn serves_officers(&self) -> bool {
        true
    }

    fn ready_public(&self) -> Vec<HealthCheck> {
        vec![HealthCheck { name: "state", failure: None }]
    }

    fn ready_officer(&self) -> Vec<HealthCheck> {
        let failing = self.failing_check.load(Ordering::Relaxed);
        vec![HealthCheck { name: "leader", failure: failing.then(|| "no leader was heard".to_owned()) }]
    }

    fn allocate_node(&self) -> BoxFuture<'_, Result<NodeId, OperationError>> {
        async { Ok(NodeId(4)) }.boxed()
    }

    fn add_member(&self, member: MemberRequest) -> BoxFuture<'_, Result<(), OperationError>> {
        async move {
            if member.id == NodeId(4) {
                Ok(())
            } else {
                Err(OperationError::Precondition("nomor ini tidak dikenal".to_owned()))
            }
        }
        .boxed()
    }

    fn remove_member(
        &self,
        id: NodeId,
        _forced_by: Option<String>,
    ) -> BoxFuture<'_, Result<(), OperationError>> {
        async move {
            if id == NodeId(4) {
                Ok(())
            } else {
                Err(OperationError::Precondition("bukan anggota".to_owned()))
            }
        }
        .boxed()
    }

    fn transfer(&self, to: Option<NodeId>) -> BoxFuture<'_, Result<NodeId, OperationError>> {
        async move { to.ok_or_else(|| OperationError::Unavailable("tidak ada calon".to_owned())) }.boxed()
    }

    fn replace_member(&self, _old: NodeId, _new: NodeId) -> BoxFuture<'_, Result<(), OperationError>> {
        async { Err(OperationError::Unavailable("tidak ada calon".to_owned())) }.boxed()
    }

    fn move_member(&self, _member: MemberRequest) -> BoxFuture<'_, Result<(), OperationError>> {
        async { Err(OperationError::Unavailable("tidak ada calon".to_owned())) }.boxed()
    }

    fn drain(&self) -> BoxFuture<'_, Result<NodeId, OperationError>> {
        async { Err(OperationError::Unavailable("tidak ada calon".to_owned())) }.boxed()
    }

    fn resume(&self) {}

    fn raise_level(&self, level: u32) -> BoxFuture<'_, Result<u32, OperationError>> {
        async move { if level == 2 { Ok(2) } else { Err(OperationError::Failed("tidak berhasil".to_owned())) } }.boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<u64, OperationError>> {
        async { Ok(self.index()) }.boxed()
    }

    fn state_hash(&self, index: Option<u64>) -> Result<StateHash, OperationError> {
        match index {
            None | Some(1) => Ok(StateHash { index: index.unwrap_or(9), hash: "ab".repeat(16) }),
            Some(_) => Err(OperationError::Precondition("titik ini tidak diingat".to_owned())),
        }
    }

    fn hash_points(&self) -> HashPoints {
        let point = |index| StateHash { index, hash: "ab".repeat(16) };
        HashPoints { node: NodeId(7), now: point(9), points: vec![point(1)], equality: Equality::default() }
    }

    fn metrics(&self, text: &mut String) {
        text.push_str("# TYPE rakit_applied gauge\nrakit_applied 9\n");
    }
}
