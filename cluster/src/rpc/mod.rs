//! How peers talk: HTTP/2 with bodies in this crate's own versioned frames.
//!
//! Invariant: openraft's types never meet the wire; every call names sender, receiver, cluster and epoch, and
//! has a deadline.

pub(crate) mod append;
pub(crate) mod batch;
pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod fence;
pub(crate) mod identity;
pub(crate) mod peers;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod transfers;
pub(crate) mod wire;
