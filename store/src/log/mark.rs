//! The `SYNCED` file: what the log had made durable, told apart from the log itself (design 9.1).
//!
//! Invariant: the mark never promises more than was flushed. Two slots: writes go to one until it is itself
//! flushed, then to the other, so that at any moment one slot is whole.

use std::io;

use crate::clock::monotonic_us;
use crate::codec::{self, Mark};
use crate::engine::Disk;

/// Name of the file.
pub(crate) const MARK_FILE: &str = "SYNCED";
/// Bytes of a slot: own sectors, so that a torn write of one does not touch the other.
const SLOT_BYTES: u64 = 4096;
/// Shortest time between two flushes of the file, in microseconds.
const FLUSH_INTERVAL_US: u64 = 1_000_000;

/// Where the next mark goes.
#[derive(Debug)]
pub(crate) struct MarkFile {
    generation: u64,
    slot: u64,
    flushed_us: u64,
    now_us: fn() -> u64,
}

fn read_slot<D: Disk>(disk: &D, slot: u64) -> io::Result<Option<Mark>> {
    let bytes = disk.read_at(MARK_FILE, slot.saturating_mul(SLOT_BYTES), 4096)?;
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
    let frame = rest.get(..usize::from(u16::from_be_bytes(*length))).unwrap_or_default();
    let mark = codec::decode_mark(frame);
    if let Err(error) = &mark
        && bytes.iter().any(|byte| *byte != 0)
    {
        // A write that a power loss tore looks the same, so this alone refuses nothing.
        let file = disk.root().join(MARK_FILE).display().to_string();
        tracing::warn!(file, slot, %error, "one of the two marks is damaged; the other one counts");
    }
    Ok(mark.ok())
}

impl MarkFile {
    /// Makes the file of a new node, with its first mark.
    pub(crate) fn create<D: Disk>(disk: &D, mark: Mark) -> io::Result<()> {
        Self { generation: 0, slot: 0, flushed_us: 0, now_us: monotonic_us }.record(disk, mark, true)
    }

    /// Finds the newer whole mark; `None` when the file holds none.
    pub(crate) fn open<D: Disk>(disk: &D) -> io::Result<(Self, Option<Mark>)> {
        let marks = [read_slot(disk, 0)?, read_slot(disk, 1)?];
        let newest = marks.iter().flatten().copied().max_by_key(|mark| mark.generation);
        let slot = u64::from(marks.first().copied().flatten() == newest);
        let generation = newest.map_or(0, |mark| mark.generation);
        Ok((Self { generation, slot, flushed_us: 0, now_us: monotonic_us }, newest))
    }

    /// The same, told the time by another.
    pub(crate) fn paced(self, now_us: fn() -> u64) -> Self {
        Self { now_us, ..self }
    }

    /// Writes a mark; flushes the file when that is due or wanted `now`.
    pub(crate) fn record<D: Disk>(&mut self, disk: &D, mark: Mark, now: bool) -> io::Result<()> {
        self.generation = self.generation.saturating_add(1);
        let frame = codec::encode_mark(&Mark { generation: self.generation, ..mark });
        let mut bytes = u16::try_from(frame.len()).map_err(io::Error::other)?.to_be_bytes().to_vec();
        bytes.extend_from_slice(&frame);
        disk.write_at(MARK_FILE, self.slot.saturating_mul(SLOT_BYTES), &bytes)?;
        let time = (self.now_us)();
        if now || self.flushed_us == 0 || time.saturating_sub(self.flushed_us) >= FLUSH_INTERVAL_US {
            disk.sync_file(MARK_FILE)?;
            self.flushed_us = time;
            self.slot = 1_u64.saturating_sub(self.slot);
        }
        Ok(())
    }
}
