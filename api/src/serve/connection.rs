//! One connection, from its handshake to its close.
//!
//! Invariant: whatever the service does, a request is answered within its deadline, and an order to stop lets
//! requests at work finish and closes the rest.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tower::Service;

use crate::limits::ClientAddress;

use super::ready::{self, Left};
use super::stream::{Activity, Watched};
use super::{Accept, Accepted, BoxError, Counters, Limits, Protocol, Proxies, Ready, RequestBody};

/// Where a request comes from, in its extensions: the address of the socket's other end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RemoteAddress(pub SocketAddr);

/// What all connections of a listener share.
pub(super) struct Shared<S> {
    pub(super) accept: Arc<dyn Accept>,
    pub(super) service: S,
    pub(super) limits: Limits,
    pub(super) ready: Option<Arc<dyn Ready>>,
    pub(super) proxies: Proxies,
    pub(super) counters: Arc<Counters>,
    pub(super) handshakes: Semaphore,
}

/// Serves one connection until it ends, is idle for too long, or `stopping` turns true.
pub(super) async fn serve<S, B>(
    mut connection: TcpStream,
    remote: SocketAddr,
    shared: Arc<Shared<S>>,
    mut stopping: watch::Receiver<bool>,
) where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    if connection.set_nodelay(true).is_err() {
        return;
    }
    let handshake = async {
        let client = shared.proxies.arrival(&mut connection, remote).await.ok()?;
        let _permit = shared.handshakes.acquire().await.ok()?;
        let accepted = shared.accept.accept(connection, client).await.ok()?;
        Some((client.ip(), accepted))
    };
    let Ok(Some((client, accepted))) = tokio::time::timeout(shared.limits.handshake_timeout, handshake).await
    else {
        shared.counters.handshake_failed();
        return;
    };
    let Accepted { mut stream, protocol, mut peer } = accepted;
    if let Some(ready) = shared.ready.as_deref().filter(|_| protocol == Protocol::Http1) {
        let ours = (&shared.limits, &*shared.counters);
        match ready::serve(stream, ready, ours, &mut stopping).await {
            Left::Ended => return,
            Left::Other(rewound) => stream = Box::new(rewound),
        }
    }
    peer.insert(RemoteAddress(remote));
    let activity = Arc::new(Activity::default());
    let header_timeout = (protocol == Protocol::Http1).then_some(shared.limits.header_timeout);
    let write_timeout = shared.limits.write_timeout;
    let stream = Watched::new(stream, Arc::clone(&activity), header_timeout, write_timeout);
    let requests = Requests { shared, peer, client, activity };
    match protocol {
        Protocol::Http1 => http1(stream, requests, stopping).await,
        Protocol::Http2 => http2(stream, requests, stopping).await,
    }
}

async fn http1<S, B>(stream: Watched, requests: Requests<S>, mut stopping: watch::Receiver<bool>)
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let limits = requests.shared.limits;
    let activity = Arc::clone(&requests.activity);
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_timeout)
        .max_buf_size(limits.buffer_bytes_max)
        .pipeline_flush(true);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), requests));
    tokio::select! {
        result = connection.as_mut() => return ended(&result),
        () = stopped(&mut stopping) => {}
    }
    // hyper waits for the first request of a connection even when told to stop; there is nothing to finish.
    if activity.begun() == 0 {
        return;
    }
    connection.as_mut().graceful_shutdown();
    ended(&connection.await);
}

async fn http2<S, B>(stream: Watched, requests: Requests<S>, mut stopping: watch::Receiver<bool>)
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    const WINDOW_BYTES: u32 = 64 * 1024;
    const SEND_BYTES_MAX: usize = 64 * 1024;
    const RESET_STREAMS_MAX: usize = 20;
    let limits = requests.shared.limits;
    let activity = Arc::clone(&requests.activity);
    let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.idle_timeout)
        .keep_alive_timeout(limits.header_timeout)
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(limits.header_list_bytes_max)
        .max_pending_accept_reset_streams(RESET_STREAMS_MAX)
        .max_local_error_reset_streams(RESET_STREAMS_MAX)
        .max_send_buf_size(SEND_BYTES_MAX)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES.saturating_mul(4));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), requests));
    let mut begun = None;
    loop {
        tokio::select! {
            result = connection.as_mut() => return ended(&result),
            () = stopped(&mut stopping) => break,
            () = tokio::time::sleep(limits.idle_timeout) => {
                // Answering pings is no use of a connection: no request since the last look, none at work.
                if !activity.busy() && begun.replace(activity.begun()) == Some(activity.begun()) {
                    break;
                }
            }
        }
    }
    connection.as_mut().graceful_shutdown();
    ended(&connection.await);
}

/// Resolves when the listener is told to stop, or is gone.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: also a reason to stop.
    drop(stopping.wait_for(|stop| *stop).await);
}

fn ended<E: std::fmt::Display>(result: &Result<(), E>) {
    if let Err(error) = result {
        // Clients leave as they like: this is no fault of the node.
        tracing::debug!(%error, "connection ended");
    }
}

/// The service that hyper calls: it sets the deadlines around the listener's own.
struct Requests<S> {
    shared: Arc<Shared<S>>,
    peer: http::Extensions,
    /// Whom the connection is from.
    client: IpAddr,
    activity: Arc<Activity>,
}

/// Counts a request as ended however its future ends.
struct Ending(Arc<Activity>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Requests<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Either<B, Full<Bytes>>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.activity.begin();
        self.shared.counters.request();
        let ending = Ending(Arc::clone(&self.activity));
        let limits = self.shared.limits.of(request.method(), request.uri().path());
        let mut request = request.map(|body| RequestBody::new(body, limits.body_timeout));
        request.extensions_mut().extend(self.peer.clone());
        let client = self.shared.proxies.client(self.client, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
        // Services here are always ready (an axum Router is), so readiness is not asked for.
        let answer = self.shared.service.clone().call(request);
        let counters = Arc::clone(&self.shared.counters);
        let timed = tokio::time::timeout(limits.request_timeout, answer);
        Box::pin(timed.map(move |outcome| {
            drop(ending);
            match outcome {
                Ok(Ok(response)) => Ok(response.map(Either::Left)),
                Ok(Err(never)) => match never {},
                Err(_elapsed) => {
                    counters.request_late();
                    Ok(late().map(Either::Right))
                }
            }
        }))
    }
}

/// The answer to a request that took too long.
fn late() -> Response<Full<Bytes>> {
    const BODY: &[u8] = br#"{"type":"urn:rakit:problem:overloaded","title":"Simpul sedang penuh","status":503,"detail":"Permintaan tidak selesai pada waktunya. Ulangi dengan kunci yang sama.","code":"overloaded","retryable":true}"#;
    let mut response = Response::new(Full::new(Bytes::from_static(BODY)));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
