//! One connection of HTTP/1.1 and nothing else: what a load generator can afford.
//!
//! Invariant: an answer is read to its last byte before the next request is sent.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const BUFFER_BYTES: usize = 64 * 1024;

/// See the module.
pub(crate) struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: vec![0; BUFFER_BYTES] }
    }

    /// Asks for a path; the status of the whole answer, `None` when the connection ended before.
    pub(crate) async fn ask(&mut self, path: &str) -> Option<u16> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: rakit\r\n\r\n");
        self.stream.write_all(head.as_bytes()).await.ok()?;
        let mut filled = 0;
        let (length, status) = loop {
            let room = self.buffer.get_mut(filled..)?;
            filled += self.stream.read(room).await.ok().filter(|read| *read > 0)?;
            if let Some(parsed) = whole(&self.buffer[..filled]) {
                break parsed;
            }
        };
        let mut left = length.saturating_sub(filled);
        while left > 0 {
            let room = left.min(self.buffer.len());
            left -= self.stream.read(&mut self.buffer[..room]).await.ok().filter(|read| *read > 0)?;
        }
        Some(status)
    }
}

/// Bytes of the whole answer and its status, once its head is there.
fn whole(bytes: &[u8]) -> Option<(usize, u16)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some((end + length.unwrap_or(0), status))
}
