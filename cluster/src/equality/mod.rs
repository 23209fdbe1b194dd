//! Whether this node's state is that of the others (design 9.5, promise P6), asked all the time.
//!
//! Invariant: each node judges itself, by what the voters tell it directly, so that no leader's word is needed
//! and a leader that differs finds itself out. A state set apart is not led with, read or sent until another one
//! has taken its place; what its node appends and votes is as good as anybody's.

pub(crate) mod scrubber;
pub(crate) mod verdict;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use openraft::type_config::TypeConfigExt as _;
use store::{Engine, SumsPoint, differing_parts};
use tally::ids::{NodeId, hex};

use crate::dial::Purpose;
use crate::fitness::Obstacle;
use crate::handle::Cluster;
use crate::member::Member;
use crate::rpc::server;
use crate::rpc::wire::points::{self, Points};
use crate::runtime;
use crate::types::{TypeConfig, members, voters};
use verdict::{Table, Verdict, compare};

/// Between two comparisons: several times within a hash point's ten seconds.
const ROUND: Duration = Duration::from_secs(2);
const ASK_DEADLINE: Duration = Duration::from_secs(1);

/// What is known about the equality of states.
#[derive(Default)]
pub(crate) struct Equality {
    told: Mutex<BTreeMap<NodeId, Points>>,
    verdict: Mutex<Verdict>,
    /// Index of the last pass of the scrubber that found nothing.
    pub(crate) scrubbed_index: AtomicU64,
    /// Passes of the scrubber that found nothing.
    pub(crate) scrub_passes: AtomicU64,
}

/// Whether states are equal, as this node knows it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EqualityStatus {
    /// Why this node's own state is set apart.
    pub quarantine: Option<Arc<String>>,
    /// Members whose state differs from a majority's, or that say so themselves; this one among them.
    pub differing: Vec<NodeId>,
    /// Newest index at which a majority of the voters have the same state.
    pub agreed: Option<u64>,
    /// Index at which voters differ and no state has a majority: nobody can tell who is right.
    pub split: Option<u64>,
    /// Index of the last pass of the scrubber that found nothing; 0 before the first.
    pub scrubbed_index: u64,
    /// Such passes since the start.
    pub scrub_passes: u64,
}

impl Equality {
    fn verdict(&self) -> Verdict {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether voters differ and none of their states has a majority: nothing is installed then.
    pub(crate) fn is_split(&self) -> bool {
        self.verdict().split.is_some()
    }

    /// Whether a peer is known to have a wrong state.
    pub(crate) fn differs(&self, node: NodeId) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.get(&node).is_some_and(|points| points.quarantined)
            || self.verdict().differing.contains_key(&node.0)
    }
}

/// Starts comparing.
pub(crate) fn spawn<E: Engine>(cluster: &Cluster<E>) {
    let cluster = cluster.clone();
    runtime::spawn(async move {
        while !cluster.is_over() {
            runtime::sleep(ROUND).await;
            cluster.compare_states().await;
            cluster.keep_apart().await;
        }
    });
}

impl<E: Engine> Cluster<E> {
    /// Whether states are equal, as this node knows it.
    #[must_use]
    pub fn equality(&self) -> EqualityStatus {
        let equality = &self.inner.equality;
        let verdict = equality.verdict();
        let quarantine = self.inner.machine.quarantine();
        let mut differing: Vec<NodeId> = verdict.differing.keys().copied().map(NodeId).collect();
        let told = equality.told.lock().unwrap_or_else(PoisonError::into_inner);
        differing.extend(told.iter().filter(|(_, points)| points.quarantined).map(|(node, _)| *node));
        drop(told);
        differing.extend(quarantine.is_some().then_some(self.inner.settings.node));
        differing.sort_unstable();
        differing.dedup();
        EqualityStatus {
            quarantine,
            differing,
            agreed: verdict.agreed,
            split: verdict.split,
            scrubbed_index: equality.scrubbed_index.load(Ordering::Relaxed),
            scrub_passes: equality.scrub_passes.load(Ordering::Relaxed),
        }
    }

    /// Why nothing of this node's state may be shown; `None` while nothing is known against it.
    #[must_use]
    pub fn quarantine(&self) -> Option<Arc<String>> {
        self.inner.machine.quarantine()
    }

    /// What this node tells peers about its state.
    pub(crate) fn own_points(&self) -> Points {
        let quarantined = self.inner.machine.quarantine().is_some();
        let points = self.inner.machine.hash_points().iter().map(SumsPoint::hash_point).collect();
        Points { quarantined, points }
    }

