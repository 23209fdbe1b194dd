//! Entries to a follower: one HTTP/2 stream, a few appends in flight, in order.
//!
//! Invariant: answers come in the order of the requests; while something is in flight, silence longer than the
//! deadline brings the connection down (9.7).

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt as _};
use openraft::RPCTypes;
use openraft::base::BoxStream;
use openraft::errors::{NetworkError, RPCError, Timeout, Unreachable};
use openraft::raft::{AppendEntriesRequest, StreamAppendError, StreamAppendResult};
use tokio::sync::mpsc;

use super::batch::BatchLimit;
use super::body::Frames;
use super::connection::{Link, PeerError};
use super::fence::Fence;
use super::server;
use super::wire;
use super::wire::append::Append;
use crate::freshness::{Echo, Freshness, Pulse};
use crate::runtime;
use crate::settings::APPENDS_IN_FLIGHT_MAX;
use crate::types::{TypeConfig, store_vote};

/// Where streams of appends are opened.
pub(crate) const PATH: &str = "https://rakit/peer/1/append";
/// Slowest rate at which a follower is still taken to make progress.
const BYTES_PER_MS_MIN: u64 = 5_000;

type Input = Pin<Box<dyn Stream<Item = AppendEntriesRequest<TypeConfig>> + Send>>;
type Output = Result<StreamAppendResult<TypeConfig>, RPCError<TypeConfig>>;

/// What a session needs beside the entries.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) link: Arc<Link>,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) echo: Arc<Echo>,
    pub(crate) fence: Arc<Fence>,
    pub(crate) batch: Arc<BatchLimit>,
    pub(crate) node: u64,
    /// Longest silence, before what the bytes in flight add.
    pub(crate) deadline: Duration,
}

impl Session {
    /// What to say of this node's leadership now.
    pub(crate) fn pulse(&self) -> Pulse {
        self.echo.pulse(&self.freshness)
    }

    /// Refuses to speak to a peer that lost what it had acknowledged.
    pub(crate) fn fenced(&self) -> Result<(), PeerError> {
        match self.fence.lost(self.link.peer()) {
            None => Ok(()),
            Some(index) => {
                Err(PeerError::Unreachable(format!("fenced: it lost entry {index}; it must rejoin")))
            }
        }
    }

    /// Judges an answer before openraft hears of it: a peer that denies what it had acknowledged is fenced.
    pub(crate) fn judge(&self, sent: Sent, result: &StreamAppendResult<TypeConfig>) -> Result<(), PeerError> {
        let peer = self.link.peer();
        match result {
            Ok(Some(matching)) => {
                self.fence.acknowledged(peer, sent.term, matching.index, sent.committed);
                Ok(())
            }
            Err(StreamAppendError::Conflict(at)) => {
                if let Some(index) = self.fence.denied(peer, sent.term, at.index) {
                    tracing::error!(
                        peer = peer.id.0,
                        index,
                        denied = at.index,
                        "a peer lost entries that it had acknowledged; it is fenced and must rejoin"
                    );
                    self.tell_fenced(index);
                }
                self.fenced()
            }
            Ok(None) | Err(StreamAppendError::HigherVote(_)) => Ok(()),
        }
    }

    /// Tells the peer, which ends when it finds that it is so.
    fn tell_fenced(&self, index: u64) {
        let (link, deadline) = (Arc::clone(&self.link), self.deadline);
        runtime::spawn(async move {
            if let Err(error) = link.call(server::FENCED, wire::query::encode_fenced(index), deadline).await {
                tracing::warn!(%error, peer = link.peer().id.0, "a fenced peer was not told");
            }
        });
    }
}

/// What an append said beside its entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    term: u64,
    committed: u64,
    bytes: usize,
}

impl Sent {
    /// The term of who sent it.
    pub(crate) const fn term(&self) -> u64 {
        self.term
    }

    pub(crate) fn of(request: &AppendEntriesRequest<TypeConfig>) -> Self {
        Self {
            term: store_vote(&request.vote).term,
            committed: request.leader_commit.map_or(0, |id| id.index),
            bytes: 0,
        }
    }
}

/// openraft's error for a failed call.
pub(crate) fn rpc_error(error: &PeerError, action: RPCTypes, session: &Session) -> RPCError<TypeConfig> {
    match error {
        PeerError::Unreachable(_) | PeerError::Refused(_) => RPCError::Unreachable(Unreachable::new(error)),
        PeerError::Broken(_) => RPCError::Network(NetworkError::new(error)),
        PeerError::Timeout => RPCError::Timeout(Timeout {
            action,
            id: session.node,
            target: session.link.peer().id.0,
            timeout: session.deadline,
        }),
    }
}

