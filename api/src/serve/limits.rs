//! How much and how long one listener gives its clients.
//!
//! Invariant: every limit has a name and a unit, and none is infinite.

use std::time::Duration;

use crate::limits::{UPLOAD_MS_MAX, UPLOAD_TURN_MS_MAX};

/// Limits of one listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Connections open at once; one more is closed at once.
    pub connections_max: usize,
    /// TLS handshakes at work at once; others wait, within [`Self::handshake_timeout`].
    pub handshakes_max: usize,
    /// From the accepted connection to the first byte of HTTP.
    pub handshake_timeout: Duration,
    /// From the first byte of a request's head to its last.
    pub header_timeout: Duration,
    /// A connection without any request at work.
    pub idle_timeout: Duration,
    /// From a request's head to the head of its answer. Longer than the longest wait that `api.md` lets a
    /// client ask for, which is the 30 s of `/changes`.
    pub request_timeout: Duration,
    /// From a request's head to the last byte of its body.
    pub body_timeout: Duration,
    /// The one call whose body is long, and how long it may take.
    pub upload: Option<UploadLimits>,
    /// A write during which the client takes no byte.
    pub write_timeout: Duration,
    /// Read and write buffer of an HTTP/1 connection, in bytes. A head is refused once it fills the buffer twice: what
    /// was read before may be its beginning.
    pub buffer_bytes_max: usize,
    /// Streams open at once in an HTTP/2 connection.
    pub streams_max: u32,
    /// Header list of an HTTP/2 request, in bytes.
    pub header_list_bytes_max: u32,
    /// From the order to stop until connections are cut.
    pub shutdown_timeout: Duration,
}

/// A call that takes longer than others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UploadLimits {
    /// Its path; the method is POST.
    pub path: &'static str,
    /// From its head to the last byte of its body.
    pub body_timeout: Duration,
    /// From its head to the head of its answer.
    pub request_timeout: Duration,
}

impl UploadLimits {
    /// Photos over the slowest line that is borne, then the scanner, the wait for the one thread that decodes, its
    /// work, and a majority's disks.
    const fn attachments() -> Self {
        Self {
            path: "/api/v1/attachments",
            // A second more than the handler gives, so that its words are what the client reads.
            body_timeout: Duration::from_millis(UPLOAD_MS_MAX.saturating_add(1_000)),
            request_timeout: Duration::from_millis(
                UPLOAD_MS_MAX.saturating_add(UPLOAD_TURN_MS_MAX.saturating_mul(3)),
            ),
        }
    }
}

impl Limits {
    /// The limits of one request.
    #[must_use]
    pub fn of(&self, method: &http::Method, path: &str) -> Self {
        let upload = self.upload.filter(|upload| method == http::Method::POST && path == upload.path);
        match upload {
            None => *self,
            Some(upload) => {
                Self { body_timeout: upload.body_timeout, request_timeout: upload.request_timeout, ..*self }
            }
        }
    }

    /// For the listener that everybody can reach.
    #[must_use]
    pub const fn public() -> Self {
        Self {
            connections_max: 8_192,
            handshakes_max: 64,
            handshake_timeout: Duration::from_secs(5),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(35),
            body_timeout: Duration::from_secs(10),
            upload: None,
            write_timeout: Duration::from_secs(30),
            buffer_bytes_max: 16 * 1024,
            streams_max: 64,
            header_list_bytes_max: 16 * 1024,
            shutdown_timeout: Duration::from_secs(5),
        }
    }

    /// For officers: fewer connections, longer bodies (a batch of 4 MiB over a slow line).
    #[must_use]
    pub const fn officer() -> Self {
        Self {
            connections_max: 4_096,
            body_timeout: Duration::from_secs(30),
            upload: Some(UploadLimits::attachments()),
            idle_timeout: Duration::from_mins(1),
            buffer_bytes_max: 64 * 1024,
            shutdown_timeout: Duration::from_secs(10),
            ..Self::public()
        }
    }

    /// For operators: a few clients that may upload master data.
    #[must_use]
    pub const fn ops() -> Self {
        Self {
            connections_max: 64,
            handshakes_max: 8,
            body_timeout: Duration::from_secs(30),
            buffer_bytes_max: 64 * 1024,
            ..Self::public()
        }
    }
}
