//! What can go wrong, grouped by what the caller does next.

/// Why a node could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings contradict themselves or the data directory; the text says how.
    #[error("{0}")]
    Settings(String),
    /// The store failed or holds what cannot be read.
    #[error("storage: {0}")]
    Storage(String),
}

/// Why an item was not answered. Whatever the reason, the same item with the same key may be sent again.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProposeError {
    /// There is no leader, or none was reached within the deadline; nothing was written.
    #[error("no leader within the deadline")]
    NoLeader,
    /// Too much is under way; nothing was written. Come back a little later.
    #[error("too much is under way")]
    Overloaded,
    /// A majority has too little room on its disks; nothing was written.
    #[error("a majority has too little room on its disks")]
    DiskFull,
    /// It may or may not have been written: send it again with the same key.
    #[error("the outcome is not known")]
    Unknown,
    /// An attachment that it names is on no node that answers; nothing was written.
    #[error("an attachment it names is not known")]
    AttachmentUnknown,
    /// An attachment that it names is not on a majority, and could not be brought there in time; nothing was
    /// written.
    #[error("an attachment it names is not on a majority")]
    AttachmentNotHeld,
    /// The item is larger than an entry may be; it never fits.
    #[error("the item is larger than an entry may be")]
    TooLarge,
}

impl ProposeError {
    /// Whether sending the same item with the same key again can help.
    #[must_use]
    pub const fn retryable(self) -> bool {
        match self {
            Self::NoLeader | Self::Overloaded | Self::DiskFull | Self::Unknown | Self::AttachmentNotHeld => {
                true
            }
            Self::TooLarge | Self::AttachmentUnknown => false,
        }
    }
}

/// Why a view could not be given.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// This node has not applied that index within the deadline.
    #[error("index {wanted} was not reached in time; applied is {applied}")]
    BehindIndex {
        /// The index asked for.
        wanted: u64,
        /// The index applied now.
        applied: u64,
    },
    /// The leader was heard longer ago than the caller allows.
    #[error("the leader was heard {age_ms} ms ago (-1: never)")]
    TooOld {
        /// How long ago, in milliseconds; -1 for never.
        age_ms: i64,
    },
    /// No leader confirmed the read within the deadline.
    #[error("no leader confirmed the read in time")]
    NoLeader,
    /// The store failed.
    #[error("storage: {0}")]
    Storage(String),
    /// This node's state is wrong; the text says how that was found.
    #[error("this node's state is set apart: {0}")]
    Quarantined(String),
}

/// Why a change of members, a hand-over or a founding failed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OperateError {
    /// It makes no sense now; the text says what to do.
    #[error("{0}")]
    Precondition(String),
    /// No leader or no answer in time; the text says which.
    #[error("{0}")]
    Unavailable(String),
    /// It failed.
    #[error("{0}")]
    Failed(String),
}
