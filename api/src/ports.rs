//! What the HTTP side needs from the rest of a node, stated by the side that needs it.
//!
//! Invariant: nothing here names Raft, a disk or a socket. `node` implements these traits over the cluster;
//! tests implement them over the model.

mod attachments;
mod audit;
mod backups;
mod complaints;
mod status;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tally::account::{Account, Session};
use tally::aggregate::Aggregate;
use tally::audit::AuditRecord;
use tally::command::{Item, Principal};
use tally::complaint::{Complaint, Complaints};
use tally::contest::Contest;
use tally::ids::{AccountId, AttachmentId, ContestId, LogTime, NodeId, RequestKey, SessionId};
use tally::outcome::Answer;
use tally::region::{Region, RegionCode, StationCode};
use tally::row::{Ledger, RequestRecord};
use tally::station::{Event, Station, Tally};
use tokio::time::Instant;

pub use attachments::{
    AttachmentError, AttachmentInfo, AttachmentReader, AttachmentScan, AttachmentUpload, Attachments,
    Content, Finding, MediaType, Scanner, ScannerError, Scratch, ScratchFile,
};
pub use audit::AuditPlace;
pub use backups::{Backups, OfferedBackup};
pub use complaints::{ComplaintPlace, OpenComplaints};
pub use status::{CertificateDays, ClusterStatus, Equality, HashPoints, MemberStatus, StateHash};

/// How fresh an answer must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Consistency {
    /// Whatever this node has applied.
    Local,
    /// This node heard of a leader with a quorum at most that long ago.
    Bounded {
        /// The age allowed.
        max_age_ms: u64,
    },
    /// Everything acknowledged before the request arrived (`ReadIndex`).
    Linearizable,
}

/// The read options of `api.md`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReadOptions {
    /// How fresh.
    pub consistency: Consistency,
    /// Wait until this node has applied that index.
    pub min_index: Option<u64>,
}

/// Why a read could not be answered as asked. Never answered with older data instead.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// Older than asked, or not caught up in time.
    #[error("data on this node is older than asked")]
    Stale,
    /// No leader confirmed the read in time.
    #[error("no leader confirmed the read in time")]
    NoLeader,
    /// Too many reads of that kind wait.
    #[error("too many reads wait")]
    Overloaded,
    /// This node's state is known to be wrong; another node has the answer.
    #[error("this node's state is set apart")]
    Quarantined,
    /// The store could not be read.
    #[error("the store could not be read: {0}")]
    Store(String),
}

/// Why a write has no outcome to show.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SubmitError {
    /// Known not to be stored: no leader was found in time.
    #[error("no leader was found in time")]
    NoLeader,
    /// Known not to be stored: too much is waiting.
    #[error("too much is waiting")]
    Overloaded {
        /// When to come back, in seconds.
        retry_after_s: u32,
    },
    /// Known not to be stored: too little space on a majority.
    #[error("too little disk space")]
    DiskFull,
    /// Known not to be stored: one item is larger than a log entry may be.
    #[error("larger than a log entry may be")]
    TooLarge,
    /// Known not to be stored: it names an attachment that is on no node.
    #[error("an attachment is not known")]
    AttachmentUnknown,
    /// Known not to be stored: an attachment is not on a majority now.
    #[error("an attachment is not on a majority")]
    AttachmentNotHeld,
    /// It may or may not be stored; the same request with the same key will tell.
    #[error("outcome unknown")]
    Unknown,
}

/// Index and age that every answer states about itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Freshness {
    /// This node.
    pub node: NodeId,
    /// Log index it has applied.
    pub index: u64,
    /// Milliseconds since a leader last had a quorum whose writes of before that are all applied here, as far as this
    /// node knows; `-1` for never.
    pub leader_age_ms: i64,
}

