//! The typed client: what the `rakit` command, the chaos tests and the black-box tests speak to a cluster with.
//!
//! Invariant: one call is one request with one key, however many nodes it is sent to, so a call that is
//! answered had its effect once. It owns no clock, no chance and no socket: those come with its [`Transport`].

mod calls;
mod retry;
mod transport;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use serde::de::DeserializeOwned;

pub use transport::{Transport, TransportError};

use crate::error::ProblemBody;
use retry::Endpoints;

/// How a client behaves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientSettings {
    /// Base URLs of one kind of listener, such as `https://10.0.0.1:8443`, without a path. At least one.
    pub endpoints: Vec<String>,
    /// How long one call may take over all its attempts, in milliseconds.
    pub deadline_ms: u64,
    /// How long one attempt may take, in milliseconds: longer than a node takes for its own deadline.
    pub attempt_ms: u64,
    /// First pause before a node is asked again, in milliseconds; doubled each time.
    pub backoff_first_ms: u64,
    /// Longest such pause, in milliseconds.
    pub backoff_ms_max: u64,
}

impl ClientSettings {
    /// Settings that ride out a change of leader: 30 s a call, 7 s an attempt, pauses of 50 ms to 2 s.
    #[must_use]
    pub const fn new(endpoints: Vec<String>) -> Self {
        Self {
            endpoints,
            deadline_ms: 30_000,
            attempt_ms: 7_000,
            backoff_first_ms: 50,
            backoff_ms_max: 2_000,
        }
    }
}

/// A call as it is sent, to any node and again.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    /// How long one attempt may take, where that is longer than usual.
    attempt_ms: Option<u64>,
}

/// An answer with what its headers say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered<V> {
    /// The answer.
    pub value: V,
    /// Its status.
    pub status: u16,
    /// Whether the key was known: it was answered before.
    pub replay: bool,
    /// Log index that the node had applied.
    pub index: Option<u64>,
    /// The node that answered.
    pub node: Option<u64>,
    /// How often the call was sent.
    pub attempts: u32,
}

/// Why a call has no answer to show.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ClientError {
    /// A node refused: change the request. Not sent again.
    #[error("{} ({}): {}", .0.title, .0.code, .0.detail)]
    Refused(Box<ProblemBody>),
    /// No node answered in time. A write may or may not be stored; the same key will tell.
    #[error("no node answered within the deadline after {attempts} attempts; last: {last}")]
    Unavailable {
        /// How often the call was sent.
        attempts: u32,
        /// What the last attempt came to.
        last: String,
    },
    /// What came back is not what the contract says, or the request could not be written.
    #[error("not what the contract says: {0}")]
    Malformed(String),
}

impl ClientError {
    /// The stable code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => Some(&problem.code),
            Self::Unavailable { .. } | Self::Malformed(_) => None,
        }
    }
}

/// A client of the nodes of one cluster.
pub struct Client<T: Transport> {
    transport: Arc<T>,
    settings: ClientSettings,
    /// The node that answered last.
    preferred: AtomicUsize,
    token: RwLock<Option<String>>,
}

impl Call {
    /// A call without a body.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: HeaderMap::new(), body: Bytes::new(), attempt_ms: None }
    }

    /// A call with a JSON body.
    pub fn with_json<B: serde::Serialize>(mut self, body: &B) -> Result<Self, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Malformed(error.to_string()))?;
        self.body = body.into();
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self)
    }

    /// A call with other bytes, which may take so long to send and to answer, in milliseconds.
    #[must_use]
    pub fn with_bytes(mut self, media_type: &'static str, bytes: Bytes, attempt_ms: u64) -> Self {
        self.body = bytes;
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.attempt_ms = Some(attempt_ms);
        self
    }

    /// A call with a header.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Result<Self, ClientError> {
        let value =
            HeaderValue::from_str(value).map_err(|error| ClientError::Malformed(error.to_string()))?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// A call under an idempotency key.
    pub fn with_key(self, key: uuid::Uuid) -> Result<Self, ClientError> {
        self.with_header("idempotency-key", &key.hyphenated().to_string())
    }
}

impl<T: Transport> Client<T> {
    /// A client over a transport.
    #[must_use]
    pub fn new(transport: Arc<T>, settings: ClientSettings) -> Self {
        Self { transport, settings, preferred: AtomicUsize::new(0), token: RwLock::new(None) }
    }

    /// The next call begins at that endpoint, whichever answered last.
    pub fn begin_at(&self, position: usize) {
        self.preferred.store(position, Ordering::Relaxed);
    }

    /// Uses a bearer token from now on.
    pub fn set_token(&self, token: Option<String>) {
        let mut kept = self.token.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *kept = token;
    }

    /// The bearer token in use.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        self.token.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Sends a call to one node after the other until one answers it, and reads the answer.
    pub async fn call<V: DeserializeOwned>(&self, call: &Call) -> Result<Answered<V>, ClientError> {
        let (response, attempts) = self.send(call).await?;
        let value = serde_json::from_slice(response.body())
            .map_err(|error| ClientError::Malformed(format!("{}: {error}", call.path)))?;
        Ok(answered(&response, value, attempts))
    }

