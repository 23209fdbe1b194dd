//! A connection between two nodes as TCP gives it: bytes come late, or not for a while, or the connection breaks.
//!
//! Invariant: what arrives is what was sent, in order and without gaps, up to the point where the connection breaks.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::moment::{now_ms, sleep_ms};
use super::network::Network;
use super::trace::{Kind, number_of};

/// Bytes on their way in one direction before a writer has to wait: what a socket buffers.
const BUFFER_BYTES: usize = 256 * 1024;
/// A sender whose bytes nobody acknowledges for so long breaks the connection (`TCP_USER_TIMEOUT`).
const UNACKNOWLEDGED_MS: u64 = 1_000;

/// Bytes on their way, or, when there are none, the end.
#[derive(Debug)]
struct Part {
    /// When they arrive; `None` while the way is cut.
    due_ms: Option<u64>,
    bytes: Bytes,
}

/// One direction.
#[derive(Debug, Default)]
struct Pipe {
    parts: VecDeque<Part>,
    bytes: usize,
    last_due_ms: u64,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Since when something sent into it stays unacknowledged.
    stalled_since: Option<u64>,
    ended: bool,
}

impl Pipe {
    fn wake(&mut self) {
        self.reader.take().into_iter().for_each(Waker::wake);
        self.writer.take().into_iter().for_each(Waker::wake);
    }
}

/// Both directions; the first is from the one who dialled.
#[derive(Debug)]
pub(super) struct Connection {
    ends: [u64; 2],
    pipes: [Pipe; 2],
    /// Whose side is broken.
    broken: [bool; 2],
}

const fn other(side: usize) -> usize {
    1_usize.saturating_sub(side)
}

impl Connection {
    fn pipe(&mut self, side: usize) -> &mut Pipe {
        let [first, second] = &mut self.pipes;
        if side == 0 { first } else { second }
    }

    fn end(&self, side: usize) -> u64 {
        let [first, second] = self.ends;
        if side == 0 { first } else { second }
    }

    fn is_broken(&self, side: usize) -> bool {
        let [first, second] = self.broken;
        if side == 0 { first } else { second }
    }

    fn break_side(&mut self, side: usize) {
        let [first, second] = &mut self.broken;
        *(if side == 0 { first } else { second }) = true;
        self.pipe(0).wake();
        self.pipe(1).wake();
    }

    /// The connection breaks for both.
    pub(super) fn break_both(&mut self) {
        self.break_side(0);
        self.break_side(1);
    }

    /// A node is gone. Its system says so to the others, unless it went down with it.
    pub(super) fn lose(&mut self, node: u64, silently: bool, network: &Network) {
        for side in [0, 1] {
            if self.end(side) == node && !self.is_broken(side) {
                if !silently {
                    self.send(side, Bytes::new(), network);
                }
                self.break_side(side);
            }
        }
    }

    /// Ways are open again: what was held up arrives, later than it would have.
    pub(super) fn reopen(&mut self, network: &Network) {
        for side in [0, 1] {
            let (from, to) = (self.end(side), self.end(other(side)));
            if network.is_cut(from, to) {
                continue;
            }
            let gone = self.is_broken(other(side));
            let pipe = self.pipe(side);
            pipe.stalled_since = None;
            if gone && !pipe.parts.is_empty() {
                // Whoever is there now knows nothing of this connection.
                self.break_side(side);
                continue;
            }
            if pipe.parts.iter().any(|part| part.due_ms.is_none()) {
                let due_ms = now_ms().saturating_add(network.retransmit_ms()).max(pipe.last_due_ms);
                pipe.parts.iter_mut().for_each(|part| part.due_ms = part.due_ms.or(Some(due_ms)));
                pipe.last_due_ms = due_ms;
            }
            pipe.wake();
        }
    }

    fn send(&mut self, side: usize, bytes: Bytes, network: &Network) {
        let (from, to) = (self.end(side), self.end(other(side)));
        let due_ms = network.due_ms(from, to);
        let pipe = self.pipe(side);
        // Behind what is held up everything is held up.
        let held = pipe.parts.back().is_some_and(|part| part.due_ms.is_none());
        let due_ms = due_ms.filter(|_| !held).map(|due_ms| due_ms.max(pipe.last_due_ms));
        pipe.last_due_ms = due_ms.unwrap_or(pipe.last_due_ms);
        pipe.bytes = pipe.bytes.saturating_add(bytes.len());
        network.trace.add(Kind::Sent, &[from, to, due_ms.unwrap_or_default(), number_of(&bytes)]);
        pipe.parts.push_back(Part { due_ms, bytes });
        pipe.reader.take().into_iter().for_each(Waker::wake);
    }

