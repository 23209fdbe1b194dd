//! Answers that are ready before anybody asks, written without the machinery that other requests need.
//!
//! Invariant: only a whole, plain request is answered here: GET or HEAD of HTTP/1.1, a path and no body. At the first that is
//! anything else the connection goes on in hyper, with all bytes that were read and none that were answered, so nobody
//! is told something that hyper would not have told. The deadlines are those of the listener.

use std::io;
use std::io::IoSlice;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{BoxedStream, Counters, Limits};

/// Headers of a request that is answered here.
const HEADERS_MAX: usize = 48;
/// Bytes that are read for a first request: what browsers send.
const READ_BYTES: usize = 2 * 1024;
/// Answers to requests that came together are gathered up to these bytes.
const GATHERED_BYTES_MAX: usize = 32 * 1024;
/// Bodies above it are not copied beside their heads.
const COPIED_BYTES_MAX: usize = 4 * 1024;

/// A request as far as a ready answer may depend on it.
#[derive(Clone, Copy, Debug)]
pub struct ReadyRequest<'a> {
    /// Whether the body is left out.
    pub head: bool,
    /// The path.
    pub path: &'a str,
    /// What follows the question mark.
    pub query: Option<&'a str>,
    /// Values of `Accept-Encoding` and `If-None-Match`.
    pub headers: &'a [httparse::Header<'a>],
}

impl ReadyRequest<'_> {
    /// All values of a header.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    }
}

/// Where ready answers come from.
pub trait Ready: Send + Sync + 'static {
    /// Writes the head of the answer, its last empty line included, behind what is there, and answers the body; `None`, with
    /// nothing written, when there is no answer.
    fn answer(&self, request: &ReadyRequest<'_>, head: &mut Vec<u8>) -> Option<Bytes>;
}

/// How a connection went on.
pub(super) enum Left {
    /// It ended.
    Ended,
    /// It goes on elsewhere: what was read of it, and its stream.
    Other(Rewound),
}

/// Answers what is ready on a connection, until something else is asked for.
pub(super) async fn serve(
    mut stream: BoxedStream,
    ready: &dyn Ready,
    (limits, counters): (&Limits, &Counters),
    stopping: &mut watch::Receiver<bool>,
) -> Left {
    let mut talk = Talk::default();
    let mut stop = pin!(async { drop(stopping.wait_for(|stop| *stop).await) });
    // When the connection was last of use, and when the head under way began.
    let (mut used, mut begun) = (Instant::now(), None::<Instant>);
    let mut timer = pin!(tokio::time::sleep_until(after(used, limits.idle_timeout)));
    loop {
        let (ending, body, answers) = talk.answer(ready);
        if answers > 0 {
            counters.requests(answers);
            if write(&mut stream, &talk.out, body.as_ref(), limits.write_timeout).await.is_err() {
                return Left::Ended;
            }
            talk.out.clear();
            (used, begun) = (Instant::now(), None);
        }
        match ending {
            Ending::Full => continue,
            Ending::Other => return Left::Other(Rewound { read: talk.read, stream }),
            Ending::Partial if talk.read.len() >= limits.buffer_bytes_max => {
                return Left::Other(Rewound { read: talk.read, stream });
            }
            Ending::Partial => {}
        }
        if !talk.read.is_empty() {
            begun = begun.or_else(|| Some(Instant::now()));
        }
        if let Some(begun) = begun {
            timer.as_mut().reset(after(begun, limits.header_timeout));
        }
        talk.read.reserve(READ_BYTES);
        loop {
            tokio::select! {
                biased;
                result = stream.read_buf(&mut talk.read) => match result {
                    Ok(0) | Err(_) => return Left::Ended,
                    Ok(_) => break,
                },
                () = timer.as_mut() => {
                    let since = begun.map_or((used, limits.idle_timeout), |begun| (begun, limits.header_timeout));
                    let due = after(since.0, since.1);
                    if due <= Instant::now() {
                        return Left::Ended;
                    }
                    // Moved only when it fires: a connection in use costs no timer.
                    timer.as_mut().reset(due);
                }
                () = stop.as_mut() => return Left::Ended,
            }
        }
    }
}

/// What was read and is not answered yet, and what is answered and not written yet.
#[derive(Default)]
struct Talk {
    read: BytesMut,
    out: Vec<u8>,
}

