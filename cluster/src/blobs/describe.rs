//! What is known of attachments without reading their bytes.
//!
//! Invariant: nothing is said about bytes here; whoever hands them out opens them, which compares them.

use std::time::Duration;

use store::blobs::BlobRecord;
use store::{Engine, StoreError};
use tally::ids::AttachmentId;

use super::BlobError;
use crate::handle::Cluster;
use crate::runtime;

impl<E: Engine> Cluster<E> {
    /// The records of some, in their order; those that are missing here are fetched as long as the deadline allows.
    pub async fn describe_blobs(
        &self,
        ids: Vec<AttachmentId>,
        deadline: Duration,
    ) -> Result<Vec<Option<BlobRecord>>, BlobError> {
        let found = self.records_here(ids.clone()).await?;
        let missing: Vec<AttachmentId> =
            ids.iter().zip(&found).filter(|(_, record)| record.is_none()).map(|(id, _)| *id).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let deadline = runtime::after(runtime::now(), deadline);
        let fetches = missing.into_iter().map(|id| self.fetch(id, None, deadline));
        // One that did not come stays unknown.
        drop(futures_util::future::join_all(fetches).await);
        self.records_here(ids).await
    }

    async fn records_here(&self, ids: Vec<AttachmentId>) -> Result<Vec<Option<BlobRecord>>, BlobError> {
        self.on_disk(move |blobs| {
            let record = |id| match blobs.record(id) {
                // The scrubber sees to it.
                Err(StoreError::BlobDamaged(_)) => Ok(None),
                read => read,
            };
            ids.into_iter().map(record).collect()
        })
        .await
    }

    /// Attachments on this node, in order, beginning after one; about `limit` of them.
    pub async fn list_blobs(
        &self,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<AttachmentId>, BlobError> {
        self.on_disk(move |blobs| blobs.list(after, limit)).await
    }
}
