//! One connection to one peer for one purpose, made when it is needed and made anew when it broke.
//!
//! Invariant: at most one attempt to connect is under way; a failed one is not repeated before a short, bounded
//! wait; calls that stay without an answer bring the connection down (a cut cable gives no error).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use http::{HeaderValue, Request, StatusCode, Uri};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::mpsc;

use super::body::{Frames, PeerBody, collect};
use super::identity::{self, NewestEpoch};
use crate::dial::{BoxedIo, Dial, Purpose};
use crate::member::{Member, MemberRole};
use crate::runtime::{self, Executor, Instant};
use crate::settings::APPENDS_IN_FLIGHT_MAX;
use crate::simulation;

const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
const RETRY_MS_MIN: u64 = 20;
const RETRY_MS_MAX: u64 = 200;
const KEEP_ALIVE: Duration = Duration::from_secs(1);
const UNANSWERED_MAX: u32 = 8;
/// Room for several appends, so that flow control never makes one wait for the next.
pub(crate) const WINDOW_BYTES: u32 = 8 * 1024 * 1024;
/// Longest text of a refusal that is read.
const REFUSAL_BYTES_MAX: usize = 1_000;

/// Why a call did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum PeerError {
    /// There is no connection; the request was not sent.
    #[error("not connected: {0}")]
    Unreachable(String),
    /// The peer refused before doing anything.
    #[error("refused: {0}")]
    Refused(String),
    /// The deadline passed; the peer may have done it.
    #[error("no answer in time")]
    Timeout,
    /// The connection or the answer broke; the peer may have done it.
    #[error("broken: {0}")]
    Broken(String),
}

impl PeerError {
    /// Whether the peer certainly did nothing.
    pub(crate) const fn not_sent(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Refused(_))
    }
}

type Sender = SendRequest<PeerBody>;
type Connecting = Shared<BoxFuture<'static, Result<Sender, PeerError>>>;

#[derive(Default)]
struct State {
    /// Where the peer is.
    address: String,
    sender: Option<Sender>,
    connecting: Option<Connecting>,
    failures: u32,
    retry_at: Option<Instant>,
    unanswered: u32,
}

/// See the module.
pub(crate) struct Link {
    peer: Member,
    purpose: Purpose,
    envelope: HeaderValue,
    dial: Arc<dyn Dial>,
    newest_epoch: Arc<NewestEpoch>,
    state: Mutex<State>,
}

impl Link {
    pub(crate) fn new(
        peer: Member,
        purpose: Purpose,
        envelope: HeaderValue,
        dial: Arc<dyn Dial>,
        newest_epoch: Arc<NewestEpoch>,
    ) -> Self {
        let state = State { address: peer.peer_address.clone(), ..State::default() };
        Self { peer, purpose, envelope, dial, newest_epoch, state: Mutex::new(state) }
    }

    pub(crate) const fn peer(&self) -> &Member {
        &self.peer
    }

    /// Whether this is the link to that member in its present incarnation.
    pub(crate) fn is_to(&self, peer: &Member) -> bool {
        self.peer.id == peer.id && self.peer.incarnation == peer.incarnation
    }

    /// Connects there from now on; what stands to another address ends.
    pub(crate) fn find_at(&self, address: &str) {
        let mut state = self.state();
        if state.address != address {
            *state = State { address: address.to_owned(), ..State::default() };
        }
    }

