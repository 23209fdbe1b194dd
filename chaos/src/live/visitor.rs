//! Who visits the public side of one node: a question is asked once, and what is answered is handed on as it came.
//!
//! Invariant: nothing is asked again, unpacked or left out here: a judge hears what the node said. What broke off is no
//! answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::timeout;

use super::transport::HttpTransport;

/// Headers of a question.
pub(super) type Headers<'h> = &'h [(&'static str, String)];

/// See the module.
pub(super) struct Visitor {
    /// The node's number.
    pub(super) id: u64,
    base: String,
    transport: Arc<HttpTransport>,
    process: Arc<AtomicU32>,
}

/// An answer.
pub(super) struct Visit {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A message of a stream of events.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Message {
    pub(super) id: Option<u64>,
    pub(super) kind: String,
    pub(super) data: String,
}

/// A stream of events that is open.
pub(super) struct Heard {
    response: reqwest::Response,
    buffer: Vec<u8>,
}

impl Visitor {
    /// Of a node, whose process has that number at the kernel.
    pub(super) const fn new(
        id: u64,
        base: String,
        transport: Arc<HttpTransport>,
        process: Arc<AtomicU32>,
    ) -> Self {
        Self { id, base, transport, process }
    }

    /// The number of the node's process; of the last one when none runs.
    pub(super) fn process(&self) -> u32 {
        self.process.load(Ordering::Relaxed)
    }

    async fn begin(&self, path: &str, headers: Headers<'_>) -> Option<reqwest::Response> {
        let mut request = self.transport.client().get(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.send().await.ok()
    }

    /// Asks; `None` when there was no whole answer in that time.
    pub(super) async fn get(&self, path: &str, headers: Headers<'_>, patience: Duration) -> Option<Visit> {
        let whole = async {
            let response = self.begin(path, headers).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Some(Visit { status, headers, body: response.bytes().await.ok()? })
        };
        timeout(patience, whole).await.ok().flatten()
    }

    /// Listens to events; answers also what the stream began with, without a body.
    pub(super) async fn listen(
        &self,
        path: &str,
        last: Option<u64>,
        patience: Duration,
    ) -> Option<(Visit, Heard)> {
        let headers: Vec<_> = last.map(|last| ("last-event-id", last.to_string())).into_iter().collect();
        let response = timeout(patience, self.begin(path, &headers)).await.ok().flatten()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let visit = Visit { status, headers, body: Bytes::new() };
        Some((visit, Heard { response, buffer: Vec::new() }))
    }
}

impl Visit {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The index of the log that the answer says it is of.
    pub(super) fn index(&self) -> Option<u64> {
        self.header("rakit-index")?.parse().ok()
    }

    /// How old the answer says it is.
    pub(super) fn age_ms(&self) -> Option<i64> {
        self.header("rakit-leader-age-ms")?.parse().ok()
    }
}

impl Heard {
    /// The next message; comments are none. `None` when the stream has ended: what was begun then is no message. Whoever
    /// stops waiting loses nothing.
    pub(super) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = take_message(&mut self.buffer) {
                return Some(message);
            }
            let piece = self.response.chunk().await.ok().flatten()?;
            self.buffer.extend_from_slice(&piece);
        }
    }
}

/// Takes the first whole message out of what has come.
fn take_message(buffer: &mut Vec<u8>) -> Option<Message> {
    const END: &[u8] = b"\n\n";
    loop {
        let end = buffer.windows(END.len()).position(|window| window == END)?;
        let block: Vec<u8> = buffer.drain(..end.saturating_add(END.len())).collect();
        let message = message(&String::from_utf8_lossy(&block));
        if message.is_some() {
            return message;
        }
    }
}

/// The message of a block; `None` for one of comments and settings.
fn message(block: &str) -> Option<Message> {
    let mut message = Message::default();
    let mut some = false;
    for line in block.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => message.id = value.parse().ok(),
            "event" => value.clone_into(&mut message.kind),
            "data" => message.data.push_str(value),
            _ => continue,
        }
        some = true;
    }
    some.then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_however_they_are_cut() {
        let stream = b"retry: 3000\n\nid: 7\nevent: result\ndata: {\"a\":1}\n\n:\n\nid: 9\nevent: result\ndata: {}\n\nid: 1";
        let message =
            |id, data: &str| Message { id: Some(id), kind: "result".to_owned(), data: data.to_owned() };
        for size in [1, 2, 3, 7, stream.len()] {
            let (mut buffer, mut found) = (Vec::new(), Vec::new());
            for piece in stream.chunks(size) {
                buffer.extend_from_slice(piece);
                found.extend(std::iter::from_fn(|| take_message(&mut buffer)));
            }
            assert_eq!(found, [message(7, "{\"a\":1}"), message(9, "{}")], "{size}");
            assert_eq!(buffer, b"id: 1", "what was begun and not ended is no message");
        }
    }
}
