//! Connections to other nodes.
//!
//! Invariant: a stream given out ends at the node that was asked for: its certificate, checked in the handshake,
//! bears that number. A peer that stops acknowledging is noticed by TCP after one second.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cluster::{BoxedIo, Dial, PeerIdentity, Purpose};
use futures_util::future::BoxFuture;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, ServerName};
use tally::ids::NodeId;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::identity::NodeName;
use super::live::LiveTls;

/// Longest time that sent bytes may stay unacknowledged.
const USER_TIMEOUT: Duration = Duration::from_secs(1);

/// Dials peers over mutual TLS.
#[derive(Clone)]
pub struct PeerDialer {
    tls: Arc<LiveTls>,
}

impl PeerDialer {
    /// A dialer that shows the certificate in force at each connection.
    #[must_use]
    pub const fn new(tls: Arc<LiveTls>) -> Self {
        Self { tls }
    }
}

impl Dial for PeerDialer {
    fn dial(
        &self,
        peer: NodeId,
        address: &str,
        _purpose: Purpose,
    ) -> BoxFuture<'static, io::Result<BoxedIo>> {
        let connector = TlsConnector::from(Arc::clone(&self.tls.now().peer_client));
        let address = address.to_owned();
        Box::pin(async move {
            let stream = TcpStream::connect(&address).await?;
            prepare(&stream)?;
            // The verifier ignores host names; the number in the certificate is what counts.
            let name = ServerName::try_from("rakit.invalid").map_err(io::Error::other)?;
            let stream = connector.connect(name, stream).await?;
            let (_, session) = stream.get_ref();
            let actual = session.peer_certificates().and_then(first_name);
            if actual.is_none_or(|name| name.node != peer) {
                let actual = actual.map_or(0, |name| name.node.0);
                let fault = format!("{address} is node {actual}, not node {}", peer.0);
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, fault));
            }
            let boxed: BoxedIo = Box::new(stream);
            Ok(boxed)
        })
    }
}

/// Takes an accepted connection through the handshake; answers who is at the other end. The caller sets a deadline.
pub async fn accept_peer(
    configuration: Arc<ServerConfig>,
    stream: TcpStream,
) -> io::Result<(BoxedIo, PeerIdentity)> {
    prepare(&stream)?;
    let stream = TlsAcceptor::from(configuration).accept(stream).await?;
    let (_, session) = stream.get_ref();
    let name = session.peer_certificates().and_then(first_name).ok_or(io::ErrorKind::PermissionDenied)?;
    let identity = PeerIdentity { cluster: name.cluster, node: name.node, edge: name.edge };
    Ok((Box::new(stream), identity))
}

fn first_name(chain: &[CertificateDer<'_>]) -> Option<NodeName> {
    NodeName::of_certificate(chain.first()?)
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(USER_TIMEOUT))
}
