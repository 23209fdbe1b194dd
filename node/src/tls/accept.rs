//! TLS on the listeners that speak HTTP.
//!
//! Invariant: what is spoken after the handshake is what ALPN agreed on; without ALPN it is HTTP/1.1.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use api::serve::{Accept, Accepted, Protocol};
use futures_util::future::BoxFuture;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// Accepts connections over TLS.
#[derive(Clone)]
pub struct TlsAccept {
    configuration: Arc<ServerConfig>,
}

impl TlsAccept {
    /// An acceptor with this configuration.
    #[must_use]
    pub const fn new(configuration: Arc<ServerConfig>) -> Self {
        Self { configuration }
    }
}

impl Accept for TlsAccept {
    fn accept(&self, connection: TcpStream, _remote: SocketAddr) -> BoxFuture<'static, io::Result<Accepted>> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.configuration));
        Box::pin(async move {
            let stream = acceptor.accept(connection).await?;
            let (_, session) = stream.get_ref();
            let http2 = session.alpn_protocol() == Some(b"h2");
            let protocol = if http2 { Protocol::Http2 } else { Protocol::Http1 };
            Ok(Accepted { stream: Box::new(stream), protocol, peer: http::Extensions::new() })
        })
    }
}
