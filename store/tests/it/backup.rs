//! A backup is verified to the last row, or refused with the name of what is wrong; data made from it, or from a
//! survivor, is the same count under a new epoch.

use bytes::Bytes;
use store::backup::{BackupDirectory, BackupSource, Placed};
use store::engine::{Disk, Engine, OpenMode, Purpose};
use store::restore::{INDEX_LEAP, Succession, Survivor, TERM_LEAP, leap, recover, restore};
use store::{
    Identity, LogId, Machine, MemoryDisk, NextStep, Options, RocksDisk, StoreError, create_on, open_on,
};
use tally::epoch::{EpochCause, EpochRecord};
use tally::ids::{LogTime, NodeId, SessionId, hex};

use crate::world::{
    IDENTITY, apply, entries, flushed, founding, memory, ppwp, reports, rocks, station, wait,
};

const NEXT: Identity =
    Identity { cluster: [8; 16], epoch: 2, node: 1_004, incarnation: [3; 16], edge: false };

fn succession(cause: EpochCause, last: LogId) -> Succession {
    let record = EpochRecord {
        cause,
        at: LogTime(5),
        cluster: IDENTITY.cluster,
        epoch: 1,
        node: NodeId(2),
        index: last.index,
        term: last.term,
        committed: last.index,
        hash: 0,
        given_up: vec![NodeId(1)],
    };
    let membership = Bytes::from_static(b"members");
    Succession { identity: NEXT, name: "pulih".to_owned(), next_node: NodeId(1_005), membership, record }
}

/// Brings what is missing, in small chunks; answers how many bytes came.
fn fetch<E: Engine, D: Disk>(from: &BackupSource<E>, to: &mut BackupDirectory<D>) -> u64 {
    let mut brought = 0;
    for object in &from.manifest().objects {
        let Placed::Partly(mut offset) = to.placed(object).unwrap() else { continue };
        while offset < object.size {
            let chunk = from.read(&object.sha256, offset, 1_000).unwrap();
            to.write(object, offset, &chunk).unwrap();
            let length = u64::try_from(chunk.len()).unwrap();
            (offset, brought) = (offset + length, brought + length);
        }
        to.finish_object(object).unwrap();
    }
    assert_eq!(to.finish(from.manifest()).unwrap(), from.manifest().sha256());
    brought
}

fn rows_and_epoch<E: Engine>(machine: &Machine<E>, last: LogId) {
    let view = machine.view();
    let ledger = view.ledger().unwrap();
    assert_eq!((ledger.cluster, ledger.epoch, ledger.name.as_str()), (NEXT.cluster, 2, "pulih"));
    assert_eq!(ledger.next_node, NodeId(1_005));
    assert!(view.tally(&ppwp(), station(3)).unwrap().is_some());
    assert!(view.account_named("admin").unwrap().is_some(), "accounts are kept");
    assert!(view.session(SessionId([1; 16])).unwrap().is_none(), "sessions are not");
    let epochs = view.epochs().unwrap();
    assert_eq!(epochs.len(), 1);
    assert_eq!((epochs[0].0, epochs[0].1.index, epochs[0].1.cluster), (2, last.index, IDENTITY.cluster));
    assert_eq!(machine.recompute_hash().unwrap(), machine.state_hash());
    let position = LogId { term: last.term + TERM_LEAP, index: last.index + INDEX_LEAP };
    assert_eq!(machine.applied().id, Some(position));
    assert_eq!(machine.applied().membership.as_deref(), Some(b"members".as_slice()));
    assert!(machine.hash_points().is_empty());
}

