//! The accept loop of every HTTP listener, on hyper, and in front of it the answers that are ready.
//!
//! Invariant: no client decides how long it is waited for. Handshake, header, body, idle time, a stalled write
//! and the whole request each have a deadline; connections, streams and buffers each have a cap.
//! `axum::serve` has none of these, which is why this loop is written by hand.

mod accept;
mod body;
mod connection;
mod counters;
mod crowd;
mod limits;
mod proxies;
mod ready;
mod server;
mod stream;
mod threads;

#[cfg(test)]
mod tests;

pub use accept::{Accept, Accepted, BoxedStream, Plain, Protocol, Stream};
pub use body::RequestBody;
pub use connection::RemoteAddress;
pub use counters::{Counters, Counts, ListenerCounters};
pub use crowd::{Crowd, Share};
pub use limits::{Limits, UploadLimits};
pub use proxies::Proxies;
pub use ready::{Ready, ReadyRequest};
pub use server::Server;
pub use threads::{ThreadStart, on_threads};

/// What bodies fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