impl Freshness {
    /// The age of what a view shows: this one, when the view is of this index, or else what was known when it was pinned.
    #[must_use]
    pub fn age_of(&self, index: u64, confirmed: Confirmed) -> i64 {
        if index == self.index { self.leader_age_ms } else { confirmed.age_ms() }
    }
}

/// Since when a state is known to hold everything that had been acknowledged by then.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Confirmed(Option<Instant>);

impl Confirmed {
    /// As what `leader_age_ms` answers says: since that many milliseconds, `-1` for never.
    pub fn by(leader_age_ms: impl FnOnce() -> i64) -> Self {
        // Before the age: a pause between the two makes this older, not younger.
        let now = Instant::now();
        let age = u64::try_from(leader_age_ms()).map(Duration::from_millis);
        Self(age.ok().and_then(|age| now.checked_sub(age)))
    }

    /// Milliseconds since then; `-1` for never.
    #[must_use]
    pub fn age_ms(self) -> i64 {
        self.0.map_or(-1, |at| i64::try_from(at.elapsed().as_micros().div_ceil(1_000)).unwrap_or(i64::MAX))
    }
}

/// One page of the change feed.
#[derive(Clone, Debug, Default)]
pub struct ChangePage {
    /// Events in log order with the station and contest they belong to; an index is never split.
    pub changes: Vec<ChangeEntry>,
    /// Last log index that was looked at.
    pub next_after: u64,
}

/// One event of the change feed.
#[derive(Clone, Debug)]
pub struct ChangeEntry {
    /// The contest.
    pub contest: ContestId,
    /// The station.
    pub station: StationCode,
    /// What happened.
    pub event: Event,
    /// The form at the event's revision, for events that carry none themselves.
    pub form: tally::form::Form,
}

/// A consistent view of the state at one index. Calls are short reads of memory or local disk.
pub trait StateView: Send + Sync {
    /// Log index of the view.
    fn index(&self) -> u64;
    /// Since when the view is known to hold everything acknowledged by then; known before it was pinned.
    fn confirmed(&self) -> Confirmed;
    /// The ledger row.
    fn ledger(&self) -> Result<Ledger, ReadError>;
    /// All contests, by id.
    fn contests(&self) -> Result<Vec<Arc<Contest>>, ReadError>;
    /// One contest.
    fn contest(&self, contest: &ContestId) -> Result<Option<Arc<Contest>>, ReadError>;
    /// One region.
    fn region(&self, region: RegionCode) -> Result<Option<Region>, ReadError>;
    /// The regions right below, by code.
    fn regions_below(&self, region: RegionCode) -> Result<Vec<Region>, ReadError>;
    /// One station.
    fn station(&self, station: StationCode) -> Result<Option<Station>, ReadError>;
    /// The stations of a village, by code.
    fn stations_of(&self, village: RegionCode) -> Result<Vec<Station>, ReadError>;
    /// The current form of a station.
    fn tally(&self, contest: &ContestId, station: StationCode) -> Result<Option<Tally>, ReadError>;
    /// The current forms of a village's stations, by code.
    fn tallies_of(
        &self,
        contest: &ContestId,
        village: RegionCode,
    ) -> Result<Vec<(StationCode, Tally)>, ReadError>;
    /// The history of a form, oldest first.
    fn events(&self, contest: &ContestId, station: StationCode) -> Result<Vec<Event>, ReadError>;
    /// One event of a form, from 1.
    fn event(
        &self,
        contest: &ContestId,
        station: StationCode,
        event: u32,
    ) -> Result<Option<Event>, ReadError>;
    /// The sums of a region; `None` while nothing was reported below it.
    fn aggregate(&self, contest: &ContestId, region: RegionCode) -> Result<Option<Aggregate>, ReadError>;
    /// The sums of the regions right below, by code; regions without forms are left out.
    fn aggregates_below(
        &self,
        contest: &ContestId,
        region: RegionCode,
    ) -> Result<Vec<(RegionCode, Aggregate)>, ReadError>;
    /// Events after a log index, at least one whole index if there is any.
    fn changes(&self, after: u64, limit: usize) -> Result<ChangePage, ReadError>;
    /// An account by number.
    fn account(&self, account: AccountId) -> Result<Option<Account>, ReadError>;
    /// An account by name.
    fn account_named(&self, username: &str) -> Result<Option<Account>, ReadError>;
    /// Accounts whose name begins with a prefix, by name, beginning after one; at most `limit`.
    fn accounts_named(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<Account>, ReadError>;
    /// Sessions in the order of their identifiers, beginning after one; at most `limit`, over ones among them.
    fn sessions(&self, after: Option<SessionId>, limit: usize) -> Result<Vec<Session>, ReadError>;
    /// Lines of the audit log, oldest first, beginning after one; at most `limit`.
    fn audit(
        &self,
        after: Option<AuditPlace>,
        limit: usize,
    ) -> Result<Vec<(AuditPlace, AuditRecord)>, ReadError>;
    /// A session.
    fn session(&self, session: SessionId) -> Result<Option<Session>, ReadError>;
    /// What was answered to a request.
    fn request(&self, account: AccountId, key: RequestKey) -> Result<Option<RequestRecord>, ReadError>;
    /// The complaints about a form with their numbers, oldest first.
    fn complaints(
        &self,
        contest: &ContestId,
        station: StationCode,
    ) -> Result<Vec<(u32, Complaint)>, ReadError>;
    /// How many complaints about a form there are.
    fn complaint_counts(&self, contest: &ContestId, station: StationCode) -> Result<Complaints, ReadError>;
    /// Complaints of a region that wait for an answer, after a place: whole forms, until there are `limit` or more.
    fn open_complaints(
        &self,
        region: RegionCode,
        after: Option<ComplaintPlace>,
        limit: usize,
    ) -> Result<OpenComplaints, ReadError>;
    /// Whether an accepted form names an attachment.
    fn names_attachment(&self, id: AttachmentId) -> Result<bool, ReadError>;
}

/// Regions whose pages are out of date.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Dirty {
    /// Sums of these regions changed.
    Regions(std::collections::BTreeSet<(ContestId, RegionCode)>),
    /// Too many to name, or master data changed: everything.
    All,
}

