//! Making files aside, once for all who ask, and keeping the last ones.
//!
//! Invariant: one file is made at a time and a bounded number wait for their turn; a file that somebody stopped waiting
//! for is made all the same, so that asking again finds it; files kept together stay within the bytes allowed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};
use tally::ids::hex;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::{Format, Order, Pieces, Source, WORKBOOK_STATIONS_MAX};
use crate::dto::results;
use crate::ports::{AttachmentError, Confirmed, Content, Ports, ReadError, ScratchFile};

/// Files that are made or wait for their turn.
const UNDER_WAY_MAX: usize = 16;
/// Files that are kept, and their bytes together.
const KEPT_MAX: usize = 64;
const KEPT_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// How long a file is kept: names of regions may change without the count changing.
const KEPT_FOR: Duration = Duration::from_mins(5);
/// Longest wait of a file for its turn, and longest time it may take then: what it is made from is held for so long.
const TURN_MAX: Duration = Duration::from_mins(5);
const MAKING_MAX: Duration = Duration::from_mins(1);
/// Longest wait of somebody who asks; the file is made all the same.
const WAIT_MAX: Duration = Duration::from_secs(25);

/// A file.
pub(crate) struct Made {
    content: Box<dyn ScratchFile>,
    size: u64,
    tag: String,
    version: u64,
    index: u64,
    confirmed: Confirmed,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    /// The region does not exist, or does not hold the contest.
    Missing,
    /// More stations than a workbook may have.
    TooManyStations,
    /// Too many files are under way.
    Overloaded,
    /// It is being made; whoever asks again finds it.
    NotYet,
    /// Too little space on the disk.
    DiskFull,
    /// The store or the disk failed.
    Failed,
}

type Outcome = Result<Arc<Made>, Failure>;

struct Entry {
    order: Order,
    epoch: u64,
    since: Instant,
    used: u64,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Entry {
    fn size(&self) -> u64 {
        match &*self.outcome.borrow() {
            Some(Ok(made)) => made.size,
            Some(Err(_)) | None => 0,
        }
    }

    fn under_way(&self) -> bool {
        self.outcome.borrow().is_none()
    }

    /// Whether it is what is ordered, of that version or, as long as nobody knows, of any.
    fn fits(&self, order: Order, epoch: u64, version: u64) -> bool {
        let made = match &*self.outcome.borrow() {
            None => true,
            Some(Ok(made)) => made.version >= version,
            Some(Err(_)) => false,
        };
        self.order == order && self.epoch == epoch && made
    }

    /// Whether it may still be handed out: it is being made, or was, and not long ago.
    fn valid(&self, now: Instant) -> bool {
        match &*self.outcome.borrow() {
            // Whoever made it is gone without a word: the channel tells.
            None => self.outcome.has_changed().is_ok(),
            Some(Ok(_)) => now.saturating_duration_since(self.since) < KEPT_FOR,
            Some(Err(_)) => false,
        }
    }
}

/// The files of one node.
pub(crate) struct Exports {
    kept: Mutex<Kept>,
    maker: Arc<Semaphore>,
}

#[derive(Default)]
struct Kept {
    clock: u64,
    entries: Vec<Entry>,
}

impl Default for Exports {
    fn default() -> Self {
        Self { kept: Mutex::default(), maker: Arc::new(Semaphore::new(1)) }
    }
}

impl Made {
    /// Bytes.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Tag of its content, in quotes.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// The log index it is of, and since when that was up to date.
    pub(crate) const fn moment(&self) -> (u64, Confirmed) {
        (self.index, self.confirmed)
    }
}

impl Content for Made {
    fn read(&self, offset: u64, length: usize) -> BoxFuture<'_, Result<Bytes, AttachmentError>> {
        self.content.read(offset, length)
    }
}

impl Exports {
    /// The file that is ordered, no older than a version of the region's sums; waits a while for it.
    pub(crate) async fn get(&self, ports: &Ports, order: Order, (epoch, version): (u64, u64)) -> Outcome {
        let now = Instant::now();
        let until = now.checked_add(WAIT_MAX).unwrap_or(now);
        loop {
            let mut outcome = self.enter(ports, order, (epoch, version))?;
            let ready = tokio::time::timeout_at(until, outcome.wait_for(Option::is_some)).await;
            let made = match ready {
                Ok(Ok(outcome)) => outcome.clone().unwrap_or(Err(Failure::Failed))?,
                Ok(Err(_)) => return Err(Failure::Failed),
                Err(_) => return Err(Failure::NotYet),
            };
            // Otherwise it was begun before that version: the next one is begun after.
            if made.version >= version {
                return Ok(made);
            }
        }
    }