fn round_trip<D: Disk>(source: &Machine<D::Engine>, [kept, scratch, target]: [D; 3]) {
    apply(source, 1, &founding());
    apply(source, 5, &reports(4));
    let mut directory = BackupDirectory::open_or_create(kept.clone()).unwrap();
    let whole = fetch(&source.build_backup().unwrap(), &mut directory);
    assert!(whole > 0);
    assert_eq!(fetch(&source.build_backup().unwrap(), &mut directory), 0, "nothing changed: nothing comes");
    drop(directory);

    let directory = BackupDirectory::open(kept).unwrap();
    let ids = directory.list().unwrap();
    assert_eq!(ids.len(), 1);
    let manifest = directory.manifest(&ids[0]).unwrap();
    assert_eq!((manifest.revisions, manifest.meta.hash), (4, source.state_hash().hash));
    assert_eq!(directory.faults(&manifest).unwrap(), []);
    let verified = directory.verify_rows(&manifest, &scratch).unwrap();
    assert_eq!((verified.sums.state, verified.sums.forms), (manifest.meta.hash, 4));

    let last = manifest.meta.applied.unwrap();
    let made = restore(&target, &directory, &verified, &succession(EpochCause::Restored, last)).unwrap();
    assert_eq!(made.sums.content, verified.sums.content, "the count is the same");
    assert_ne!(made.sums.state, verified.sums.state, "the ledger is not");
    let again = restore(&target, &directory, &verified, &succession(EpochCause::Restored, last));
    assert!(matches!(again, Err(StoreError::NotEmpty { .. })));

    let (log, machine) = open_on(&target, None, Options::default()).unwrap();
    assert_eq!((log.identity(), machine.identity()), (NEXT, NEXT));
    assert_eq!((log.state().purged, log.state().last), (Some(leap(last)), Some(leap(last))));
    assert_eq!(log.vote().unwrap().map(|vote| (vote.term, vote.committed)), Some((leap(last).term, false)));
    assert_eq!(log.committed().unwrap(), Some(leap(last)));
    rows_and_epoch(&machine, last);
}

#[test]
fn a_backup_becomes_a_new_cluster_in_memory() {
    let (_disk, (_log, source)) = memory();
    round_trip(&source, [MemoryDisk::new(), MemoryDisk::new(), MemoryDisk::new()]);
}

#[test]
fn a_backup_becomes_a_new_cluster_on_disk() {
    let (_place, (_log, source)) = rocks();
    let place = tempfile::tempdir().unwrap();
    round_trip(&source, ["kept", "scratch", "target"].map(|name| RocksDisk::new(&place.path().join(name))));
}

#[test]
fn a_cut_goes_on_where_it_was() {
    let (_disk, (_log, source)) = memory();
    apply(&source, 1, &founding());
    let kept = MemoryDisk::new();
    let from = source.build_backup().unwrap();
    let object = from.manifest().objects[0].clone();
    let mut directory = BackupDirectory::open_or_create(kept.clone()).unwrap();
    assert!(matches!(BackupDirectory::open_or_create(kept.clone()), Err(StoreError::Locked { .. })));
    directory.write(&object, 0, &from.read(&object.sha256, 0, 100).unwrap()).unwrap();
    assert!(directory.write(&object, 200, b"a hole before it").is_err());
    assert!(directory.write(&object, object.size, b"beyond the end").is_err());
    assert!(directory.finish(from.manifest()).is_err(), "no manifest before its objects");
    drop(directory);
    assert_eq!(BackupDirectory::open(kept.clone()).unwrap().list().unwrap(), [""; 0]);
    let mut directory = BackupDirectory::open_or_create(kept).unwrap();
    assert_eq!(directory.placed(&object).unwrap(), Placed::Partly(100));
    assert_eq!(fetch(&from, &mut directory), from.manifest().size() - 100);
    assert_eq!(directory.list().unwrap(), [from.manifest().id.as_str()]);
}

/// One byte of each file of a backup, flipped: found, and named.
#[test]
fn one_flipped_byte_is_found_in_any_file() {
    let (_place, (_log, source)) = rocks();
    apply(&source, 1, &founding());
    let place = tempfile::tempdir().unwrap();
    let kept = RocksDisk::new(place.path());
    let from = source.build_backup().unwrap();
    fetch(&from, &mut BackupDirectory::open_or_create(kept.clone()).unwrap());
    let id = &from.manifest().id;
    let mut files =
        vec!["FORMAT".to_owned(), format!("backups/{id}.manifest"), format!("backups/{id}.sha256")];
    for object in &from.manifest().objects {
        let name = hex(&object.sha256);
        files.push(format!("objects/{}/{name}", &name[..2]));
    }
    assert!(files.len() > 5);
    for file in files {
        let size = kept.size(&file).unwrap();
        if size == 0 {
            continue;
        }
        let good = kept.read_at(&file, size / 2, 1).unwrap();
        kept.write_at(&file, size / 2, &[good[0] ^ 4]).unwrap();
        let found = BackupDirectory::open(kept.clone())
            .and_then(|directory| Ok((directory.manifest(id)?, directory)))
            .and_then(|(manifest, directory)| directory.faults(&manifest));
        match found {
            Ok(faults) => assert_eq!(faults.iter().map(|fault| &fault.file).collect::<Vec<_>>(), [&file]),
            Err(error) => assert!(error.to_string().contains(&file), "{file}: {error}"),
        }
        kept.write_at(&file, size / 2, &good).unwrap();
    }
    // Damage is repaired by the next backup, which fetches that object anew.
    let object = &from.manifest().objects[0];
    let path = format!("objects/{}/{}", &hex(&object.sha256)[..2], hex(&object.sha256));
    kept.write_at(&path, 0, b"?").unwrap();
    assert_eq!(fetch(&from, &mut BackupDirectory::open_or_create(kept.clone()).unwrap()), object.size);
    let directory = BackupDirectory::open(kept).unwrap();
    assert_eq!(directory.faults(&directory.manifest(id).unwrap()).unwrap(), []);
}

