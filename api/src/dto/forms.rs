//! Lists of forms on the wire: which stations of a region have a form in a state, with what flags.
//!
//! Invariant: an entry is a pointer to a form, never the form; whoever needs its numbers asks for it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `/tallies/{contest}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Forms {
    /// The contest.
    pub contest: String,
    /// The region that was looked at.
    pub region: String,
    /// Stations by code. A page may be short, or empty, and still have a next one.
    pub forms: Vec<FormEntry>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// A station and the form it has, if any.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct FormEntry {
    /// Code of the station.
    pub station: String,
    /// Name of the station.
    pub name: String,
    /// Name of its village.
    pub village: String,
    /// State of the form, `absent` when there is none.
    pub state: String,
    /// Revision of the form, 0 when there is none.
    pub revision: u32,
    /// Rules that found something, each once, in their order.
    pub rules: Vec<String>,
    /// Whether a large correction waits for a second person's approval (R27).
    pub approval_pending: bool,
    /// The highest level that certified it, if one did.
    #[schema(required)]
    pub certified_level: Option<String>,
    /// When it last changed, log time; null when there is none.
    #[schema(required)]
    pub updated_at: Option<String>,
}
