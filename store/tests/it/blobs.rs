//! Attachments on both disks, and on one that stops at any step.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use store::blobs::{BlobFiles, BlobRecord, Condition, TRAILER_BYTES, Totals};
use store::engine::Disk;
use store::{About, Blobs, MediaType, MemoryDisk, RocksDisk, Scan, StoreError, Verdict};
use tally::ids::{AttachmentId, LogTime, hex};

const CAP: u64 = 10 * 1024 * 1024;

fn about() -> About {
    About { media_type: MediaType::Jpeg, scan: None }
}

/// Bytes that differ by number and by place.
fn content(number: usize, length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from((place / 251 + place + number * 7) % 256).unwrap()).collect()
}

fn long(length: usize) -> u64 {
    u64::try_from(length).unwrap()
}

fn id_of(bytes: &[u8]) -> AttachmentId {
    AttachmentId(Sha256::digest(bytes).into())
}

fn path(id: AttachmentId) -> String {
    let name = hex(&id.0);
    format!("blobs/{}/{name}", &name[..3])
}

fn put<F: BlobFiles>(blobs: &Blobs<F>, bytes: &[u8], at: u64) -> Result<BlobRecord, StoreError> {
    let mut writer = blobs.begin(CAP)?;
    for part in bytes.chunks(100_000) {
        writer.write(part)?;
    }
    writer.finish(&about(), LogTime(at))
}

fn all<F: BlobFiles>(blobs: &Blobs<F>) -> Vec<AttachmentId> {
    let mut found = Vec::new();
    loop {
        let page = blobs.list(found.last().copied(), 3).unwrap();
        if page.is_empty() {
            return found;
        }
        assert!(page.len() <= 3);
        found.extend(page);
    }
}

/// Counts until the totals are exact, and compares them with what is there.
fn check_totals<F: BlobFiles>(blobs: &Blobs<F>) -> Totals {
    while blobs.count_some().unwrap() {}
    let totals = blobs.totals();
    let sizes: Vec<u64> = all(blobs).into_iter().map(|id| blobs.record(id).unwrap().unwrap().size).collect();
    let counted = Totals { count: long(sizes.len()), bytes: sizes.iter().sum(), exact: true };
    assert_eq!(totals, counted);
    totals
}

/// Everything an owner of attachments does, on some disk.
fn life<D: Disk>(disk: &D) {
    let blobs = Blobs::open(disk.clone()).unwrap();
    assert_eq!(blobs.totals(), Totals { count: 0, bytes: 0, exact: true });
    let lengths = [0, 1, 65_536, 65_537, 400_000, 1_500_000];
    let contents: Vec<Vec<u8>> = (1..).zip(lengths).map(|(number, length)| content(number, length)).collect();
    for bytes in &contents {
        let record = put(&blobs, bytes, 5).unwrap();
        assert_eq!((record.id, record.size), (id_of(bytes), long(bytes.len())));
        let reader = blobs.open_checked(record.id).unwrap().unwrap();
        for (offset, length) in
            [(0, 10), (65_530, 20), (131_072, 300_000), (0, 1_048_576), (1_400_000, 200_000)]
        {
            let end = bytes.len().min(offset + length);
            let expected = bytes.get(offset..end).unwrap_or_default();
            assert_eq!(reader.read(long(offset), length).unwrap(), expected);
        }
    }
    let mut ids: Vec<AttachmentId> = contents.iter().map(|bytes| id_of(bytes)).collect();
    ids.sort_unstable();
    assert_eq!(all(&blobs), ids);
    assert_eq!(check_totals(&blobs).bytes, long(lengths.iter().sum()));
    // The same again stays one, and is wanted anew.
    assert_eq!(put(&blobs, &contents[3], 9).unwrap().stored_at, LogTime(9));
    assert!(!blobs.remove_unwanted(ids[0], LogTime(5)).unwrap());
    assert_eq!(check_totals(&blobs).count, 6);
    let scan = Scan { at: LogTime(7), engine: "clamav".to_owned(), verdict: Verdict::Clean };
    let scanned = About { media_type: MediaType::Pdf, scan: Some(scan) };
    assert!(blobs.set_about(ids[2], &scanned).unwrap());
    assert!(!blobs.set_about(AttachmentId([0; 32]), &scanned).unwrap());
    assert!(blobs.remove(ids[1]).unwrap());
    assert!(!blobs.remove(ids[1]).unwrap());
    // A planned stop is followed by a start that need not count.
    blobs.save_totals().unwrap();
    let kept = blobs.totals();
    let blobs = Blobs::open(disk.clone()).unwrap();
    assert_eq!((blobs.totals(), kept.exact), (kept, true));
    assert!(!blobs.count_some().unwrap());
    assert_eq!(blobs.record(ids[2]).unwrap().unwrap().about, scanned);
    // Any other stop is followed by one that does.
    put(&blobs, &content(9, 10), 5).unwrap();
    let blobs = Blobs::open(disk.clone()).unwrap();
    assert!(!blobs.totals().exact);
    assert_eq!(check_totals(&blobs).count, 6);
}

