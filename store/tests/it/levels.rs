//! A release that does not know the feature level in force touches nothing.

use store::{MemoryDisk, NextStep, Options, StoreError, create_on, open_on};

use crate::world::{IDENTITY, LEVEL_NEXT, Opened, entries, founding, raise_level};

fn newer() -> Options {
    Options { level_newest: LEVEL_NEXT, ..Options::default() }
}

fn refused<T>(result: Result<T, StoreError>) {
    let error = result.map(drop).unwrap_err();
    let newer = matches!(error, StoreError::LevelNewer { found: LEVEL_NEXT, known: tally::LEVEL_NEWEST, .. });
    assert!(newer && error.next_step() == NextStep::Operator, "{error}");
}

/// Founded, and the next level in force.
fn raised() -> (MemoryDisk, Opened<MemoryDisk>) {
    let disk = MemoryDisk::new();
    let opened = create_on(&disk, &IDENTITY, newer()).unwrap();
    let proposals: Vec<_> = founding().into_iter().chain([raise_level(90)]).collect();
    opened.1.apply(entries(1, &proposals)).unwrap();
    assert_eq!(opened.1.view().ledger().unwrap().level, LEVEL_NEXT);
    (disk, opened)
}

#[test]
fn a_level_that_is_not_known_is_not_applied() {
    let disk = MemoryDisk::new();
    let (log, machine) = create_on(&disk, &IDENTITY, Options::default()).unwrap();
    let proposals: Vec<_> = founding().into_iter().chain([raise_level(90)]).collect();
    let mut all = entries(1, &proposals);
    let raise = all.split_off(proposals.len() - 1);
    machine.apply(all).unwrap();
    let before = machine.state_hash();
    refused(machine.apply(raise.clone()));
    assert_eq!(machine.state_hash(), before);
    machine.flush().unwrap();
    drop((log, machine));
    // The release that knows it goes on from there.
    let (_log, machine) = open_on(&disk, None, newer()).unwrap();
    assert_eq!(machine.state_hash(), before);
    machine.apply(raise).unwrap();
    assert_eq!(machine.view().ledger().unwrap().level, LEVEL_NEXT);
}

#[test]
fn data_above_the_known_level_is_not_opened() {
    let (disk, (log, machine)) = raised();
    let before = machine.state_hash();
    machine.flush().unwrap();
    drop((log, machine));
    refused(open_on(&disk, None, Options::default()));
    let (_log, machine) = open_on(&disk, None, newer()).unwrap();
    assert_eq!(machine.state_hash(), before);
}

#[test]
fn a_snapshot_above_the_known_level_is_not_received() {
    let (_disk, (_log, newest)) = raised();
    newest.build_snapshot().unwrap();
    let manifest = newest.current_snapshot().unwrap().manifest().clone();
    let (_log, machine) = create_on(&MemoryDisk::new(), &IDENTITY, Options::default()).unwrap();
    let error = machine.receive_snapshot(manifest).map(|_| ()).unwrap_err();
    assert!(matches!(&error, StoreError::SnapshotRefused(why) if why.contains("upgrade")), "{error}");
}
