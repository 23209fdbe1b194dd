//! What operators may ask, answered by the cluster and the store.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering;

use api::ports::{
    ClusterStatus, HealthCheck, MemberRequest, MemberStatus, OperationError, Operations, StateHash,
};
use cluster::{Member, MemberRole, OperateError};
use futures_util::future::BoxFuture;
use tally::command::{Command, Item, Principal};
use tally::ids::{NodeId, hex};
use tally::outcome::Outcome;

use super::Gateway;
use crate::text;
use crate::tls::identity::cluster_from_hex;

/// Without a leader for so long the node sends officers elsewhere.
const LEADER_AGE_MS_MAX: i64 = 5_000;

impl Gateway {
    fn check(name: &'static str, fine: bool, failure: impl FnOnce() -> String) -> HealthCheck {
        HealthCheck { name, failure: (!fine).then(failure) }
    }

    fn staying(&self) -> HealthCheck {
        let stopping = self.stopping.load(Ordering::Relaxed);
        Self::check("stopping", !stopping, || "this node is about to stop".to_owned())
    }

    /// Describes a member that an operator asks for.
    fn member(request: &MemberRequest) -> Result<Member, OperationError> {
        let role = match request.role.as_str() {
            "edge" => MemberRole::Edge,
            _ => MemberRole::Voter,
        };
        let incarnation = cluster_from_hex(&request.incarnation)
            .ok_or_else(|| OperationError::Precondition("incarnation: 32 hexadecimal digits".to_owned()))?;
        Ok(Member {
            id: request.id,
            role,
            incarnation,
            peer_address: request.peer_address.clone(),
            officer_url: request.officer_url.clone(),
            public_url: request.public_url.clone(),
            ops_url: String::new(),
        })
    }
}

impl Operations for Gateway {
    fn status(&self) -> ClusterStatus {
        let status = self.cluster.status();
        // A state that cannot be read is told by readiness; the rest of the answer is still worth having.
        let ledger = self.cluster.view().ledger().unwrap_or_default();
        let nodes = status.members.into_iter().map(|member| MemberStatus {
            id: member.member.id,
            role: match member.role {
                cluster::Role::Voter => "voter",
                cluster::Role::Learner => "learner",
                cluster::Role::Edge => "edge",
            },
            reachable: member.reachable,
            index: member.index,
            lag: member.index.map(|index| status.last_index.saturating_sub(index)),
            release: member.release,
            peer_address: member.member.peer_address,
            officer_url: member.member.officer_url,
            public_url: member.member.public_url,
        });
        ClusterStatus {
            cluster: hex(&self.cluster.settings().cluster),
            name: ledger.name,
            epoch: self.cluster.settings().epoch,
            level: ledger.level,
            term: status.term,
            leader: status.leader,
            nodes: nodes.collect(),
            index: status.applied,
            last_index: status.last_index,
            committed: status.committed,
        }
    }

    fn ready_public(&self) -> Vec<HealthCheck> {
        let published = self.publisher().is_some_and(|publisher| publisher.ready());
        vec![
            self.staying(),
            Self::check("state", self.cluster.failure().is_none(), || {
                self.cluster.failure().unwrap_or_default()
            }),
            Self::check("pages", published, || "the top pages are not rendered yet".to_owned()),
        ]
    }

    fn ready_officer(&self) -> Vec<HealthCheck> {
        let age_ms = self.cluster.leader_age_ms();
        vec![
            self.staying(),
            Self::check("recovered", self.cluster.is_recovered(), || {
                "this node has not caught up with what it may have answered before its last stop".to_owned()
            }),
            Self::check("leader", (0..=LEADER_AGE_MS_MAX).contains(&age_ms), || {
                format!("a leader with a majority was heard {age_ms} ms ago (-1: never)")
            }),
            Self::check("apply", self.cluster.failure().is_none(), || {
                self.cluster.failure().unwrap_or_default()
            }),
        ]
    }

