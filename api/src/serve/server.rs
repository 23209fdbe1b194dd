//! The loop that takes connections.
//!
//! Invariant: it never waits for a client, and when it has returned no connection of it is open.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::Service;

use super::connection::{self, Shared};
use super::crowd::{Crowd, most_of};
use super::{Accept, BoxError, Counters, Limits, Proxies, Ready, RequestBody};

/// Pause after an `accept` that failed for want of descriptors or memory: trying at once would only burn CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound listener with what it needs to serve.
pub struct Server {
    listener: TcpListener,
    accept: Arc<dyn Accept>,
    limits: Limits,
    ready: Option<Arc<dyn Ready>>,
    proxies: Proxies,
    counters: Arc<Counters>,
}

impl Server {
    /// Puts the parts together. The listener is bound already, so that a port in use is the caller's error.
    #[must_use]
    pub fn new(listener: TcpListener, accept: Arc<dyn Accept>, limits: Limits) -> Self {
        Self { listener, accept, limits, ready: None, proxies: Proxies::default(), counters: Arc::default() }
    }

    /// Answers from these first, on connections of HTTP/1.
    #[must_use]
    pub fn with_ready(self, ready: Arc<dyn Ready>) -> Self {
        Self { ready: Some(ready), ..self }
    }

    /// These stand in front.
    #[must_use]
    pub fn with_proxies(self, proxies: Proxies) -> Self {
        Self { proxies, ..self }
    }

    /// Counts with other listeners of the same address.
    #[must_use]
    pub fn with_counters(self, counters: Arc<Counters>) -> Self {
        Self { counters, ..self }
    }

    /// The counters of this listener, which outlive it.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Serves until `stop` resolves, then finishes what is at work, at most for
    /// [`Limits::shutdown_timeout`], and cuts the rest. Fails only when the socket cannot be used at all.
    pub async fn run<S, B>(self, service: S, stop: impl Future<Output = ()>) -> io::Result<()>
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let Self { listener, accept, limits, ready, proxies, counters } = self;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let handshakes = Semaphore::new(limits.handshakes_max);
        let crowd = Crowd::default();
        let shared = Arc::new(Shared {
            accept,
            service,
            limits,
            ready,
            proxies,
            counters: Arc::clone(&counters),
            handshakes,
        });
        let permits = Arc::new(Semaphore::new(limits.connections_max));
        let (stopping, _) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.as_mut() => break,
                Some(_ended) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let Ok((connection, remote)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
                counters.shed();
                continue;
            };
            // A proxy is many: what it lets in is for it to say.
            let share = if shared.proxies.contains(remote.ip()) {
                None
            } else {
                let open = limits.connections_max.saturating_sub(permits.available_permits());
                let share = crowd.enter(remote.ip(), most_of(limits.connections_max, open));
                if share.is_none() {
                    counters.shed();
                    continue;
                }
                share
            };
            let open = Open::new(Arc::clone(&counters));
            let serving = connection::serve(connection, remote, Arc::clone(&shared), stopping.subscribe());
            connections.spawn(async move {
                serving.await;
                drop(open);
                drop(share);
                drop(permit);
            });
        }
        drop(listener);
        stopping.send_replace(true);
        let finished = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(limits.shutdown_timeout, finished).await.is_err() {
            tracing::info!(connections = connections.len(), "connections cut at the end of the grace period");
            connections.shutdown().await;
        }
        Ok(())
    }
}

/// Counts a connection as open for as long as it lives, also when its task is cut.
struct Open(Arc<Counters>);

impl Open {
    fn new(counters: Arc<Counters>) -> Self {
        counters.opened();
        Self(counters)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed();
    }
}
