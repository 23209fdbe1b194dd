//! How a connection to a peer comes to be: TLS in a node, a pipe in memory in tests and simulation.
//!
//! Invariant: a stream that [`Dial`] answers ends at the peer that was asked for; its certificate was checked
//! for this cluster and that number.

use std::io;

use futures_util::future::BoxFuture;
use tally::ids::NodeId;
use tokio::io::{AsyncRead, AsyncWrite};

/// What a connection is for. Each purpose has its own, so that none delays another.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Purpose {
    /// Votes, heartbeats, hand-over, reads.
    Control,
    /// Entries.
    Append,
    /// Items for the leader.
    Forward,
    /// Snapshots and attachments.
    Bulk,
}

/// Both directions of a connection.
pub trait PeerIo: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> PeerIo for T {}

/// A connection of any kind.
pub type BoxedIo = Box<dyn PeerIo>;

/// Connects to peers.
pub trait Dial: Send + Sync + 'static {
    /// A new connection to a peer. The caller gives up after two seconds.
    fn dial(&self, peer: NodeId, address: &str, purpose: Purpose) -> BoxFuture<'static, io::Result<BoxedIo>>;
}

/// Who is at the other end of an accepted connection, from its verified certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PeerIdentity {
    /// The cluster.
    pub cluster: [u8; 16],
    /// Its number.
    pub node: NodeId,
    /// Whether it only reads.
    pub edge: bool,
}