#[test]
fn a_memory_disk_keeps_attachments() {
    life(&MemoryDisk::new());
}

#[test]
fn a_directory_keeps_attachments() {
    let directory = tempfile::tempdir().unwrap();
    life(&RocksDisk::new(directory.path()));
}

#[test]
fn too_much_is_refused_and_leaves_nothing() {
    let disk = MemoryDisk::new();
    let blobs = Blobs::open(disk.clone()).unwrap();
    let mut writer = blobs.begin(1_000_000).unwrap();
    writer.write(&content(1, 900_000)).unwrap();
    assert!(matches!(writer.write(&content(1, 100_001)), Err(StoreError::BlobRefused(_))));
    drop(writer);
    let mut writer = blobs.begin(CAP).unwrap();
    writer.write(&content(1, 900_000)).unwrap();
    let other = Some(AttachmentId([1; 32]));
    assert!(matches!(writer.finish_as(other, &about(), LogTime(1)), Err(StoreError::BlobRefused(_))));
    assert!(Disk::list(&disk, "blobs/staging").unwrap().is_empty());
    assert!(all(&blobs).is_empty());
}

/// Flips one bit of a file.
fn flip(disk: &MemoryDisk, path: &str, place: u64) {
    let byte = Disk::read_at(disk, path, place, 1).unwrap()[0];
    Disk::write_at(disk, path, place, &[byte ^ 4]).unwrap();
    Disk::sync_file(disk, path).unwrap();
}

#[test]
fn a_flipped_bit_anywhere_is_never_read() {
    let disk = MemoryDisk::new();
    let blobs = Blobs::open(disk.clone()).unwrap();
    let bytes = content(3, 200_000);
    let id = put(&blobs, &bytes, 1).unwrap().id;
    let reader = blobs.open_checked(id).unwrap().unwrap();
    for place in [0, 65_535, 65_536, 199_999] {
        flip(&disk, &path(id), place);
        assert!(matches!(blobs.open_checked(id), Err(StoreError::BlobDamaged(_))));
        assert_eq!(blobs.check(id).unwrap(), Condition::Damaged);
        // Also by a reader that was opened before, wherever it looks.
        let part = reader.read(place, 1);
        assert!(matches!(part, Err(StoreError::BlobDamaged(_))), "{part:?}");
        flip(&disk, &path(id), place);
    }
    assert_eq!(reader.read(0, 10).unwrap(), bytes[..10]);
    // In the record, too; and a file that ends early.
    flip(&disk, &path(id), 200_010);
    assert_eq!(blobs.check(id).unwrap(), Condition::Damaged);
    assert!(blobs.set_aside(id).unwrap());
    assert!(!blobs.set_aside(id).unwrap());
    assert_eq!((blobs.check(id).unwrap(), blobs.set_aside_count()), (Condition::Absent, 1));
    assert_eq!(Blobs::open(disk.clone()).unwrap().set_aside_count(), 1);
    put(&blobs, &bytes, 1).unwrap();
    assert_eq!((blobs.check(id).unwrap(), blobs.set_aside_count()), (Condition::Whole, 0));
    check_totals(&blobs);
    Disk::write_whole(&disk, &path(id), &bytes[..1_000]).unwrap();
    assert_eq!(blobs.check(id).unwrap(), Condition::Damaged);
    // The same bytes replace it.
    put(&blobs, &bytes, 1).unwrap();
    assert_eq!(blobs.check(id).unwrap(), Condition::Whole);
    check_totals(&blobs);
}

