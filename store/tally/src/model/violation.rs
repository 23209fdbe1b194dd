//! What can be wrong with a state.
//!
//! Invariant: each promise that rows can break has one variant here, and only `invariants` makes them.

use crate::ids::{AccountId, AttachmentId, ContestId, SessionId};
use crate::region::{RegionCode, StationCode};
use crate::row::RowKey;

/// Something that must not be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Violation {
    /// The kept sums differ from those counted anew.
    #[error("sums of {0} in {1} are not those of its forms")]
    Sums(ContestId, RegionCode),
    /// The kept sums differ from the sum of the regions below.
    #[error("sums of {0} in {1} are not those of the regions below")]
    Children(ContestId, RegionCode),
    /// The counts of a region differ from its stations.
    #[error("counts of region {0} are not those of its stations")]
    Region(RegionCode),
    /// A region's parent or a station's village is not defined.
    #[error("region {0} is needed but not defined")]
    RegionMissing(RegionCode),
    /// A form stands where there is no contest or station for it.
    #[error("{0} at {1} has a form but is not held there")]
    NotHeld(ContestId, StationCode),
    /// A form and its history differ, or history has a gap.
    #[error("history of {0} at {1} does not lead to its form")]
    History(ContestId, StationCode),
    /// A digest is not that of the form.
    #[error("digest of {0} at {1} is not that of its form")]
    Digest(ContestId, StationCode),
    /// The change feed and the events differ.
    #[error("the change feed differs from the history of {0} at {1}")]
    Change(ContestId, StationCode),
    /// A counter of the ledger is wrong.
    #[error("the ledger's {0} are wrong")]
    Ledger(&'static str),
    /// Names and accounts differ.
    #[error("account {0:?} and its name differ")]
    Account(AccountId),
    /// A session of nobody.
    #[error("session {0:?} belongs to no account")]
    Session(SessionId),
    /// The request queue and the requests differ at a sequence.
    #[error("remembered request {0} and its place in the queue differ")]
    Request(u64),
    /// An attachment and the event that named it first differ.
    #[error("attachment {0:?} and the event that names it differ")]
    Attachment(AttachmentId),
    /// A village's row and the forms of its stations differ.
    #[error("the forms of {0} in {1} are not those beside each other")]
    Neighbourhood(ContestId, RegionCode),
    /// The villages' rows have more or fewer forms than there are.
    #[error("not every form stands beside those of its village")]
    Neighbours,
    /// Complaints and their count differ.
    #[error("the complaints about {0} at {1} are not those that were counted")]
    Complaints(ContestId, StationCode),
    /// A row stands under a key of another kind.
    #[error("a row of another kind stands under {0:?}")]
    Kind(RowKey),
}
