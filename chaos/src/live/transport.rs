//! Real sockets, time and chance for the typed client of `api`.
//!
//! Invariant: over TLS only the authority of the cluster under test is trusted: of two, one after the other, both while it is
//! replaced.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use api::client::{Transport, TransportError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::time::Instant;

use super::{Trouble, harness};

/// A node that does not take a connection in this time is dead; the next one is asked.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// HTTP over TCP, with TLS where the URL says so.
#[derive(Clone, Debug)]
pub(super) struct HttpTransport {
    client: Arc<RwLock<reqwest::Client>>,
    began: Instant,
}

fn trusting(authorities_pem: &[u8]) -> Result<reqwest::Client, Trouble> {
    let authorities = reqwest::Certificate::from_pem_bundle(authorities_pem).map_err(harness)?;
    reqwest::Client::builder()
        .tls_certs_only(authorities)
        .connect_timeout(CONNECT_MAX)
        .tcp_nodelay(true)
        .no_proxy()
        .build()
        .map_err(harness)
}

impl HttpTransport {
    /// A transport that trusts one authority, given in PEM.
    pub(super) fn new(authority_pem: &[u8]) -> Result<Self, Trouble> {
        // Fails only when it was installed before, which is as good.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        Ok(Self { client: Arc::new(RwLock::new(trusting(authority_pem)?)), began: Instant::now() })
    }

    /// From the next request on only these authorities are trusted, by every clone.
    pub(super) fn trust(&self, authorities_pem: &[u8]) -> Result<(), Trouble> {
        let client = trusting(authorities_pem)?;
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = client;
        Ok(())
    }

    /// What connections are made with now.
    pub(super) fn client(&self) -> reqwest::Client {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn exchange(self, request: Request<Bytes>) -> Result<Response<Bytes>, reqwest::Error> {
        let client = self.client();
        let response = client.execute(reqwest::Request::try_from(request)?).await?;
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        *answer.body_mut() = response.bytes().await?;
        Ok(answer)
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        _base: &str,
        request: Request<Bytes>,
    ) -> BoxFuture<'static, Result<Response<Bytes>, TransportError>> {
        let exchange = self.clone().exchange(request);
        Box::pin(async move { exchange.await.map_err(|error| TransportError(format!("{error:?}"))) })
    }

    fn pause(&self, milliseconds: u64) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(milliseconds)))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn random(&self) -> u64 {
        // Only spreads the pauses of clients that wait; the low digits of the time do that.
        u64::from(self.began.elapsed().subsec_nanos())
    }
}
