//! Reading an attachment in parts.
//!
//! Invariant: no byte is handed out that was not part of a whole that had the right SHA-256: the first pass
//! compares it and notes a checksum of each block; every later read compares the blocks it touches.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tally::ids::hex;

use super::files::BlobFiles;
use super::record::BlobRecord;
use crate::StoreError;

/// Largest part that is read at once, in bytes.
pub const PART_BYTES_MAX: usize = 1024 * 1024;
/// What a checksum of a reader covers.
const BLOCK_BYTES: usize = 64 * 1024;
/// What the first pass reads at once.
const PASS_BYTES: usize = 4 * BLOCK_BYTES;

/// An attachment that was whole when it was opened. Every call may wait for the disk.
#[derive(Clone, Debug)]
pub struct BlobReader<F> {
    files: F,
    path: String,
    record: BlobRecord,
    /// CRC-32C of each block.
    checksums: Vec<u32>,
}

fn bytes_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl<F: BlobFiles> BlobReader<F> {
    pub(super) fn check(files: F, path: String, record: BlobRecord) -> Result<Self, StoreError> {
        let mut hasher = Sha256::new();
        let mut checksums = Vec::new();
        let mut offset = 0;
        while offset < record.size {
            let length = record.size.saturating_sub(offset).min(bytes_of(PASS_BYTES));
            let length = usize::try_from(length).unwrap_or(PASS_BYTES);
            let bytes =
                files.read_at(&path, offset, length).map_err(StoreError::file(format!("reading {path}")))?;
            if bytes.is_empty() {
                break;
            }
            hasher.update(&bytes);
            checksums.extend(bytes.chunks(BLOCK_BYTES).map(crc32c::crc32c));
            offset = offset.saturating_add(bytes_of(bytes.len()));
        }
        let found: [u8; 32] = hasher.finalize().into();
        if offset != record.size || found != record.id.0 {
            return Err(StoreError::BlobDamaged(hex(&record.id.0)));
        }
        Ok(Self { files, path, record, checksums })
    }

    /// What is known of it.
    #[must_use]
    pub const fn record(&self) -> &BlobRecord {
        &self.record
    }

    /// Up to `length` bytes from an offset, at most [`PART_BYTES_MAX`]; none at the end.
    pub fn read(&self, offset: u64, length: usize) -> Result<Bytes, StoreError> {
        let block = bytes_of(BLOCK_BYTES);
        let size = self.record.size;
        let end = offset.saturating_add(bytes_of(length.min(PART_BYTES_MAX))).min(size);
        if offset >= end {
            return Ok(Bytes::new());
        }
        let first_block = offset.div_euclid(block);
        let first = first_block.saturating_mul(block);
        let last = end.div_ceil(block).saturating_mul(block).min(size);
        let number = |value: u64| {
            usize::try_from(value).map_err(|_| StoreError::BlobRefused("it is too large".to_owned()))
        };
        let bytes = self
            .files
            .read_at(&self.path, first, number(last.saturating_sub(first))?)
            .map_err(StoreError::file(format!("reading {}", self.path)))?;
        let known = self.checksums.iter().skip(number(first_block)?);
        let found = bytes.chunks(BLOCK_BYTES).map(crc32c::crc32c);
        let whole = bytes_of(bytes.len()) == last.saturating_sub(first);
        if !whole || found.zip(known).any(|(found, known)| found != *known) {
            return Err(StoreError::BlobDamaged(hex(&self.record.id.0)));
        }
        Ok(bytes.slice(number(offset.saturating_sub(first))?..number(end.saturating_sub(first))?))
    }
}
