//! The sockets of a node: four, or three where it only reads.
//!
//! Invariant: all are bound before anything else is touched, so that a port in use costs one line and nothing more.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use cluster::Cluster;
use socket2::{Domain, Protocol, Socket, Type};
use store::Engine;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::settings::Listeners;
use crate::text;
use crate::tls::dial::accept_peer;
use crate::tls::live::LiveTls;

/// Connections waiting to be accepted.
const BACKLOG: i32 = 1_024;
/// Connections of peers at once; a cluster has at most a few dozen members with four each.
const PEER_CONNECTIONS_MAX: usize = 128;
/// Longest handshake of a peer.
const PEER_HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// Pause after an `accept` that failed for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The bound sockets.
#[derive(Debug)]
pub struct Bound {
    /// For everybody: one socket for each thread that serves them.
    pub public: Vec<TcpListener>,
    /// For officers; none on a node that only reads.
    pub officer: Option<TcpListener>,
    /// For peers.
    pub peer: TcpListener,
    /// For operators.
    pub ops: TcpListener,
}

impl Bound {
    /// Binds all that a node in its role has, the public one as often as there are threads for it.
    pub fn bind(listeners: &Listeners, edge: bool, public_threads: usize) -> Result<Self, Failure> {
        let officer = listeners.officer_of(edge)?;
        Ok(Self {
            public: bind_shared("public", listeners.public.address, public_threads)?,
            officer: officer.map(|officer| bind("officer", officer.address)).transpose()?,
            peer: bind("peer", listeners.peer.address)?,
            ops: bind("ops", listeners.ops.address)?,
        })
    }
}

fn open(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restarted node must not wait for old connections to time out.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// So many sockets for one address, among which the kernel spreads connections.
fn bind_shared(name: &str, address: SocketAddr, sockets: usize) -> Result<Vec<TcpListener>, Failure> {
    // Sockets that share an address never see it in use: whether somebody else has it is asked first, alone.
    let alone = bind(name, address)?;
    let address = alone.local_addr().unwrap_or(address);
    drop(alone);
    let shared = (0..sockets.max(1)).map(|_| open(address, true));
    let shared: io::Result<Vec<TcpListener>> = shared.collect();
    shared.map_err(|error| unusable(name, address, &error))
}

fn bind(name: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    open(address, false).map_err(|error| unusable(name, address, &error))
}

fn unusable(name: &str, address: SocketAddr, error: &io::Error) -> Failure {
    let used = error.kind() == io::ErrorKind::AddrInUse;
    Failure::precondition(if used {
        text!(
            "{address} ({name}) sudah dipakai; hentikan yang memakainya atau ganti listeners.{name}.address",
            "{address} ({name}) is in use; stop what uses it or change listeners.{name}.address"
        )
    } else {
        text!(
            "{address} ({name}) tidak dapat dibuka: {error}; periksa listeners.{name}.address",
            "{address} ({name}) cannot be opened: {error}; check listeners.{name}.address"
        )
    })
}

/// Serves peers until told to stop.
pub async fn serve_peers<E: Engine>(
    listener: TcpListener,
    tls: Arc<LiveTls>,
    cluster: Cluster<E>,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let permits = Arc::new(Semaphore::new(PEER_CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => break,
            Some(_ended) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, remote)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            tracing::warn!(%remote, "too many peer connections; closed");
            continue;
        };
        let (configuration, cluster) = (Arc::clone(&tls.now().peer_server), cluster.clone());
        connections.spawn(async move {
            let handshake = tokio::time::timeout(PEER_HANDSHAKE_MAX, accept_peer(configuration, stream));
            match handshake.await {
                Ok(Ok((io, identity))) => cluster.serve_peer(io, identity).await,
                Ok(Err(error)) => tracing::warn!(%remote, %error, "peer refused"),
                Err(_elapsed) => tracing::warn!(%remote, "peer did not finish its handshake"),
            }
            drop(permit);
        });
    }
    connections.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_one_line_with_what_to_do() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("binds");
        let address = taken.local_addr().expect("bound");
        let failure = bind("officer", address).expect_err("taken");
        assert_eq!(failure.exit, crate::failure::Exit::Precondition);
        assert!(failure.to_string().contains("listeners.officer.address"), "{failure}");
    }

    #[test]
    fn an_address_is_shared_among_the_threads_of_one_node_only() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let sockets = bind_shared("public", any, 3).expect("bound");
        let address = sockets[0].local_addr().expect("bound");
        assert!(sockets.iter().all(|socket| socket.local_addr().expect("bound") == address));
        let failure = bind_shared("public", address, 3).expect_err("taken");
        assert_eq!(failure.exit, crate::failure::Exit::Precondition);
    }
}
