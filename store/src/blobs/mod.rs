//! Attachments: files named by the SHA-256 of their bytes, outside of log, state and snapshots.
//!
//! Invariant: under a name is the whole attachment or nothing, whatever crashes when; what a reader is handed
//! was checked against the name. No call looks at more than one directory of about a 4,096th of the files, so
//! that neither writing nor reading gets slower as their number grows.

mod files;
mod read;
mod record;
mod totals;
mod write;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tally::ids::{AttachmentId, LogTime, hex};

pub use files::BlobFiles;
pub use read::{BlobReader, PART_BYTES_MAX};
pub use record::{About, BlobRecord, ENGINE_BYTES_MAX, MediaType, Scan, TRAILER_BYTES, Verdict};
pub use totals::Totals;
pub use write::BlobWriter;

use crate::StoreError;
use crate::lock::locked;
use totals::{Book, Change};

/// Where attachments live below the data directory.
const ROOT: &str = "blobs";
/// Attachments on their way in; removed at the next start.
const STAGING: &str = "blobs/staging";
/// What was found damaged, kept for people to look at until it was fetched anew.
const DAMAGED: &str = "blobs/damaged";
/// Count and bytes.
const TOTALS_FILE: &str = "blobs/TOTALS";
/// Directories: the first three hexadecimal digits. Five million files are 1,221 in each.
const SHARDS: usize = 4_096;
const SHARD_DIGITS: usize = 3;

/// What is known of a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Condition {
    /// There is nothing.
    Absent,
    /// All bytes are what they were.
    Whole,
    /// They are not.
    Damaged,
}

/// Which directory an attachment is in.
fn shard_of(id: AttachmentId) -> usize {
    let [first, second, ..] = id.0;
    usize::from(first).saturating_mul(16).saturating_add(usize::from(second >> 4))
}

fn directory(shard: usize) -> String {
    format!("{ROOT}/{shard:03x}")
}

fn path_of(id: AttachmentId) -> String {
    format!("{}/{}", directory(shard_of(id)), hex(&id.0))
}