    /// Whether a connection stands.
    pub(crate) fn is_connected(&self) -> bool {
        self.state().sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Sends a frame and waits for the answering one.
    pub(crate) async fn call(
        &self,
        path: &'static str,
        frame: Bytes,
        deadline: Duration,
    ) -> Result<Bytes, PeerError> {
        let unanswered = Unanswered { link: self, answered: false };
        let result = runtime::timeout(deadline, self.exchange(path, frame)).await;
        unanswered.judge(result.unwrap_or(Err(PeerError::Timeout)))
    }

    /// The same; that the caller gives the answer up before the deadline says nothing against the peer.
    pub(crate) async fn ask(
        &self,
        path: &'static str,
        frame: Bytes,
        deadline: Duration,
    ) -> Result<Bytes, PeerError> {
        let result = runtime::timeout(deadline, self.exchange(path, frame)).await;
        Unanswered { link: self, answered: false }.judge(result.unwrap_or(Err(PeerError::Timeout)))
    }

    /// Opens a stream of frames in both directions.
    pub(crate) async fn open(
        &self,
        path: &'static str,
        deadline: Duration,
    ) -> Result<(mpsc::Sender<Bytes>, Frames), PeerError> {
        let (frames, receiver) = mpsc::channel(APPENDS_IN_FLIGHT_MAX);
        let unanswered = Unanswered { link: self, answered: false };
        let opened = runtime::timeout(deadline, self.request(path, PeerBody::Stream(receiver))).await;
        let body = unanswered.judge(opened.unwrap_or(Err(PeerError::Timeout)))?;
        Ok((frames, Frames::new(body)))
    }

    /// Drops the connection: what is under way on it fails, the next call connects anew.
    pub(crate) fn reset(&self) {
        let mut state = self.state();
        state.sender = None;
        state.unanswered = 0;
    }

    async fn exchange(&self, path: &'static str, frame: Bytes) -> Result<Bytes, PeerError> {
        let body = self.request(path, PeerBody::whole(frame)).await?;
        collect(body).await.map_err(|error| PeerError::Broken(error.to_string()))
    }

    async fn request(&self, path: &'static str, body: PeerBody) -> Result<hyper::body::Incoming, PeerError> {
        let mut sender = self.sender().await?;
        let mut request = Request::new(body);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = Uri::from_static(path);
        request.headers_mut().insert(identity::HEADER, self.envelope.clone());
        let response = sender.send_request(request).await.map_err(|error| self.broken(&error))?;
        let (head, body) = response.into_parts();
        if head.status == StatusCode::OK {
            return Ok(body);
        }
        if self.peer.role == MemberRole::Voter {
            self.newest_epoch.heard_in(&head.headers);
        }
        let text = collect(body).await.unwrap_or_default();
        let text = text.get(..text.len().min(REFUSAL_BYTES_MAX)).unwrap_or_default();
        Err(PeerError::Refused(String::from_utf8_lossy(text).into_owned()))
    }

    fn broken(&self, error: &hyper::Error) -> PeerError {
        self.state().sender.take_if(|sender| sender.is_closed());
        if error.is_canceled() {
            // hyper's word for "never sent".
            return PeerError::Unreachable(error.to_string());
        }
        PeerError::Broken(error.to_string())
    }

    async fn sender(&self) -> Result<Sender, PeerError> {
        let connecting = {
            let mut state = self.state();
            if let Some(sender) = &state.sender {
                if !sender.is_closed() {
                    return Ok(sender.clone());
                }
                state.sender = None;
            }
            match &state.connecting {
                Some(connecting) => connecting.clone(),
                None if state.retry_at.is_some_and(|at| runtime::now() < at) => {
                    return Err(PeerError::Unreachable("the last attempt failed a moment ago".into()));
                }
                None => {
                    let connecting = self.connect(&state.address).boxed().shared();
                    state.connecting = Some(connecting.clone());
                    connecting
                }
            }
        };
        let result = connecting.clone().await;
        self.settle(&connecting, &result);
        result
    }

    /// Takes over the result of an attempt, once.
    fn settle(&self, connecting: &Connecting, result: &Result<Sender, PeerError>) {
        let mut state = self.state();
        if !state.connecting.as_ref().is_some_and(|current| current.ptr_eq(connecting)) {
            return;
        }
        state.connecting = None;
        state.unanswered = 0;
        match result {
            Ok(sender) => {
                state.sender = Some(sender.clone());
                state.failures = 0;
                state.retry_at = None;
            }
            Err(error) => {
                tracing::debug!(%error, peer = self.peer.id.0, purpose = ?self.purpose, "no connection to a peer");
                let wait_ms = RETRY_MS_MIN.saturating_mul(1_u64 << state.failures.min(5)).min(RETRY_MS_MAX);
                state.failures = state.failures.saturating_add(1);
                state.retry_at = Some(runtime::after(runtime::now(), Duration::from_millis(wait_ms)));
            }
        }
    }

    fn connect(&self, address: &str) -> impl Future<Output = Result<Sender, PeerError>> + Send + 'static {
        let dialled = self.dial.dial(self.peer.id, address, self.purpose);
        async move {
            let connected = runtime::timeout(CONNECT_DEADLINE, async {
                let io = dialled.await.map_err(|error| PeerError::Unreachable(error.to_string()))?;
                handshake(io).await
            });
            connected.await.unwrap_or_else(|_| Err(PeerError::Unreachable("no connection in time".into())))
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn handshake(io: BoxedIo) -> Result<Sender, PeerError> {
    let mut builder = hyper::client::conn::http2::Builder::new(Executor);
    if simulation::current().is_some() {
        // How long a reset stream is remembered is counted by the machine's clock, which no seed repeats.
        builder.max_concurrent_reset_streams(usize::MAX).reset_stream_duration(Duration::MAX);
    }
    let (sender, connection) = builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_frame_size(256 * 1024)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(io))
        .await
        .map_err(|error| PeerError::Unreachable(error.to_string()))?;
    runtime::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a peer ended");
        }
    });
    Ok(sender)
}

/// Counts calls that nobody answered, those that the caller gave up included.
struct Unanswered<'a> {
    link: &'a Link,
    answered: bool,
}

impl Unanswered<'_> {
    fn judge<T>(mut self, result: Result<T, PeerError>) -> Result<T, PeerError> {
        self.answered = !matches!(result, Err(PeerError::Timeout));
        result
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        let mut state = self.link.state();
        if self.answered {
            state.unanswered = 0;
            return;
        }
        state.unanswered = state.unanswered.saturating_add(1);
        if state.unanswered >= UNANSWERED_MAX {
            state.unanswered = 0;
            state.sender = None;
        }
    }
}
