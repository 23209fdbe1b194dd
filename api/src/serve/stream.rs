//! A connection's bytes, watched for clients that begin something and do not go on.
//!
//! Invariant: a request head is complete within its limit of its first byte, and a write that the client does
//! not take ends within its own. hyper's single header timer cannot tell an idle connection (which may wait
//! long) from a half-sent head (which may not), so the difference is made here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::BoxedStream;

/// Requests of one connection, counted by its service and read by its stream.
#[derive(Debug, Default)]
pub(super) struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Activity {
    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests whose head has arrived.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether a request has no answer yet.
    pub(super) fn busy(&self) -> bool {
        self.ended.load(Ordering::Relaxed) != self.begun()
    }
}

/// A head of which some bytes have arrived.
struct Head {
    deadline: Instant,
    /// Requests begun before it: one more means that the head is complete.
    begun: u64,
    timer: Option<Pin<Box<Sleep>>>,
}

/// The watched stream.
pub(super) struct Watched {
    inner: BoxedStream,
    activity: Arc<Activity>,
    /// `None` for HTTP/2, whose frames arrive at any time; its idle connections are closed by the connection.
    header_timeout: Option<Duration>,
    write_timeout: Duration,
    head: Option<Head>,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    pub(super) fn new(
        inner: BoxedStream,
        activity: Arc<Activity>,
        header_timeout: Option<Duration>,
        write_timeout: Duration,
    ) -> Self {
        Self { inner, activity, header_timeout, write_timeout, head: None, stalled: None }
    }

    fn bytes_arrived(&mut self) {
        let Some(limit) = self.header_timeout else { return };
        if self.head.is_none() && !self.activity.busy() {
            let now = Instant::now();
            let deadline = now.checked_add(limit).unwrap_or(now);
            self.head = Some(Head { deadline, begun: self.activity.begun(), timer: None });
        }
    }

    fn head_overdue(&mut self, context: &mut Context<'_>) -> bool {
        let complete = match &self.head {
            None => return false,
            Some(head) => head.begun != self.activity.begun(),
        };
        if complete {
            self.head = None;
            return false;
        }
        self.head.as_mut().is_some_and(|head| {
            let deadline = head.deadline;
            let timer = head.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            timer.as_mut().poll(context).is_ready()
        })
    }

    /// Passes on the result of a write; one that waits too long becomes an error.
    fn watch_write<T>(
        &mut self,
        result: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        let limit = self.write_timeout;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        match timer.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(context, buffer);
        if result.is_pending() {
            if self.head_overdue(context) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        } else if buffer.filled().len() > before {
            self.bytes_arrived();
        }
        result
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch_write(result, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(context);
        self.watch_write(result, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_shutdown(context);
        self.watch_write(result, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(context, buffers);
        self.watch_write(result, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