    /// Like [`Self::call`], for answers that are no JSON.
    pub async fn call_for_bytes(&self, call: &Call) -> Result<Answered<Bytes>, ClientError> {
        let (response, attempts) = self.send(call).await?;
        let bytes = response.body().clone();
        Ok(answered(&response, bytes, attempts))
    }

    /// Like [`Self::call`], for answers without a body.
    pub async fn call_for_nothing(&self, call: &Call) -> Result<Answered<()>, ClientError> {
        let (response, attempts) = self.send(call).await?;
        Ok(answered(&response, (), attempts))
    }

    /// Like [`Self::call`]; `None` for 202, an answer that is not there yet.
    pub async fn call_if_there<V: DeserializeOwned>(&self, call: &Call) -> Result<Option<V>, ClientError> {
        let (response, _) = self.send(call).await?;
        if response.status() == StatusCode::ACCEPTED {
            return Ok(None);
        }
        let value = serde_json::from_slice(response.body());
        value.map(Some).map_err(|error| ClientError::Malformed(format!("{}: {error}", call.path)))
    }

    /// Sends a call until a node answers with other than a failure of its own; a refusal is an error.
    pub async fn send(&self, call: &Call) -> Result<(Response<Bytes>, u32), ClientError> {
        let (response, attempts) = self.send_for_any(call).await?;
        let (status, body) = (response.status(), response.body());
        if status.is_client_error() || status.is_server_error() {
            return Err(refusal(status, body));
        }
        Ok((response, attempts))
    }

    /// Like [`Self::send`], but a refusal is an answer like any other: pages have no problem in theirs.
    pub async fn send_for_any(&self, call: &Call) -> Result<(Response<Bytes>, u32), ClientError> {
        let transport = self.transport.as_ref();
        let began_ms = transport.now_ms();
        let attempt_ms = call.attempt_ms.unwrap_or(self.settings.attempt_ms);
        let ends_ms = began_ms.saturating_add(self.settings.deadline_ms.max(attempt_ms));
        let mut endpoints = Endpoints::new(&self.settings, self.preferred.load(Ordering::Relaxed));
        let mut attempts = 0_u32;
        let mut last = "nothing was sent".to_owned();
        loop {
            let now_ms = transport.now_ms();
            let Some((position, wait_ms)) = endpoints.next(now_ms) else {
                return Err(ClientError::Malformed("no endpoints are set".to_owned()));
            };
            if now_ms.saturating_add(wait_ms) >= ends_ms {
                return Err(ClientError::Unavailable { attempts, last });
            }
            if wait_ms > 0 {
                transport.pause(wait_ms).await;
            }
            attempts = attempts.saturating_add(1);
            let left_ms = ends_ms.saturating_sub(transport.now_ms()).min(attempt_ms);
            let outcome = self.attempt(call, position, left_ms).await?;
            let retry_after_s = match &outcome {
                Ok(response) if !failed(response.status()) => {
                    self.preferred.store(position, Ordering::Relaxed);
                    return outcome
                        .map(|response| (response, attempts))
                        .map_err(|error| ClientError::Unavailable { attempts, last: error.to_string() });
                }
                Ok(response) => {
                    last = refusal(response.status(), response.body()).to_string();
                    seconds(response.headers())
                }
                Err(error) => {
                    last = error.to_string();
                    0
                }
            };
            endpoints.failed(position, transport.now_ms(), retry_after_s, transport.random());
        }
    }

    /// One attempt at one node. The outer error is of the request itself.
    async fn attempt(
        &self,
        call: &Call,
        position: usize,
        limit_ms: u64,
    ) -> Result<Result<Response<Bytes>, TransportError>, ClientError> {
        let base = self.settings.endpoints.get(position).map_or("", |base| base.trim_end_matches('/'));
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{base}{}", call.path))
            .body(call.body.clone())
            .map_err(|error| ClientError::Malformed(error.to_string()))?;
        *request.headers_mut() = call.headers.clone();
        if let Some(token) = self.token() {
            let value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|error| ClientError::Malformed(error.to_string()))?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let sent = self.transport.send(base, request);
        let limit = self.transport.pause(limit_ms);
        Ok(match futures_util::future::select(sent, limit).await {
            futures_util::future::Either::Left((answer, _)) => answer,
            futures_util::future::Either::Right(_) => Err(TransportError("no answer in time".to_owned())),
        })
    }
}

/// Whether a node failed, rather than the request: another node, or the same one later, may do better.
fn failed(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

fn refusal(status: StatusCode, body: &Bytes) -> ClientError {
    match serde_json::from_slice::<ProblemBody>(body) {
        Ok(problem) => ClientError::Refused(Box::new(problem)),
        Err(_) => ClientError::Malformed(format!("status {status} without a problem")),
    }
}

fn seconds(headers: &HeaderMap) -> u64 {
    let text = headers.get("retry-after").and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn answered<V>(response: &Response<Bytes>, value: V, attempts: u32) -> Answered<V> {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    Answered {
        value,
        status: response.status().as_u16(),
        replay: header("idempotent-replay") == Some("true"),
        index: header("rakit-index").and_then(|text| text.parse().ok()),
        node: header("rakit-node").and_then(|text| text.parse().ok()),
        attempts,
    }
}
