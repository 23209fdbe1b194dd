//! Handing leadership over, around openraft's own way of doing it.
//!
//! Invariant: proposals are held while it goes on, never failed; a hand-over that does not come about leaves
//! the cluster to a normal election, which it neither hastens nor forces.

use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver as _;
use store::Engine;
use tally::ids::NodeId;

use crate::error::OperateError;
use crate::handle::Cluster;
use crate::membership::plan;
use crate::runtime;
use crate::types::{RaftMetrics, voters};

/// Longest proposals are held so that the successor catches up.
const HOLD: Duration = Duration::from_millis(50);
/// Entries a successor may be behind before proposals are held.
const LAG_ENTRIES_MAX: u64 = 1_000;

/// Holds proposals until it is dropped.
struct Hold<'a, E: Engine>(&'a Cluster<E>);

impl<'a, E: Engine> Hold<'a, E> {
    fn new(cluster: &'a Cluster<E>) -> Self {
        cluster.inner.admission.set_held(true);
        Self(cluster)
    }
}

impl<E: Engine> Drop for Hold<'_, E> {
    fn drop(&mut self) {
        self.0.inner.admission.set_held(false);
    }
}

impl<E: Engine> Cluster<E> {
    /// On the leader: hands over to a voter, the best one when none is named; answers who leads then.
    pub(crate) async fn transfer_here(&self, to: Option<NodeId>) -> Result<NodeId, OperateError> {
        if let Some(to) = to {
            self.wait_alive(to).await;
        }
        let metrics = self.metrics();
        let to = self.choose(&metrics, to)?;
        if to == self.inner.settings.node {
            return Ok(to);
        }
        let hold = Hold::new(self);
        let caught_up = |metrics: &RaftMetrics| matched(metrics, to.0) >= metrics.last_log_index;
        // Not quite caught up is good enough: the successor waits for the rest before it stands for election.
        drop(self.inner.raft.wait(Some(HOLD)).metrics(caught_up, "successor caught up").await);
        let begun = self.inner.raft.trigger().transfer_leader(to.0).await;
        begun.map_err(|error| OperateError::Failed(error.to_string()))?;
        // From here on openraft itself refuses proposals, which then wait for the new leader.
        drop(hold);
        let patience = self.inner.settings.timers.election_max_ms.saturating_mul(3).saturating_add(500);
        let new_leader = self.wait_other_leader(Duration::from_millis(patience)).await;
        new_leader.ok_or_else(|| {
            OperateError::Unavailable(format!("node {} did not take over in time; an election follows", to.0))
        })
    }

    /// Until a voter that was started a moment ago has answered a heartbeat, for as long as one is taken for alive.
    async fn wait_alive(&self, to: NodeId) {
        let patience = Duration::from_millis(self.inner.settings.timers.election_max_ms.saturating_mul(3));
        let answers = |metrics: &RaftMetrics| {
            !voters(metrics.committed_membership_config.membership()).contains(&to.0)
                || self.alive().contains(&to.0)
        };
        drop(self.inner.raft.wait(Some(patience)).metrics(answers, "heard").await);
    }

    fn choose(&self, metrics: &RaftMetrics, to: Option<NodeId>) -> Result<NodeId, OperateError> {
        let membership = metrics.committed_membership_config.membership();
        let voters = voters(membership);
        let alive = self.alive();
        let myself = self.inner.settings.node;
        let Some(to) = to else {
            let fit = alive.into_iter().filter(|id| self.unfit(NodeId(*id)).is_none()).collect();
            let best = plan::successor(&voters, &fit, myself.0, |id| matched(metrics, id));
            let none = || OperateError::Precondition("no other voter lives, has the log and may lead".into());
            return best.map(NodeId).ok_or_else(none);
        };
        if !voters.contains(&to.0) {
            return Err(OperateError::Precondition(format!("node {} is not a voter", to.0)));
        }
        if !alive.contains(&to.0) {
            return Err(OperateError::Precondition(format!("node {} does not answer", to.0)));
        }
        if let Some(why) = self.unfit(to) {
            return Err(OperateError::Precondition(format!("node {} must not lead: {why}", to.0)));
        }
        let last = metrics.last_log_index.unwrap_or_default();
        let lag = last.saturating_sub(matched(metrics, to.0).unwrap_or_default());
        if to != myself && lag > LAG_ENTRIES_MAX {
            return Err(OperateError::Precondition(format!("node {} is {lag} entries behind", to.0)));
        }
        Ok(to)
    }

    /// Until another leads and has committed something in its term: from then on it answers everybody (9.9).
    async fn wait_other_leader(&self, patience: Duration) -> Option<NodeId> {
        let myself = self.inner.settings.node;
        let mut metrics = self.inner.raft.metrics();
        let wait = async {
            loop {
                let settled = settled_leader(&metrics.borrow_watched());
                if let Some(leader) = settled.filter(|leader| *leader != myself) {
                    return Some(leader);
                }
                metrics.changed().await.ok()?;
            }
        };
        runtime::timeout(patience, wait).await.ok().flatten()
    }
}

/// The leader, once it has committed something in its term.
fn settled_leader(metrics: &RaftMetrics) -> Option<NodeId> {
    let committed = metrics.local_committed.map(|id| id.leader_id.term);
    metrics.current_leader.filter(|_| committed == Some(metrics.current_term)).map(NodeId)
}

/// Last index known to be on a peer.
pub(crate) fn matched(metrics: &RaftMetrics, id: u64) -> Option<u64> {
    metrics.replication.as_ref()?.get(&id).copied().flatten().map(|id| id.index)
}
