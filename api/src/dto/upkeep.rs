//! What a node is told to do about itself, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `/pages/reload`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct PagesReloaded {
    /// The node that renders its pages anew.
    pub node: u64,
}