    /// Joins whoever waits for this file, or begins it.
    fn enter(
        &self,
        ports: &Ports,
        order: Order,
        (epoch, version): (u64, u64),
    ) -> Result<watch::Receiver<Option<Outcome>>, Failure> {
        let now = Instant::now();
        // A panic while it is held leaves a list that is whole.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock = kept.clock.saturating_add(1);
        let used = kept.clock;
        kept.entries.retain(|entry| entry.valid(now));
        if let Some(entry) = kept.entries.iter_mut().find(|entry| entry.fits(order, epoch, version)) {
            entry.used = used;
            return Ok(entry.outcome.clone());
        }
        kept.entries.retain(|entry| entry.order != order);
        if kept.entries.iter().filter(|entry| entry.under_way()).count() >= UNDER_WAY_MAX {
            return Err(Failure::Overloaded);
        }
        make_room(&mut kept.entries);
        let (sender, outcome) = watch::channel(None);
        kept.entries.push(Entry { order, epoch, since: now, used, outcome: outcome.clone() });
        let (maker, ports) = (Arc::clone(&self.maker), ports.clone());
        tokio::spawn(async move {
            sender.send_replace(Some(in_turn(maker, ports, order).await));
        });
        Ok(outcome)
    }
}

/// Drops what was used longest ago until one more fits. Who still reads a dropped file reads it to its end.
fn make_room(entries: &mut Vec<Entry>) {
    loop {
        let bytes = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.size()));
        if entries.len() < KEPT_MAX && bytes <= KEPT_BYTES_MAX {
            return;
        }
        let finished = entries.iter().enumerate().filter(|(_, entry)| !entry.under_way());
        let Some((oldest, _)) = finished.min_by_key(|(_, entry)| entry.used) else { return };
        entries.swap_remove(oldest);
    }
}

/// Makes a file once it is its turn, of the state of then: nothing is held while waiting.
async fn in_turn(maker: Arc<Semaphore>, ports: Ports, order: Order) -> Outcome {
    let turn = tokio::time::timeout(TURN_MAX, maker.acquire_owned()).await;
    let Ok(Ok(_turn)) = turn else { return Err(Failure::Overloaded) };
    let made = tokio::time::timeout(MAKING_MAX, make(ports, order)).await;
    made.unwrap_or(Err(Failure::Overloaded))
}

/// What a file is made from.
fn source(ports: &Ports, order: Order) -> Result<Result<Source, Failure>, ReadError> {
    let view = ports.queries.local()?;
    let Some(contest) = view.contest(&order.contest)? else { return Ok(Err(Failure::Missing)) };
    let Some(page) = results::read(&*view, &contest, order.region)? else { return Ok(Err(Failure::Missing)) };
    if order.format == Format::Xlsx && page.progress.stations > WORKBOOK_STATIONS_MAX {
        return Ok(Err(Failure::TooManyStations));
    }
    Ok(Ok(Source { view, contest, page, region: order.region }))
}

fn failed(what: &dyn std::fmt::Display) -> Failure {
    tracing::warn!(%what, "a file was not made");
    Failure::Failed
}

fn on_disk(error: &AttachmentError) -> Failure {
    match error {
        AttachmentError::DiskFull => Failure::DiskFull,
        AttachmentError::Unknown
        | AttachmentError::Refused(_)
        | AttachmentError::Unavailable(_)
        | AttachmentError::Store(_) => failed(error),
    }
}

/// Does what reads the store or compresses away from the threads that answer requests.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| failed(&error))
}

/// Whether this node's disk has room for what need not be on it: as uploads ask before they are taken.
fn roomy(ports: &Ports) -> bool {
    let own = ports.queries.freshness().node;
    let status = ports.operations.status();
    status.nodes.iter().find(|node| node.id == own).is_none_or(|node| node.disk == "plenty")
}

async fn make(ports: Ports, order: Order) -> Outcome {
    if !roomy(&ports) {
        return Err(Failure::DiskFull);
    }
    let mut content = ports.scratch.begin().await.map_err(|error| on_disk(&error))?;
    let source = aside(move || source(&ports, order)).await?.map_err(|error| failed(&error))??;
    let version = source.page.as_of.version;
    let (index, confirmed) = (source.view.index(), source.view.confirmed());
    let mut pieces = aside(move || Pieces::of(source, order)).await?.map_err(|error| failed(&error))?;
    let (mut size, mut digest) = (0_u64, Sha256::new());
    loop {
        let (back, piece) = aside(move || {
            let piece = pieces.next();
            (pieces, piece)
        })
        .await?;
        pieces = back;
        let (bytes, last) = piece.map_err(|error| failed(&error))?;
        digest.update(&bytes);
        size = size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if !bytes.is_empty() {
            content.write(Bytes::from(bytes)).await.map_err(|error| on_disk(&error))?;
        }
        if last {
            break;
        }
    }
    let digest = digest.finalize();
    let tag = format!("\"{}\"", hex(digest.get(..16).unwrap_or_default()));
    Ok(Arc::new(Made { content, size, tag, version, index, confirmed }))
}
