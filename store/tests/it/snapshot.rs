//! A snapshot built on one node becomes the state of another, or is refused.

use store::engine::{Disk, Engine};
use store::{
    Identity, Machine, Manifest, MemoryDisk, Options, Receiving, RocksDisk, SnapshotHandle, StoreError,
    create_on, open_on,
};

use crate::world::{IDENTITY, apply, founding, memory, ppwp, reports, rocks, station};

const OTHER: Identity = Identity { cluster: [7; 16], epoch: 1, node: 3, incarnation: [8; 16], edge: false };

/// Sends every file in small chunks.
fn transfer<A: Engine, B: Engine>(from: &SnapshotHandle<A>, to: &mut Receiving<B>) {
    for file in &from.manifest().files {
        let mut offset = to.offset(&file.name).unwrap();
        while offset < file.size {
            let chunk = from.read(&file.name, offset, 1_000).unwrap();
            to.write(&file.name, offset, &chunk).unwrap();
            offset += u64::try_from(chunk.len()).unwrap();
        }
    }
}

fn wire(manifest: &Manifest) -> Manifest {
    Manifest::decode(&manifest.encode()).unwrap()
}

fn round_trip<D: Disk>(source: &Machine<D::Engine>, disk: &D) {
    apply(source, 1, &founding());
    apply(source, 5, &reports(4));
    let built = source.build_snapshot().unwrap();
    assert_eq!(built.manifest().meta.applied, source.applied().id);
    assert_eq!(built.manifest().meta.hash, source.state_hash().hash);
    assert_eq!(built.manifest().meta.level, 1);
    assert_eq!(
        source.build_snapshot().unwrap().manifest(),
        built.manifest(),
        "nothing changed: the same one"
    );
    apply(source, 9, &reports(6)[4..]);

    let (log, machine) = create_on(disk, &OTHER, Options::default()).unwrap();
    let old_view = machine.view();
    let mut receiving = machine.receive_snapshot(wire(built.manifest())).unwrap();
    transfer(&built, &mut receiving);
    let received = receiving.finish().unwrap();
    assert_eq!(machine.applied().id, None, "nothing is installed yet");
    let applied = machine.install_snapshot(received).unwrap();
    assert_eq!(applied.id, built.manifest().meta.applied);
    assert_eq!(old_view.index(), 0, "views from before stay");
    assert_eq!(machine.state_hash().hash, built.manifest().meta.hash);
    assert_eq!(machine.recompute_hash().unwrap(), machine.state_hash());
    assert_eq!(machine.persisted_applied(), applied.id);
    assert_eq!(machine.current_snapshot().unwrap().manifest(), built.manifest(), "it can be sent on");
    apply(&machine, 9, &reports(6)[4..]);
    assert_eq!(machine.state_hash(), source.state_hash());
    machine.flush().unwrap();
    drop((old_view, log, machine));

    let (_log, machine) = open_on(disk, None, Options::default()).unwrap();
    assert_eq!(machine.identity(), OTHER, "the sender's identity does not come with its state");
    assert_eq!(machine.state_hash(), source.state_hash());
    assert!(machine.view().tally(&ppwp(), station(5)).unwrap().is_some());
    assert_eq!(disk.list("").unwrap().iter().filter(|name| name.starts_with("state-")).count(), 1);
}

#[test]
fn a_snapshot_becomes_another_nodes_state_in_memory() {
    let (_disk, (_log, source)) = memory();
    round_trip(&source, &MemoryDisk::new());
}

#[test]
fn a_snapshot_becomes_another_nodes_state_on_disk() {
    let (_place, (_log, source)) = rocks();
    let directory = tempfile::tempdir().unwrap();
    round_trip(&source, &RocksDisk::new(directory.path()));
}

#[test]
fn a_broken_transfer_goes_on_where_it_was() {
    let (_disk, (_log, source)) = memory();
    apply(&source, 1, &founding());
    let built = source.build_snapshot().unwrap();
    let target = MemoryDisk::new();
    let (_target_log, machine) = create_on(&target, &OTHER, Options::default()).unwrap();
    let file = built.manifest().files[0].clone();
    let mut receiving = machine.receive_snapshot(wire(built.manifest())).unwrap();
    receiving.write(&file.name, 0, &built.read(&file.name, 0, 100).unwrap()).unwrap();
    assert!(receiving.write(&file.name, 200, b"a hole before it").is_err());
    assert!(receiving.write(&file.name, file.size, b"beyond the end").is_err());
    assert!(receiving.write("../../CURRENT", 0, b"x").is_err());
    drop(receiving);
    let mut receiving = machine.receive_snapshot(wire(built.manifest())).unwrap();
    assert_eq!(receiving.offset(&file.name).unwrap(), 100);
    transfer(&built, &mut receiving);
    machine.install_snapshot(receiving.finish().unwrap()).unwrap();
    assert_eq!(machine.state_hash(), source.state_hash());
}

