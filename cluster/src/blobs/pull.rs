//! Every member that may vote ends with every named attachment.
//!
//! Invariant: one that is named and not here is in the set of missing ones, or a sweep that finds it is due.

use std::sync::atomic::Ordering;
use std::time::Duration;

use store::{Engine, Named};
use tally::ids::AttachmentId;

use super::BlobError;
use crate::handle::Cluster;
use crate::settings::{ATTACHMENT_NAMES_MAX, ATTACHMENT_PULLS_MAX};

/// Between two looks for names.
const ROUND: Duration = Duration::from_millis(500);
/// Between two pages of a sweep, so that it leaves the disk to others.
const SWEEP_PAUSE: Duration = Duration::from_millis(20);
/// Missing ones that are tried in a round.
const TRIED_MAX: usize = 64;
/// Rounds to wait after a round in which nothing came.
const IDLE_ROUNDS_MAX: u32 = 20;

impl<E: Engine> Cluster<E> {
    pub(super) async fn pull_attachments(&self) {
        if self.inner.settings.edge {
            // An edge fetches what it is asked for.
            return;
        }
        let mut after = None;
        let (mut idle, mut wait) = (0_u32, 0_u32);
        while self.nap(ROUND).await {
            if let Err(error) = self.note_named().await {
                tracing::warn!(%error, "named attachments could not be looked for");
            }
            if wait > 0 {
                wait = wait.saturating_sub(1);
                continue;
            }
            let (tried, came) = self.pull_some(&mut after).await;
            idle = if tried > 0 && came == 0 { idle.saturating_add(1).min(IDLE_ROUNDS_MAX) } else { 0 };
            wait = idle;
        }
    }

    /// Finds out which of the newly named ones are not here.
    async fn note_named(&self) -> Result<(), BlobError> {
        let desk = &self.inner.blobs;
        let sweep = match self.inner.machine.take_named() {
            Named::These(names) => {
                for names in names.chunks(ATTACHMENT_NAMES_MAX) {
                    self.note_absent(names.to_vec()).await?;
                }
                desk.sweep.swap(false, Ordering::Relaxed)
            }
            Named::Any => true,
        };
        if sweep {
            let swept = self.sweep().await;
            if swept.is_err() {
                desk.sweep.store(true, Ordering::Relaxed);
            }
            return swept;
        }
        Ok(())
    }

    async fn sweep(&self) -> Result<(), BlobError> {
        let mut after = None;
        loop {
            // A view of its own for each page: a sweep may be long, and views hold old versions of rows.
            let names = self.inner.machine.view().attachments(after, ATTACHMENT_NAMES_MAX)?;
            let Some(last) = names.last() else { return Ok(()) };
            after = Some(*last);
            self.note_absent(names).await?;
            if !self.nap(SWEEP_PAUSE).await {
                return Ok(());
            }
        }
    }

    async fn note_absent(&self, names: Vec<AttachmentId>) -> Result<(), BlobError> {
        let present = self.present(names.clone()).await?;
        for (id, _) in names.into_iter().zip(present).filter(|(_, present)| !present) {
            self.inner.blobs.note_missing(id);
        }
        Ok(())
    }

    /// Fetches some of the missing ones, going round; how many were tried and how many came.
    async fn pull_some(&self, after: &mut Option<AttachmentId>) -> (usize, usize) {
        let some: Vec<AttachmentId> = {
            let missing = self.inner.blobs.missing();
            let later = missing.iter().filter(|id| after.is_none_or(|after| **id > after));
            later.take(TRIED_MAX).copied().collect()
        };
        *after = some.last().copied();
        let mut came = 0_usize;
        for few in some.chunks(ATTACHMENT_PULLS_MAX) {
            let fetched = few.iter().map(|id| self.fetch_in_background(*id));
            let fetched = futures_util::future::join_all(fetched).await;
            came = came.saturating_add(fetched.iter().filter(|fetched| fetched.is_ok()).count());
            if self.is_over() {
                break;
            }
        }
        (some.len(), came)
    }
}
