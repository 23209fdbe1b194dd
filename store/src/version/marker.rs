//! The `FORMAT` file: which format the data has. Written last at creation, read first at opening.

use super::{contents, place};
use crate::StoreError;
use crate::engine::Disk;

/// Format of the data that this build writes, and the newest it reads.
pub const DATA_FORMAT: u32 = 1;

/// Name of the file.
pub(super) const FILE: &str = "FORMAT";
/// What stands before the number.
const WORDS: &str = "rakit data format ";

/// What the file holds.
pub(super) fn text() -> Vec<u8> {
    format!("{WORDS}{DATA_FORMAT}\n").into_bytes()
}

/// Refuses data that is not there, not whole, or of a newer release.
pub(crate) fn check<D: Disk>(disk: &D) -> Result<(), StoreError> {
    let dir = place(disk);
    let text = disk.read(FILE).map_err(StoreError::file(format!("reading {FILE} in {dir}")))?;
    let Some(text) = text else {
        let empty = contents(disk)?.is_empty();
        return Err(if empty { StoreError::Missing { dir } } else { StoreError::Incomplete { dir } });
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let found =
        text.trim().strip_prefix(WORDS.trim_end()).and_then(|number| number.trim().parse::<u32>().ok());
    match found {
        Some(known) if known <= DATA_FORMAT => Ok(()),
        Some(found) => Err(StoreError::Newer { dir, found, known: DATA_FORMAT }),
        None => Err(StoreError::Incomplete { dir }),
    }
}
