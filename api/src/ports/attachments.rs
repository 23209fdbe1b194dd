//! What the HTTP side needs to take attachments in and hand them out.
//!
//! Invariant: bytes come and go in parts; an upload is answered when a majority has it on disk, and a reader hands
//! out only what was compared with its name.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tally::ids::{AttachmentId, LogTime};

/// What an attachment's bytes are, by looking at them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MediaType {
    /// `image/jpeg`.
    Jpeg,
    /// `image/png`.
    Png,
    /// `image/webp`.
    Webp,
    /// `application/pdf`.
    Pdf,
}

/// One look of a virus scanner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttachmentScan {
    /// When.
    pub at: LogTime,
    /// Engine and signatures, at most 100 bytes.
    pub engine: String,
    /// Whether it found nothing.
    pub clean: bool,
}

/// What is known of an attachment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttachmentInfo {
    /// SHA-256 of its bytes.
    pub id: AttachmentId,
    /// How many bytes.
    pub size: u64,
    /// What they are.
    pub media_type: MediaType,
    /// The last scan; `None` before the first.
    pub scan: Option<AttachmentScan>,
}

/// Why something could not be done with an attachment.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AttachmentError {
    /// It is on no node that answers.
    #[error("no node has the attachment")]
    Unknown,
    /// It is larger than any may be, or otherwise not acceptable.
    #[error("{0}")]
    Refused(String),
    /// Too few nodes took it, or none answered, in time: the same again may succeed.
    #[error("{0}")]
    Unavailable(String),
    /// The disk of this node failed.
    #[error("the attachment store failed: {0}")]
    Store(String),
}

/// An attachment on its way in. Dropping it leaves nothing.
pub trait AttachmentUpload: Send {
    /// More bytes.
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), AttachmentError>>;
    /// The end: answers when it is on the disks of a majority.
    fn finish(
        self: Box<Self>,
        media_type: MediaType,
        scan: Option<AttachmentScan>,
    ) -> BoxFuture<'static, Result<AttachmentInfo, AttachmentError>>;
}

/// A whole attachment, whose bytes were compared with its name when it was opened.
pub trait AttachmentReader: Send + Sync {
    /// What is known of it.
    fn info(&self) -> AttachmentInfo;
    /// Up to so many bytes from an offset, at most 1 MiB; none at the end.
    fn read(&self, offset: u64, length: usize) -> BoxFuture<'_, Result<Bytes, AttachmentError>>;
}

/// Photos and scans of forms.
pub trait Attachments: Send + Sync + 'static {
    /// Begins to take one in.
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn AttachmentUpload>, AttachmentError>>;
    /// Opens one, fetched from another node when it is missing here. Whether an accepted form names it is for
    /// [`super::StateView`] to say.
    fn open(&self, id: AttachmentId) -> BoxFuture<'_, Result<Box<dyn AttachmentReader>, AttachmentError>>;
    /// Puts another scan in place on this node; whether the attachment is here.
    fn rescanned(&self, info: AttachmentInfo) -> BoxFuture<'_, Result<bool, AttachmentError>>;
}
