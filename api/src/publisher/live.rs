//! The headers that differ from answer to answer, made cheaply.
//!
//! Invariant: making them takes no lock and no formatting beyond digits into a buffer of fixed size.

use std::sync::atomic::{AtomicU64, Ordering};

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

const NODE: HeaderName = HeaderName::from_static("rakit-node");
const INDEX: HeaderName = HeaderName::from_static("rakit-index");
const LEADER_AGE: HeaderName = HeaderName::from_static("rakit-leader-age-ms");
const REQUEST: HeaderName = HeaderName::from_static("request-id");

/// Gives each request a number: a random half per process, a counter for the rest.
pub(super) struct RequestNumbers {
    process: u64,
    next: AtomicU64,
}

impl RequestNumbers {
    pub(super) fn new() -> Self {
        Self { process: Uuid::new_v4().as_u64_pair().0, next: AtomicU64::new(0) }
    }

    fn next(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(self.next_text(&mut [0; Hyphenated::LENGTH])).ok()
    }

    /// The next number in letters.
    pub(super) fn next_text<'b>(&self, buffer: &'b mut [u8; Hyphenated::LENGTH]) -> &'b [u8] {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = Uuid::from_u64_pair(self.process, number).into_bytes();
        let id = uuid::Builder::from_custom_bytes(id).into_uuid();
        id.hyphenated().encode_lower(buffer).as_bytes()
    }
}

/// Adds what every answer says of itself.
pub(super) fn add(
    headers: &mut HeaderMap,
    node: &HeaderValue,
    (index, leader_age_ms): (&HeaderValue, i64),
    numbers: &RequestNumbers,
) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(NODE, node.clone());
    headers.insert(INDEX, index.clone());
    headers.insert(LEADER_AGE, HeaderValue::from(leader_age_ms));
    if let Some(id) = numbers.next() {
        headers.insert(REQUEST, id);
    }
}
