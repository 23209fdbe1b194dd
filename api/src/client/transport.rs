//! What a client needs from the world around it.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};

/// Why an attempt brought no answer: the node could not be reached, or the connection broke.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(pub String);

/// Sockets, time and chance. `rakit` gives the real ones, the simulation its own.
pub trait Transport: Send + Sync + 'static {
    /// Sends a request to a base URL (which the request's absolute URI begins with) and reads the whole
    /// answer. Dropping the future gives the attempt up.
    fn send(
        &self,
        base: &str,
        request: Request<Bytes>,
    ) -> BoxFuture<'static, Result<Response<Bytes>, TransportError>>;
    /// Waits.
    fn pause(&self, milliseconds: u64) -> BoxFuture<'static, ()>;
    /// Milliseconds on a clock that never goes back.
    fn now_ms(&self) -> u64;
    /// A random number.
    fn random(&self) -> u64;
}
