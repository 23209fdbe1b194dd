//! How long the disk takes to flush 4 KiB: the floor of every durable write on it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use crate::load::percentile;
use crate::report::{Report, Row};

const FLUSHES: usize = 1_000;
const BLOCK: [u8; 4096] = [0x5a; 4096];
/// `f_type` of tmpfs and ramfs in statfs(2).
const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

/// Panics when the folder is on a file system that forgets.
pub(crate) fn must_not_be_memory(folder: &Path) {
    let found = rustix::fs::statfs(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let kind = u64::try_from(found.f_type).unwrap_or_default();
    assert!(!MEMORY.contains(&kind), "{} is in memory; name a folder on a disk with --dir", folder.display());
}

/// Appends and flushes block by block.
pub(crate) fn measure(folder: &Path, report: &mut Report) {
    let folder = tempfile::tempdir_in(folder).expect("a folder for the probe");
    let mut file = File::create(folder.path().join("probe")).expect("a file for the probe");
    let mut micros = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        let started = Instant::now();
        file.write_all(&BLOCK).and_then(|()| file.sync_data()).expect("the disk takes 4 KiB");
        micros.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    for (name, share) in [("p50", 0.50), ("p99", 0.99)] {
        let value = f64::from(percentile(&mut micros, share)) / 1_000.0;
        report.add(Row::single("disk", &format!("append 4 KiB and fdatasync, {name}"), "ms", value));
    }
}
