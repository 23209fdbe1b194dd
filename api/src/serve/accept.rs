//! What turns an accepted TCP connection into a stream that speaks HTTP.
//!
//! Invariant: this crate knows no TLS. The node implements [`Accept`] over it; [`Plain`] is the one without.

use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A byte stream in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// A stream of any kind.
pub type BoxedStream = Box<dyn Stream>;

/// What is spoken on a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// HTTP/1.1 (and 1.0).
    Http1,
    /// HTTP/2, only ever by ALPN: a plain listener never guesses.
    Http2,
}

/// A connection that is ready for HTTP.
pub struct Accepted {
    /// Its bytes, decrypted.
    pub stream: BoxedStream,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// What is known of the peer, such as the identity in its certificate; every request of the connection
    /// carries it in its extensions.
    pub peer: http::Extensions,
}

/// Does whatever comes before HTTP, such as a TLS handshake.
pub trait Accept: Send + Sync + 'static {
    /// Makes a connection ready. The caller ends it after [`super::Limits::handshake_timeout`].
    fn accept(&self, connection: TcpStream, remote: SocketAddr) -> BoxFuture<'static, io::Result<Accepted>>;
}

/// HTTP/1 in the clear.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Accept for Plain {
    fn accept(&self, connection: TcpStream, _remote: SocketAddr) -> BoxFuture<'static, io::Result<Accepted>> {
        let accepted = Accepted {
            stream: Box::new(connection),
            protocol: Protocol::Http1,
            peer: http::Extensions::new(),
        };
        Box::pin(std::future::ready(Ok(accepted)))
    }
}
