//! Attachments on the wire.

use serde::{Deserialize, Serialize};
use tally::ids::hex;
use utoipa::ToSchema;

use crate::ports::AttachmentInfo;

/// Answer of `POST /attachments`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Uploaded {
    /// SHA-256 of what is stored, hexadecimal: the name by which forms name it.
    pub sha256: String,
    /// What is stored.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// `clean`.
    pub scan: String,
}

impl Uploaded {
    /// What is told about a stored one.
    #[must_use]
    pub fn of(info: &AttachmentInfo) -> Self {
        Self {
            sha256: hex(&info.id.0),
            media_type: info.media_type.name().to_owned(),
            size: info.size,
            scan: "clean".to_owned(),
        }
    }
}

/// How far a node's attachments were looked at again.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Rescanned {
    /// `never`, `running`, `done` or `failed`.
    pub state: String,
    /// The node.
    pub node: u64,
    /// When it began.
    #[schema(required)]
    pub began_at: Option<String>,
    /// When it ended.
    #[schema(required)]
    pub ended_at: Option<String>,
    /// Looked at.
    pub scanned: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Found infected: not served any more.
    pub infected: u64,
    /// Those, hexadecimal; the first thousand.
    pub found: Vec<String>,
    /// The last engine and signatures that looked.
    #[schema(required)]
    pub engine: Option<String>,
    /// Why it stopped, with `failed`.
    #[schema(required)]
    pub failure: Option<String>,
}