/// Reading the state.
pub trait Queries: Send + Sync + 'static {
    /// A view as fresh as asked, or the reason why there is none. Bounded by `api.md`'s deadlines.
    fn view(&self, options: ReadOptions) -> BoxFuture<'_, Result<Arc<dyn StateView>, ReadError>>;
    /// What this node has applied now, at once.
    fn local(&self) -> Result<Arc<dyn StateView>, ReadError>;
    /// Whether nothing of this node's state may be shown, not even what was rendered before.
    fn withheld(&self) -> bool;
    /// Index and age now, from atomics.
    fn freshness(&self) -> Freshness;
    /// Changes whenever the applied index does.
    fn applied(&self) -> tokio::sync::watch::Receiver<u64>;
    /// Takes what became out of date since the last call; one caller only, the publisher.
    fn take_dirty(&self) -> Dirty;
    /// Has the next [`Self::take_dirty`] answer everything.
    fn mark_dirty(&self);
    /// This node's clock, for sessions' and pages' sake.
    fn now(&self) -> LogTime;
}

/// Changing the state.
pub trait Commands: Send + Sync + 'static {
    /// Proposes the items in order on behalf of a principal, on the leader wherever it is; answers each item
    /// for itself. Takes at most five seconds.
    fn submit(
        &self,
        principal: Principal,
        items: Vec<Item>,
    ) -> BoxFuture<'_, Vec<Result<Answer, SubmitError>>>;
}

/// One line of a health check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HealthCheck {
    /// Its name: `recovered`, `leader`, `disk`, `apply`, `state`.
    pub name: &'static str,
    /// Why it fails, or `None`.
    pub failure: Option<String>,
}

