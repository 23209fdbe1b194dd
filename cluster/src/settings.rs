//! What a node is started with, and every limit of this crate in one place.
//!
//! Invariant: a limit that two parts must agree on is checked where it stands, when this crate is compiled.

use std::sync::Arc;

use tally::ids::NodeId;

use crate::clock::{SharedClock, SystemClock};
use crate::timers::Timers;

/// When the log is cut: whichever is reached first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LogRetention {
    /// Entries beyond the last snapshot that cause a new one.
    pub entries_max: u64,
    /// Bytes of entries beyond the last snapshot that cause a new one.
    pub bytes_max: u64,
    /// Entries kept behind the snapshot so that a follower that was away shortly needs no snapshot.
    pub entries_kept: u64,
    /// Bytes of entries kept for that at most.
    pub bytes_kept: u64,
}

impl Default for LogRetention {
    fn default() -> Self {
        let bytes = 256 * 1024 * 1024;
        Self { entries_max: 500_000, bytes_max: bytes, entries_kept: 100_000, bytes_kept: bytes }
    }
}

/// How the state is read again and compared with what was kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scrub {
    /// From the begin of one pass to that of the next.
    pub interval: std::time::Duration,
    /// Rows read in a second at most.
    pub rows_per_second: u64,
}

impl Default for Scrub {
    fn default() -> Self {
        // A country's eight million rows take forty seconds at this pace; each row is seen twice a day.
        Self { interval: std::time::Duration::from_hours(12), rows_per_second: 200_000 }
    }
}

/// How fast attachments are looked after in the background.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttachmentPace {
    /// Bytes a second that are fetched because they are missing here and nobody waits for them.
    pub pull_bytes_per_s: u64,
    /// Bytes a second that are read again to see whether they are what they were.
    pub scrub_bytes_per_s: u64,
    /// Pause between two passes over all of them, in milliseconds.
    pub scrub_pause_ms: u64,
}

impl Default for AttachmentPace {
    /// 127 GB are read in a little over four hours, and fetched in about as long.
    fn default() -> Self {
        const RATE: u64 = 8 * 1024 * 1024;
        Self { pull_bytes_per_s: RATE, scrub_bytes_per_s: RATE, scrub_pause_ms: 3_600_000 }
    }
}

/// What a node is started with.
#[derive(Clone)]
pub struct Settings {
    /// Number of this node.
    pub node: NodeId,
    /// Identifier of the cluster.
    pub cluster: [u8; 16],
    /// Epoch of its history.
    pub epoch: u64,
    /// Incarnation of this node's log.
    pub incarnation: [u8; 16],
    /// Whether this node only reads.
    pub edge: bool,
    /// Timers; slower ones are taken when disk or peers are too slow for them.
    pub timers: Timers,
    /// How long a flush of this node's disk takes at worst, if that was measured.
    pub slowest_flush: Option<std::time::Duration>,
    /// Release this binary belongs to, shown to peers.
    pub release: String,
    /// When the log is cut.
    pub log_retention: LogRetention,
    /// How the state is read again.
    pub scrub: Scrub,
    /// How fast attachments are looked after.
    pub attachment_pace: AttachmentPace,
    /// Wall time.
    pub clock: SharedClock,
    /// Whether everything runs on the caller's thread instead of threads of its own: only for the simulator.
    pub apply_inline: bool,
}

impl Settings {
    /// Settings with every default; epoch 1.
    #[must_use]
    pub fn new(node: NodeId, cluster: [u8; 16], incarnation: [u8; 16]) -> Self {
        Self {
            node,
            cluster,
            epoch: 1,
            incarnation,
            edge: false,
            timers: Timers::default(),
            slowest_flush: None,
            release: String::new(),
            log_retention: LogRetention::default(),
            scrub: Scrub::default(),
            attachment_pace: AttachmentPace::default(),
            clock: Arc::new(SystemClock),
            apply_inline: false,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("node", &self.node)
            .field("epoch", &self.epoch)
            .field("edge", &self.edge)
            .field("timers", &self.timers)
            .finish_non_exhaustive()
    }
}

/// Longest a proposal may take, forwarding and retries included, in milliseconds.
pub const PROPOSE_DEADLINE_MS: u64 = 5_000;
/// Longest wait for `min_index`, in milliseconds.
pub const MIN_INDEX_DEADLINE_MS: u64 = 5_000;
/// Longest a linearizable read may take, in milliseconds.
pub const LINEARIZABLE_DEADLINE_MS: u64 = 2_000;
/// Bytes of encoded items at which a proposal is split (9.11).
pub const SPLIT_BYTES: usize = 128 * 1024;
/// Items waiting for an answer at one node.
pub const ITEMS_IN_FLIGHT_MAX: usize = 4_096;
/// Most items under way with which one more of the public's is let in: a 64th of all, some milliseconds of work.
pub const IDLE_ITEMS_MAX: usize = ITEMS_IN_FLIGHT_MAX / 64;
/// Bytes waiting for an answer at one node.
pub const BYTES_IN_FLIGHT_MAX: usize = 64 * 1024 * 1024;
/// Entries that may be committed but not applied before new proposals are refused.
pub const APPLY_LAG_ENTRIES_MAX: u64 = 5_000;
/// Bytes of entries in one append.
pub const APPEND_BYTES_MAX: usize = 1024 * 1024;
/// Appends on their way to one peer.
pub const APPENDS_IN_FLIGHT_MAX: usize = 4;
/// Bytes of a snapshot file in one request.
pub const SNAPSHOT_CHUNK_BYTES: usize = 1024 * 1024;
/// Largest frame a peer may send, in bytes: an append of one largest entry beside its limit, with room.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Connections that peers may have open here at once.
pub const PEER_CONNECTIONS_MAX: usize = 128;
/// Members that only read.
pub const EDGES_MAX: usize = 16;

/// Largest attachment, in bytes: what people may hand in, and room for what a new encoding adds.
pub const ATTACHMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Bytes of an attachment in one request between nodes.
pub const ATTACHMENT_PART_BYTES: usize = 256 * 1024;
/// Attachments on their way in from peers at once, those that somebody waits for.
pub const ATTACHMENT_FETCHES_MAX: usize = 4;
/// The same for those that nobody waits for.
pub const ATTACHMENT_PULLS_MAX: usize = 2;
/// Requests of peers about attachments that use the disk here at once.
pub const ATTACHMENT_ANSWERS_MAX: usize = 8;
/// Names of attachments in one request.
pub const ATTACHMENT_NAMES_MAX: usize = 4_096;
/// Attachments known to be missing here; more are found again by the next pass.
pub const ATTACHMENTS_MISSING_MAX: usize = 50_000;
/// Log time after which one that no form names is removed, in milliseconds: 48 hours.
pub const ATTACHMENT_UNNAMED_MS: u64 = 48 * 60 * 60 * 1000;
/// One that is asked for is noted as wanted again once the last note is that old, in milliseconds.
pub const ATTACHMENT_RENEW_MS: u64 = 12 * 60 * 60 * 1000;

const _: () = assert!(ATTACHMENT_PART_BYTES <= store::blobs::PART_BYTES_MAX);
const _: () = assert!(SPLIT_BYTES < tally::command::PROPOSAL_BYTES_MAX);
const _: () = assert!(APPEND_BYTES_MAX + 2 * tally::command::PROPOSAL_BYTES_MAX < FRAME_BYTES_MAX);
const _: () = assert!(SNAPSHOT_CHUNK_BYTES < FRAME_BYTES_MAX);
