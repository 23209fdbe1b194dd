//! What peers may ask of this node.
//!
//! Invariant: nothing of a request is read before its sender was checked; a refusal says why in plain text.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use openraft::raft::StreamAppendResult;
use store::Engine;
use tokio::sync::mpsc;

use super::body::{Frames, PeerBody, collect};
use super::connection::WINDOW_BYTES;
use super::identity::{self, Envelope, IdentityError};
use super::wire;
use super::wire::query::Hello;
use super::{append, snapshot};
use crate::dial::{BoxedIo, PeerIdentity};
use crate::freshness::Pulse;
use crate::handle::Cluster;
use crate::runtime::{self, Executor};
use crate::settings::APPENDS_IN_FLIGHT_MAX;
use crate::space::Room;
use crate::types::TypeConfig;

pub(crate) const VOTE: &str = "https://rakit/peer/1/vote";
pub(crate) const PRE_VOTE: &str = "https://rakit/peer/1/pre-vote";
pub(crate) const HEARTBEAT: &str = "https://rakit/peer/1/heartbeat";
pub(crate) const TRANSFER: &str = "https://rakit/peer/1/transfer";
pub(crate) const READ_INDEX: &str = "https://rakit/peer/1/read-index";
pub(crate) const FORWARD: &str = "https://rakit/peer/1/forward";
pub(crate) const CHANGE: &str = "https://rakit/peer/1/change";
pub(crate) const FENCED: &str = "https://rakit/peer/1/fenced";
pub(crate) const HELLO: &str = "https://rakit/peer/1/hello";
pub(crate) const POINTS: &str = "https://rakit/peer/1/points";
pub(crate) const SUMS: &str = "https://rakit/peer/1/sums";

const KEEP_ALIVE: Duration = Duration::from_secs(1);
const STREAMS_MAX: u32 = 1_024;
/// Longest a peer may take to send a whole request.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);

/// Why a request is not answered with a frame.
struct Refusal(StatusCode, String);

impl Refusal {
    fn bad(error: impl std::fmt::Display) -> Self {
        Self(StatusCode::BAD_REQUEST, error.to_string())
    }

    fn unavailable(error: impl std::fmt::Display) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<IdentityError> for Refusal {
    fn from(error: IdentityError) -> Self {
        Self(StatusCode::FORBIDDEN, error.to_string())
    }
}

impl<E: Engine> Cluster<E> {
    /// Serves one accepted connection of a peer until it ends. The identity is what its certificate says; a
    /// request that says otherwise is refused.
    pub fn serve_peer(
        &self,
        io: BoxedIo,
        identity: PeerIdentity,
    ) -> impl Future<Output = ()> + Send + 'static {
        let cluster = self.clone();
        async move {
            let Ok(_place) = cluster.inner.connections.try_acquire() else {
                tracing::warn!(peer = identity.node.0, "too many peer connections; one was closed");
                return;
            };
            let service = service_fn(|request| {
                let cluster = cluster.clone();
                async move { Ok::<_, Infallible>(cluster.respond(request, identity).await) }
            });
            let served = hyper::server::conn::http2::Builder::new(Executor)
                .timer(TokioTimer::new())
                .initial_stream_window_size(WINDOW_BYTES)
                .initial_connection_window_size(WINDOW_BYTES)
                .max_frame_size(256 * 1024)
                .max_concurrent_streams(STREAMS_MAX)
                .keep_alive_interval(KEEP_ALIVE)
                .keep_alive_timeout(KEEP_ALIVE)
                .auto_date_header(false)
                .serve_connection(TokioIo::new(io), service);
            // A node that stops ends its connections at once: peers turn to another.
            let stopped = std::pin::pin!(cluster.stopped());
            match futures_util::future::select(std::pin::pin!(served), stopped).await {
                futures_util::future::Either::Left((Err(error), _)) => {
                    tracing::debug!(%error, peer = identity.node.0, "a connection of a peer ended");
                }
                futures_util::future::Either::Left((Ok(()), _)) | futures_util::future::Either::Right(_) => {}
            }
        }
    }