/// A disk that stops after some steps: before or after the last of them was done.
#[derive(Clone)]
struct Stopping {
    disk: MemoryDisk,
    left: Arc<AtomicU64>,
    last_is_done: bool,
    steps: Arc<AtomicU64>,
}

impl Stopping {
    fn step(&self, action: impl FnOnce(&MemoryDisk) -> io::Result<()>) -> io::Result<()> {
        self.steps.fetch_add(1, Ordering::Relaxed);
        match self.left.load(Ordering::Relaxed) {
            0 => return Err(io::Error::other("stopped")),
            1 if !self.last_is_done => {
                self.left.store(0, Ordering::Relaxed);
                return Err(io::Error::other("stopped"));
            }
            left => self.left.store(left - 1, Ordering::Relaxed),
        }
        action(&self.disk)
    }
}

impl BlobFiles for Stopping {
    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        self.steps.fetch_add(1, Ordering::Relaxed);
        Disk::list(&self.disk, directory)
    }
    fn exists(&self, path: &str) -> io::Result<bool> {
        Disk::exists(&self.disk, path)
    }
    fn read(&self, path: &str) -> io::Result<Option<Bytes>> {
        Disk::read(&self.disk, path)
    }
    fn size(&self, path: &str) -> io::Result<u64> {
        Disk::size(&self.disk, path)
    }
    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Bytes> {
        self.steps.fetch_add(1, Ordering::Relaxed);
        Disk::read_at(&self.disk, path, offset, length)
    }
    fn make_directory(&self, path: &str) -> io::Result<()> {
        self.step(|disk| Disk::make_directory(disk, path))
    }
    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.step(|disk| Disk::write_whole(disk, path, bytes))
    }
    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.step(|disk| Disk::write_at(disk, path, offset, bytes))
    }
    fn sync_file(&self, path: &str) -> io::Result<()> {
        self.step(|disk| Disk::sync_file(disk, path))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.step(|disk| Disk::rename(disk, from, to))
    }
    fn remove_tree(&self, path: &str) -> io::Result<()> {
        self.step(|disk| Disk::remove_tree(disk, path))
    }
}

/// Does something on a disk that stops at each step in turn, crashes it, and looks at what is left. Answers
/// how many steps there were.
fn stop_at_every_step(
    prepare: impl Fn(&MemoryDisk),
    action: impl Fn(&Blobs<Stopping>) -> Result<(), StoreError>,
    look: impl Fn(&Blobs<MemoryDisk>, bool),
) -> u64 {
    let mut stops = 0;
    for last_is_done in [false, true] {
        for left in 1.. {
            let disk = MemoryDisk::new();
            prepare(&disk);
            let counter = Arc::new(AtomicU64::new(u64::MAX));
            let stopping = Stopping {
                disk: disk.clone(),
                left: Arc::clone(&counter),
                last_is_done,
                steps: Arc::default(),
            };
            let blobs = Blobs::open(stopping).unwrap();
            counter.store(left, Ordering::Relaxed);
            let done = action(&blobs).is_ok();
            let stopped = counter.load(Ordering::Relaxed) == 0;
            counter.store(0, Ordering::Relaxed);
            drop(blobs);
            disk.crash();
            let blobs = Blobs::open(disk.clone()).unwrap();
            assert!(Disk::list(&disk, "blobs/staging").unwrap().is_empty());
            look(&blobs, done);
            check_totals(&blobs);
            if !stopped {
                break;
            }
            stops += 1;
        }
    }
    stops
}

