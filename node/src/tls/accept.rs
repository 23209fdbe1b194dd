//! TLS on the listeners that speak HTTP.
//!
//! Invariant: what is spoken after the handshake is what ALPN agreed on; without ALPN it is HTTP/1.1.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use api::serve::{Accept, Accepted, Protocol};
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::live::LiveTls;

/// Accepts connections over TLS.
#[derive(Clone)]
pub struct TlsAccept {
    tls: Arc<LiveTls>,
    side: Side,
}

/// Whom a listener is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// Officers: anybody may connect, accounts decide.
    Officers,
    /// Operators: a certificate of this cluster is asked for.
    Operators,
}

impl TlsAccept {
    /// An acceptor that uses the certificates in force at each connection.
    #[must_use]
    pub const fn new(tls: Arc<LiveTls>, side: Side) -> Self {
        Self { tls, side }
    }
}

impl Accept for TlsAccept {
    fn accept(&self, connection: TcpStream, _remote: SocketAddr) -> BoxFuture<'static, io::Result<Accepted>> {
        let now = self.tls.now();
        let configuration = match self.side {
            Side::Officers => &now.officer,
            Side::Operators => &now.operators,
        };
        let acceptor = TlsAcceptor::from(Arc::clone(configuration));
        Box::pin(async move {
            let stream = acceptor.accept(connection).await?;
            let (_, session) = stream.get_ref();
            let http2 = session.alpn_protocol() == Some(b"h2");
            let protocol = if http2 { Protocol::Http2 } else { Protocol::Http1 };
            Ok(Accepted { stream: Box::new(stream), protocol, peer: http::Extensions::new() })
        })
    }
}