pub(crate) fn parse_name(name: &str) -> Option<AttachmentId> {
    let mut id = AttachmentId::default();
    if name.len() != id.0.len().saturating_mul(2) {
        return None;
    }
    for (byte, digits) in id.0.iter_mut().zip(name.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    (hex(&id.0) == name).then_some(id)
}

struct Shared<F> {
    files: F,
    book: Book,
    /// Held while a directory's files come, go or are counted.
    shards: Vec<Mutex<()>>,
    /// Directories that this process made sure of.
    made: Vec<AtomicBool>,
    /// Whether the directories above all others are there.
    prepared: Mutex<bool>,
    staged: AtomicU64,
    damaged: AtomicU64,
}

/// See the module. Clones are the same attachments. Every call may wait for the disk.
pub struct Blobs<F> {
    shared: Arc<Shared<F>>,
}

impl<F> Clone for Blobs<F> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

fn failed(what: &str, path: &str) -> impl FnOnce(std::io::Error) -> StoreError {
    StoreError::file(format!("{what} {path}"))
}

impl<F: BlobFiles> Blobs<F> {
    /// Opens what is there and clears away what was on its way in. Changes nothing where nothing was stored.
    pub fn open(files: F) -> Result<Self, StoreError> {
        files.remove_tree(STAGING).map_err(failed("clearing", STAGING))?;
        let damaged = files.list(DAMAGED).map_err(failed("reading", DAMAGED))?.len();
        let book = Book::open(&files)?;
        let shared = Shared {
            files,
            book,
            shards: (0..SHARDS).map(|_| Mutex::new(())).collect(),
            made: (0..SHARDS).map(|_| AtomicBool::new(false)).collect(),
            prepared: Mutex::new(false),
            staged: AtomicU64::new(0),
            damaged: AtomicU64::new(u64::try_from(damaged).unwrap_or(u64::MAX)),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Begins to take in an attachment of at most so many bytes.
    pub fn begin(&self, bytes_max: u64) -> Result<BlobWriter<F>, StoreError> {
        BlobWriter::new(self.clone(), bytes_max)
    }

    /// Whether there is a file of that name. It may be damaged; [`Self::check`] knows.
    pub fn contains(&self, id: AttachmentId) -> Result<bool, StoreError> {
        let path = path_of(id);
        self.shared.files.exists(&path).map_err(failed("looking for", &path))
    }

    /// The record of an attachment; `None` when it is not there. One that cannot be read is damage.
    pub fn record(&self, id: AttachmentId) -> Result<Option<BlobRecord>, StoreError> {
        if !self.contains(id)? {
            return Ok(None);
        }
        let path = path_of(id);
        let read = record::read(&self.shared.files, &path, id).map_err(failed("reading", &path))?;
        let (record, _) = read.ok_or_else(|| StoreError::BlobDamaged(hex(&id.0)))?;
        Ok(Some(record))
    }

    /// A reader of a whole attachment, whose bytes were checked just now; `None` when it is not there.
    pub fn open_checked(&self, id: AttachmentId) -> Result<Option<BlobReader<F>>, StoreError> {
        match self.record(id)? {
            Some(record) => BlobReader::check(self.shared.files.clone(), path_of(id), record).map(Some),
            None => Ok(None),
        }
    }

    /// Reads all of an attachment and compares it with its name.
    pub fn check(&self, id: AttachmentId) -> Result<Condition, StoreError> {
        match self.open_checked(id) {
            Ok(Some(_)) => Ok(Condition::Whole),
            Ok(None) => Ok(Condition::Absent),
            Err(StoreError::BlobDamaged(_)) => Ok(Condition::Damaged),
            Err(error) => Err(error),
        }
    }

    /// Some bytes as they are on disk, with the record, for a peer that checks the whole itself.
    pub fn read_unchecked(
        &self,
        id: AttachmentId,
        offset: u64,
        length: usize,
    ) -> Result<Option<(BlobRecord, Bytes)>, StoreError> {
        let Some(record) = self.record(id)? else { return Ok(None) };
        let rest = usize::try_from(record.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = length.min(rest).min(PART_BYTES_MAX);
        let path = path_of(id);
        let bytes = self.shared.files.read_at(&path, offset.min(record.size), length);
        Ok(Some((record, bytes.map_err(failed("reading", &path))?)))
    }

    /// Notes that somebody still wants it at a log time; whether it is there and whole enough for that.
    pub fn renew(&self, id: AttachmentId, at: LogTime) -> Result<bool, StoreError> {
        self.rewrite(id, |record| BlobRecord { stored_at: record.stored_at.max(at), ..record })
    }

    /// Puts other knowledge in place, such as that of a later scan; whether it is there.
    pub fn set_about(&self, id: AttachmentId, about: &About) -> Result<bool, StoreError> {
        check_about(about)?;
        self.rewrite(id, |record| BlobRecord { about: about.clone(), ..record })
    }

    fn rewrite(
        &self,
        id: AttachmentId,
        change: impl FnOnce(BlobRecord) -> BlobRecord,
    ) -> Result<bool, StoreError> {
        let path = path_of(id);
        let _shard = self.shard(shard_of(id));
        if !self.contains(id)? {
            return Ok(false);
        }
        let files = &self.shared.files;
        let Some((present, slot)) = record::read(files, &path, id).map_err(failed("reading", &path))? else {
            return Ok(false);
        };
        let changed = change(present.clone());
        if changed != present {
            let changed = BlobRecord { generation: present.generation.saturating_add(1), ..changed };
            record::write(files, &path, &changed, slot).map_err(failed("writing", &path))?;
        }
        Ok(true)
    }

    /// Removes an attachment; whether it was there.
    pub fn remove(&self, id: AttachmentId) -> Result<bool, StoreError> {
        self.take_out(id, None)
    }

    /// Removes one if it has not been wanted since a log time. Looked at and removed in one step, so that a
    /// renewal is never lost.
    pub fn remove_unwanted(&self, id: AttachmentId, since: LogTime) -> Result<bool, StoreError> {
        self.take_out(id, Some(since))
    }

    fn take_out(&self, id: AttachmentId, unwanted_since: Option<LogTime>) -> Result<bool, StoreError> {
        let path = path_of(id);
        let shard = shard_of(id);
        let _shard = self.shard(shard);
        if !self.contains(id)? {
            return Ok(false);
        }
        let files = &self.shared.files;
        if let Some(since) = unwanted_since {
            let found = record::read(files, &path, id).map_err(failed("reading", &path))?;
            if found.is_some_and(|(record, _)| record.stored_at >= since) {
                return Ok(false);
            }
        }
        let size = self.size(&path)?;
        self.shared.book.begin(files)?;
        let removed = files.remove_tree(&path);
        self.shared.book.end(shard, removed.is_ok().then_some(Change::Removed(size)));
        removed.map_err(failed("removing", &path))?;
        Ok(true)
    }

    /// Takes a damaged attachment out of the way, so that it counts as missing; whether there was one. It is
    /// kept aside until a whole one comes.
    pub fn set_aside(&self, id: AttachmentId) -> Result<bool, StoreError> {
        let shard = shard_of(id);
        let path = path_of(id);
        let _shard = self.shard(shard);
        // Looked at again: a whole one may have come in between.
        if self.check(id)? != Condition::Damaged {
            return Ok(false);
        }
        let size = self.size(&path)?;
        let files = &self.shared.files;
        files.make_directory(DAMAGED).map_err(failed("making", DAMAGED))?;
        self.shared.book.begin(files)?;
        let moved = files.rename(&path, &aside(id));
        self.shared.book.end(shard, moved.is_ok().then_some(Change::Removed(size)));
        moved.map_err(failed("setting aside", &path))?;
        self.shared.damaged.fetch_add(1, Ordering::Relaxed);
        Ok(true)
    }

    /// Attachments here, in order, beginning after one; about `limit` of them.
    pub fn list(&self, after: Option<AttachmentId>, limit: usize) -> Result<Vec<AttachmentId>, StoreError> {
        let files = &self.shared.files;
        let first = after.map_or_else(String::new, |id| format!("{:03x}", shard_of(id)));
        let mut found = Vec::new();
        for name in files.list(ROOT).map_err(failed("reading", ROOT))? {
            if name.len() != SHARD_DIGITS || name < first {
                continue;
            }
            let directory = format!("{ROOT}/{name}");
            let names = files.list(&directory).map_err(failed("reading", &directory))?;
            let ids = names.iter().filter_map(|name| parse_name(name));
            found.extend(ids.filter(|id| after.is_none_or(|after| *id > after)));
            if found.len() >= limit {
                found.truncate(limit);
                break;
            }
        }
        Ok(found)
    }

    /// How many there are, and their bytes.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.shared.book.shown()
    }

    /// How many were found damaged and have not come back whole.
    #[must_use]
    pub fn set_aside_count(&self) -> u64 {
        self.shared.damaged.load(Ordering::Relaxed)
    }

    /// Counts one more directory where the totals are not exact; whether there are more to count.
    pub fn count_some(&self) -> Result<bool, StoreError> {
        let Some(shard) = self.shared.book.to_count() else { return Ok(false) };
        let directory = directory(shard);
        let _shard = self.shard(shard);
        let names = self.shared.files.list(&directory).map_err(failed("reading", &directory))?;
        let (mut count, mut bytes) = (0_u64, 0_u64);
        for name in names.iter().filter(|name| parse_name(name).is_some()) {
            count = count.saturating_add(1);
            bytes = bytes.saturating_add(self.size(&format!("{directory}/{name}"))?);
        }
        self.shared.book.counted(shard, count, bytes);
        Ok(self.shared.book.to_count().is_some())
    }

    /// Writes the totals down, so that the next start need not count.
    pub fn save_totals(&self) -> Result<(), StoreError> {
        self.shared.book.save(&self.shared.files)
    }

    /// Makes the directories that every writer needs, once.
    fn prepare(&self) -> Result<(), StoreError> {
        let mut prepared = locked(&self.shared.prepared);
        if !*prepared {
            for directory in [ROOT, STAGING] {
                self.shared.files.make_directory(directory).map_err(failed("making", directory))?;
            }
            *prepared = true;
        }
        Ok(())
    }

    /// Makes an attachment's directory, once: one that is there may not be durable yet.
    fn make_shard(&self, shard: usize) -> Result<(), StoreError> {
        let Some(made) = self.shared.made.get(shard) else { return Ok(()) };
        if !made.load(Ordering::Acquire) {
            let directory = directory(shard);
            self.shared.files.make_directory(&directory).map_err(failed("making", &directory))?;
            made.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn shard(&self, shard: usize) -> Option<std::sync::MutexGuard<'_, ()>> {
        self.shared.shards.get(shard).map(locked)
    }

    /// Bytes of an attachment by the length of its file.
    fn size(&self, path: &str) -> Result<u64, StoreError> {
        let size = self.shared.files.size(path).map_err(failed("reading", path))?;
        Ok(size.saturating_sub(TRAILER_BYTES))
    }
}

fn aside(id: AttachmentId) -> String {
    format!("{DAMAGED}/{}", hex(&id.0))
}

fn check_about(about: &About) -> Result<(), StoreError> {
    match &about.scan {
        Some(scan) if scan.engine.len() > ENGINE_BYTES_MAX => {
            Err(StoreError::BlobRefused("the scanner's name is too long".to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

impl<F> std::fmt::Debug for Blobs<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Blobs").finish_non_exhaustive()
    }
}