    async fn respond(&self, request: Request<Incoming>, certificate: PeerIdentity) -> Response<PeerBody> {
        match self.answer(request, certificate).await {
            Ok(body) => Response::new(body),
            Err(Refusal(status, text)) => {
                tracing::warn!(peer = certificate.node.0, %status, text, "a peer's request was refused");
                let mut response = Response::new(PeerBody::whole(Bytes::from(text)));
                *response.status_mut() = status;
                let epoch = http::HeaderValue::from(self.inner.peers.myself().epoch);
                response.headers_mut().insert(identity::EPOCH_HEADER, epoch);
                response
            }
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        certificate: PeerIdentity,
    ) -> Result<PeerBody, Refusal> {
        let (head, body) = request.into_parts();
        let header = head.headers.get(identity::HEADER).ok_or(IdentityError::Missing)?;
        let envelope = Envelope::from_header(header)?;
        let known = self.member(envelope.from).map(|member| member.incarnation);
        let checked = self.inner.peers.myself().check(&envelope, &certificate, known);
        // Whoever may not vote, or says another number than its certificate, ends nobody's history.
        let honest = !certificate.edge && certificate.node == envelope.from;
        if let Err(IdentityError::Epoch { theirs, .. }) = checked
            && honest
        {
            self.inner.peers.newest_epoch().heard(theirs);
        }
        checked?;
        let path = head.uri.path();
        if certificate.edge && !allowed_to_edges(path) {
            return Err(IdentityError::EdgeForbidden.into());
        }
        // Others than the leader may not know yet who is in and who is out.
        if path == path_of(HELLO) && self.is_leader() && known.is_none() {
            return Err(IdentityError::NotAMember(envelope.from.0).into());
        }
        if path == path_of(append::PATH) {
            return Ok(self.stream(body));
        }
        let frame = runtime::timeout(REQUEST_DEADLINE, collect(body)).await.map_err(Refusal::bad)?;
        let frame = frame.map_err(Refusal::bad)?;
        let answer = if path.starts_with("/peer/1/snapshot/") {
            self.answer_snapshot(path, frame).await?
        } else if path.starts_with("/peer/1/blob/") {
            let answered = self.answer_blob(path, frame, certificate.node).await.map_err(Refusal::bad)?;
            answered.ok_or_else(|| {
                Refusal(StatusCode::NOT_FOUND, "this release does not know the request".into())
            })?
        } else {
            self.answer_frame(path, frame).await?
        };
        Ok(PeerBody::whole(answer))
    }

    async fn answer_frame(&self, path: &str, frame: Bytes) -> Result<Bytes, Refusal> {
        let raft = &self.inner.raft;
        if path == path_of(HEARTBEAT) {
            let append = wire::append::decode_request(frame).map_err(Refusal::bad)?;
            let (previous, last) = (append.request.prev_log_id, append.request.entries.last());
            let last = last.map(|entry| entry.log_id).or(previous);
            let vote = append.request.vote;
            let pulse = append.pulse;
            let response = raft.append_entries(append.request).await.map_err(Refusal::unavailable)?;
            let result = response.into_stream_result(previous, last);
            self.note_leader(&result, pulse);
            tracing::trace!(%vote, "heartbeat");
            Ok(wire::append::encode_response(&result, self.inner.freshness.stamp()))
        } else if path == path_of(FORWARD) {
            let (principal, items) = wire::forward::decode_request(frame).map_err(Refusal::bad)?;
            Ok(wire::forward::encode_response(&self.propose_forwarded(principal, items).await))
        } else if path == path_of(READ_INDEX) {
            wire::query::decode_read_index_request(frame).map_err(Refusal::bad)?;
            Ok(wire::query::encode_read_index_response(self.read_index_for_peer().await))
        } else if path == path_of(VOTE) {
            let request = wire::vote::decode_request(frame).map_err(Refusal::bad)?;
            self.votes_open()?;
            let response = raft.vote(request).await.map_err(Refusal::unavailable)?;
            Ok(wire::vote::encode_response(&response))
        } else if path == path_of(PRE_VOTE) {
            let request = wire::vote::decode_request(frame).map_err(Refusal::bad)?;
            self.votes_open()?;
            let response = raft.pre_vote(request).await.map_err(Refusal::unavailable)?;
            Ok(wire::vote::encode_response(&response))
        } else if path == path_of(TRANSFER) {
            let request = wire::vote::decode_transfer(frame).map_err(Refusal::bad)?;
            if self.quarantine().is_some() {
                return Err(Refusal::unavailable("this node's state is set apart; it may not lead"));
            }
            let response = raft.handle_transfer_leader(request).await.map_err(Refusal::unavailable)?;
            Ok(wire::vote::encode_transfer_response(&response))
        } else if path == path_of(HELLO) {
            wire::query::decode_hello_request(frame).map_err(Refusal::bad)?;
            if self.room() >= Room::Scarce {
                // It may be asked because it was so a moment ago.
                self.note_room().await;
            }
            Ok(wire::query::encode_hello_response(&self.hello()))
        } else if path == path_of(FENCED) {
            let index = wire::query::decode_fenced(frame).map_err(Refusal::bad)?;
            Ok(wire::query::encode_fenced(self.fenced_by_leader(index).await))
        } else if path == path_of(CHANGE) {
            let change = wire::change::decode_request(frame).map_err(Refusal::bad)?;
            Ok(wire::change::encode_response(&self.change_here(change).await))
        } else {
            self.answer_equality(path, frame)
        }
    }

    fn answer_equality(&self, path: &str, frame: Bytes) -> Result<Bytes, Refusal> {
        if path == path_of(POINTS) {
            wire::points::decode_points_request(frame).map_err(Refusal::bad)?;
            Ok(wire::points::encode_points_response(&self.own_points()))
        } else if path == path_of(SUMS) {
            let index = wire::points::decode_sums_request(frame).map_err(Refusal::bad)?;
            let points = self.inner.machine.hash_points();
            let sums = points.iter().find(|point| point.index == index).map(|point| &point.sums);
            Ok(wire::points::encode_sums_response(sums))
        } else {
            Err(Refusal(StatusCode::NOT_FOUND, "this release does not know the request".into()))
        }
    }

    async fn answer_snapshot(&self, path: &str, frame: Bytes) -> Result<Bytes, Refusal> {
        if path == path_of(snapshot::OFFER) {
            let manifest = wire::snapshot::decode_offer(frame).map_err(Refusal::bad)?;
            let offsets = self.snapshot_offered(manifest).await.map_err(Refusal::unavailable)?;
            Ok(wire::snapshot::encode_state(&offsets))
        } else if path == path_of(snapshot::CHUNK) {
            let chunk = wire::snapshot::decode_chunk(frame).map_err(Refusal::bad)?;
            self.snapshot_chunk(chunk).await.map_err(Refusal::unavailable)?;
            Ok(wire::snapshot::encode_state(&[]))
        } else if path == path_of(snapshot::FINISH) {
            let (id, vote) = wire::snapshot::decode_finish(frame).map_err(Refusal::bad)?;
            let response = self.snapshot_finished(id, vote).await.map_err(Refusal::unavailable)?;
            Ok(wire::snapshot::encode_response(&response))
        } else {
            Err(Refusal(StatusCode::NOT_FOUND, "this release does not know the request".into()))
        }
    }

    /// Appends as they come, answers as they are on disk.
    fn stream(&self, body: Incoming) -> PeerBody {
        let (answers, receiver) = mpsc::channel(APPENDS_IN_FLIGHT_MAX);
        let cluster = self.clone();
        // What came with an append counts once the append was taken.
        let pulse = Arc::new(Mutex::new(Pulse::default()));
        let (latest, space) = (Arc::clone(&pulse), self.clone());
        let requests = futures_util::stream::unfold(Frames::new(body), move |mut frames| {
            let (latest, space) = (Arc::clone(&latest), space.clone());
            async move {
                let frame = frames.next().await.ok().flatten()?;
                match wire::append::decode_request(frame) {
                    Ok(append) if !space.takes(&append.request.entries) => {
                        // The leader tries again at once, and takes a longer silence for a broken line. That there is no
                        // room was said when it was seen.
                        let pause_ms = space.inner.settings.timers.election_min_ms.div_euclid(2);
                        runtime::sleep(Duration::from_millis(pause_ms)).await;
                        None
                    }
                    Ok(append) => {
                        *latest.lock().unwrap_or_else(PoisonError::into_inner) = append.pulse;
                        Some((append.request, frames))
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a stream of entries cannot be read; it ends");
                        None
                    }
                }
            }
        });
        runtime::spawn(async move {
            let mut results = std::pin::pin!(cluster.inner.raft.stream_append(requests));
            while let Some(Ok(result)) = results.next().await {
                let pulse = *pulse.lock().unwrap_or_else(PoisonError::into_inner);
                cluster.note_leader(&result, pulse);
                let stamp = cluster.inner.freshness.stamp();
                if answers.send(wire::append::encode_response(&result, stamp)).await.is_err() {
                    break;
                }
            }
        });
        PeerBody::Stream(receiver)
    }

    /// A leader that was not refused is a leader.
    fn note_leader(&self, result: &StreamAppendResult<TypeConfig>, pulse: Pulse) {
        if !matches!(result, Err(openraft::raft::StreamAppendError::HigherVote(_))) {
            self.inner.freshness.count(pulse);
        }
    }

    fn votes_open(&self) -> Result<(), Refusal> {
        if runtime::now() < self.inner.votes_from {
            return Err(Refusal::unavailable("this node has just started and holds its vote for a moment"));
        }
        Ok(())
    }

    /// A leader says that this node lost an entry it had acknowledged: when that is so, nothing of this node may
    /// count any more, and it ends. Answers the last index here.
    async fn fenced_by_leader(&self, index: u64) -> u64 {
        let last = self.inner.log.state().last.map_or(0, |id| id.index);
        if last < index {
            let text = format!(
                "entry {index} was acknowledged here and is lost, the log ends at {last}: this data must not be used \
                 any more; set it aside and rejoin under a new number"
            );
            tracing::error!(index, last, "a leader knows that this node lost entries; it ends");
            if self.inner.told_lost.set(text).is_ok()
                && runtime::timeout(REQUEST_DEADLINE, self.inner.raft.shutdown()).await.is_err()
            {
                tracing::warn!("raft did not stop in time");
            }
        }
        last
    }

    fn hello(&self) -> Hello {
        Hello {
            release: self.inner.settings.release.clone(),
            level_newest: self.inner.machine.level_newest(),
            edge: self.inner.settings.edge,
            obstacles: self.inner.fitness.bits(),
            room: self.room(),
            applied: *self.inner.applied.borrow(),
            clock_ms: self.now().0,
        }
    }
}

/// An edge may read, attachments too, be known and compare its state; it may not vote, forward, change or lead.
fn allowed_to_edges(path: &str) -> bool {
    [READ_INDEX, HELLO, POINTS, SUMS, crate::blobs::READ].into_iter().any(|allowed| path == path_of(allowed))
}

/// The path of a request's address.
pub(crate) fn path_of(address: &'static str) -> &'static str {
    address.strip_prefix("https://rakit").unwrap_or(address)
}