    /// Whether bytes or their acknowledgement do not get through; from then on the sender's patience runs.
    fn stalls(&mut self, side: usize, network: &Network) -> Option<u64> {
        let (from, to) = (self.end(side), self.end(other(side)));
        if !network.is_cut(from, to) && !network.is_cut(to, from) {
            return None;
        }
        let pipe = self.pipe(side);
        if pipe.stalled_since.is_some() {
            return None;
        }
        pipe.stalled_since = Some(now_ms());
        pipe.stalled_since
    }
}

type Shared = Arc<Mutex<Connection>>;

pub(super) fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One end of a connection.
pub(super) struct Stream {
    shared: Shared,
    side: usize,
    network: Network,
    wait: Option<Pin<Box<Sleep>>>,
}

/// A connection from one node to another: its ends, and what the network knows it by.
pub(super) fn connect(from: u64, to: u64, network: &Network) -> (Stream, Stream, Shared) {
    let connection =
        Connection { ends: [from, to], pipes: [Pipe::default(), Pipe::default()], broken: [false; 2] };
    let shared = Arc::new(Mutex::new(connection));
    let stream = |side| Stream { shared: Arc::clone(&shared), side, network: network.clone(), wait: None };
    (stream(0), stream(1), shared)
}

fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

/// Breaks a side whose bytes stay unacknowledged.
fn run_out_of_patience(shared: &Shared, side: usize, since_ms: u64) {
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        sleep_ms(UNACKNOWLEDGED_MS).await;
        let Some(shared) = shared.upgrade() else { return };
        let mut connection = locked(&shared);
        if connection.pipe(side).stalled_since == Some(since_ms) {
            connection.break_side(side);
        }
    });
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let shared = Arc::clone(&self.shared);
        loop {
            let mut connection = locked(&shared);
            if connection.is_broken(self.side) {
                return Poll::Ready(Err(reset()));
            }
            let here = connection.end(self.side);
            let pipe = connection.pipe(other(self.side));
            let now_ms = now_ms();
            let Some(part) = pipe.parts.front_mut() else {
                if pipe.ended {
                    return Poll::Ready(Ok(()));
                }
                pipe.reader = Some(context.waker().clone());
                return Poll::Pending;
            };
            pipe.reader = Some(context.waker().clone());
            let Some(due_ms) = part.due_ms else { return Poll::Pending };
            if due_ms <= now_ms {
                if part.bytes.is_empty() {
                    pipe.ended = true;
                    pipe.parts.clear();
                    return Poll::Ready(Ok(()));
                }
                self.network.note_arrival(here);
                let count = part.bytes.len().min(buffer.remaining());
                buffer.put_slice(part.bytes.get(..count).unwrap_or_default());
                part.bytes.advance(count);
                if part.bytes.is_empty() {
                    pipe.parts.pop_front();
                }
                pipe.bytes = pipe.bytes.saturating_sub(count);
                pipe.writer.take().into_iter().for_each(Waker::wake);
                return Poll::Ready(Ok(()));
            }
            drop(connection);
            let mut wait = Box::pin(sleep_ms_handle(due_ms.saturating_sub(now_ms)));
            let waited = Future::poll(wait.as_mut(), context);
            self.wait = Some(wait);
            if waited.is_pending() {
                return Poll::Pending;
            }
        }
    }
}

fn sleep_ms_handle(duration_ms: u64) -> Sleep {
    tokio::time::sleep(std::time::Duration::from_millis(duration_ms))
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let (side, network) = (self.side, &self.network);
        let mut connection = locked(&self.shared);
        let (from, to) = (connection.end(side), connection.end(other(side)));
        let reachable = !network.is_cut(from, to) && !network.is_cut(to, from);
        if connection.is_broken(side) || (connection.is_broken(other(side)) && reachable) {
            connection.break_side(side);
            return Poll::Ready(Err(reset()));
        }
        let pipe = connection.pipe(side);
        if pipe.bytes >= BUFFER_BYTES {
            pipe.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        connection.send(side, Bytes::copy_from_slice(bytes), network);
        if let Some(since_ms) = connection.stalls(side, network) {
            run_out_of_patience(&self.shared, side, since_ms);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut connection = locked(&self.shared);
        if !connection.is_broken(self.side) {
            connection.send(self.side, Bytes::new(), &self.network);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut connection = locked(&self.shared);
        if !connection.is_broken(self.side) {
            connection.send(self.side, Bytes::new(), &self.network);
            connection.break_side(self.side);
        }
    }
}
