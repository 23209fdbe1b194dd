//! A crash before every durable step of everything that takes several: the directory opens afterwards, holds what was
//! acknowledged, and comes to the same end when the work is done again.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use store::engine::{Disk, Engine};
use store::{
    Flusher, Identity, LogEntry, LogId, Machine, MemoryDisk, Options, RocksDisk, SnapshotHandle, StoreError,
    create_on, open_on,
};

use crate::steps::{Death, StepDisk, Steps};
use crate::world::{IDENTITY, LEVEL_NEXT, apply, entries, founding, memory, raise_level, reports};

/// More steps than anything here takes.
const STEPS_MAX: u64 = 200;

const OTHER: Identity = Identity { node: 3, incarnation: [8; 16], ..IDENTITY };

/// Nothing runs by itself, and a failed flush is an error like any other: the disk here fails for good.
fn driven() -> Options {
    Options {
        flusher: Flusher::Driven,
        fatal: Arc::new(|_| ()),
        level_newest: LEVEL_NEXT,
        ..Options::default()
    }
}

/// Plays `work` with a power loss before each of its steps in turn, then `check`s what is left. Answers how many
/// steps it has.
fn at_every_step(
    prepare: impl Fn() -> MemoryDisk,
    work: impl Fn(&StepDisk<MemoryDisk>) -> Result<(), StoreError>,
    check: impl Fn(&MemoryDisk, u64),
) -> u64 {
    for limit in 0..STEPS_MAX {
        let disk = prepare();
        let steps = Steps::new(limit, Death::Errors);
        let done = work(&StepDisk { inner: disk.clone(), steps: steps.clone() });
        let over = steps.over();
        assert!(over || done.is_ok(), "step {limit}: {done:?}");
        disk.crash();
        check(&disk, limit);
        if !over {
            return limit;
        }
    }
    panic!("more than {STEPS_MAX} steps");
}

#[test]
fn a_directory_is_made_whole_or_not_at_all() {
    let steps = at_every_step(
        MemoryDisk::new,
        |disk| create_on(disk, &IDENTITY, driven()).map(drop),
        |disk, step| {
            match open_on(disk, None, driven()) {
                Ok((log, machine)) => assert_eq!((log.identity(), machine.identity()), (IDENTITY, IDENTITY)),
                Err(StoreError::Missing { .. } | StoreError::Incomplete { .. }) => {
                    // As the message says: remove it, make it again.
                    for name in disk.list("").unwrap() {
                        disk.remove_tree(&name).unwrap();
                    }
                    drop(create_on(disk, &IDENTITY, driven()).unwrap());
                }
                Err(error) => panic!("step {step}: {error}"),
            }
            assert!(open_on(disk, None, driven()).is_ok(), "step {step}");
        },
    );
    assert!(steps >= 8, "only {steps} steps were found");
}

fn transfer<A: Engine, B: Engine>(from: &SnapshotHandle<A>, to: &Machine<B>) -> Result<(), StoreError> {
    let mut receiving = to.receive_snapshot(from.manifest().clone())?;
    for file in &from.manifest().files {
        let mut offset = receiving.offset(&file.name)?;
        while offset < file.size {
            let chunk = from.read(&file.name, offset, 3_000)?;
            receiving.write(&file.name, offset, &chunk)?;
            offset += u64::try_from(chunk.len()).unwrap();
        }
    }
    to.install_snapshot(receiving.finish()?).map(drop)
}

/// Opens, receives a snapshot and installs it.
fn install<D: Disk, E: Engine>(disk: &D, source: &SnapshotHandle<E>) -> Result<(), StoreError> {
    let (_log, machine) = open_on(disk, None, driven())?;
    transfer(source, &machine)
}

/// The old state or the new one, whole; and the new one once it is installed again.
fn old_or_new<D: Disk, E: Engine>(disk: &D, source: &SnapshotHandle<E>, step: u64) {
    let meta = &source.manifest().meta;
    {
        let (_log, machine) =
            open_on(disk, None, driven()).unwrap_or_else(|error| panic!("step {step}: {error}"));
        assert_eq!(machine.identity(), OTHER, "step {step}");
        let hash = machine.state_hash();
        assert!(machine.applied().id.is_none() || hash.hash == meta.hash, "step {step}: half a state");
        assert_eq!(machine.recompute_hash().unwrap(), hash, "step {step}");
        assert_eq!(machine.verify(&|| true).unwrap(), Vec::<String>::new(), "step {step}: half a snapshot");
    }
    install(disk, source).unwrap_or_else(|error| panic!("again after step {step}: {error}"));
    let (_log, machine) = open_on(disk, None, driven()).unwrap();
    assert_eq!((machine.applied().id, machine.state_hash().hash), (meta.applied, meta.hash), "step {step}");
    assert_eq!(machine.current_snapshot().unwrap().manifest(), source.manifest(), "step {step}");
    let states = disk.list("").unwrap().into_iter().filter(|name| name.starts_with("state-")).count();
    assert_eq!(states, 1, "step {step}");
}

#[test]
fn an_installation_leaves_the_old_state_or_the_new_one() {
    let (_disk, (_log, machine)) = memory();
    apply(&machine, 1, &founding());
    apply(&machine, 5, &reports(4));
    let source = machine.build_snapshot().unwrap();
    let prepare = || {
        let disk = MemoryDisk::new();
        drop(create_on(&disk, &OTHER, driven()).unwrap());
        disk
    };
    let steps =
        at_every_step(prepare, |disk| install(disk, &source), |disk, step| old_or_new(disk, &source, step));
    assert!(steps >= 12, "only {steps} steps were found");
}

