//! What every engine must do, run against each of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Batch, Direction, Disk, Engine, OpenMode, Purpose, Reader};

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

fn rows<R: Reader>(reader: &R, lower: &[u8], upper: &[u8], direction: Direction, limit: usize) -> Rows {
    let mut found = Vec::new();
    let mut visit = |key: &[u8], value: &[u8]| {
        found.push((key.to_vec(), value.to_vec()));
        if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    reader.scan(lower, upper, direction, &mut visit).unwrap();
    found
}

fn all<R: Reader>(reader: &R) -> Rows {
    rows(reader, &[], &[0xff; 8], Direction::Forward, usize::MAX)
}

fn batch(puts: &[(&[u8], &[u8])]) -> Batch {
    let mut batch = Batch::new();
    for (key, value) in puts {
        batch.put(*key, Bytes::copy_from_slice(value));
    }
    batch
}

/// Reads, scans both ways, batches in order, range deletes.
fn reads_what_was_written<D: Disk>(disk: &D, purpose: Purpose) {
    let engine = disk.open("database", purpose, OpenMode::Create).unwrap();
    assert_eq!(engine.get(b"a").unwrap(), None);
    engine.write(&batch(&[(b"a", b"1"), (b"b", b"2"), (b"c", b"3"), (b"d", b"4")])).unwrap();
    assert_eq!(engine.get(b"b").unwrap().as_deref(), Some(b"2".as_slice()));
    let found = |lower: &[u8], upper: &[u8], direction, limit| -> Vec<u8> {
        rows(&engine, lower, upper, direction, limit).into_iter().map(|(key, _)| key[0]).collect()
    };
    assert_eq!(found(b"b", b"d", Direction::Forward, 9), b"bc");
    assert_eq!(found(b"b", b"d", Direction::Reverse, 9), b"cb");
    assert_eq!(found(b"a", b"z", Direction::Reverse, 1), b"d");
    assert_eq!(found(b"d", b"b", Direction::Forward, 9), b"");
    let mut mixed = batch(&[(b"a", b"x")]);
    mixed.delete(b"a".as_slice());
    mixed.delete_range(b"b".as_slice(), b"d".as_slice());
    mixed.put(b"c".as_slice(), Bytes::from_static(b"new"));
    mixed.delete_range(b"z".as_slice(), b"a".as_slice());
    let before = engine.sequence();
    engine.write(&mixed).unwrap();
    assert!(engine.sequence() > before);
    assert_eq!(all(&engine), [(b"c".to_vec(), b"new".to_vec()), (b"d".to_vec(), b"4".to_vec())]);
}

/// A snapshot stays as it was, through overwrites, deletes and its database's other handles being dropped.
fn snapshots_do_not_move<D: Disk>(disk: &D) {
    let engine = disk.open("database", Purpose::State, OpenMode::Create).unwrap();
    engine.write(&batch(&[(b"a", b"1"), (b"b", b"2")])).unwrap();
    let first = engine.snapshot();
    let mut change = batch(&[(b"a", b"9"), (b"c", b"3")]);
    change.delete(b"b".as_slice());
    engine.write(&change).unwrap();
    let second = engine.snapshot();
    engine.write(&batch(&[(b"a", b"10")])).unwrap();
    let expected = vec![(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"2".to_vec())];
    assert_eq!(all(&first), expected);
    assert_eq!(second.get(b"a").unwrap().as_deref(), Some(b"9".as_slice()));
    assert_eq!(second.get(b"b").unwrap(), None);
    drop(second);
    engine.write(&batch(&[(b"a", b"11")])).unwrap();
    drop(engine);
    assert_eq!(all(&first), expected);
}

/// What was made durable is there again, and the sequence does not fall behind it.
fn durable_rows_survive<D: Disk>(disk: &D, purpose: Purpose) {
    let engine = disk.open("database", purpose, OpenMode::Create).unwrap();
    engine.write(&batch(&[(b"a", b"1")])).unwrap();
    match purpose {
        Purpose::Log => engine.sync().unwrap(),
        Purpose::State => engine.flush().unwrap(),
    }
    let sequence = engine.sequence();
    drop(engine);
    assert!(disk.open("database", purpose, OpenMode::Create).is_err(), "made once");
    let engine = disk.open("database", purpose, OpenMode::Open).unwrap();
    assert_eq!(engine.get(b"a").unwrap().as_deref(), Some(b"1".as_slice()));
    assert!(engine.sequence() >= sequence);
    assert!(disk.open("elsewhere", purpose, OpenMode::Open).is_err(), "never made by opening");
}

/// A checkpoint has what was written, flushed or not, and nothing that came later.
fn checkpoints_are_complete<D: Disk>(disk: &D) {
    let engine = disk.open("database", Purpose::State, OpenMode::Create).unwrap();
    engine.write(&batch(&[(b"a", b"1")])).unwrap();
    disk.make_directory("copies").unwrap();
    disk.checkpoint(&engine, "copies/one").unwrap();
    engine.write(&batch(&[(b"a", b"2"), (b"b", b"3")])).unwrap();
    let copy = disk.open("copies/one", Purpose::State, OpenMode::ReadOnly).unwrap();
    assert_eq!(all(&copy), [(b"a".to_vec(), b"1".to_vec())]);
}

/// Files: whole replacement, parts, renaming, copying, removal.
fn files_are_kept<D: Disk>(disk: &D) {
    disk.write_whole("one", b"first").unwrap();
    disk.write_whole("one", b"second").unwrap();
    assert_eq!(disk.read("one").unwrap().as_deref(), Some(b"second".as_slice()));
    disk.make_directory("folder").unwrap();
    disk.write_at("folder/part", 0, b"abcdef").unwrap();
    disk.write_at("folder/part", 4, b"XYZ").unwrap();
    disk.sync_file("folder/part").unwrap();
    assert_eq!(disk.size("folder/part").unwrap(), 7);
    assert_eq!(disk.read_at("folder/part", 3, 100).unwrap(), b"dXYZ".as_slice());
    disk.duplicate("folder", "copy").unwrap();
    disk.rename("folder", "moved").unwrap();
    assert!(!disk.exists("folder").unwrap());
    assert_eq!(disk.list("moved").unwrap(), ["part"]);
    disk.remove_tree("moved").unwrap();
    disk.remove_tree("moved").unwrap();
    assert_eq!(disk.read("moved/part").unwrap(), None);
    assert_eq!(disk.read("copy/part").unwrap().as_deref(), Some(b"abcdXYZ".as_slice()));
    let held = disk.lock().unwrap();
    assert!(held.is_some());
    assert!(disk.lock().unwrap().is_none(), "one owner at a time");
    drop(held);
    assert!(disk.lock().unwrap().is_some());
}

/// One change of a random history.
#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8),
    Delete(u8),
    DeleteRange(u8, u8),
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..20_u8, any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
        2 => (0..20_u8).prop_map(Step::Delete),
        1 => (0..20_u8, 0..20_u8).prop_map(|(first, end)| Step::DeleteRange(first, end)),
        2 => Just(Step::Snapshot),
    ]
}

