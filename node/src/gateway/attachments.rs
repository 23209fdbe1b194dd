//! Attachments as `api` sees them.

use std::time::Duration;

use api::ports::{
    AttachmentError, AttachmentInfo, AttachmentReader, AttachmentScan, AttachmentUpload, Attachments,
    Content, MediaType,
};
use bytes::Bytes;
use cluster::{BlobError, BlobUpload, Room};
use futures_util::future::BoxFuture;
use store::blobs::BlobRecord;
use store::{About, BlobReader, RocksDisk, RocksEngine, Scan, Verdict};
use tally::ids::AttachmentId;

use super::Gateway;

/// Longest wait for a majority to have an upload.
const FINISH_DEADLINE: Duration = Duration::from_secs(30);
/// Longest wait for one of which only its kind and size are wanted.
const DESCRIBE_DEADLINE: Duration = Duration::from_secs(2);
/// Longest wait for one that is fetched from another node.
const OPEN_DEADLINE: Duration = Duration::from_secs(15);

struct Upload(BlobUpload<RocksEngine>);

struct Reader(BlobReader<RocksDisk>);

impl Attachments for Gateway {
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn AttachmentUpload>, AttachmentError>> {
        Box::pin(async {
            match self.cluster.room() {
                Room::Plenty => {}
                Room::NoUploads | Room::Scarce | Room::Critical => return Err(AttachmentError::DiskFull),
            }
            let upload: Box<dyn AttachmentUpload> =
                Box::new(Upload(self.cluster.begin_blob().await.map_err(|error| failed(&error))?));
            Ok(upload)
        })
    }

    fn open(&self, id: AttachmentId) -> BoxFuture<'_, Result<Box<dyn AttachmentReader>, AttachmentError>> {
        Box::pin(async move {
            let opened = self.cluster.open_blob(id, OPEN_DEADLINE).await.map_err(|error| failed(&error))?;
            let reader: Box<dyn AttachmentReader> = Box::new(Reader(opened));
            Ok(reader)
        })
    }

    fn describe(
        &self,
        ids: Vec<AttachmentId>,
    ) -> BoxFuture<'_, Result<Vec<Option<AttachmentInfo>>, AttachmentError>> {
        Box::pin(async move {
            let described = self.cluster.describe_blobs(ids, DESCRIBE_DEADLINE).await;
            let records = described.map_err(|error| failed(&error))?;
            Ok(records.into_iter().map(|record| record.as_ref().map(info)).collect())
        })
    }

    fn list(
        &self,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AttachmentId>, AttachmentError>> {
        Box::pin(async move { self.cluster.list_blobs(after, limit).await.map_err(|error| failed(&error)) })
    }

    fn rescanned(&self, info: AttachmentInfo) -> BoxFuture<'_, Result<bool, AttachmentError>> {
        Box::pin(async move {
            let about = about(info.media_type, info.scan);
            self.cluster.set_blob_about(info.id, about).await.map_err(|error| failed(&error))
        })
    }
}

impl AttachmentUpload for Upload {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), AttachmentError>> {
        Box::pin(async move { self.0.write(bytes).await.map_err(|error| failed(&error)) })
    }

    fn finish(
        self: Box<Self>,
        media_type: MediaType,
        scan: Option<AttachmentScan>,
    ) -> BoxFuture<'static, Result<AttachmentInfo, AttachmentError>> {
        Box::pin(async move {
            let stored = self
                .0
                .finish(about(media_type, scan), FINISH_DEADLINE)
                .await
                .map_err(|error| failed(&error))?;
            Ok(info(&stored.record))
        })
    }
}

impl AttachmentReader for Reader {
    fn info(&self) -> AttachmentInfo {
        info(self.0.record())
    }
}

impl Content for Reader {
    fn read(&self, offset: u64, length: usize) -> BoxFuture<'_, Result<Bytes, AttachmentError>> {
        let reader = self.0.clone();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || reader.read(offset, length)).await;
            let read = read.map_err(|error| AttachmentError::Store(error.to_string()))?;
            read.map_err(|error| AttachmentError::Store(error.to_string()))
        })
    }
}

fn about(media_type: MediaType, scan: Option<AttachmentScan>) -> About {
    let media_type = match media_type {
        MediaType::Jpeg => store::MediaType::Jpeg,
        MediaType::Png => store::MediaType::Png,
        MediaType::Webp => store::MediaType::Webp,
        MediaType::Pdf => store::MediaType::Pdf,
    };
    let scan = scan.map(|AttachmentScan { at, engine, clean }| {
        let verdict = if clean { Verdict::Clean } else { Verdict::Infected };
        Scan { at, engine, verdict }
    });
    About { media_type, scan }
}

fn info(record: &BlobRecord) -> AttachmentInfo {
    let media_type = match record.about.media_type {
        store::MediaType::Jpeg => MediaType::Jpeg,
        store::MediaType::Png => MediaType::Png,
        store::MediaType::Webp => MediaType::Webp,
        store::MediaType::Pdf => MediaType::Pdf,
    };
    let scan = record.about.scan.as_ref().map(|scan| AttachmentScan {
        at: scan.at,
        engine: scan.engine.clone(),
        clean: scan.verdict == Verdict::Clean,
    });
    AttachmentInfo { id: record.id, size: record.size, media_type, scan }
}

fn failed(error: &BlobError) -> AttachmentError {
    let text = error.to_string();
    match error {
        BlobError::Unknown => AttachmentError::Unknown,
        BlobError::Refused(_) => AttachmentError::Refused(text),
        BlobError::NotHeld(_) | BlobError::Unavailable(_) => AttachmentError::Unavailable(text),
        BlobError::Storage(_) => AttachmentError::Store(text),
    }
}
