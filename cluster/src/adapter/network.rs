//! Peers, as openraft wants them.
//!
//! Invariant: votes, heartbeats and hand-over use the control connection, entries the append connection,
//! snapshots the bulk connection; every call has this crate's deadline, not openraft's (F2).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use openraft::base::{BoxFuture, BoxStream};
use openraft::errors::{RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{Backoff, RPCOption, stream_append_sequential};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, StreamAppendError, StreamAppendResult,
    TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::{OptionalSend, RPCTypes, RaftNetworkFactory, RaftNetworkV2};
use store::{Engine, Machine};
use tokio::sync::oneshot;

use super::snapshot::{Snapshot, SnapshotData};
use crate::dial::Purpose;
use crate::followers::Followers;
use crate::freshness::Freshness;
use crate::member::Member;
use crate::pace::Heartbeats;
use crate::rpc::append::{self, Sent, Session, rpc_error};
use crate::rpc::connection::PeerError;
use crate::rpc::fence::Fence;
use crate::rpc::peers::Peers;
use crate::rpc::transfers::Transfers;
use crate::rpc::wire::append::Append;
use crate::rpc::wire::{self, WireError};
use crate::rpc::{server, snapshot};
use crate::runtime;
use crate::types::{RaftVote, TypeConfig};

/// A heartbeat is waited for as long as so many deadlines: a peer may be further away than the next one is due.
const HEARTBEAT_DEADLINES: u32 = 3;

type Rpc<T> = Result<T, RPCError<TypeConfig>>;

/// Makes the connections openraft asks for.
pub(crate) struct Network<E: Engine> {
    pub(crate) peers: Arc<Peers>,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) fence: Arc<Fence>,
    pub(crate) transfers: Arc<Transfers>,
    pub(crate) heartbeats: Arc<Heartbeats>,
    pub(crate) followers: Arc<Followers>,
    pub(crate) deadline: Duration,
    pub(crate) machine: Machine<E>,
}

/// One peer for one purpose.
pub(crate) struct Client<E: Engine> {
    control: Session,
    append: Session,
    bulk: Session,
    transfers: Arc<Transfers>,
    heartbeats: Arc<Heartbeats>,
    followers: Arc<Followers>,
    /// Whether this client only sends heartbeats.
    heartbeat: bool,
    machine: Machine<E>,
}

impl<E: Engine> Network<E> {
    fn client(&self, target: u64, member: &Member, heartbeat: bool) -> Client<E> {
        let mut member = member.clone();
        member.id = tally::ids::NodeId(target);
        let session = |purpose| Session {
            link: self.peers.link(&member, purpose),
            freshness: Arc::clone(&self.freshness),
            echo: Arc::default(),
            fence: Arc::clone(&self.fence),
            batch: Arc::default(),
            node: self.peers.myself().node.0,
            deadline: self.deadline,
        };
        Client {
            control: session(Purpose::Control),
            append: session(Purpose::Append),
            bulk: session(Purpose::Bulk),
            transfers: Arc::clone(&self.transfers),
            heartbeats: Arc::clone(&self.heartbeats),
            followers: Arc::clone(&self.followers),
            heartbeat,
            machine: self.machine.clone(),
        }
    }
}

impl<E: Engine> RaftNetworkFactory<TypeConfig> for Network<E> {
    type Network = Client<E>;

    async fn new_client(&mut self, target: u64, node: &Member) -> Client<E> {
        self.client(target, node, false)
    }

    async fn new_heartbeat_client(&mut self, target: u64, node: &Member) -> Client<E> {
        self.client(target, node, true)
    }
}

impl<E: Engine> Client<E> {
    async fn ask<T>(
        &self,
        path: &'static str,
        frame: Bytes,
        action: RPCTypes,
        decode: fn(Bytes) -> Result<T, WireError>,
    ) -> Rpc<T> {
        let answer = self.control.link.call(path, frame, self.control.deadline).await;
        let answer =
            answer.and_then(|frame| decode(frame).map_err(|error| PeerError::Broken(error.to_string())));
        answer.map_err(|error| rpc_error(&error, action, &self.control))
    }
}