/// Why no more of what was read is answered now.
enum Ending {
    /// It ends within a request.
    Partial,
    /// So much is answered that it is written first.
    Full,
    /// Something that is answered elsewhere comes next.
    Other,
}

impl Talk {
    /// Answers what can be; a body that is too large to copy comes after what is gathered. Says how many were answered.
    fn answer(&mut self, ready: &dyn Ready) -> (Ending, Option<Bytes>, u64) {
        let mut answers = 0_u64;
        while self.out.len() < GATHERED_BYTES_MAX {
            match parse(&self.read, ready, &mut self.out) {
                Parsed::Answered(length, body) => {
                    self.read.advance(length);
                    answers = answers.saturating_add(1);
                    if body.is_some() {
                        return (Ending::Full, body, answers);
                    }
                }
                Parsed::Partial => return (Ending::Partial, None, answers),
                Parsed::Other => return (Ending::Other, None, answers),
            }
        }
        (Ending::Full, None, answers)
    }
}

fn after(since: Instant, limit: Duration) -> Instant {
    since.checked_add(limit).unwrap_or(since)
}

/// What a connection's bytes begin with.
enum Parsed {
    /// A request of so many bytes whose answer was written, but for a body that is too large to copy.
    Answered(usize, Option<Bytes>),
    /// Part of a request.
    Partial,
    /// Something that is answered elsewhere.
    Other,
}

fn parse(read: &[u8], ready: &dyn Ready, out: &mut Vec<u8>) -> Parsed {
    if read.is_empty() {
        return Parsed::Partial;
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(read) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Other,
    };
    let head = match request.method {
        Some("GET") => false,
        Some("HEAD") => true,
        Some(_) | None => return Parsed::Other,
    };
    if request.version != Some(1) || !request.headers.iter().all(plain) {
        return Parsed::Other;
    }
    let Some(target) = request.path.filter(|target| target.starts_with('/')) else { return Parsed::Other };
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let asked = ReadyRequest { head, path, query, headers: request.headers };
    let Some(body) = ready.answer(&asked, out) else { return Parsed::Other };
    if head || body.is_empty() {
        return Parsed::Answered(length, None);
    }
    if body.len() > COPIED_BYTES_MAX {
        return Parsed::Answered(length, Some(body));
    }
    out.extend_from_slice(&body);
    Parsed::Answered(length, None)
}

/// Whether a header changes nothing about how the request and its answer are framed.
fn plain(header: &httparse::Header<'_>) -> bool {
    const FRAMING: [&str; 5] = ["content-length", "transfer-encoding", "expect", "upgrade", "trailer"];
    if header.name.eq_ignore_ascii_case("connection") {
        return header.value.eq_ignore_ascii_case(b"keep-alive");
    }
    !FRAMING.iter().any(|name| header.name.eq_ignore_ascii_case(name))
}

/// Writes an answer; a client that takes none of it for too long is left.
async fn write(
    stream: &mut BoxedStream,
    head: &[u8],
    body: Option<&Bytes>,
    limit: Duration,
) -> io::Result<()> {
    let mut written = 0;
    if let Some(body) = body {
        while written < head.len() {
            let rest = head.get(written..).unwrap_or_default();
            let slices = [IoSlice::new(rest), IoSlice::new(body)];
            let wrote = timed(limit, stream.write_vectored(&slices)).await?;
            if wrote == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            written = written.saturating_add(wrote);
        }
    } else {
        return timed_whole(limit, stream, head).await;
    }
    let rest = body.and_then(|body| body.get(written.saturating_sub(head.len())..)).unwrap_or_default();
    timed_whole(limit, stream, rest).await
}

/// Writes it all; each piece has its own time.
async fn timed_whole(limit: Duration, stream: &mut BoxedStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let wrote = timed(limit, stream.write(bytes)).await?;
        if wrote == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = bytes.get(wrote..).unwrap_or_default();
    }
    timed(limit, stream.flush()).await
}

/// Most writes are done at once: a timer is made only for the others.
async fn timed<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut work = pin!(work);
    let at_once = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
    match at_once {
        Poll::Ready(result) => result,
        Poll::Pending => {
            tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        }
    }
}

/// A stream with bytes that were read from it already.
pub(super) struct Rewound {
    read: BytesMut,
    stream: BoxedStream,
}

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.read.len().min(buffer.remaining());
        let part = self.read.split_to(length);
        buffer.put_slice(&part);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
