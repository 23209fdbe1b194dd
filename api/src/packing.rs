//! Bytes packed as HTTP names it: gzip (RFC 1952) and Brotli (RFC 7932).
//!
//! Invariant: the same bytes with the same effort are always packed in the same way, on every node.

use std::io::Write as _;

/// Bytes that brotli takes at once.
const BROTLI_BUFFER_BYTES: usize = 4_096;

/// Packs with gzip; effort from 1 to 9.
#[must_use]
pub fn gzip(plain: &[u8], effort: u32) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(effort));
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

/// Packs with Brotli; effort from 0 to 11, and the window as a power of two.
#[must_use]
pub fn brotli(plain: &[u8], effort: u32, window: u32) -> Option<Vec<u8>> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), BROTLI_BUFFER_BYTES, effort, window);
    encoder.write_all(plain).ok()?;
    Some(encoder.into_inner())
}
