//! The rows of the state and their keys: the only things a decision reads and the only things it changes.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::account::{Account, Session};
use crate::aggregate::Aggregate;
use crate::audit::AuditRecord;
use crate::complaint::{Complaint, Complaints};
use crate::contest::Contest;
use crate::epoch::EpochRecord;
use crate::ids::{AccountId, AttachmentId, ContestId, Fingerprint, LogTime, NodeId, RequestKey, SessionId};
use crate::neighbourhood::Neighbourhood;
use crate::outcome::Outcome;
use crate::region::{Region, RegionCode, StationCode};
use crate::station::{Event, Station, Tally};

/// Key of a row. The order of variants is the order of the prefixes on disk.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RowKey {
    /// The ledger, the one row that every decision reads.
    Ledger,
    /// A region.
    Region(RegionCode),
    /// A station.
    Station(StationCode),
    /// A contest.
    Contest(ContestId),
    /// An account by number.
    Account(AccountId),
    /// An account's number by name.
    Username(String),
    /// A session.
    Session(SessionId),
    /// The current form of a station in a contest.
    Tally(ContestId, StationCode),
    /// One event of its history, from 1.
    Event(ContestId, StationCode, u32),
    /// The sums of a region in a contest.
    Aggregate(ContestId, RegionCode),
    /// An event by log index and item: the change feed.
    Change(u64, u16),
    /// What was answered to a request.
    Request(AccountId, RequestKey),
    /// Requests in the order they came, by sequence, for expiry.
    RequestQueue(u64),
    /// An attachment that an accepted form names.
    Attachment(AttachmentId),
    /// What the forms of a village look like beside each other.
    Neighbourhood(ContestId, RegionCode),
    /// A line of the audit log, by log index, item and number within it.
    Audit(u64, u16, u32),
    /// How an epoch began, but for the first.
    Epoch(u64),
    /// A complaint about the form of a station, by number from 1.
    Complaint(ContestId, StationCode, u32),
    /// How many there are; the station first, so that those of a region stand together.
    Complaints(StationCode, ContestId),
}

/// A row. Each variant goes with the [`RowKey`] of the same name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Row {
    /// See [`Ledger`].
    Ledger(Ledger),
    /// See [`Region`].
    Region(Region),
    /// See [`Station`].
    Station(Station),
    /// See [`Contest`].
    Contest(Contest),
    /// See [`Account`].
    Account(Account),
    /// The account that has the name.
    Username(AccountId),
    /// See [`Session`].
    Session(Session),
    /// See [`Tally`].
    Tally(Tally),
    /// See [`Event`].
    Event(Event),
    /// See [`Aggregate`].
    Aggregate(Aggregate),
    /// See [`Change`].
    Change(Change),
    /// See [`RequestRecord`].
    Request(RequestRecord),
    /// See [`QueuedRequest`].
    RequestQueue(QueuedRequest),
    /// The event that named the attachment first.
    Attachment(Change),
    /// See [`Neighbourhood`].
    Neighbourhood(Neighbourhood),
    /// See [`AuditRecord`].
    Audit(AuditRecord),
    /// See [`EpochRecord`].
    Epoch(EpochRecord),
    /// See [`Complaint`].
    Complaint(Complaint),
    /// See [`Complaints`].
    Complaints(Complaints),
}

/// What the whole state has only one of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ledger {
    /// Identifier of the cluster; zero until founded.
    pub cluster: [u8; 16],
    /// Name of the cluster.
    pub name: String,
    /// Epoch of this history, from 1; zero until founded.
    pub epoch: u64,
    /// Active feature level, from 1.
    pub level: u32,
    /// Log time of the last entry.
    pub log_time: LogTime,
    /// Accepted revisions so far: the next `leaf_index`.
    pub leaves: u64,
    /// Accounts given out so far; the next gets this number plus one.
    pub accounts: u64,
    /// Active accounts with role super admin.
    pub super_admins: u64,
    /// Next node number.
    pub next_node: NodeId,
    /// Sequence of the oldest remembered request.
    pub requests_first: u64,
    /// Sequence the next request will get.
    pub requests_next: u64,
}

/// The event behind a place in the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// The contest.
    pub contest: ContestId,
    /// The station.
    pub station: StationCode,
    /// The event's sequence in the station's history.
    pub event: u32,
}

/// What was answered to a request, small enough to keep a million of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestRecord {
    /// What the key was used for.
    pub fingerprint: Fingerprint,
    /// Place in the queue.
    pub sequence: u64,
    /// The answer.
    pub answer: RememberedAnswer,
}

/// An answer as remembered: receipts are rebuilt from history, all else is short.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RememberedAnswer {
    /// An event; the receipt is rebuilt from it.
    Event(Change),
    /// Any other outcome, refusals included.
    Outcome(Outcome),
}

/// A request in the queue of those that will expire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct QueuedRequest {
    /// Whose key.
    pub account: AccountId,
    /// The key.
    pub key: RequestKey,
    /// Log time it was decided at.
    pub at: LogTime,
}

/// A change that a decision asks for. The list is closed: rows are put or deleted, nothing else.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every effect is a put; a box would cost each of them")]
pub enum Effect {
    /// Write the row under the key.
    Put(RowKey, Row),
    /// Remove the row under the key.
    Delete(RowKey),
}

/// The rows a footprint named, loaded; `None` for a row that is not there.
#[derive(Clone, Debug, Default)]
pub struct WorkingSet(BTreeMap<RowKey, Option<Arc<Row>>>);

/// A decision read a row that its footprint does not name: a bug of this crate, never of the input.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a decision needs a row that is missing or of another kind: {0:?}")]
pub struct MissingRow(pub RowKey);

impl WorkingSet {
    /// A set of loaded rows.
    #[must_use]
    pub fn new(rows: BTreeMap<RowKey, Option<Row>>) -> Self {
        Self(rows.into_iter().map(|(key, row)| (key, row.map(Arc::new))).collect())
    }

    /// Adds a loaded row.
    pub fn insert(&mut self, key: RowKey, row: Option<Row>) {
        self.0.insert(key, row.map(Arc::new));
    }

    /// Adds a loaded row that the loader keeps too: a contest of 2,000 options is not copied for each form.
    pub fn insert_shared(&mut self, key: RowKey, row: Option<Arc<Row>>) {
        self.0.insert(key, row);
    }

    /// Whether a key was loaded, whether or not there is a row under it.
    #[must_use]
    pub fn contains(&self, key: &RowKey) -> bool {
        self.0.contains_key(key)
    }

    /// The row under a key that was loaded.
    pub fn get(&self, key: &RowKey) -> Result<Option<&Row>, MissingRow> {
        self.0.get(key).map(Option::as_deref).ok_or_else(|| MissingRow(key.clone()))
    }
}

/// What a decision comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// Changes to the rows, in order; at most one for a key.
    pub effects: Vec<Effect>,
    /// What the caller is told.
    pub answer: crate::outcome::Answer,
}