    /// One round: asks everybody, judges, and sets this node apart when it is the one that differs.
    pub(crate) async fn compare_states(&self) {
        let myself = self.inner.settings.node;
        let metrics = self.metrics();
        let membership = metrics.membership_config.membership();
        let mut peers = members(membership);
        peers.remove(&myself.0);
        let asked = peers.into_iter().map(|(id, mut member)| async move {
            member.id = NodeId(id);
            (member.id, self.ask_points(&member).await)
        });
        let answers = join_all(asked).await;
        let mut tables: BTreeMap<u64, Table> = BTreeMap::new();
        {
            let mut told = self.inner.equality.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.retain(|node, _| answers.iter().any(|(member, _)| member == node));
            // What a silent peer told before still counts: it was so at those indexes.
            told.extend(answers.into_iter().filter_map(|(node, points)| Some((node, points?))));
            // The word of one that mistrusts its own state counts for nothing.
            for (node, points) in told.iter().filter(|(_, points)| !points.quarantined) {
                tables.insert(node.0, table(points));
            }
        }
        let own = self.own_points();
        if !own.quarantined {
            tables.insert(myself.0, table(&own));
        }
        let verdict = compare(&voters(membership), &tables);
        self.take_note(&verdict, &tables);
        if let Some(index) = verdict.differing.get(&myself.0) {
            let reason = self.explain(*index, &tables).await;
            let cluster = self.clone();
            // Writes a file.
            drop(TypeConfig::spawn_blocking(move || cluster.set_apart(&reason)).await);
        }
        *self.inner.equality.verdict.lock().unwrap_or_else(PoisonError::into_inner) = verdict;
    }

    async fn ask_points(&self, member: &Member) -> Option<Points> {
        let link = self.inner.peers.link(member, Purpose::Control);
        let answer = link.call(server::POINTS, points::encode_points_request(), ASK_DEADLINE).await;
        points::decode_points_response(answer.ok()?).ok()
    }

    /// Raises an alarm for what is new in a verdict.
    fn take_note(&self, verdict: &Verdict, tables: &BTreeMap<u64, Table>) {
        let before = self.inner.equality.verdict();
        if let Some(index) = verdict.split.filter(|index| before.split != Some(*index)) {
            let told: Vec<String> = tables
                .iter()
                .filter_map(|(node, table)| Some(format!("{node}: {}", shown(*table.get(&index)?))))
                .collect();
            let told = told.join(", ");
            tracing::error!(
                index,
                told,
                "states differ and none has a majority; no snapshot is installed until one has"
            );
        }
        for (node, index) in &verdict.differing {
            if !before.differing.contains_key(node) {
                tracing::error!(node, index, "the state of a node differs from that of a majority");
            }
        }
    }

    /// Says where this node's state differs from one of the majority, in one line.
    async fn explain(&self, index: u64, tables: &BTreeMap<u64, Table>) -> String {
        let myself = self.inner.settings.node;
        let own = tables.get(&myself.0).and_then(|table| table.get(&index)).copied().unwrap_or_default();
        let others: Vec<u64> = tables
            .iter()
            .filter(|(_, table)| table.get(&index).is_some_and(|hash| *hash != own))
            .map(|(node, _)| *node)
            .collect();
        let points = self.inner.machine.hash_points();
        let mine = points.iter().find(|point| point.index == index);
        let mut parts = None;
        for node in &others {
            let Some(member) = self.member(NodeId(*node)) else { continue };
            let link = self.inner.peers.link(&member, Purpose::Control);
            let answer = link.call(server::SUMS, points::encode_sums_request(index), ASK_DEADLINE).await;
            let theirs = answer.ok().and_then(|frame| points::decode_sums_response(frame).ok()).flatten();
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                parts = Some(differing_parts(&mine.sums, &theirs));
                break;
            }
        }
        let parts = parts.unwrap_or_else(|| "an unknown part".to_owned());
        format!(
            "at index {index} the state hash is {} here and another one on nodes {others:?}; it differs in: {parts}",
            shown(own)
        )
    }

    /// Sets this node's state apart, for good.
    pub(crate) fn set_apart(&self, reason: &str) {
        if self.inner.machine.quarantine().is_some() {
            return;
        }
        tracing::error!(
            reason,
            "this node's state is wrong; it is set apart: remove the node and let it join again under a new number"
        );
        if let Err(error) = self.inner.machine.set_quarantine(reason) {
            tracing::error!(%error, "that the state is wrong could not be written down; a restart forgets it");
        }
    }

    /// Keeps a state that is set apart from leading, and lets one that took its place stand for election again.
    async fn keep_apart(&self) {
        let apart = self.inner.machine.quarantine().is_some();
        self.set_obstacle(Obstacle::State, apart);
        if apart
            && self.is_leader()
            && let Err(error) = self.transfer_here(None).await
        {
            tracing::error!(%error, "this node leads with a wrong state and nobody took over yet");
        }
    }
}

fn table(points: &Points) -> Table {
    points.points.iter().map(|point| (point.index, point.hash)).collect()
}

fn shown(hash: u128) -> String {
    hex(&hash.to_be_bytes())
}