/// The state was flushed, more is in the log only, and the process died.
fn outlived<D: Disk>(disk: &D, target: &D, identity: &Identity, applied: usize) {
    let (log, machine) = create_on(disk, identity, Options::default()).unwrap();
    let all: Vec<_> = founding().into_iter().chain(reports(6)).collect();
    let entries = entries(1, &all);
    let (callback, done) = flushed();
    log.append(entries.clone(), callback).unwrap();
    wait(&done);
    log.save_committed(Some(entries[5].id)).unwrap();
    machine.apply(entries[..applied].to_vec()).unwrap();
    machine.flush().unwrap();
    let served = Survivor::examine(disk.clone()).map(drop).unwrap_err();
    assert_eq!(served.next_step(), NextStep::Operator, "a node that runs is left alone");
    drop((log, machine));

    let survivor = Survivor::examine(disk.clone()).unwrap();
    let report = survivor.report().clone();
    let last = entries.last().unwrap().id;
    assert_eq!(report.faults, [""; 0]);
    let flushed = applied.checked_sub(1).map(|place| entries[place].id);
    assert_eq!((report.applied, report.last), (flushed.unwrap_or_default(), last));
    assert_eq!((report.committed, report.name.as_str()), (entries[5].id, "Pemilu 2024"));
    assert_eq!(report.next_node, NodeId(4));
    let made = recover(target, &survivor, &succession(EpochCause::Recovered, last)).unwrap();
    assert_eq!(made.sums.forms, 6, "what was only in the log is there");
    assert_eq!(Survivor::examine(target.clone()).unwrap().report().last, leap(last));
    drop(survivor);
    let (_log, machine) = open_on(target, None, Options::default()).unwrap();
    rows_and_epoch(&machine, last);
    drop(machine);
    let (_log, before) = open_on(disk, None, Options::default()).unwrap();
    assert_eq!(before.applied().id, flushed, "what it was made from is as it was");
}

/// On disk only: the state of a node in memory has no files that could be taken over.
#[test]
fn a_survivor_goes_on_with_all_of_its_log() {
    let place = tempfile::tempdir().unwrap();
    let disk = |name: &str| RocksDisk::new(&place.path().join(name));
    outlived(&disk("old"), &disk("new"), &IDENTITY, 4);
    // Nothing of its state was flushed before it died.
    outlived(&disk("young"), &disk("of young"), &IDENTITY, 0);
    // An edge is a survivor like any other.
    outlived(&disk("edge"), &disk("of edge"), &Identity { edge: true, ..IDENTITY }, 4);
}

#[test]
fn a_survivor_with_a_hole_in_its_log_says_so() {
    let place = tempfile::tempdir().unwrap();
    let disk = RocksDisk::new(&place.path().join("old"));
    let (log, machine) = create_on(&disk, &IDENTITY, Options::default()).unwrap();
    let all: Vec<_> = founding().into_iter().chain(reports(6)).collect();
    let entries = entries(1, &all);
    let (callback, done) = flushed();
    log.append(entries.clone(), callback).unwrap();
    wait(&done);
    machine.apply(entries[..4].to_vec()).unwrap();
    machine.flush().unwrap();
    drop((log, machine));
    let mut batch = store::engine::Batch::new();
    batch.delete([&[0x01][..], &6_u64.to_be_bytes()].concat());
    {
        let log = disk.open("log", Purpose::Log, OpenMode::Open).unwrap();
        log.write(&batch).unwrap();
        log.sync().unwrap();
    }
    let survivor = Survivor::examine(disk).unwrap();
    assert!(survivor.report().faults[0].contains("index 6"), "{:?}", survivor.report());
    let target = RocksDisk::new(&place.path().join("new"));
    let made = recover(&target, &survivor, &succession(EpochCause::Recovered, entries[9].id));
    assert!(matches!(made, Err(StoreError::LogBroken { index: 6, .. })), "{made:?}");
    let half_made = open_on(&target, None, Options::default()).map(drop).unwrap_err();
    assert!(matches!(half_made, StoreError::FileMissing { .. }), "{half_made}");
}