/// Sends the requests of `input` as the window allows and gives the answers in order.
pub(crate) async fn pipelined(
    session: Session,
    mut input: Input,
) -> Result<BoxStream<'static, Output>, RPCError<TypeConfig>> {
    // openraft pauses after failures inside its request stream: a failure to connect that comes before the first
    // request was taken would be tried again at once, without end.
    let Some(first) = input.next().await else {
        return Ok(Box::pin(futures_util::stream::empty()));
    };
    let input: Input = Box::pin(futures_util::stream::once(std::future::ready(first)).chain(input));
    session.fenced().map_err(|error| rpc_error(&error, RPCTypes::AppendEntries, &session))?;
    let opened = session.link.open(PATH, session.deadline).await;
    let (sender, answers) = opened.map_err(|error| rpc_error(&error, RPCTypes::AppendEntries, &session))?;
    let pipeline = Pipeline {
        session,
        input: Some(input),
        sender: Some(sender),
        answers,
        waiting: VecDeque::new(),
        in_flight: VecDeque::new(),
    };
    Ok(Box::pin(unfold(Some(pipeline), |pipeline| async move { pipeline?.step().await })))
}

struct Pipeline {
    session: Session,
    input: Option<Input>,
    sender: Option<mpsc::Sender<Bytes>>,
    answers: Frames,
    /// Parts of the append that was taken from openraft last, not sent yet.
    waiting: VecDeque<AppendEntriesRequest<TypeConfig>>,
    /// Each append under way.
    in_flight: VecDeque<Sent>,
}

impl Pipeline {
    /// Runs until the next answer, the end, or a failure.
    async fn step(mut self) -> Option<(Output, Option<Self>)> {
        loop {
            if self.in_flight.is_empty() {
                match self.input.as_mut()?.next().await {
                    Some(request) => self.take(request),
                    None => return None,
                }
                continue;
            }
            match runtime::timeout(self.patience(), self.advance()).await {
                Ok(Ok(Some(answer))) => {
                    let goes_on = answer.is_ok();
                    return Some((Ok(answer), goes_on.then_some(self)));
                }
                Ok(Ok(None)) => {}
                Ok(Err(error)) => return Some((Err(self.failed(&error)), None)),
                Err(_) => {
                    self.session.link.reset();
                    let bytes_max = self.session.batch.halve();
                    let peer = self.session.link.peer().id.0;
                    tracing::warn!(
                        peer,
                        bytes_max,
                        "no answer to entries in time; the next appends are smaller"
                    );
                    return Some((Err(self.failed(&PeerError::Timeout)), None));
                }
            }
        }
    }

    /// One event: an append sent (`None`) or an answer.
    async fn advance(&mut self) -> Result<Option<StreamAppendResult<TypeConfig>>, PeerError> {
        let room = self.in_flight.len() < APPENDS_IN_FLIGHT_MAX && self.waiting.is_empty();
        let answer = match self.input.as_mut().filter(|_| room) {
            Some(input) => {
                let answer = std::pin::pin!(self.answers.next());
                match select(input.next(), answer).await {
                    Either::Left((request, _)) => Either::Left(request),
                    Either::Right((answer, _)) => Either::Right(answer),
                }
            }
            None => Either::Right(self.answers.next().await),
        };
        let answer = match answer {
            Either::Left(Some(request)) => {
                self.take(request);
                return Ok(None);
            }
            Either::Left(None) => {
                self.input = None;
                self.sender = None;
                return Ok(None);
            }
            Either::Right(answer) => answer,
        };
        let frame = answer.map_err(|error| PeerError::Broken(error.to_string()))?;
        let frame = frame.ok_or_else(|| PeerError::Broken("the peer ended the stream".into()))?;
        let answer = wire::append::decode_response(frame);
        let (answer, stamp) = answer.map_err(|error| PeerError::Broken(error.to_string()))?;
        self.session.echo.heard(stamp);
        if let Some(sent) = self.in_flight.pop_front() {
            self.session.judge(sent, &answer)?;
            self.session.batch.answered(sent.bytes);
        }
        self.send_waiting();
        Ok(Some(answer))
    }

    /// Takes an append over from openraft and sends what of it the window allows.
    fn take(&mut self, request: AppendEntriesRequest<TypeConfig>) {
        self.waiting = self.session.batch.split(request);
        self.send_waiting();
    }

    fn send_waiting(&mut self) {
        while self.in_flight.len() < APPENDS_IN_FLIGHT_MAX {
            let Some(part) = self.waiting.pop_front() else { return };
            self.send(part);
        }
    }

    fn send(&mut self, request: AppendEntriesRequest<TypeConfig>) {
        let (sent, pulse) = (Sent::of(&request), self.session.pulse());
        let frame = wire::append::encode_request(&Append { request, pulse });
        self.in_flight.push_back(Sent { bytes: frame.len(), ..sent });
        // The channel holds as many as the window allows, so it is full only when the connection is stuck: then
        // the answer never comes and the deadline ends the session.
        if self.sender.as_ref().is_none_or(|sender| sender.try_send(frame).is_err()) {
            self.sender = None;
        }
    }

    fn patience(&self) -> Duration {
        let bytes = self.in_flight.iter().map(|sent| sent.bytes).fold(0, usize::saturating_add);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.session.deadline.saturating_add(Duration::from_millis(bytes.div_euclid(BYTES_PER_MS_MIN)))
    }

    fn failed(&self, error: &PeerError) -> RPCError<TypeConfig> {
        rpc_error(error, RPCTypes::AppendEntries, &self.session)
    }
}
