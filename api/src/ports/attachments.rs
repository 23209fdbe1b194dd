//! What the HTTP side needs to take attachments in and hand them out.
//!
//! Invariant: bytes come and go in parts; what people hand in waits in quarantine until a scanner has seen all of it;
//! an upload is answered when a majority has it on disk, and a reader hands out only what was compared with its name.

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

impl MediaType {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Jpeg, "image/jpeg", "jpg"),
        (Self::Png, "image/png", "png"),
        (Self::Webp, "image/webp", "webp"),
        (Self::Pdf, "application/pdf", "pdf"),
    ];

    fn row(self) -> (&'static str, &'static str) {
        let row = Self::ALL.into_iter().find(|(kind, ..)| *kind == self);
        row.map_or(("application/octet-stream", "bin"), |(_, name, extension)| (name, extension))
    }

    /// Its name on the web.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// How names of such files end.
    #[must_use]
    pub fn extension(self) -> &'static str {
        self.row().1
    }

    /// The type of that name, whatever its case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name)).map(|(kind, ..)| kind)
    }
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
    /// This node's disk has too little room for more of them.
    #[error("too little disk space for attachments")]
    DiskFull,
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

/// Bytes that are read in parts.
pub trait Content: Send + Sync {
    /// Up to so many bytes from an offset, at most 1 MiB; none at the end.
    fn read(&self, offset: u64, length: usize) -> BoxFuture<'_, Result<Bytes, AttachmentError>>;
}

/// A whole attachment, whose bytes were compared with its name when it was opened.
pub trait AttachmentReader: Content {
    /// What is known of it.
    fn info(&self) -> AttachmentInfo;
}

/// Bytes that are not to stay. Dropping them, or the end of the process, leaves nothing.
pub trait ScratchFile: Content {
    /// More bytes.
    fn write(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), AttachmentError>>;
}

/// Where bytes wait that are not to stay: those from outside until a scanner has seen them, files of results until all
/// who asked have them.
pub trait Scratch: Send + Sync + 'static {
    /// A place for new ones.
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn ScratchFile>, AttachmentError>>;
}

/// What a scanner said about bytes all of which it saw.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Engine and signatures.
    pub engine: String,
    /// What was found, in the scanner's words; `None` for nothing.
    pub found: Option<String>,
}

/// A scanner that came to no verdict, for whatever reason. Nothing may then be taken in.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct ScannerError(pub String);

/// A virus scanner.
pub trait Scanner: Send + Sync + 'static {
    /// Shows it all of the bytes; bounded in time.
    fn scan<'a>(&'a self, content: &'a dyn Content) -> BoxFuture<'a, Result<Finding, ScannerError>>;
}

/// Photos and scans of forms.
pub trait Attachments: Send + Sync + 'static {
    /// Begins to take one in.
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn AttachmentUpload>, AttachmentError>>;
    /// Opens one, fetched from another node when it is missing here. Whether an accepted form names it is for
    /// [`super::StateView`] to say.
    fn open(&self, id: AttachmentId) -> BoxFuture<'_, Result<Box<dyn AttachmentReader>, AttachmentError>>;
    /// What is known of some, in their order, fetched from another node when it is missing here; `None` for those
    /// that could not be had soon.
    fn describe(
        &self,
        ids: Vec<AttachmentId>,
    ) -> BoxFuture<'_, Result<Vec<Option<AttachmentInfo>>, AttachmentError>>;
    /// Attachments on this node, in order, beginning after one; about `limit` of them.
    fn list(
        &self,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AttachmentId>, AttachmentError>>;
    /// Puts another scan in place on this node; whether the attachment is here.
    fn rescanned(&self, info: AttachmentInfo) -> BoxFuture<'_, Result<bool, AttachmentError>>;
}
