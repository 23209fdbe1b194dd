//! A page and its two packed neighbours, as servers of files look for them: `.gz` and `.br`.
//!
//! Invariant: each neighbour unpacks to the page; one that is not smaller is left out. The same bytes are always packed
//! in the same way.

use api::packing;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tally::ids::hex;

/// Gzip's effort: pages are packed once and sent for ever.
const GZIP_LEVEL: u32 = 9;
/// Brotli's effort: beyond it time grows tenfold for a few hundredths.
const BROTLI_QUALITY: u32 = 9;
/// Brotli's window, as a power of two, larger than any page.
const BROTLI_WINDOW: u32 = 20;

/// How a neighbour is packed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Packing {
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Packing {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Gzip, Self::Brotli];

    /// What its files end with.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Brotli => ".br",
        }
    }
}

/// The bytes of a page, ready to be written.
#[derive(Clone, Debug)]
pub struct Content {
    /// As they are.
    pub plain: Bytes,
    /// Packed with gzip, where that is smaller.
    pub gzip: Option<Vec<u8>>,
    /// Packed with brotli, where that is smaller.
    pub brotli: Option<Vec<u8>>,
}

impl Content {
    /// Packs a page.
    #[must_use]
    pub fn pack(plain: Bytes) -> Self {
        let smaller = |packed: &Vec<u8>| packed.len() < plain.len();
        let gzip = packing::gzip(&plain, GZIP_LEVEL).filter(smaller);
        let brotli = packing::brotli(&plain, BROTLI_QUALITY, BROTLI_WINDOW).filter(smaller);
        Self { plain, gzip, brotli }
    }

    /// The bytes of a neighbour, if it is worth having.
    #[must_use]
    pub fn packed(&self, packing: Packing) -> Option<&[u8]> {
        match packing {
            Packing::Gzip => self.gzip.as_deref(),
            Packing::Brotli => self.brotli.as_deref(),
        }
    }
}

/// SHA-256 of bytes, hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn neighbours_unpack_to_the_page() {
        let plain = Bytes::from("<p>suara sah</p>\n".repeat(200));
        let content = Content::pack(plain.clone());
        let mut unpacked = Vec::new();
        let gzip = content.packed(Packing::Gzip).expect("smaller");
        flate2::read::GzDecoder::new(gzip).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, plain);
        let mut unpacked = Vec::new();
        let packed = content.packed(Packing::Brotli).expect("smaller");
        brotli::Decompressor::new(packed, 4_096).read_to_end(&mut unpacked).expect("brotli");
        assert_eq!(unpacked, plain);
    }

    #[test]
    fn what_does_not_get_smaller_has_no_neighbours() {
        let content = Content::pack(Bytes::from_static(b"{}"));
        assert!(Packing::ALL.into_iter().all(|packing| content.packed(packing).is_none()));
    }
}
