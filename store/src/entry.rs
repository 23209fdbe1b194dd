//! What Raft keeps on disk, in words of our own: no type of the consensus library reaches this crate.
//!
//! Invariant: an entry is encoded once, by its proposer; the bytes are kept, sent and applied as they are.

use bytes::Bytes;

/// Place of an entry in the log. Ordered by term, then by index.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LogId {
    /// Term of the leader that made the entry.
    pub term: u64,
    /// Index, from 0.
    pub index: u64,
}

/// What a node has voted for.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Vote {
    /// Term voted in.
    pub term: u64,
    /// Node voted for.
    pub node: u64,
    /// Whether a majority is known to have granted it.
    pub committed: bool,
}

/// What an entry holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Payload {
    /// Nothing: the first entry of a leader.
    Blank,
    /// A frame of [`crate::codec::encode_proposal`].
    Proposal(Bytes),
    /// The members from here on: a frame of the cluster layer, opaque here.
    Membership(Bytes),
}

impl Payload {
    /// Bytes of the frame.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Blank => 0,
            Self::Proposal(frame) | Self::Membership(frame) => frame.len(),
        }
    }
}

/// One entry of the log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogEntry {
    /// Its place.
    pub id: LogId,
    /// What it holds.
    pub payload: Payload,
}

/// Called once, when the write it was given with is on disk, or will never be.
pub type Flushed = Box<dyn FnOnce(std::io::Result<()>) + Send>;