/// Sends a heartbeat and notes what its answer says.
async fn heartbeat(
    session: &Session,
    followers: &Followers,
    frame: Bytes,
    sent: Sent,
) -> Result<StreamAppendResult<TypeConfig>, PeerError> {
    let (sent_at, deadline) = (runtime::now(), session.deadline.saturating_mul(HEARTBEAT_DEADLINES));
    let answer = session.link.call(server::HEARTBEAT, frame, deadline).await?;
    let decoded = wire::append::decode_response(answer);
    let (answer, stamp) = decoded.map_err(|error| PeerError::Broken(error.to_string()))?;
    session.echo.heard(stamp);
    session.judge(sent, &answer)?;
    if !matches!(answer, Err(StreamAppendError::HigherVote(_))) {
        followers.followed(session.link.peer().id.0, sent.term(), sent_at);
    }
    Ok(answer)
}

impl<E: Engine> RaftNetworkV2<TypeConfig> for Client<E> {
    type SnapshotData = SnapshotData<E>;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Rpc<AppendEntriesResponse<TypeConfig>> {
        let sent = Sent::of(&request);
        let action = RPCTypes::AppendEntries;
        self.control.fenced().map_err(|error| rpc_error(&error, action, &self.control))?;
        let frame = wire::append::encode_request(&Append { request, pulse: self.control.pulse() });
        let beat = self.heartbeats.send();
        let (session, followers) = (self.control.clone(), Arc::clone(&self.followers));
        let (tell, told) = oneshot::channel();
        // openraft drops the call when the next heartbeat is due; who answers later has answered nevertheless.
        runtime::spawn(async move {
            // Nobody waits for the answer any more where this fails.
            tell.send(heartbeat(&session, &followers, frame, sent).await).ok();
        });
        let answer = told.await.unwrap_or(Err(PeerError::Timeout));
        let answer = answer.map_err(|error| rpc_error(&error, action, &self.control))?;
        beat.answered();
        Ok(match answer {
            Ok(matching) => AppendEntriesResponse::PartialSuccess(matching),
            Err(StreamAppendError::Conflict(_)) => AppendEntriesResponse::Conflict,
            Err(StreamAppendError::HigherVote(vote)) => AppendEntriesResponse::HigherVote(vote),
        })
    }

    fn stream_append<'s, S>(
        &'s mut self,
        input: S,
        option: RPCOption,
    ) -> BoxFuture<'s, Rpc<BoxStream<'s, Rpc<StreamAppendResult<TypeConfig>>>>>
    where
        S: Stream<Item = AppendEntriesRequest<TypeConfig>> + OptionalSend + Unpin + 'static,
    {
        if self.heartbeat {
            return stream_append_sequential(self, input, option);
        }
        let session = self.append.clone();
        Box::pin(async move {
            let stream = append::pipelined(session, Box::pin(input)).await?;
            let stream: BoxStream<'s, _> = stream;
            Ok(stream)
        })
    }

    async fn vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Rpc<VoteResponse<TypeConfig>> {
        let frame = wire::vote::encode_request(&request);
        self.ask(server::VOTE, frame, RPCTypes::Vote, wire::vote::decode_response).await
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Rpc<VoteResponse<TypeConfig>> {
        let frame = wire::vote::encode_request(&request);
        self.ask(server::PRE_VOTE, frame, RPCTypes::Vote, wire::vote::decode_response).await
    }

    async fn full_snapshot(
        &mut self,
        vote: RaftVote,
        snapshot: Snapshot<E>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        if self.machine.quarantine().is_some() {
            let error = std::io::Error::other("this node's state is set apart; it sends no snapshots");
            return Err(StreamingError::Unreachable(Unreachable::new(&error)));
        }
        snapshot::send(&self.bulk, &self.transfers, (vote, snapshot), cancel).await
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Rpc<TransferLeaderResponse<TypeConfig>> {
        let frame = wire::vote::encode_transfer(&request);
        self.ask(server::TRANSFER, frame, RPCTypes::TransferLeader, wire::vote::decode_transfer_response)
            .await
    }

    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::new(backoff_series()))
    }
}

/// 20 to 200 ms, doubling, each lengthened by up to a half so that two peers do not come back together.
fn backoff_series() -> impl Iterator<Item = Duration> + Send + 'static {
    std::iter::successors(Some(20_u64), |wait| Some(wait.saturating_mul(2).min(200))).map(|wait| {
        let chance = u64::from(runtime::random_byte());
        let extra = wait.saturating_mul(chance).div_euclid(512);
        Duration::from_millis(wait.saturating_add(extra))
    })
}