/// Why an operator's request failed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OperationError {
    /// The request makes no sense now; the text says what to do.
    #[error("{0}")]
    Precondition(String),
    /// No leader, or no answer in time.
    #[error("{0}")]
    Unavailable(String),
    /// It failed.
    #[error("{0}")]
    Failed(String),
}

/// A member to add or change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MemberRequest {
    /// Its number, from [`Operations::allocate_node`] or `rakit init`.
    pub id: NodeId,
    /// Incarnation of its log, 32 hexadecimal digits.
    pub incarnation: String,
    /// `voter`, `learner` or `edge`.
    pub role: String,
    /// Where its peers reach it.
    pub peer_address: String,
    /// Where officers reach it.
    pub officer_url: String,
    /// Where the public reaches it.
    pub public_url: String,
}

/// What operators may ask of a node, at the ops listener.
pub trait Operations: Send + Sync + 'static {
    /// The cluster as seen from here.
    fn status(&self) -> ClusterStatus;
    /// Whether officers are served here at all: an edge only reads.
    fn serves_officers(&self) -> bool;
    /// Checks of public readiness: state open, pages rendered. Never blocks.
    fn ready_public(&self) -> Vec<HealthCheck>;
    /// Checks of officer readiness: recovered, leader heard, disk. Never blocks.
    fn ready_officer(&self) -> Vec<HealthCheck>;
    /// Takes the next node number.
    fn allocate_node(&self) -> BoxFuture<'_, Result<NodeId, OperationError>>;
    /// Adds a learner or an edge; promotes a learner that is asked for as `voter`.
    fn add_member(&self, member: MemberRequest) -> BoxFuture<'_, Result<(), OperationError>>;
    /// Removes a member; `forced_by` is the cluster's name, typed by an operator who insists.
    fn remove_member(
        &self,
        id: NodeId,
        forced_by: Option<String>,
    ) -> BoxFuture<'_, Result<(), OperationError>>;
    /// Hands leadership to another voter, or to the best one.
    fn transfer(&self, to: Option<NodeId>) -> BoxFuture<'_, Result<NodeId, OperationError>>;
    /// Keeps this node from leading, and says at readiness that it should not be used; answers who leads.
    fn drain(&self) -> BoxFuture<'_, Result<NodeId, OperationError>>;
    /// Takes [`Operations::drain`] back.
    fn resume(&self);
    /// Puts a learner in a voter's place.
    fn replace_member(&self, old: NodeId, new: NodeId) -> BoxFuture<'_, Result<(), OperationError>>;
    /// Reaches a member under other addresses.
    fn move_member(&self, member: MemberRequest) -> BoxFuture<'_, Result<(), OperationError>>;
    /// Raises the feature level by one.
    fn raise_level(&self, level: u32) -> BoxFuture<'_, Result<u32, OperationError>>;
    /// Builds a snapshot of the state now; answers its index.
    fn snapshot(&self) -> BoxFuture<'_, Result<u64, OperationError>>;
    /// The state hash now, or at a remembered index.
    fn state_hash(&self, index: Option<u64>) -> Result<StateHash, OperationError>;
    /// The state hash now and at all remembered indexes.
    fn hash_points(&self) -> HashPoints;
    /// Metrics in the Prometheus text format, appended to those of the listeners.
    fn metrics(&self, text: &mut String);
}

/// All that the HTTP side needs from its node.
#[derive(Clone)]
pub struct Ports {
    /// Reading the state.
    pub queries: Arc<dyn Queries>,
    /// Changing the state.
    pub commands: Arc<dyn Commands>,
    /// What operators ask.
    pub operations: Arc<dyn Operations>,
    /// Giving backups away.
    pub backups: Arc<dyn Backups>,
    /// Photos and scans of forms.
    pub attachments: Arc<dyn Attachments>,
    /// Where bytes wait that are not to stay.
    pub scratch: Arc<dyn Scratch>,
    /// Who looks at them.
    pub scanner: Arc<dyn Scanner>,
}
