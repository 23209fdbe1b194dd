//! Real sockets, time and chance for the typed client of `api`.
//!
//! Invariant: no answer takes more memory than allowed, whatever a server sends. Only servers whose certificate the given authority signed are spoken to over TLS; proxies of the
//! environment are not asked, for they know nothing of a cluster's addresses.

use std::path::Path;
use std::time::Duration;

use api::client::{Transport, TransportError};
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::tls;

/// A node that does not even take a connection in this time is dead or cut off; the next one is asked.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// Idle connections kept to each node.
const IDLE_CONNECTIONS_MAX: usize = 16;

/// Bytes of an answer that are taken in unless somebody asks for fewer: several times the largest, an attachment.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// HTTP over TCP, with TLS where the URL says so.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    began: Instant,
    body_bytes_max: usize,
}

impl HttpTransport {
    /// A transport that trusts the authority in `ca`; without one it speaks plain HTTP only.
    pub fn new(ca: Option<&Path>) -> Result<Self, Failure> {
        Self::with_identity(ca, None)
    }

    /// Like [`Self::new`], showing a certificate, with its key, to servers that ask for one.
    pub fn with_identity(ca: Option<&Path>, identity: Option<(&Path, &Path)>) -> Result<Self, Failure> {
        Self::over(match ca {
            Some(ca) => tls::client_config(ca, identity)?,
            None => tls::plain_client_config()?,
        })
    }

    /// A transport that trusts an authority at hand (PEM).
    pub fn trusting(authority: &[u8]) -> Result<Self, Failure> {
        Self::over(tls::client_config_of(authority)?)
    }

    fn over(tls: rustls::ClientConfig) -> Result<Self, Failure> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .tcp_nodelay(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Failure::failed(chain(&error)))?;
        Ok(Self { client, began: Instant::now(), body_bytes_max: BODY_BYTES_MAX })
    }

    /// The same, taking in no answer of more than so many bytes.
    #[must_use]
    pub fn with_body_max(self, body_bytes_max: usize) -> Self {
        Self { body_bytes_max, ..self }
    }

    async fn exchange(self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let broken = |error: reqwest::Error| TransportError(chain(&error));
        let request = reqwest::Request::try_from(request).map_err(broken)?;
        let mut response = self.client.execute(request).await.map_err(broken)?;
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            if body.len().saturating_add(piece.len()) > self.body_bytes_max {
                return Err(TransportError(format!("an answer of more than {} bytes", self.body_bytes_max)));
            }
            body.extend_from_slice(&piece);
        }
        *answer.body_mut() = body.freeze();
        Ok(answer)
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        _base: &str,
        request: Request<Bytes>,
    ) -> BoxFuture<'static, Result<Response<Bytes>, TransportError>> {
        Box::pin(self.clone().exchange(request))
    }

    fn pause(&self, milliseconds: u64) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(milliseconds)))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn random(&self) -> u64 {
        // Chance only spreads clients that wait: without it they merely meet more often.
        getrandom::u64().unwrap_or_default()
    }
}

/// An error with what caused it, on one line: the outermost alone rarely says why.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
