//! Taking an attachment in.
//!
//! Invariant: nothing has its final name before its bytes and record are durable; the name is durable when
//! [`BlobWriter::finish`] returns. A writer that is dropped leaves nothing.

use std::sync::atomic::Ordering;

use sha2::{Digest as _, Sha256};
use tally::ids::{AttachmentId, LogTime, hex};

use super::files::BlobFiles;
use super::record::{self, About, BlobRecord};
use super::totals::Change;
use super::{Blobs, Condition, STAGING, aside, check_about, failed, path_of, shard_of};
use crate::StoreError;

/// What is gathered before it is written.
const BUFFER_BYTES: usize = 256 * 1024;

/// An attachment on its way in. Every call may wait for the disk.
#[derive(Debug)]
pub struct BlobWriter<F: BlobFiles> {
    blobs: Blobs<F>,
    path: String,
    hasher: Sha256,
    buffer: Vec<u8>,
    written: u64,
    size: u64,
    bytes_max: u64,
    /// Whether there may be a staged file.
    touched: bool,
    /// Whether the staged file has its final name or is otherwise gone.
    settled: bool,
}

impl<F: BlobFiles> BlobWriter<F> {
    pub(super) fn new(blobs: Blobs<F>, bytes_max: u64) -> Result<Self, StoreError> {
        blobs.prepare()?;
        let number = blobs.shared.staged.fetch_add(1, Ordering::Relaxed);
        let path = format!("{STAGING}/{number}");
        Ok(Self {
            blobs,
            path,
            hasher: Sha256::new(),
            buffer: Vec::new(),
            written: 0,
            size: 0,
            bytes_max,
            touched: false,
            settled: false,
        })
    }

    /// How many bytes came so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// More bytes. Beyond the cap they are refused and the writer is of no more use.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.size > self.bytes_max {
            return Err(StoreError::BlobRefused(format!("it is larger than {} bytes", self.bytes_max)));
        }
        self.hasher.update(bytes);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> Result<(), StoreError> {
        self.touched = true;
        let files = &self.blobs.shared.files;
        files.write_at(&self.path, self.written, &self.buffer).map_err(failed("writing", &self.path))?;
        let length = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        self.written = self.written.saturating_add(length);
        self.buffer.clear();
        Ok(())
    }

    /// Makes it durable under its name and says which that is. One that was there already, whole, stays and is
    /// renewed; a damaged one is replaced.
    pub fn finish(self, about: &About, at: LogTime) -> Result<BlobRecord, StoreError> {
        self.finish_as(None, about, at)
    }

    /// The same for one that must have a certain name.
    pub fn finish_as(
        mut self,
        expected: Option<AttachmentId>,
        about: &About,
        at: LogTime,
    ) -> Result<BlobRecord, StoreError> {
        check_about(about)?;
        let id = AttachmentId(std::mem::take(&mut self.hasher).finalize().into());
        if expected.is_some_and(|expected| expected != id) {
            return Err(StoreError::BlobRefused(format!("its SHA-256 is {}", hex(&id.0))));
        }
        let record = BlobRecord { generation: 1, id, size: self.size, stored_at: at, about: about.clone() };
        let trailer = record::trailer(&record).map_err(failed("writing", &self.path))?;
        self.buffer.extend_from_slice(&trailer);
        self.write_out()?;
        self.blobs.shared.files.sync_file(&self.path).map_err(failed("flushing", &self.path))?;
        self.give_name(&record)
    }

    fn give_name(&mut self, record: &BlobRecord) -> Result<BlobRecord, StoreError> {
        let blobs = self.blobs.clone();
        let (id, path) = (record.id, path_of(record.id));
        if blobs.check(id)? == Condition::Whole && blobs.renew(id, record.stored_at)? {
            return blobs.record(id)?.ok_or_else(|| StoreError::BlobRefused("it was removed".to_owned()));
        }
        let shard = shard_of(id);
        let _held = blobs.shard(shard);
        blobs.make_shard(shard)?;
        // Another writer of the same bytes may have come first; either file is good. One of another length is
        // damage, and what it counted for is not known.
        let replaced = if blobs.contains(id)? { Some(blobs.size(&path)?) } else { None };
        let change = match replaced {
            None => Some(Change::Added(record.size)),
            Some(size) if size == record.size => Some(Change::None),
            Some(_) => None,
        };
        let (files, book) = (&blobs.shared.files, &blobs.shared.book);
        book.begin(files)?;
        let renamed = files.rename(&self.path, &path);
        book.end(shard, change.filter(|_| renamed.is_ok()));
        self.settled = renamed.is_ok();
        renamed.map_err(failed("renaming", &path))?;
        forget_damaged(&blobs, id);
        Ok(record.clone())
    }
}

/// A whole one came: the damaged one is of no more use.
fn forget_damaged<F: BlobFiles>(blobs: &Blobs<F>, id: AttachmentId) {
    let files = &blobs.shared.files;
    let aside = aside(id);
    if blobs.set_aside_count() > 0
        && files.exists(&aside).unwrap_or(false)
        && files.remove_tree(&aside).is_ok()
    {
        blobs.shared.damaged.update(Ordering::AcqRel, Ordering::Acquire, |count| count.saturating_sub(1));
    }
}

impl<F: BlobFiles> Drop for BlobWriter<F> {
    fn drop(&mut self) {
        if self.settled || !self.touched {
            return;
        }
        if let Err(error) = self.blobs.shared.files.remove_tree(&self.path) {
            // The next start clears it away.
            tracing::warn!(%error, path = self.path, "an unfinished attachment could not be removed");
        }
    }
}
