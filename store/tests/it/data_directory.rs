//! A data directory that should not be opened is refused, with what to do, and left as it is.

use store::engine::Disk;
use store::{Expected, Identity, MemoryDisk, NextStep, Options, RocksDisk, StoreError, create_on, open_on};

use crate::world::{IDENTITY, memory};

fn refusal<D: Disk>(disk: &D, expected: Option<&Expected>) -> StoreError {
    let error = open_on(disk, expected, Options::default()).map(|_| ()).unwrap_err();
    assert_eq!(error.next_step(), NextStep::Operator, "{error}");
    error
}

#[test]
fn nothing_is_made_by_opening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    assert!(matches!(refusal(&RocksDisk::new(&path), None), StoreError::Missing { .. }));
    assert!(!path.exists());
}

#[test]
fn data_is_made_once() {
    let directory = tempfile::tempdir().unwrap();
    let (log, machine) = store::create(directory.path(), &IDENTITY).unwrap();
    assert_eq!((log.identity(), machine.identity()), (IDENTITY, IDENTITY));
    assert!(
        matches!(store::open(directory.path(), None), Err(StoreError::Locked { .. })),
        "one owner at a time"
    );
    drop((log, machine));
    assert!(matches!(store::create(directory.path(), &IDENTITY), Err(StoreError::NotEmpty { .. })));
    let (log, _machine) =
        store::open(directory.path(), Some(&Expected { cluster: [7; 16], node: 2 })).unwrap();
    assert_eq!(log.identity(), IDENTITY);
}

#[test]
fn half_of_the_data_is_none() {
    for (missing, which) in [("log", "log"), ("state-000001", "state")] {
        let directory = tempfile::tempdir().unwrap();
        drop(store::create(directory.path(), &IDENTITY).unwrap());
        let disk = RocksDisk::new(directory.path());
        disk.remove_tree(missing).unwrap();
        let error = refusal(&disk, None);
        assert!(matches!(error, StoreError::HalfMissing { which: found, .. } if found == which), "{error}");
        assert!(!directory.path().join(missing).exists(), "nothing is made in its place");
    }
}

#[test]
fn other_data_is_refused() {
    let (disk, opened) = memory();
    drop(opened);
    let other_cluster = refusal(&disk, Some(&Expected { cluster: [1; 16], node: 2 }));
    assert!(matches!(other_cluster, StoreError::OtherCluster { .. }), "{other_cluster}");
    let other_node = refusal(&disk, Some(&Expected { cluster: [7; 16], node: 3 }));
    assert!(matches!(other_node, StoreError::OtherNode { found: 2, expected: 3, .. }), "{other_node}");
    disk.write_whole("FORMAT", b"rakit data format 2 crc32c 27afb7c2\n").unwrap();
    assert!(matches!(refusal(&disk, None), StoreError::Newer { found: 2, known: 1, .. }));
    disk.remove_tree("FORMAT").unwrap();
    assert!(matches!(refusal(&disk, None), StoreError::Incomplete { .. }));
}

#[test]
fn databases_of_two_nodes_do_not_mix() {
    let make = |identity: &Identity| {
        let directory = tempfile::tempdir().unwrap();
        drop(store::create(directory.path(), identity).unwrap());
        directory
    };
    let (one, other) = (make(&IDENTITY), make(&Identity { incarnation: [1; 16], ..IDENTITY }));
    std::fs::remove_dir_all(one.path().join("state-000001")).unwrap();
    std::fs::rename(other.path().join("state-000001"), one.path().join("state-000001")).unwrap();
    assert!(matches!(refusal(&RocksDisk::new(one.path()), None), StoreError::IdentitiesDiffer { .. }));
}

#[test]
fn an_interrupted_installation_leaves_the_old_state() {
    let (disk, opened) = memory();
    drop(opened);
    // Renamed into place, but the pointer still names the old one.
    disk.write_whole("state-000002/rows.sst", b"half").unwrap();
    let (_log, machine) = open_on(&disk, None, Options::default()).unwrap();
    assert_eq!(machine.applied().id, None);
    assert!(!disk.exists("state-000002").unwrap());
    let fresh = MemoryDisk::new();
    assert!(create_on(&fresh, &IDENTITY, Options::default()).is_ok());
}