/// Any history reads as that of an ordered map, now and at each snapshot.
fn equals_a_map<D: Disk>(disk: &D, steps: &[Step]) {
    let engine = disk.open("database", Purpose::State, OpenMode::Create).unwrap();
    let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut moments = Vec::new();
    for step in steps {
        let mut batch = Batch::new();
        match *step {
            Step::Put(key, value) => {
                batch.put([key], vec![value]);
                model.insert(vec![key], vec![value]);
            }
            Step::Delete(key) => {
                batch.delete([key]);
                model.remove(&vec![key]);
            }
            Step::DeleteRange(first, end) => {
                batch.delete_range([first], [end]);
                model.retain(|key, _| key[0] < first || key[0] >= end);
            }
            Step::Snapshot => moments.push((engine.snapshot(), model.clone())),
        }
        engine.write(&batch).unwrap();
    }
    assert_eq!(all(&engine), model.into_iter().collect::<Rows>());
    for (snapshot, expected) in moments {
        assert_eq!(all(&snapshot), expected.into_iter().collect::<Rows>());
    }
}

/// The whole contract, on a fresh disk each time.
macro_rules! contract {
    ($name:ident, $fresh:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn reads_what_was_written() {
                for purpose in [Purpose::Log, Purpose::State] {
                    let fresh = $fresh;
                    super::reads_what_was_written(&fresh.0, purpose);
                }
            }

            #[test]
            fn snapshots_do_not_move() {
                let fresh = $fresh;
                super::snapshots_do_not_move(&fresh.0);
            }

            #[test]
            fn durable_rows_survive() {
                for purpose in [Purpose::Log, Purpose::State] {
                    let (disk, _directory) = $fresh;
                    super::durable_rows_survive(&disk, purpose);
                }
            }

            #[test]
            fn checkpoints_are_complete() {
                let fresh = $fresh;
                super::checkpoints_are_complete(&fresh.0);
            }

            #[test]
            fn files_are_kept() {
                let (disk, _directory) = $fresh;
                super::files_are_kept(&disk);
            }

            proptest! {
                #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
                #[test]
                fn equals_a_map(steps in proptest::collection::vec(step(), 0..60)) {
                    let (disk, _directory) = $fresh;
                    super::equals_a_map(&disk, &steps);
                }
            }
        }
    };
}

contract!(memory, (super::super::memory_disk::MemoryDisk::new(), ()));
#[cfg(feature = "rocks")]
contract!(rocks, {
    let directory = tempfile::tempdir().unwrap();
    (super::super::rocks::RocksDisk::new(directory.path()), directory)
});

#[test]
fn memory_loses_what_was_not_durable() {
    let disk = super::memory_disk::MemoryDisk::new();
    let engine = disk.open("database", Purpose::Log, OpenMode::Create).unwrap();
    engine.write(&batch(&[(b"a", b"1")])).unwrap();
    engine.sync().unwrap();
    let mut lost = batch(&[(b"b", b"2")]);
    lost.delete(b"a".as_slice());
    engine.write(&lost).unwrap();
    disk.write_at("file", 0, b"lost").unwrap();
    disk.crash();
    assert_eq!(all(&engine), [(b"a".to_vec(), b"1".to_vec())]);
    assert_eq!(disk.read("file").unwrap(), None);
}