#[test]
fn a_crash_at_any_step_leaves_all_of_an_attachment_or_nothing() {
    let (bytes, other) = (content(1, 600_000), content(2, 1_000));
    let (id, other_id) = (id_of(&bytes), id_of(&other));
    let old = |disk: &MemoryDisk| {
        let blobs = Blobs::open(disk.clone()).unwrap();
        put(&blobs, &other, 1).unwrap();
        blobs.save_totals().unwrap();
    };
    let store = |blobs: &Blobs<Stopping>| put(blobs, &bytes, 1).map(drop);
    let stops = stop_at_every_step(old, store, |blobs, done| {
        let condition = blobs.check(id).unwrap();
        assert!(condition == Condition::Whole || (condition == Condition::Absent && !done), "{condition:?}");
        assert_eq!(blobs.check(other_id).unwrap(), Condition::Whole);
    });
    assert!(stops > 12, "{stops} stops");
    let remove = |blobs: &Blobs<Stopping>| blobs.remove(other_id).map(drop);
    stop_at_every_step(old, remove, |blobs, done| {
        let condition = blobs.check(other_id).unwrap();
        assert!(condition == Condition::Absent || (condition == Condition::Whole && !done), "{condition:?}");
    });
    let renew = |blobs: &Blobs<Stopping>| blobs.renew(other_id, LogTime(8)).map(drop);
    stop_at_every_step(old, renew, |blobs, done| {
        let stored_at = blobs.record(other_id).unwrap().unwrap().stored_at.0;
        assert!(stored_at == 8 || (stored_at == 1 && !done), "{stored_at}");
        assert_eq!(blobs.check(other_id).unwrap(), Condition::Whole);
    });
    let damaged = |disk: &MemoryDisk| {
        old(disk);
        flip(disk, &path(other_id), 7);
    };
    let aside = |blobs: &Blobs<Stopping>| {
        blobs.set_aside(other_id)?;
        put(blobs, &other, 2).map(drop)
    };
    stop_at_every_step(damaged, aside, |blobs, done| {
        let condition = blobs.check(other_id).unwrap();
        assert!(condition == Condition::Whole || !done, "{condition:?}");
    });
    let save = |blobs: &Blobs<Stopping>| {
        put(blobs, &bytes, 1)?;
        blobs.save_totals()?;
        blobs.remove(other_id)?;
        blobs.save_totals()
    };
    stop_at_every_step(old, save, |blobs, done| {
        assert!(!done || blobs.totals().exact);
        assert_ne!(blobs.check(id).unwrap(), Condition::Damaged);
    });
}

#[test]
fn storing_and_reading_cost_the_same_among_many() {
    let disk = MemoryDisk::new();
    let left = Arc::new(AtomicU64::new(u64::MAX));
    let steps = Arc::new(AtomicU64::new(0));
    let blobs = Blobs::open(Stopping { disk, left, last_is_done: false, steps: Arc::clone(&steps) }).unwrap();
    // The first makes what all need.
    put(&blobs, &content(0, 5), 1).unwrap();
    let costs: Vec<u64> = (1..400)
        .map(|number| {
            // Lengths and contents repeat every 256; the length makes them differ.
            let before = steps.load(Ordering::Relaxed);
            let id = put(&blobs, &content(number, 300 + number), 1).unwrap().id;
            blobs.open_checked(id).unwrap().unwrap().read(0, 300).unwrap();
            steps.load(Ordering::Relaxed) - before
        })
        .collect();
    // A directory is made once, so a step less where one was there.
    let (least, most) = (costs.iter().min().unwrap(), costs.iter().max().unwrap());
    assert!(most - least <= 1 && *most < 15, "{least} to {most} steps");
}

#[test]
fn a_file_is_the_bytes_and_then_the_record() {
    let disk = MemoryDisk::new();
    let blobs = Blobs::open(disk.clone()).unwrap();
    let bytes = content(5, 70_000);
    let id = put(&blobs, &bytes, 3).unwrap().id;
    let file = Disk::read(&disk, &path(id)).unwrap().unwrap();
    assert_eq!(long(file.len()), 70_000 + TRAILER_BYTES);
    assert_eq!(file[..70_000], bytes);
    assert_eq!(file[70_002], 0x61);
    assert_eq!(file[70_256..], [0; 256]);
}
