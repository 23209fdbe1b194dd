//! A directory is looked through: what is whole is called whole, and what is not is named.

use std::ops::ControlFlow;

use store::codec::{decode_row, encode_row};
use store::engine::{Batch, Direction, Disk, Engine, OpenMode, Purpose};
use store::fsck::{Report, fsck_on};
use store::scrub::Scrubbed;
use store::{Log, Machine, Options, StoreError, open_on};
use tally::command::RequestIdentity;
use tally::ids::{Fingerprint, RequestKey};
use tally::region::RegionCode;
use tally::row::{Row, RowKey};
use tally::station::Tally;

use crate::world::{
    Opened, STATIONS, apply, entries, flushed, founding, mark, memory, ppwp, reports, rocks, wait,
};

/// Entries of a small count, in the log and in the state, and a snapshot of it.
fn fill<E: Engine>(log: &Log<E>, machine: &Machine<E>) {
    let mut all = founding();
    all.extend(reports(STATIONS));
    all.push(mark(1));
    for (number, proposal) in (0_u8..).zip(all.iter_mut().skip(4)) {
        let identity = RequestIdentity { key: RequestKey([number; 16]), fingerprint: Fingerprint([9; 16]) };
        proposal.items[0].request = Some(identity);
    }
    let (done, receiver) = flushed();
    log.append(entries(1, &all), done).unwrap();
    wait(&receiver);
    apply(machine, 1, &all);
    machine.flush().unwrap();
    machine.build_snapshot().unwrap();
}

fn filled<D: Disk>(disk: &D, (log, machine): Opened<D>) -> &D {
    fill(&log, &machine);
    drop((log, machine));
    disk
}

/// The state database of a directory that nobody has open.
fn state<D: Disk>(disk: &D) -> D::Engine {
    let current = disk.read("CURRENT").unwrap().unwrap();
    let directory = String::from_utf8(current.to_vec()).unwrap();
    disk.open(directory.split(' ').next().unwrap(), Purpose::State, OpenMode::Open).unwrap()
}

/// Names of the checks that found something.
fn wrong(report: &Report) -> Vec<&'static str> {
    report.checks.iter().filter(|check| check.wrong > 0).map(|check| check.name).collect()
}

fn findings(report: &Report, name: &str) -> String {
    report.checks.iter().find(|check| check.name == name).unwrap().findings.join("\n")
}

/// The first key of a family and its value.
fn first<E: Engine>(engine: &E, family: u8) -> (Vec<u8>, Vec<u8>) {
    let mut found = None;
    let (lower, upper) = ([family], [family + 1]);
    let visit = &mut |key: &[u8], value: &[u8]| {
        found = Some((key.to_vec(), value.to_vec()));
        ControlFlow::Break(())
    };
    engine.scan(&lower, &upper, Direction::Forward, visit).unwrap();
    found.unwrap()
}

/// What a change of the state database makes of a directory.
fn after<D: Disk>(disk: &D, change: impl FnOnce(&D::Engine) -> Batch) -> Report {
    {
        let engine = state(disk);
        engine.write(&change(&engine)).unwrap();
        engine.flush().unwrap();
    }
    fsck_on(disk).unwrap()
}

fn put(key: Vec<u8>, value: Vec<u8>) -> Batch {
    let mut batch = Batch::new();
    batch.put(key, value);
    batch
}

#[test]
fn a_whole_directory_is_called_whole_on_both_engines() {
    let (disk, opened) = memory();
    let (place, rocks) = rocks();
    let reports = [fsck_on(filled(&disk, opened)).unwrap(), fsck_on(filled(&place.disk, rocks)).unwrap()];
    for report in &reports {
        assert_eq!(wrong(report), [""; 0], "{report:#?}");
        assert!(report.sound());
        let count = |name: &str| report.checks.iter().find(|check| check.name == name).unwrap().count;
        assert_eq!((count("log entries"), count("requests"), count("hash points")), (14, 20, 1));
        assert!(count("rows") > 40 && count("sums") > 9 && count("history") == 3 * STATIONS);
        assert!(count("snapshot files") > 0);
        assert_eq!((report.applied, report.last, report.node), (Some(14), Some(14), Some(2)));
    }
    assert_eq!(reports[0].hash, reports[1].hash);
    // Nothing was changed: it opens as before.
    assert!(open_on(&place.disk, None, Options::default()).is_ok());
}

#[test]
fn an_open_directory_is_refused() {
    let (disk, opened) = memory();
    assert!(matches!(fsck_on(&disk), Err(StoreError::Locked { .. })));
    drop(opened);
    assert!(fsck_on(&disk).is_ok());
}

#[test]
fn a_wrong_sum_is_named_with_its_region() {
    let (disk, opened) = memory();
    let report = after(filled(&disk, opened), |engine| {
        // The nation's sums are the first.
        let (key, value) = first(engine, 0x19);
        let row = decode_row(&RowKey::Aggregate(ppwp(), RegionCode::NATION), &value).unwrap();
        let Row::Aggregate(mut sums) = row else { panic!("sums") };
        sums.totals.votes[0] += 1;
        put(key, encode_row(&Row::Aggregate(sums)))
    });
    assert_eq!(wrong(&report), ["sums", "state hash"]);
    assert!(findings(&report, "sums").contains("sums of ppwp in 0"), "{report:#?}");
    assert!(findings(&report, "state hash").contains("nation"), "{report:#?}");
}

