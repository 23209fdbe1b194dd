//! Reading all attachments again in the background: damaged ones are replaced, unwanted ones go, and the
//! totals are kept.
//!
//! Invariant: the scrubber keeps to its pace, and nothing is removed that a form names or that was wanted
//! within 48 hours of log time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use store::blobs::{BlobFiles, Condition};
use store::{Blobs, Engine, StoreError};
use tally::ids::{AttachmentId, LogTime};

use super::{BlobError, add, pace};
use crate::handle::Cluster;
use crate::settings::ATTACHMENT_UNNAMED_MS;

/// Names looked at before the directory is read again.
const PAGE: usize = 256;
/// What looking at one costs even if it is empty.
const LOOK_BYTES: u64 = 4_096;
/// Directories counted before others get their turn.
const COUNTED_AT_ONCE: usize = 16;
const COUNT_PAUSE: Duration = Duration::from_millis(10);
/// Between two times that the totals are written down.
const SAVE_PAUSE: Duration = Duration::from_mins(1);

impl<E: Engine> Cluster<E> {
    pub(super) async fn scrub_attachments(&self) {
        let pause = Duration::from_millis(self.inner.settings.attachment_pace.scrub_pause_ms);
        while self.nap(pause).await {
            if let Err(error) = self.scrub_all().await {
                tracing::warn!(%error, "the attachments could not be read again; it is tried later");
            }
            // Files can vanish without a trace in what this process did.
            self.inner.blobs.sweep.store(true, Ordering::Relaxed);
        }
    }

    async fn scrub_all(&self) -> Result<(), BlobError> {
        let mut after = None;
        loop {
            let page = self.on_disk(move |blobs| blobs.list(after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(*last);
            for id in page {
                let bytes = self.scrub(id).await?;
                let rate = self.inner.settings.attachment_pace.scrub_bytes_per_s;
                if !self.nap(pace(bytes.saturating_add(LOOK_BYTES), rate)).await {
                    return Ok(());
                }
            }
        }
    }

    /// Looks at one; answers the bytes read.
    async fn scrub(&self, id: AttachmentId) -> Result<u64, BlobError> {
        let view = self.inner.machine.view();
        let named = view.attachment(id)?.is_some();
        let cutoff = LogTime(view.ledger()?.log_time.0.saturating_sub(ATTACHMENT_UNNAMED_MS));
        drop(view);
        if !named && self.on_disk(move |blobs| blobs.remove_unwanted(id, cutoff)).await? {
            tracing::debug!(attachment = tally::ids::hex(&id.0), "removed: no form named it for 48 hours");
            return Ok(0);
        }
        let (condition, bytes) = self
            .on_disk(move |blobs| {
                let condition = blobs.check(id)?;
                let read = condition == Condition::Whole;
                let record = if read { blobs.record(id)? } else { None };
                Ok((condition, record.map_or(0, |record| record.size)))
            })
            .await?;
        add(&self.inner.blobs.scrubbed);
        if condition == Condition::Damaged {
            self.set_aside(id).await?;
            if named {
                self.inner.blobs.note_missing(id);
            }
            if let Err(error) = self.fetch_in_background(id).await {
                tracing::warn!(%error, attachment = tally::ids::hex(&id.0), "no peer could replace it yet");
            }
        }
        Ok(bytes)
    }

    /// Counts where that is needed, and writes the totals down now and then.
    pub(super) async fn count_attachments(&self) {
        loop {
            let counted = self.on_disk(count_some);
            let pause = match counted.await {
                Ok(true) => COUNT_PAUSE,
                Ok(false) => SAVE_PAUSE,
                Err(error) => {
                    tracing::warn!(%error, "the attachments could not be counted; it is tried again");
                    SAVE_PAUSE
                }
            };
            if !self.nap(pause).await {
                return;
            }
        }
    }
}

/// Counts a few directories; writes the totals down when there are no more. Whether there are.
fn count_some<F: BlobFiles>(blobs: &Blobs<F>) -> Result<bool, StoreError> {
    for _ in 0..COUNTED_AT_ONCE {
        if !blobs.count_some()? {
            blobs.save_totals()?;
            return Ok(false);
        }
    }
    Ok(true)
}
