//! What operators may ask, answered by the cluster and the store.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering;

use api::ports::{
    CertificateDays, ClusterStatus, Equality, HashPoints, HealthCheck, MemberRequest, MemberStatus,
    OperationError, Operations, StateHash,
};
use cluster::{Member, MemberRole, OperateError};
use futures_util::future::BoxFuture;
use tally::ids::{NodeId, hex};

use super::Gateway;
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

    /// Days until each certificate of this node ends.
    fn certificates(&self) -> Vec<CertificateDays> {
        let now_s = i64::try_from(self.cluster.now().0.div_euclid(1_000)).unwrap_or(i64::MAX);
        let days = |at_s: i64| at_s.saturating_sub(now_s).div_euclid(24 * 60 * 60);
        let tls = self.tls.now();
        tls.ends.iter().map(|end| CertificateDays { name: end.name, days: days(end.at_s) }).collect()
    }

    fn in_use(&self) -> HealthCheck {
        let draining = self.cluster.is_draining();
        Self::check("draining", !draining, || {
            "an operator is draining this node; `rakit node resume` takes that back".to_owned()
        })
    }

    /// A node whose state differs serves nobody (design 9.5).
    fn equal(&self) -> HealthCheck {
        let quarantine = self.cluster.quarantine();
        Self::check("equality", quarantine.is_none(), || {
            let reason = quarantine.as_deref().map_or("", String::as_str);
            format!(
                "this node's state is set apart: {reason}; remove the node and let it join under a new number"
            )
        })
    }

    fn equality(&self) -> Equality {
        let known = self.cluster.equality();
        Equality {
            quarantine: known.quarantine.map(|reason| reason.to_string()),
            differing: known.differing,
            agreed: known.agreed,
            split: known.split,
            scrubbed: (known.scrub_passes > 0).then_some(known.scrubbed_index),
        }
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
            incarnation: hex(&member.member.incarnation),
            role: match member.role {
                cluster::Role::Voter => "voter",
                cluster::Role::Learner => "learner",
                cluster::Role::Edge => "edge",
            },
            reachable: member.reachable,
            index: member.index,
            lag: member.index.map(|index| status.last_index.saturating_sub(index)),
            release: member.release,
            disk: member.room.name(),
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
            certificates: self.certificates(),
            equality: self.equality(),
        }
    }

    fn serves_officers(&self) -> bool {
        !self.cluster.settings().edge
    }

    fn ready_public(&self) -> Vec<HealthCheck> {
        let published = self.publisher().is_some_and(|publisher| publisher.ready());
        vec![
            self.staying(),
            self.in_use(),
            self.equal(),
            Self::check("state", self.cluster.failure().is_none(), || {
                self.cluster.failure().unwrap_or_default()
            }),
            Self::check("pages", published, || "the top pages are not rendered yet".to_owned()),
        ]
    }

    fn ready_officer(&self) -> Vec<HealthCheck> {
        let age_ms = self.cluster.leader_age_ms();
        vec![
            Self::check("role", self.serves_officers(), || {
                "this node is an edge and only reads; send officers to a voter".to_owned()
            }),
            self.staying(),
            self.in_use(),
            self.equal(),
            Self::check("recovered", self.cluster.is_recovered(), || {
                "this node has not caught up with what it may have answered before its last stop".to_owned()
            }),
            Self::check("leader", (0..=LEADER_AGE_MS_MAX).contains(&age_ms), || {
                format!("a leader with a majority was heard {age_ms} ms ago (-1: never)")
            }),
            Self::check("disk", self.cluster.room() < cluster::Room::Critical, || {
                format!("{} bytes are free; make room", self.cluster.free_bytes())
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
            let known = self.cluster.status().members.iter().any(|known| known.member.id == request.id);
            if !known || request.role != "voter" {
                self.cluster.add_member(member).await.map_err(operation_error)?;
            }
            if request.role == "voter" {
                self.cluster.promote(request.id).await.map_err(operation_error)?;
            }
            Ok(())
        })
    }

    fn remove_member(
        &self,
        id: NodeId,
        forced_by: Option<String>,
    ) -> BoxFuture<'_, Result<(), OperationError>> {
        Box::pin(async move {
            let name = self.cluster.view().ledger().unwrap_or_default().name;
            if forced_by.as_ref().is_some_and(|typed| *typed != name) {
                return Err(OperationError::Precondition(format!("the name of this cluster is \"{name}\"")));
            }
            self.cluster.remove(id, forced_by.is_some()).await.map_err(operation_error)
        })
    }

    fn replace_member(&self, old: NodeId, new: NodeId) -> BoxFuture<'_, Result<(), OperationError>> {
        Box::pin(async move { self.cluster.replace(old, new).await.map_err(operation_error) })
    }

    fn move_member(&self, request: MemberRequest) -> BoxFuture<'_, Result<(), OperationError>> {
        Box::pin(async move {
            let known = self.cluster.status().members.into_iter().find(|known| known.member.id == request.id);
            let known = known.ok_or_else(|| {
                OperationError::Precondition(format!("node {} is not a member", request.id.0))
            })?;
            let member =
                Member { role: known.member.role, ops_url: known.member.ops_url, ..Self::member(&request)? };
            self.cluster.move_member(member).await.map_err(operation_error)
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<NodeId, OperationError>> {
        Box::pin(async { self.cluster.drain().await.map_err(operation_error) })
    }

    fn resume(&self) {
        self.cluster.resume();
    }

    fn transfer(&self, to: Option<NodeId>) -> BoxFuture<'_, Result<NodeId, OperationError>> {
        Box::pin(async move { self.cluster.transfer(to).await.map_err(operation_error) })
    }

    fn raise_level(&self, level: u32) -> BoxFuture<'_, Result<u32, OperationError>> {
        Box::pin(async move { self.cluster.raise_level(level).await.map_err(operation_error) })
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<u64, OperationError>> {
        Box::pin(async { self.cluster.snapshot().await.map_err(operation_error) })
    }

    fn state_hash(&self, index: Option<u64>) -> Result<StateHash, OperationError> {
        let machine = self.cluster.machine();
        let now = machine.state_hash();
        let point = match index.filter(|index| *index != now.index) {
            None => Some(now),
            Some(index) => {
                let points = machine.hash_points();
                points.iter().find(|point| point.index == index).map(store::SumsPoint::hash_point)
            }
        };
        let point = point.ok_or_else(|| {
            OperationError::Precondition(
                "no hash is remembered at that index; GET /api/v1/state-hash/points lists those that are"
                    .to_owned(),
            )
        })?;
        Ok(StateHash { index: point.index, hash: hex(&point.hash.to_be_bytes()) })
    }

    fn hash_points(&self) -> HashPoints {
        let machine = self.cluster.machine();
        let shown =
            |point: store::HashPoint| StateHash { index: point.index, hash: hex(&point.hash.to_be_bytes()) };
        let points = machine.hash_points();
        HashPoints {
            node: self.cluster.settings().node,
            now: shown(machine.state_hash()),
            points: points.iter().map(|point| shown(point.hash_point())).collect(),
            equality: self.equality(),
        }
    }

    fn metrics(&self, text: &mut String) {
        let equality = self.cluster.equality();
        let differing = u64::try_from(equality.differing.len()).unwrap_or(u64::MAX);
        let status = self.cluster.status();
        let leader = u64::from(status.leader == Some(status.node));
        let log = self.cluster.log().statistics();
        let timers = self.cluster.settings().timers;
        let (heartbeats, heartbeats_unanswered) = self.cluster.heartbeats();
        let blobs = self.cluster.blob_status();
        let snapshots = self.cluster.snapshot_bytes();
        let in_flight = u64::try_from(status.items_in_flight).unwrap_or(u64::MAX);
        for (name, kind, value) in [
            ("rakit_raft_term", "gauge", status.term),
            ("rakit_raft_is_leader", "gauge", leader),
            ("rakit_raft_election_timeout_min_ms", "gauge", timers.election_min_ms),
            ("rakit_raft_heartbeats_total", "counter", heartbeats),
            ("rakit_raft_heartbeats_unanswered_total", "counter", heartbeats_unanswered),
            ("rakit_raft_last_index", "gauge", status.last_index),
            ("rakit_raft_committed_index", "gauge", status.committed),
            ("rakit_raft_applied_index", "gauge", status.applied),
            ("rakit_raft_purged_index", "gauge", status.purged),
            ("rakit_raft_snapshot_index", "gauge", status.snapshot.unwrap_or_default()),
            ("rakit_snapshot_sent_bytes_total", "counter", snapshots.sent),
            ("rakit_snapshot_received_bytes_total", "counter", snapshots.received),
            ("rakit_snapshot_resumed_bytes_total", "counter", snapshots.resumed),
            ("rakit_proposals_in_flight", "gauge", in_flight),
            ("rakit_proposals_refused_total", "counter", self.cluster.proposals_refused()),
            ("rakit_equality_quarantined", "gauge", u64::from(equality.quarantine.is_some())),
            ("rakit_equality_differing_nodes", "gauge", differing),
            ("rakit_equality_split", "gauge", u64::from(equality.split.is_some())),
            ("rakit_equality_agreed_index", "gauge", equality.agreed.unwrap_or_default()),
            ("rakit_scrub_passes_total", "counter", equality.scrub_passes),
            ("rakit_scrub_index", "gauge", equality.scrubbed_index),
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
        if let Some(deviation_ms) = status.clock_deviation_ms {
            line(text, "rakit_clock_deviation_ms", "gauge", &deviation_ms);
        }
        line(text, "rakit_disk_free_bytes", "gauge", &self.cluster.free_bytes());
        line(text, "rakit_disk_room", "gauge", &self.cluster.room().number());
        let now_s = i64::try_from(self.cluster.now().0.div_euclid(1_000)).unwrap_or(i64::MAX);
        text.push_str("# TYPE rakit_certificate_ends_seconds gauge\n");
        for end in &self.tls.now().ends {
            let left_s = end.at_s.saturating_sub(now_s);
            let written =
                writeln!(text, "rakit_certificate_ends_seconds{{certificate=\"{}\"}} {left_s}", end.name);
            debug_assert!(written.is_ok(), "writing into a text cannot fail");
        }
        let fenced = status.members.iter().filter(|member| member.lost_index.is_some()).count();
        line(text, "rakit_peers_fenced", "gauge", &fenced);
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
