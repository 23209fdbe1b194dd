//! How long a flush of this disk takes, before anything depends on it.
//!
//! Invariant: ends soon after [`TIME_MAX`], and leaves nothing behind but, after a crash, a file of one block that
//! the next probe takes over. A full disk is not measured and is no reason not to start: voting goes on.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use crate::clock::Stopwatch;

/// Name of the file.
const FILE: &str = "flush-probe";
const BLOCK: [u8; 4096] = [0x5a; 4096];
const ROUNDS: usize = 3;
const FLUSHES: usize = 40;
/// Longest that probing takes, but for the flush that is under way then.
const TIME_MAX: Duration = Duration::from_secs(1);

/// The slowest flush of the quietest of a few rounds: what the disk does when nothing else bothers it. `None` where
/// there is no room for one block.
///
/// # Errors
/// What the disk said.
pub fn slowest_flush(directory: &Path) -> io::Result<Option<Duration>> {
    let path = directory.join(FILE);
    let measured = measure(&path);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    match measured {
        Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            Ok(None)
        }
        measured => measured.map(Some),
    }
}

fn measure(path: &Path) -> io::Result<Duration> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    let began = Stopwatch::start();
    let mut best: Option<Duration> = None;
    for _ in 0..ROUNDS {
        let mut slowest = Duration::ZERO;
        for _ in 0..FLUSHES {
            if began.elapsed() >= TIME_MAX {
                break;
            }
            let flush = Stopwatch::start();
            file.write_all_at(&BLOCK, 0)?;
            file.sync_data()?;
            slowest = slowest.max(flush.elapsed());
        }
        if slowest > Duration::ZERO {
            best = Some(best.map_or(slowest, |best| best.min(slowest)));
        }
    }
    Ok(best.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_some_time_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        assert!(slowest_flush(directory.path()).unwrap().unwrap() > Duration::ZERO);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        assert!(slowest_flush(&directory.path().join("nowhere")).is_err());
    }

    #[test]
    fn a_full_disk_is_not_measured() {
        // The one file of every Linux on which each write finds no room.
        assert_eq!(measure(Path::new("/dev/full")).unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