    fn allocate_node(&self) -> BoxFuture<'_, Result<NodeId, OperationError>> {
        Box::pin(async { self.cluster.allocate_node().await.map_err(operation_error) })
    }

    fn add_member(&self, request: MemberRequest) -> BoxFuture<'_, Result<(), OperationError>> {
        Box::pin(async move {
            let member = Self::member(&request)?;
            self.cluster.add_member(member).await.map_err(operation_error)?;
            if request.role == "voter" {
                self.cluster.promote(request.id).await.map_err(operation_error)?;
            }
            Ok(())
        })
    }

    fn remove_member(&self, id: NodeId) -> BoxFuture<'_, Result<(), OperationError>> {
        Box::pin(async move { self.cluster.remove(id).await.map_err(operation_error) })
    }

    fn transfer(&self, to: Option<NodeId>) -> BoxFuture<'_, Result<NodeId, OperationError>> {
        Box::pin(async move { self.cluster.transfer(to).await.map_err(operation_error) })
    }

    fn raise_level(&self, level: u32) -> BoxFuture<'_, Result<u32, OperationError>> {
        Box::pin(async move {
            let item = Item { request: None, command: Command::RaiseLevel { level } };
            let mut answers = self.cluster.propose(Principal::Operator, vec![item]).await;
            let answer = answers.pop().ok_or_else(|| OperationError::Failed("no answer".to_owned()))?;
            let answer = answer.map_err(|error| OperationError::Unavailable(error.to_string()))?;
            if let Outcome::LevelRaised(level) = answer.outcome {
                return Ok(level);
            }
            let outcome = answer.outcome;
            Err(OperationError::Precondition(text!("ditolak: {outcome:?}", "refused: {outcome:?}")))
        })
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<u64, OperationError>> {
        Box::pin(async { self.cluster.snapshot().await.map_err(operation_error) })
    }

    fn state_hash(&self, index: Option<u64>) -> Result<StateHash, OperationError> {
        let machine = self.cluster.machine();
        let point = match index {
            None => Some(machine.state_hash()),
            Some(index) => {
                let now = machine.state_hash();
                let mut points = machine.hash_points();
                points.push(now);
                points.into_iter().find(|point| point.index == index)
            }
        };
        let point = point.ok_or_else(|| {
            OperationError::Precondition(
                "no hash is remembered at that index; ask for one divisible by 1000".to_owned(),
            )
        })?;
        Ok(StateHash { index: point.index, hash: hex(&point.hash.to_be_bytes()) })
    }

    fn metrics(&self, text: &mut String) {
        let status = self.cluster.status();
        let leader = u64::from(status.leader == Some(status.node));
        let log = self.cluster.log().statistics();
        let blobs = self.cluster.blob_status();
        let in_flight = u64::try_from(status.items_in_flight).unwrap_or(u64::MAX);
        for (name, kind, value) in [
            ("rakit_raft_term", "gauge", status.term),
            ("rakit_raft_is_leader", "gauge", leader),
            ("rakit_raft_last_index", "gauge", status.last_index),
            ("rakit_raft_committed_index", "gauge", status.committed),
            ("rakit_raft_applied_index", "gauge", status.applied),
            ("rakit_raft_purged_index", "gauge", status.purged),
            ("rakit_raft_snapshot_index", "gauge", status.snapshot.unwrap_or_default()),
            ("rakit_proposals_in_flight", "gauge", in_flight),
            ("rakit_attachments", "gauge", blobs.count),
            ("rakit_attachments_bytes", "gauge", blobs.bytes),
            ("rakit_attachments_exact", "gauge", u64::from(blobs.exact)),
            ("rakit_attachments_missing", "gauge", blobs.missing),
            ("rakit_attachments_damaged", "gauge", blobs.damaged),
            ("rakit_attachments_scrubbed_total", "counter", blobs.scrubbed_total),
            ("rakit_attachments_scrub_errors_total", "counter", blobs.scrub_errors_total),
            ("rakit_attachments_fetched_total", "counter", blobs.fetched_total),
            ("rakit_log_fsyncs_total", "counter", log.fsyncs),
            ("rakit_log_fsync_microseconds_total", "counter", log.fsync_total_us),
        ] {
            line(text, name, kind, &value);
        }
        line(text, "rakit_leader_age_ms", "gauge", &status.leader_age_ms);
    }
}

fn line(text: &mut String, name: &str, kind: &str, value: &dyn Display) {
    let written = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
    debug_assert!(written.is_ok(), "writing into a text cannot fail");
}

fn operation_error(error: OperateError) -> OperationError {
    match error {
        OperateError::Precondition(text) => OperationError::Precondition(text),
        OperateError::Unavailable(text) => OperationError::Unavailable(text),
        OperateError::Failed(text) => OperationError::Failed(text),
    }
}