#[test]
fn a_flipped_byte_is_refused_and_fetched_again() {
    let (_place, (_log, source)) = rocks();
    apply(&source, 1, &founding());
    let built = source.build_snapshot().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let disk = RocksDisk::new(directory.path());
    let (_target_log, machine) = create_on(&disk, &OTHER, Options::default()).unwrap();
    let mut receiving = machine.receive_snapshot(wire(built.manifest())).unwrap();
    transfer(&built, &mut receiving);
    let largest = built.manifest().files.iter().max_by_key(|file| file.size).unwrap();
    let byte = built.read(&largest.name, 10, 1).unwrap()[0] ^ 1;
    receiving.write(&largest.name, 10, &[byte]).unwrap();
    let refused = receiving.finish().map(|_| ()).unwrap_err();
    assert!(matches!(refused, StoreError::SnapshotRefused(_)), "{refused}");
    let mut receiving = machine.receive_snapshot(wire(built.manifest())).unwrap();
    assert_eq!(receiving.offset(&largest.name).unwrap(), 0, "the broken file is gone");
    transfer(&built, &mut receiving);
    machine.install_snapshot(receiving.finish().unwrap()).unwrap();
    assert_eq!(machine.state_hash(), source.state_hash());
}

#[test]
fn what_does_not_belong_here_is_refused() {
    let (_disk, (_log, machine)) = memory();
    apply(&machine, 1, &founding());
    let good = machine.build_snapshot().unwrap().manifest().clone();
    let refused = |change: fn(&mut Manifest)| {
        let mut manifest = good.clone();
        change(&mut manifest);
        matches!(machine.receive_snapshot(manifest), Err(StoreError::SnapshotRefused(_)))
    };
    assert!(refused(|manifest| manifest.meta.cluster = [1; 16]));
    assert!(refused(|manifest| manifest.meta.epoch = 2));
    assert!(refused(|manifest| manifest.meta.level = 99));
    assert!(refused(|manifest| manifest.files[0].name = "../CURRENT".to_owned()));
    assert!(refused(|manifest| manifest.id = "..".to_owned()));
    // Files that are right, with a hash that is not that of their rows.
    let mut manifest = good.clone();
    manifest.meta.hash ^= 1;
    manifest.id.push_str("-forged");
    let handle = machine.current_snapshot().unwrap();
    let mut receiving = machine.receive_snapshot(manifest).unwrap();
    transfer(&handle, &mut receiving);
    assert!(matches!(receiving.finish().map(|_| ()), Err(StoreError::SnapshotRefused(_))));
}

#[test]
fn two_snapshots_are_kept_and_those_in_use() {
    let (disk, (log, machine)) = memory();
    apply(&machine, 1, &founding());
    let first = machine.build_snapshot().unwrap();
    for number in 0..3 {
        apply(&machine, 5 + number, &reports(4)[usize::try_from(number).unwrap()..][..1]);
        machine.build_snapshot().unwrap();
    }
    assert_eq!(disk.list("snapshots").unwrap().len(), 3, "the first is still held");
    assert!(first.read(&first.manifest().files[0].name, 0, 10).is_ok());
    drop(first);
    apply(&machine, 8, &reports(4)[3..]);
    machine.build_snapshot().unwrap();
    assert_eq!(disk.list("snapshots").unwrap().len(), 2);
    drop((log, machine));
    disk.write_whole("snapshots/unfinished/state/rows.sst", b"half").unwrap();
    let (_log, machine) =
        open_on(&disk, Some(&store::Expected { cluster: IDENTITY.cluster, node: 2 }), Options::default())
            .unwrap();
    assert_eq!(disk.list("snapshots").unwrap().len(), 2, "what was not whole is gone");
    assert_eq!(machine.current_snapshot().unwrap().manifest().meta.applied.unwrap().index, 8);
}