/// A node's life in short: entries, votes, state, snapshots, a purge, a level. `acknowledged` is the last entry
/// whose callback came.
fn live<D: Disk>(disk: &D, all: &[LogEntry], acknowledged: &Arc<AtomicU64>) -> Result<(), StoreError> {
    let (log, machine) = open_on(disk, None, driven())?;
    let append = |part: &[LogEntry]| {
        let (acknowledged, last) = (Arc::clone(acknowledged), part.last().unwrap().id.index);
        let flushed = move |result: std::io::Result<()>| {
            if result.is_ok() {
                acknowledged.store(last, Ordering::SeqCst);
            }
        };
        log.append(part.to_vec(), Box::new(flushed))?;
        log.drive();
        Ok::<(), StoreError>(())
    };
    append(&all[..4])?;
    machine.apply(all[..4].to_vec())?;
    log.save_vote(store::Vote { term: 3, node: 2, committed: true }, Box::new(drop))?;
    append(&all[4..8])?;
    machine.apply(all[4..7].to_vec())?;
    machine.build_snapshot()?;
    machine.flush()?;
    let purged = machine.persisted_applied().unwrap();
    log.purge(LogId { index: purged.index - 1, ..purged })?;
    log.drive();
    append(&all[8..])?;
    machine.apply(all[7..].to_vec())?;
    machine.build_snapshot()?;
    machine.flush()?;
    log.purge(machine.persisted_applied().unwrap())?;
    log.drive();
    Ok(())
}

#[test]
fn a_log_and_its_state_fit_together_after_a_crash_anywhere() {
    let raise = raise_level(90);
    let proposals: Vec<_> = founding().into_iter().chain(reports(8)).chain([raise]).collect();
    let all = entries(1, &proposals);
    let (_log, whole) = create_on(&MemoryDisk::new(), &IDENTITY, driven()).unwrap();
    whole.apply(all.clone()).unwrap();
    let wanted = whole.state_hash();
    let acknowledged = Arc::new(AtomicU64::new(0));
    let prepare = || {
        acknowledged.store(0, Ordering::SeqCst);
        let disk = MemoryDisk::new();
        drop(create_on(&disk, &IDENTITY, driven()).unwrap());
        disk
    };
    let check = |disk: &MemoryDisk, step: u64| {
        let (log, machine) =
            open_on(disk, None, driven()).unwrap_or_else(|error| panic!("step {step}: {error}"));
        store::check_together(&log, &machine).unwrap_or_else(|error| panic!("step {step}: {error}"));
        let last = log.state().last.map_or(0, |last| last.index);
        assert!(last >= acknowledged.load(Ordering::SeqCst), "step {step}: acknowledged entries are gone");
        log.append(all[usize::try_from(last).unwrap()..].to_vec(), Box::new(drop)).unwrap();
        log.drive();
        let applied = machine.applied().id.map_or(0, |id| id.index);
        let rest = log.read(applied + 1, u64::MAX, usize::MAX).unwrap();
        assert_eq!(rest, all[usize::try_from(applied).unwrap()..], "step {step}");
        machine.apply(rest).unwrap();
        assert_eq!(machine.state_hash(), wanted, "step {step}");
        assert_eq!(machine.recompute_hash().unwrap(), wanted, "step {step}");
        assert_eq!(machine.verify(&|| true).unwrap(), Vec::<String>::new(), "step {step}");
    };
    let steps = at_every_step(prepare, |disk| live(disk, &all, &acknowledged), check);
    assert!(steps >= 18, "only {steps} steps were found");
}

const DIRECTORY: &str = "RAKIT_TEST_CRASH_DIRECTORY";
const LIMIT: &str = "RAKIT_TEST_CRASH_STEP";

fn places(directory: &Path) -> (PathBuf, PathBuf) {
    (directory.join("source"), directory.join("target"))
}

/// The process that dies in the test below.
#[test]
#[ignore = "run by an_installation_survives_kills_on_a_real_disk, in a process of its own"]
fn installs_until_it_dies() {
    let directory = PathBuf::from(std::env::var_os(DIRECTORY).unwrap());
    let limit = std::env::var(LIMIT).unwrap().parse().unwrap();
    let (source, target) = places(&directory);
    let (_log, machine) = open_on(&RocksDisk::new(&source), None, driven()).unwrap();
    let snapshot = machine.current_snapshot().unwrap();
    let disk = StepDisk { inner: RocksDisk::new(&target), steps: Steps::new(limit, Death::Kill) };
    install(&disk, &snapshot).unwrap();
}

#[test]
fn an_installation_survives_kills_on_a_real_disk() {
    let place = tempfile::tempdir().unwrap();
    let (source, target) = places(place.path());
    {
        let (_log, machine) = create_on(&RocksDisk::new(&source), &IDENTITY, driven()).unwrap();
        apply(&machine, 1, &founding());
        apply(&machine, 5, &reports(4));
        machine.flush().unwrap();
        machine.build_snapshot().unwrap();
    }
    for limit in 0..STEPS_MAX {
        let disk = RocksDisk::new(&target);
        drop(create_on(&disk, &OTHER, driven()).unwrap());
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crashes::installs_until_it_dies", "--ignored"])
            .env(DIRECTORY, place.path())
            .env(LIMIT, limit.to_string())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(child.success() || child.signal() == Some(9), "step {limit}: {child}");
        let (_log, machine) = open_on(&RocksDisk::new(&source), None, driven()).unwrap();
        old_or_new(&RocksDisk::new(&target), &machine.current_snapshot().unwrap(), limit);
        std::fs::remove_dir_all(&target).unwrap();
        if child.success() {
            assert!(limit >= 12, "only {limit} steps were found");
            return;
        }
    }
    panic!("more than {STEPS_MAX} steps");
}