#[test]
fn a_form_that_is_not_what_its_history_says_is_named_with_its_station() {
    let (disk, opened) = memory();
    let report = after(filled(&disk, opened), |engine| {
        let (key, value) = first(engine, 0x17);
        let station = tally::region::StationCode::new(1_101_012_001_001).unwrap();
        let Row::Tally(tally) = decode_row(&RowKey::Tally(ppwp(), station), &value).unwrap() else {
            panic!("a form")
        };
        put(key, encode_row(&Row::Tally(Tally { revision: 9, ..tally })))
    });
    assert_eq!(wrong(&report), ["history", "state hash"]);
    assert!(findings(&report, "history").contains("1101012001001"), "{report:#?}");
}

#[test]
fn a_lost_request_a_lost_account_and_a_lost_event_are_named() {
    let lose = |family: u8| {
        let (disk, opened) = memory();
        after(filled(&disk, opened), |engine| {
            let mut batch = Batch::new();
            batch.delete(first(engine, family).0);
            batch
        })
    };
    assert_eq!(wrong(&lose(0x1c)), ["requests", "state hash"]);
    assert_eq!(wrong(&lose(0x14)), ["accounts", "state hash"]);
    let event = lose(0x18);
    assert!(wrong(&event).contains(&"history") && wrong(&event).contains(&"requests"), "{event:#?}");
}

#[test]
fn a_flipped_bit_in_a_row_is_found_by_fsck_and_by_the_scrubber() {
    let (place, opened) = rocks();
    let disk = &place.disk;
    let report = after(filled(disk, opened), |engine| {
        let (key, mut value) = first(engine, 0x12);
        *value.last_mut().unwrap() ^= 1;
        put(key, value)
    });
    assert!(wrong(&report).contains(&"rows"), "{report:#?}");
    assert!(findings(&report, "rows").contains("Station"), "{report:#?}");
    let (log, machine) = open_on(disk, None, Options::default()).unwrap();
    let mut rest = || ControlFlow::Continue(());
    assert!(matches!(log.scrub(&mut rest), Scrubbed::Sound { index: 14, rows: 14 }));
    let Scrubbed::Wrong(what) = machine.scrub(&mut rest) else { panic!("not found") };
    assert!(what.contains("Station"), "{what}");
    // Set apart, and a restart and fsck know it.
    machine.set_quarantine(&what).unwrap();
    drop((log, machine));
    assert!(findings(&fsck_on(disk).unwrap(), "quarantine").contains("Station"));
    let (_log, machine) = open_on(disk, None, Options::default()).unwrap();
    assert_eq!(machine.quarantine().as_deref(), Some(&what));
}

#[test]
fn a_scrubber_that_is_told_to_rest_for_good_says_nothing() {
    let (_disk, (log, machine)) = memory();
    fill(&log, &machine);
    let mut rest = || ControlFlow::Continue(());
    assert!(matches!(machine.scrub(&mut rest), Scrubbed::Sound { index: 14, rows } if rows > 40));
    let accounts = usize::try_from(store::scrub::ROWS_BETWEEN_RESTS).unwrap();
    apply(&machine, 15, &[crate::world::accounts(accounts)]);
    let mut stop = || ControlFlow::Break(());
    assert_eq!(machine.scrub(&mut stop), Scrubbed::Interrupted);
}

#[test]
fn a_missing_and_a_flipped_log_entry_are_named() {
    let (disk, opened) = memory();
    let disk = filled(&disk, opened);
    {
        let log = disk.open("log", Purpose::Log, OpenMode::Open).unwrap();
        let (_, entry) = first(&log, 0x01);
        let key = |index: u64| [&[1_u8][..], &index.to_be_bytes()].concat();
        let mut batch = Batch::new();
        batch.delete(key(5));
        // An entry under another's key.
        batch.put(key(9), entry);
        log.write(&batch).unwrap();
        log.sync().unwrap();
    }
    let report = fsck_on(disk).unwrap();
    assert_eq!(wrong(&report), ["log entries"]);
    let found = findings(&report, "log entries");
    assert!(found.contains("between 4 and 6") && found.contains("entry 9"), "{found}");
}

#[test]
fn a_changed_file_of_a_snapshot_is_named() {
    let (place, opened) = rocks();
    let disk = filled(&place.disk, opened);
    let snapshot = disk.list("snapshots").unwrap().remove(0);
    let directory = format!("snapshots/{snapshot}/state");
    let name = disk.list(&directory).unwrap().into_iter().find(|name| name.starts_with("OPTIONS")).unwrap();
    disk.write_at(&format!("{directory}/{name}"), 3, b"?").unwrap();
    let report = fsck_on(disk).unwrap();
    assert_eq!(wrong(&report), ["snapshot files"]);
    assert!(findings(&report, "snapshot files").contains(&name), "{report:#?}");
}
