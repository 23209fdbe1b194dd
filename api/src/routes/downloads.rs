//! Bodies that go out part by part: attachments and files of results.
//!
//! Invariant: a download keeps one part in memory and its place until its last byte is taken or its time is over.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::limits::{DOWNLOAD_MS_MAX, DOWNLOAD_PART_BYTES};
use crate::ports::Content;

/// What a download holds.
struct Download {
    content: Arc<dyn Content>,
    offset: u64,
    ends: Instant,
    _place: OwnedSemaphorePermit,
}

/// The content as a body.
pub(super) fn body(content: Arc<dyn Content>, place: OwnedSemaphorePermit) -> Body {
    let now = Instant::now();
    let ends = now.checked_add(Duration::from_millis(DOWNLOAD_MS_MAX)).unwrap_or(now);
    let download = Download { content, offset: 0, ends, _place: place };
    Body::from_stream(stream::try_unfold(download, async |mut download| {
        if Instant::now() >= download.ends {
            return Err(std::io::Error::from(std::io::ErrorKind::TimedOut));
        }
        let part = download.content.read(download.offset, DOWNLOAD_PART_BYTES).await;
        let part = part.map_err(|error| {
            tracing::error!(%error, "a download could not be read to its end");
            std::io::Error::other(error)
        })?;
        if part.is_empty() {
            return Ok(None);
        }
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        download.offset = download.offset.saturating_add(length);
        Ok(Some((part, download)))
    }))
}
