//! What a listener counts about itself, for metrics and for tests.
//!
//! Invariant: counters only grow, but for the number of open connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one listener.
#[derive(Debug, Default)]
pub struct Counters {
    open: AtomicU64,
    accepted: AtomicU64,
    shed: AtomicU64,
    handshakes_failed: AtomicU64,
    requests: AtomicU64,
    requests_late: AtomicU64,
}

/// The counters of the listeners that speak HTTP to people. Clones are the same counters.
#[derive(Clone, Debug, Default)]
pub struct ListenerCounters {
    /// For everybody.
    pub public: Arc<Counters>,
    /// For officers.
    pub officer: Arc<Counters>,
    /// For operators.
    pub ops: Arc<Counters>,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Connections open now.
    pub open: u64,
    /// Connections taken so far.
    pub accepted: u64,
    /// Connections closed at once because there were too many, of all or of one address.
    pub shed: u64,
    /// Connections that never came to HTTP.
    pub handshakes_failed: u64,
    /// Requests begun.
    pub requests: u64,
    /// Requests that had no answer within their deadline.
    pub requests_late: u64,
}

impl Counters {
    /// All counters now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            open: self.open.load(Ordering::Relaxed),
            accepted: self.accepted.load(Ordering::Relaxed),
            shed: self.shed.load(Ordering::Relaxed),
            handshakes_failed: self.handshakes_failed.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            requests_late: self.requests_late.load(Ordering::Relaxed),
        }
    }

    pub(super) fn opened(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn shed(&self) {
        self.shed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn handshake_failed(&self) {
        self.handshakes_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn requests(&self, count: u64) {
        self.requests.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn request_late(&self) {
        self.requests_late.fetch_add(1, Ordering::Relaxed);
    }
}
