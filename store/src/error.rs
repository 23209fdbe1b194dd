//! What can go wrong, grouped by what the caller does next.
//!
//! Invariant: the message of an error that an operator has to act on says what is wrong and what to do.

use crate::codec::CodecError;
use crate::engine::EngineError;

/// What the caller does about a [`StoreError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NextStep {
    /// Nothing was touched; a person must act, then the node is started again.
    Operator,
    /// The node stops: its disk or its data cannot be trusted.
    Stop,
    /// The request is dropped; the node is well.
    Refuse,
}

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data was written by a newer release.
    #[error(
        "the data in {dir} has format {found}, this release reads up to {known}; start the release that wrote it, or a newer one"
    )]
    Newer {
        /// Where.
        dir: String,
        /// Format of the data.
        found: u32,
        /// Newest format of this build.
        known: u32,
    },
    /// What is in force is beyond this build.
    #[error(
        "{what} needs feature level {found}, this release knows levels up to {known}; nothing was changed: start the release that the rest of the cluster runs, or a newer one"
    )]
    LevelNewer {
        /// The data, or an entry.
        what: String,
        /// Its level.
        found: u32,
        /// Newest level of this build.
        known: u32,
    },
    /// There is no data where it should be.
    #[error(
        "there is no data in {dir}; create it with `rakit init` or `rakit join`, or correct the data directory in the settings"
    )]
    Missing {
        /// Where.
        dir: String,
    },
    /// There is something where new data should go.
    #[error("{dir} is not empty; new data is only made in an empty directory: choose another one")]
    NotEmpty {
        /// Where.
        dir: String,
    },
    /// Creation was interrupted.
    #[error(
        "the data in {dir} was never made whole; it holds nothing: remove the directory and create it again"
    )]
    Incomplete {
        /// Where.
        dir: String,
    },
    /// One of the two databases is not there.
    #[error(
        "the {which} database in {dir} is missing; this node's data cannot be trusted: remove the node from the cluster, delete the directory, and let it join again under a new number"
    )]
    HalfMissing {
        /// Where.
        dir: String,
        /// `log` or `state`.
        which: &'static str,
    },
    /// A file that every whole directory has is not there.
    #[error(
        "{dir}/{file} is missing; this node's data cannot be trusted: remove the node from the cluster, delete the directory, and let it join again under a new number"
    )]
    FileMissing {
        /// Where.
        dir: String,
        /// Its name.
        file: &'static str,
    },
    /// The state is older than what the log still holds.
    #[error(
        "the state in {dir} ends at entry {applied}, but the log begins after entry {purged}: the disk lost flushed data; remove the node from the cluster, delete the directory, and let it join again under a new number"
    )]
    StateBehind {
        /// Where.
        dir: String,
        /// Last entry in the state.
        applied: u64,
        /// Last entry that is not in the log any more.
        purged: u64,
    },
    /// One of the two databases does not open.
    #[error(
        "the {which} database in {dir} cannot be opened ({source}); if its disk is well, remove the node from the cluster, delete the directory, and let it join again under a new number"
    )]
    Unopenable {
        /// Where.
        dir: String,
        /// `log` or `state`.
        which: &'static str,
        /// What the database said.
        source: EngineError,
    },
    /// The databases do not belong together.
    #[error(
        "the log and state databases in {dir} do not belong together; put the directory back as it was, or remove the node from the cluster and let it join again under a new number"
    )]
    IdentitiesDiffer {
        /// Where.
        dir: String,
    },
    /// The data is another cluster's.
    #[error(
        "the data in {dir} belongs to cluster {found}, not to {expected}; correct the data directory or the certificate in the settings"
    )]
    OtherCluster {
        /// Where.
        dir: String,
        /// Cluster of the data.
        found: String,
        /// Cluster of the certificate.
        expected: String,
    },
    /// The data is another node's.
    #[error(
        "the data in {dir} belongs to node {found}, not to node {expected}; correct the data directory or the certificate in the settings"
    )]
    OtherNode {
        /// Where.
        dir: String,
        /// Node of the data.
        found: u64,
        /// Node of the certificate.
        expected: u64,
    },
    /// Another process has the data open.
    #[error("another process has the data in {dir} open; stop it first")]
    Locked {
        /// Where.
        dir: String,
    },
    /// The disk lost what this node had acknowledged.
    #[error(
        "the log in {dir} ends before what this node has acknowledged ({detail}): the disk lost flushed data; never start this node again with it: remove node {node} from the cluster, delete the directory, and let it join again under a new number"
    )]
    AcknowledgedLost {
        /// Where.
        dir: String,
        /// The node.
        node: u64,
        /// What is missing.
        detail: String,
    },
    /// A committed entry cannot be read by this build.
    #[error(
        "committed entry {index} cannot be read by this release ({source}); start the release that the rest of the cluster runs"
    )]
    Undecodable {
        /// Its index.
        index: u64,
        /// Why.
        source: CodecError,
    },
    /// Bytes on disk are not what was written.
    #[error(
        "{what} is damaged: {source}; remove the node from the cluster, delete its data, and let it join again under a new number"
    )]
    Damaged {
        /// Which row, entry or file.
        what: String,
        /// What is wrong with it.
        source: CodecError,
    },
    /// The log has a hole or an entry out of order.
    #[error(
        "the log is broken at index {index}: {detail}; remove the node from the cluster, delete its data, and let it join again under a new number"
    )]
    LogBroken {
        /// Where.
        index: u64,
        /// How.
        detail: &'static str,
    },
    /// No decision could be made: a bug or rows that contradict each other.
    #[error("entry {index} cannot be applied: {source}")]
    Rules {
        /// The entry.
        index: u64,
        /// Why.
        source: tally::DecideError,
    },
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    File {
        /// What was tried with which file.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// An attachment on this disk is not what was stored.
    #[error("attachment {0} is damaged on this node; it is fetched anew from another node")]
    BlobDamaged(String),
    /// An attachment cannot be taken in.
    #[error("the attachment is refused: {0}")]
    BlobRefused(String),
    /// A snapshot asked for is not there any more.
    #[error("snapshot {0} is not there any more; ask for the current one")]
    SnapshotGone(String),
    /// A backup cannot be taken, or is not what it says.
    #[error("the backup is refused: {0}")]
    BackupRefused(String),
    /// A received snapshot is not what its manifest says, or not for this node.
    #[error("the received snapshot is refused: {0}")]
    SnapshotRefused(String),
}

impl StoreError {
    /// What the caller does next.
    #[must_use]
    pub const fn next_step(&self) -> NextStep {
        match self {
            Self::Newer { .. }
            | Self::LevelNewer { .. }
            | Self::Missing { .. }
            | Self::NotEmpty { .. }
            | Self::Incomplete { .. }
            | Self::HalfMissing { .. }
            | Self::FileMissing { .. }
            | Self::StateBehind { .. }
            | Self::Unopenable { .. }
            | Self::IdentitiesDiffer { .. }
            | Self::OtherCluster { .. }
            | Self::OtherNode { .. }
            | Self::Locked { .. }
            | Self::AcknowledgedLost { .. } => NextStep::Operator,
            Self::Undecodable { .. }
            | Self::Damaged { .. }
            | Self::LogBroken { .. }
            | Self::Rules { .. }
            | Self::Engine(_)
            | Self::File { .. } => NextStep::Stop,
            Self::SnapshotGone(_)
            | Self::SnapshotRefused(_)
            | Self::BackupRefused(_)
            | Self::BlobDamaged(_)
            | Self::BlobRefused(_) => NextStep::Refuse,
        }
    }

    /// A file error with what was tried.
    pub(crate) fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::File { what, source }
    }
}
