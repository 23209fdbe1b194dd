//! The cluster: who leads, what is agreed on, how nodes talk. The only crate that knows openraft.
//!
//! Promises: what [`Cluster::propose`] answers with an outcome is on the disks of a majority and applied here or
//! on the leader; a linearizable [`Cluster::read`] sees everything that was answered before it began, on any
//! node; a peer with the wrong cluster, epoch, number or incarnation is never listened to.
//!
//! Knows nothing of HTTP for people, of TLS, or of `RocksDB`.

mod adapter;
mod admission;
mod apply;
pub mod blobs;
mod bootstrap;
pub mod clock;
mod config;
mod confirmation;
mod dial;
mod equality;
mod error;
mod executor;
mod fitness;
mod followers;
mod forward;
mod freshness;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod greeting;
mod handle;
mod housekeeping;
mod leadership;
mod level;
mod member;
mod membership;
mod pace;
mod propose;
mod queue;
mod read;
pub mod recovery;
mod retention;
mod rpc;
mod runtime;
pub mod settings;
#[doc(hidden)]
pub mod simulation;
mod skew;
mod space;
mod start;
mod status;
mod sweeper;
#[cfg(test)]
mod tests;
mod timekeeper;
mod timers;
mod types;
mod watchdog;

pub use blobs::{BlobError, BlobStatus, BlobUpload, MissingBlobs, Stored};
pub use clock::{Clock, SharedClock, SystemClock};
pub use dial::{BoxedIo, Dial, PeerIdentity, PeerIo, Purpose};
pub use equality::EqualityStatus;
pub use error::{OperateError, ProposeError, ReadError, StartError};
pub use handle::Cluster;
pub use member::{Member, MemberRole};
pub use read::ReadMode;
pub use rpc::transfers::SnapshotBytes;
pub use settings::{AttachmentPace, LogRetention, Scrub, Settings};
pub use space::Room;
pub use status::{MemberStatus, Role, Status};
pub use timers::Timers;
