//! The one hop of a write from any node to the leader.
//!
//! Invariant: items travel unstamped and are never sent on by the receiver; a hop whose answer is lost counts as
//! unknown, never as not written.

use futures_util::future::{Either, select};
use openraft::async_runtime::watch::WatchReceiver as _;
use store::Engine;
use tally::command::Proposal;
use tally::ids::NodeId;

use crate::dial::Purpose;
use crate::error::ProposeError;
use crate::handle::Cluster;
use crate::propose::Attempt;
use crate::rpc::connection::PeerError;
use crate::rpc::server;
use crate::rpc::wire;
use crate::runtime::{self, Instant};

impl<E: Engine> Cluster<E> {
    /// Sends a proposal to the leader; gives up as soon as another leader is known, for this one may be cut off.
    pub(crate) async fn forward(
        &self,
        leader: NodeId,
        proposal: &mut Proposal,
        deadline: Instant,
    ) -> Attempt {
        if self.inner.settings.edge {
            return Attempt::Refused(ProposeError::NoLeader);
        }
        let Some(member) = self.member(leader) else { return Attempt::NotWritten };
        let link = self.inner.peers.link(&member, Purpose::Forward);
        let frame = wire::forward::encode_request(proposal);
        let call = std::pin::pin!(link.call(server::FORWARD, frame, runtime::remaining(deadline)));
        let unseated = std::pin::pin!(self.unseated(leader));
        let answer = match select(call, unseated).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => return Attempt::Unknown,
        };
        match answer {
            Ok(frame) => match wire::forward::decode_response(frame) {
                Ok(results) => judge(results),
                Err(error) => {
                    tracing::warn!(%error, leader = leader.0, "the leader's answers cannot be read");
                    Attempt::Unknown
                }
            },
            Err(error) if error.not_sent() => {
                if matches!(error, PeerError::Refused(_)) {
                    tracing::warn!(%error, leader = leader.0, "the leader refused forwarded items");
                }
                Attempt::NotWritten
            }
            Err(_) => Attempt::Unknown,
        }
    }

    /// Resolves when another node is known to lead.
    async fn unseated(&self, leader: NodeId) {
        let mut metrics = self.inner.raft.server_metrics();
        loop {
            if self.leader().is_some_and(|now| now != leader) || metrics.changed().await.is_err() {
                return;
            }
        }
    }
}

/// What the leader's answers to a chunk's items amount to.
fn judge(results: wire::forward::Results) -> Attempt {
    let mut errors = results.iter().filter_map(|result| result.as_ref().err());
    let Some(first) = errors.next().copied() else {
        return Attempt::Answered(results.into_iter().flatten().collect());
    };
    let none_written = results.iter().all(|result| *result == Err(first));
    match first {
        ProposeError::NoLeader if none_written => Attempt::NotWritten,
        ProposeError::Overloaded
        | ProposeError::TooLarge
        | ProposeError::DiskFull
        | ProposeError::AttachmentUnknown
        | ProposeError::AttachmentNotHeld
            if none_written =>
        {
            Attempt::Refused(first)
        }
        ProposeError::NoLeader
        | ProposeError::Overloaded
        | ProposeError::TooLarge
        | ProposeError::DiskFull
        | ProposeError::AttachmentUnknown
        | ProposeError::AttachmentNotHeld
        | ProposeError::Unknown => Attempt::Unknown,
    }
}
