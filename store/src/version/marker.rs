//! The `FORMAT` file: which format the data has. Written last at creation, read first at opening.

use super::{contents, damaged_file, line, place};
use crate::StoreError;
use crate::codec::CodecError;
use crate::engine::Disk;
use crate::snapshot::SNAPSHOTS;

/// Format of the data that this build writes, and the newest it reads.
pub const DATA_FORMAT: u32 = 1;

/// Name of the file.
pub(super) const FILE: &str = "FORMAT";
/// What stands before the number.
const WORDS: &str = "rakit data format ";

/// What the file holds.
pub(super) fn text() -> Vec<u8> {
    line::write(&format!("{WORDS}{DATA_FORMAT}"))
}

/// Refuses data that is not there, not whole, or of a newer release.
pub(crate) fn check<D: Disk>(disk: &D) -> Result<(), StoreError> {
    let dir = place(disk);
    let text = disk.read(FILE).map_err(StoreError::file(format!("reading {FILE} in {dir}")))?;
    let Some(text) = text else {
        let found = contents(disk)?;
        return Err(if found.is_empty() {
            StoreError::Missing { dir }
        } else if found.iter().any(|name| name == SNAPSHOTS) {
            // The first opening makes it, and nothing is opened before this file is there.
            StoreError::FileMissing { dir, file: FILE }
        } else {
            StoreError::Incomplete { dir }
        });
    };
    let number = line::read(&text).and_then(|text| text.strip_prefix(WORDS)?.parse::<u32>().ok());
    match number {
        Some(1..=DATA_FORMAT) => Ok(()),
        Some(found) if found > DATA_FORMAT => Err(StoreError::Newer { dir, found, known: DATA_FORMAT }),
        Some(_) | None => Err(damaged_file(disk, FILE, CodecError::Checksum)),
    }
}
