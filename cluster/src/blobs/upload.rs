//! An attachment on its way in from somebody outside.
//!
//! Invariant: memory holds one buffer of it; what [`BlobUpload::finish`] answers with holders is durable on a
//! majority of each configuration.

use std::time::Duration;

use bytes::BytesMut;
use openraft::type_config::TypeConfigExt as _;
use store::blobs::{BlobRecord, BlobWriter};
use store::{About, Engine, StoreError};
use tally::ids::NodeId;

use super::BlobError;
use crate::handle::Cluster;
use crate::membership::plan::is_majority;
use crate::runtime;
use crate::settings::ATTACHMENT_BYTES_MAX;
use crate::types::TypeConfig;

/// What is gathered before it goes to the disk.
const BUFFER_BYTES: usize = 256 * 1024;

/// An attachment that is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// What it is.
    pub record: BlobRecord,
    /// Voters that have it on disk.
    pub holders: Vec<NodeId>,
}

/// See the module. Dropping it leaves nothing.
pub struct BlobUpload<E: Engine> {
    cluster: Cluster<E>,
    writer: Option<BlobWriter<E::Disk>>,
    buffer: BytesMut,
}

impl<E: Engine> Cluster<E> {
    /// Begins to take an attachment in.
    pub async fn begin_blob(&self) -> Result<BlobUpload<E>, BlobError> {
        let writer = self.on_disk(|blobs| blobs.begin(ATTACHMENT_BYTES_MAX)).await?;
        Ok(BlobUpload { cluster: self.clone(), writer: Some(writer), buffer: BytesMut::new() })
    }

    /// Puts other knowledge about an attachment in place on this node, such as that of a later scan.
    pub async fn set_blob_about(
        &self,
        id: tally::ids::AttachmentId,
        about: About,
    ) -> Result<bool, BlobError> {
        self.on_disk(move |blobs| blobs.set_about(id, &about)).await
    }
}

impl<E: Engine> BlobUpload<E> {
    /// More bytes. After an error nothing more can be done with it.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < BUFFER_BYTES {
            return Ok(());
        }
        let (mut writer, buffer) = self.parts()?;
        self.writer = Some(
            blocking(move || {
                writer.write(&buffer)?;
                Ok(writer)
            })
            .await?,
        );
        Ok(())
    }

    /// Makes it durable here, then on a majority. [`BlobError::NotHeld`] when the deadline passes before that:
    /// it is kept where it is, and handing the same bytes in again goes on from there.
    pub async fn finish(mut self, about: About, deadline: Duration) -> Result<Stored, BlobError> {
        let deadline = runtime::after(runtime::now(), deadline);
        let (mut writer, buffer) = self.parts()?;
        let at = self.cluster.storing_time();
        let record = blocking(move || {
            writer.write(&buffer)?;
            writer.finish(&about, at)
        })
        .await?;
        let holding = self.cluster.hold(&[record.id], deadline).await;
        let holders = holding.of(record.id);
        let enough = is_majority(&self.cluster.configurations(), &holders);
        let holders = holders.into_iter().map(NodeId).collect();
        if enough { Ok(Stored { record, holders }) } else { Err(BlobError::NotHeld(holders)) }
    }

    fn parts(&mut self) -> Result<(BlobWriter<E::Disk>, BytesMut), BlobError> {
        let spent = || BlobError::Refused("the upload failed before".into());
        Ok((self.writer.take().ok_or_else(spent)?, self.buffer.split()))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, BlobError> {
    let done = TypeConfig::spawn_blocking(work).await;
    Ok(done.map_err(|error| BlobError::Storage(error.to_string()))??)
}

impl<E: Engine> std::fmt::Debug for BlobUpload<E> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BlobUpload").finish_non_exhaustive()
    }
}
