//! What peers may ask about attachments.
//!
//! Invariant: few of these questions use the disk at once; an answer never holds more than one part.

use std::time::Duration;

use bytes::Bytes;
use store::{Engine, StoreError};
use tally::ids::{AttachmentId, NodeId};

use super::BlobError;
use crate::handle::Cluster;
use crate::rpc::server::path_of;
use crate::rpc::wire;
use crate::rpc::wire::blobs::Found;
use crate::runtime;
use crate::settings::{ATTACHMENT_NAMES_MAX, ATTACHMENT_PART_BYTES};

pub(crate) const HOLD: &str = "https://rakit/peer/1/blob/hold";
pub(crate) const READ: &str = "https://rakit/peer/1/blob/read";
pub(crate) const CHECK: &str = "https://rakit/peer/1/blob/check";

/// Longest a question waits for its turn.
const TURN_DEADLINE: Duration = Duration::from_secs(4);

impl<E: Engine> Cluster<E> {
    /// The answer to a peer; `None` for a path that is not known.
    pub(crate) async fn answer_blob(
        &self,
        path: &str,
        frame: Bytes,
        peer: NodeId,
    ) -> Result<Option<Bytes>, BlobError> {
        let unreadable = |error: wire::WireError| BlobError::Refused(error.to_string());
        if path == path_of(READ) {
            let part = wire::blobs::decode_read_request(frame).map_err(unreadable)?;
            let found = self.read_for_peer(part).await?;
            Ok(Some(wire::blobs::encode_read_response(found.as_ref())))
        } else if path == path_of(HOLD) {
            let (at, names) = wire::blobs::decode_hold_request(frame).map_err(unreadable)?;
            let held = self.hold_for_peer(at, names, peer).await?;
            Ok(Some(wire::blobs::encode_hold_response(&held)))
        } else if path == path_of(CHECK) {
            let names = wire::blobs::decode_check_request(frame).map_err(unreadable)?;
            let present = self.present(names).await?;
            Ok(Some(wire::blobs::encode_check_response(&present)))
        } else {
            Ok(None)
        }
    }

    async fn read_for_peer(&self, part: wire::blobs::Part) -> Result<Option<Found>, BlobError> {
        let turn = runtime::timeout(TURN_DEADLINE, self.inner.blobs.answers.acquire()).await;
        let _turn = turn
            .map_err(|_| BlobError::Unavailable("too many questions about attachments".into()))?
            .map_err(|error| BlobError::Unavailable(error.to_string()))?;
        let length = usize::try_from(part.length).unwrap_or(usize::MAX).min(ATTACHMENT_PART_BYTES);
        self.on_disk(move |blobs| match blobs.read_unchecked(part.id, part.offset, length) {
            Ok(found) => {
                Ok(found.map(|(record, bytes)| Found { size: record.size, about: record.about, bytes }))
            }
            // The scrubber sees to it; whoever asks turns to another.
            Err(StoreError::BlobDamaged(_)) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Which of some are here.
    pub(super) async fn present(&self, names: Vec<AttachmentId>) -> Result<Vec<bool>, BlobError> {
        if names.len() > ATTACHMENT_NAMES_MAX {
            return Err(BlobError::Refused("too many names".into()));
        }
        self.on_disk(move |blobs| names.into_iter().map(|id| blobs.contains(id)).collect()).await
    }
}
