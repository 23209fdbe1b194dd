//! A `clamd` that sees every upload.
//!
//! Invariant: a verdict is answered only for bytes all of which were sent and acknowledged with one; a connection
//! that breaks, a reply that is not understood and a deadline that passes are no verdict.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use api::ports::{Content, Finding, Scanner, ScannerError};
use futures_util::future::BoxFuture;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::settings;

/// Bytes sent at once; memory for one scan.
const PART_BYTES: usize = 64 * 1024;
/// Longest reply that is read, in bytes.
const REPLY_BYTES_MAX: u64 = 4_096;

/// Where a scanner listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ScannerAddress {
    /// Nowhere.
    None,
    /// A socket in the file system.
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
}

impl ScannerAddress {
    /// Reads the setting; the error is what was not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::None);
        }
        match text.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(PathBuf::from(path))),
            Some(("tcp", place)) => {
                let port = place.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
                if port.is_some_and(|port| port > 0) {
                    Ok(Self::Tcp(place.to_owned()))
                } else {
                    Err(text.to_owned())
                }
            }
            Some(_) | None => Err(text.to_owned()),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Clamd {
    address: ScannerAddress,
    deadline: Duration,
    turns: Semaphore,
}

impl Clamd {
    /// The scanner that the settings name. It need not run yet.
    #[must_use]
    pub fn new(settings: &settings::Scanner) -> Self {
        Self {
            address: ScannerAddress::parse(&settings.address).unwrap_or(ScannerAddress::None),
            deadline: Duration::from_millis(settings.deadline_ms),
            turns: Semaphore::new(settings.scans_max),
        }
    }

    async fn ask(&self, content: &dyn Content) -> Result<Finding, ScannerError> {
        let _turn = self.turns.acquire().await.map_err(|error| ScannerError(error.to_string()))?;
        match &self.address {
            ScannerAddress::None => Err(ScannerError("no scanner is set (scanner.address)".to_owned())),
            ScannerAddress::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                converse(stream.map_err(|error| failed(&path.display(), &error))?, content).await
            }
            ScannerAddress::Tcp(place) => {
                let stream = TcpStream::connect(place).await;
                converse(stream.map_err(|error| failed(place, &error))?, content).await
            }
        }
    }
}

impl Scanner for Clamd {
    fn scan<'a>(&'a self, content: &'a dyn Content) -> BoxFuture<'a, Result<Finding, ScannerError>> {
        Box::pin(async move {
            let asked = timeout(self.deadline, self.ask(content)).await;
            asked.unwrap_or_else(|_| Err(ScannerError("clamd gave no verdict in time".to_owned())))
        })
    }
}

fn failed(what: &dyn std::fmt::Display, error: &io::Error) -> ScannerError {
    ScannerError(format!("clamd at {what}: {error}"))
}

/// One session: what it is, then what it says about the bytes.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    content: &dyn Content,
) -> Result<Finding, ScannerError> {
    let (reading, mut writing) = tokio::io::split(stream);
    let mut replies = BufReader::new(reading);
    let broken = |error: io::Error| ScannerError(format!("clamd: {error}"));
    writing.write_all(b"zIDSESSION\0zVERSION\0").await.map_err(broken)?;
    let engine = reply(&mut replies, 1).await?;
    let sent = send(&mut writing, content).await?;
    // Also when it closed while bytes were sent: then it says why.
    let verdict = reply(&mut replies, 2).await;
    sent.map_err(|error| match &verdict {
        Ok(said) | Err(ScannerError(said)) => {
            ScannerError(format!("clamd took not all: {error}; it said {said}"))
        }
    })?;
    let found = parse(&verdict?)?;
    // The verdict is there; how the session ends is of no matter.
    drop(writing.write_all(b"zEND\0").await);
    Ok(Finding { engine, found })
}

/// Sends all bytes; the inner error is of the connection.
async fn send<W: AsyncWrite + Unpin>(
    writing: &mut W,
    content: &dyn Content,
) -> Result<io::Result<()>, ScannerError> {
    if let Err(error) = writing.write_all(b"zINSTREAM\0").await {
        return Ok(Err(error));
    }
    let mut offset = 0_u64;
    loop {
        let part = content.read(offset, PART_BYTES).await;
        let part = part.map_err(|error| ScannerError(format!("what is to be scanned: {error}")))?;
        let length = u32::try_from(part.len()).map_err(|error| ScannerError(error.to_string()))?;
        if let Err(error) = part_out(writing, length, &part).await {
            return Ok(Err(error));
        }
        if length == 0 {
            return Ok(Ok(()));
        }
        offset = offset.saturating_add(u64::from(length));
    }
}

async fn part_out<W: AsyncWrite + Unpin>(writing: &mut W, length: u32, part: &[u8]) -> io::Result<()> {
    writing.write_all(&length.to_be_bytes()).await?;
    writing.write_all(part).await?;
    writing.flush().await
}

/// The reply to the command of that number in the session.
async fn reply<R: AsyncRead + Unpin>(
    replies: &mut BufReader<R>,
    number: u32,
) -> Result<String, ScannerError> {
    let mut bytes = Vec::new();
    let read = replies.take(REPLY_BYTES_MAX).read_until(0, &mut bytes).await;
    read.map_err(|error| ScannerError(format!("clamd: {error}")))?;
    if bytes.pop() != Some(0) {
        return Err(ScannerError("clamd ended without a word".to_owned()));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let said = text.strip_prefix(&format!("{number}: ")).map(str::to_owned);
    said.ok_or_else(|| ScannerError(format!("clamd said {text:?}")))
}

/// Reads a verdict: nothing, something, or an error.
fn parse(said: &str) -> Result<Option<String>, ScannerError> {
    let strange = || ScannerError(format!("clamd said {said:?}"));
    let verdict = said.strip_prefix("stream: ").ok_or_else(strange)?;
    if verdict == "OK" {
        return Ok(None);
    }
    verdict.strip_suffix(" FOUND").map(|found| Some(found.to_owned())).ok_or_else(strange)
}

/// Looks at a whole conversation of a scanner, a reply a zero byte.
#[cfg(any(test, fuzzing))]
pub(crate) fn look_at(said: &str) {
    for (number, line) in said.split('\0').enumerate() {
        let found = parse(line);
        // Clean is one word only: whatever is strange, is no verdict.
        assert!(number > 0 || !matches!(found, Ok(None)) || line == "stream: OK", "{line:?}");
    }
}

#[cfg(test)]
#[path = "scanner_tests.rs"]
mod tests;
