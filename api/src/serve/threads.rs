//! One thread for each socket of an address.
//!
//! Invariant: the threads share no queue and no lock with each other, nor a thread with anything else; the kernel spreads
//! connections among their sockets (`SO_REUSEPORT`), and each takes its share of the connections allowed.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};
use tower::Service;

use super::{Accept, BoxError, Counters, Limits, Proxies, Ready, RequestBody, Server};

/// Threads beside each of them that read the disk or compress.
const ASIDE_MAX: usize = 4;

/// What every thread begins with: its name, and what it does to itself, such as lowering its priority.
#[derive(Clone, Copy, Debug)]
pub struct ThreadStart {
    /// Its name; a number is added.
    pub name: &'static str,
    /// Called on it before anything else.
    pub begin: fn(),
}

/// Serves on a thread for each socket until told to stop; answers where each will say what it came to.
pub fn on_threads<S, B>(
    sockets: Vec<TcpListener>,
    (proxies, counters): (&Proxies, &Arc<Counters>),
    (ready, service, accept): (Arc<dyn Ready>, S, Arc<dyn Accept>),
    limits: Limits,
    start: ThreadStart,
    stop: &watch::Receiver<bool>,
) -> Vec<oneshot::Receiver<io::Result<()>>>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let share = limits.connections_max.div_ceil(sockets.len().max(1));
    let limits = Limits { connections_max: share, ..limits };
    let mut ends = Vec::with_capacity(sockets.len());
    for (number, socket) in (1_usize..).zip(sockets) {
        let (sender, end) = oneshot::channel();
        let server = Server::new(socket, Arc::clone(&accept), limits)
            .with_ready(Arc::clone(&ready))
            .with_proxies(proxies.clone())
            .with_counters(Arc::clone(counters));
        let (service, mut stop) = (service.clone(), stop.clone());
        let thread = std::thread::Builder::new().name(format!("{}-{number}", start.name));
        let started = thread.spawn(move || {
            (start.begin)();
            let runtime = Builder::new_current_thread()
                .max_blocking_threads(ASIDE_MAX)
                .thread_name("public-aside")
                .on_thread_start(start.begin)
                .enable_all()
                .build();
            let outcome = runtime.and_then(|runtime| {
                let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
                runtime.block_on(server.run(service, stopped))
            });
            // Nobody listens any more only when the node is about to end.
            drop(sender.send(outcome));
        });
        if let Err(error) = started {
            // The receiver sees that its sender is gone.
            tracing::error!(%error, "a thread was not started");
        }
        ends.push(end);
    }
    ends
}
