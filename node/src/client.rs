//! A client of a cluster, signed in as long as it takes.
//!
//! Invariant: a call ends with the cluster's answer or when nothing was heard for the given patience; a session that
//! ended meanwhile is opened anew, once for all calls that wait for it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::client::{Answered, Call, ClientError, ClientSettings};
use api::error::ProblemBody;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use uuid::Uuid;

use crate::client_transport::HttpTransport;
use crate::failure::Failure;
use crate::text;

/// Pause after an answer that asks for patience: a key in flight, or too many requests.
const PAUSE: Duration = Duration::from_millis(500);

/// Longest attempt at one node, which answers a write within five seconds.
const ATTEMPT_MAX: Duration = Duration::from_secs(7);
/// Longest attempt with master data.
const MASTER_DATA_ATTEMPT_MAX: Duration = Duration::from_secs(30);
/// Shortest patience: one attempt.
const PATIENCE_MIN: Duration = Duration::from_secs(1);
/// Longest pause before a node is asked again, in milliseconds.
const BACKOFF_MS_MAX: u64 = 1_000;

/// What a user signs in with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

/// A client of the nodes behind some URLs.
pub struct Client {
    inner: api::client::Client<HttpTransport>,
    endpoints: Vec<String>,
    credentials: Option<Credentials>,
    signing_in: tokio::sync::Mutex<()>,
    patience: Duration,
}

impl Client {
    /// The first address it was given.
    #[must_use]
    pub fn address(&self) -> String {
        self.endpoints.first().cloned().unwrap_or_default()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

/// Why a call has no value.
#[derive(Clone, Debug)]
pub enum CallError {
    /// The cluster said no.
    Problem(Box<ProblemBody>),
    /// Nothing was heard in time, or an answer made no sense.
    Failure(Failure),
}

impl From<ClientError> for CallError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(problem) => Self::Problem(problem),
            ClientError::Unavailable { last, .. } => Self::Failure(Failure::unavailable(text!(
                "tidak ada simpul yang menjawab pada waktunya; terakhir: {last}",
                "no node answered in time; last: {last}"
            ))),
            ClientError::Malformed(fault) => Self::Failure(Failure::failed(text!(
                "jawaban atau permintaan tidak sah: {fault}",
                "an answer or a request makes no sense: {fault}"
            ))),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let problem = match error {
            CallError::Failure(failure) => return failure,
            CallError::Problem(problem) => problem,
        };
        let places = problem.extra.errors.iter().flatten();
        let places: Vec<String> =
            places.map(|error| format!("{}: {}", error.pointer, error.detail)).collect();
        let (code, title, detail) = (&problem.code, &problem.title, &problem.detail);
        let text = format!("{code}: {title}. {detail} {}", places.join("; "));
        match problem.status {
            503 => Self::unavailable(text.trim_end()),
            409 | 412 => Self::precondition(text.trim_end()),
            _ => Self::failed(text.trim_end()),
        }
    }
}

impl Client {
    /// A client of the nodes at `endpoints` (URLs without path), trusting the authority in `ca`; a call gives up after
    /// `patience`, but not before its first attempt had a moment.
    pub fn new(
        endpoints: Vec<String>,
        ca: Option<&Path>,
        credentials: Option<Credentials>,
        patience: Duration,
    ) -> Result<Self, Failure> {
        Self::with_attempts(endpoints, ca, credentials, (patience, ATTEMPT_MAX))
    }

    /// Like [`Self::new`], for master data, which a node hashes or cuts into many commands before it answers.
    pub fn for_master_data(
        endpoints: Vec<String>,
        ca: Option<&Path>,
        credentials: Option<Credentials>,
        patience: Duration,
    ) -> Result<Self, Failure> {
        Self::with_attempts(endpoints, ca, credentials, (patience, MASTER_DATA_ATTEMPT_MAX))
    }

    fn with_attempts(
        endpoints: Vec<String>,
        ca: Option<&Path>,
        credentials: Option<Credentials>,
        (patience, attempt): (Duration, Duration),
    ) -> Result<Self, Failure> {
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let settings = ClientSettings {
            deadline_ms: milliseconds(patience.max(PATIENCE_MIN)),
            attempt_ms: milliseconds(attempt),
            backoff_ms_max: BACKOFF_MS_MAX,
            ..ClientSettings::new(endpoints.clone())
        };
        let inner = api::client::Client::new(Arc::new(HttpTransport::new(ca)?), settings);
        Ok(Self { inner, endpoints, credentials, signing_in: tokio::sync::Mutex::default(), patience })
    }

    /// Reads.
    pub async fn get<V: DeserializeOwned>(&self, path: &str) -> Result<Answered<V>, CallError> {
        self.call(&Call::new(Method::GET, path)).await
    }

    /// Writes, under a key of its own where none is given. The same key must go with the same body only.
    pub async fn post<B: Serialize, V: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        key: Option<Uuid>,
    ) -> Result<Answered<V>, CallError> {
        let key = key.unwrap_or_else(Uuid::new_v4);
        let call = Call::new(Method::POST, path).with_json(body)?.with_key(key)?;
        self.call(&call).await
    }

    /// Makes a call, signing in before it where there are credentials.
    pub async fn call<V: DeserializeOwned>(&self, call: &Call) -> Result<Answered<V>, CallError> {
        let began = Instant::now();
        loop {
            let token = self.inner.token();
            if let (Some(credentials), None) = (&self.credentials, &token) {
                self.sign_in(credentials, None).await?;
            }
            let problem = match self.inner.call(call).await {
                Ok(answered) => return Ok(answered),
                Err(ClientError::Refused(problem)) => problem,
                Err(error) => return Err(error.into()),
            };
            let patient = began.elapsed() < self.patience;
            match (problem.code.as_str(), &self.credentials) {
                ("unauthenticated", Some(credentials)) if patient => {
                    self.sign_in(credentials, token.as_deref()).await?;
                }
                ("idempotency-in-flight" | "too-many-requests", _) if patient => {
                    tokio::time::sleep(PAUSE).await;
                }
                _ => return Err(CallError::Problem(problem)),
            }
        }
    }

    /// Opens a session in place of `ended`, unless another call has done so meanwhile.
    async fn sign_in(&self, credentials: &Credentials, ended: Option<&str>) -> Result<(), CallError> {
        let _turn = self.signing_in.lock().await;
        if self.inner.token().as_deref() != ended {
            return Ok(());
        }
        let Credentials { username, password } = credentials;
        match self.inner.sign_in(username, password).await {
            Ok(_) => Ok(()),
            Err(ClientError::Refused(problem)) if problem.status == 401 => {
                Err(CallError::Failure(Failure::failed(text!(
                    "masuk sebagai \"{username}\" ditolak; periksa nama pengguna dan kata sandi",
                    "signing in as \"{username}\" was refused; check user name and password"
                ))))
            }
            Err(error) => Err(error.into()),
        }
    }
}
