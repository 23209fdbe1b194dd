//! What is remembered of a request, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `/requests/{key}`: what is remembered of a request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RequestFound {
    /// Whose it was.
    pub username: String,
    /// Its key.
    pub key: String,
    /// `tallied`, `done`, `defined`, or `refused`.
    pub outcome: String,
    /// Code of the refusal, if it was refused.
    #[schema(required)]
    pub code: Option<String>,
    /// The contest, if it changed a form.
    #[schema(required)]
    pub contest: Option<String>,
    /// The station, if it changed a form.
    #[schema(required)]
    pub station: Option<String>,
    /// Number of the event in the form's history, from 1, if it changed a form.
    #[schema(required)]
    pub event: Option<u32>,
    /// Log index of that event.
    #[schema(required)]
    pub index: Option<u64>,
}
