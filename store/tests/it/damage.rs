//! Every kind of file of a data directory, damaged in every way that one bad byte, one cut and one loss can do it.
//!
//! What must hold each time: the node refuses to open, or finds the damage when it reads, and the message names
//! the file; or nothing was lost, and everything is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use store::{LogEntry, Options, RocksDisk, create_on, open_on};

use crate::world::{IDENTITY, entries, flushed, founding, reports, wait};

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// A bit at this many thousandths of it turns.
    Flip(usize),
    /// It ends after this many thousandths.
    Cut(usize),
    /// It loses its last bytes.
    CutTail,
    /// It is gone.
    Remove,
}

/// What came of it.
#[derive(Debug)]
enum Fate {
    /// The directory is refused, with this message.
    Refused(String),
    /// It opens, and reading it finds this.
    Found(String),
    /// Everything is there.
    Whole,
}

const FLIPS: [usize; 4] = [0, 333, 640, 999];
const CUTS: [usize; 2] = [0, 700];

/// A node that did everything once: tables, write-ahead logs and manifests in both databases, a purged log, an
/// installed state, a snapshot.
struct Fixture {
    place: tempfile::TempDir,
    entries: Vec<LogEntry>,
    hash: u128,
}

const PURGED: u64 = 3;
const TERM: u64 = 3;

fn fixture() -> Fixture {
    let place = tempfile::tempdir().unwrap();
    let disk = RocksDisk::new(place.path());
    let proposals: Vec<_> = founding().into_iter().chain(reports(9)).collect();
    let all = entries(1, &proposals);
    let append = |log: &store::Log<_>, part: &[LogEntry]| {
        let (callback, result) = flushed();
        log.append(part.to_vec(), callback).unwrap();
        wait(&result);
    };
    let (log, machine) = create_on(&disk, &IDENTITY, Options::default()).unwrap();
    let (callback, result) = flushed();
    log.save_vote(store::Vote { term: TERM, node: 2, committed: true }, callback).unwrap();
    wait(&result);
    append(&log, &all[..6]);
    machine.apply(all[..6].to_vec()).unwrap();
    machine.flush().unwrap();
    drop((log, machine));
    // Opening turns the write-ahead log so far into a table.
    let (log, machine) = open_on(&disk, None, Options::default()).unwrap();
    let snapshot = machine.build_snapshot().unwrap();
    let mut receiving = machine.receive_snapshot(snapshot.manifest().clone()).unwrap();
    for file in &snapshot.manifest().files {
        let bytes = snapshot.read(&file.name, 0, usize::MAX).unwrap();
        receiving.write(&file.name, 0, &bytes).unwrap();
    }
    machine.install_snapshot(receiving.finish().unwrap()).unwrap();
    log.purge(store::LogId { term: TERM, index: PURGED }).unwrap();
    append(&log, &all[6..9]);
    machine.apply(all[6..9].to_vec()).unwrap();
    machine.flush().unwrap();
    drop((log, machine));
    let (log, machine) = open_on(&disk, None, Options::default()).unwrap();
    append(&log, &all[9..]);
    machine.apply(all[9..].to_vec()).unwrap();
    let hash = machine.state_hash().hash;
    drop((log, machine));
    Fixture { place, entries: all, hash }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Files below a directory, relative to it, but for locks and what a database tells about itself.
fn files(root: &Path, below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = below.join(&name);
        if entry.file_type().unwrap().is_dir() {
            files(root, &path, found);
        } else if name != "LOCK" && !name.starts_with("LOG") && name != "IDENTITY.new" {
            found.push(path);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "damage need not be durable")]
fn hurt(path: &Path, damage: Damage) {
    let mut bytes = fs::read(path).unwrap();
    let at = |thousandths: usize| bytes.len() * thousandths / 1000;
    match damage {
        Damage::Flip(place) => {
            let place = at(place);
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 4;
            }
        }
        Damage::Cut(place) => bytes.truncate(at(place)),
        Damage::CutTail => bytes.truncate(bytes.len().saturating_sub(3)),
        Damage::Remove => return fs::remove_file(path).unwrap(),
    }
    fs::write(path, bytes).unwrap();
}

/// Opens a directory, brings the state up to the log as a start does, and compares everything.
fn fate(directory: &Path, fixture: &Fixture) -> Fate {
    let disk = RocksDisk::new(directory);
    let (log, machine) = match open_on(&disk, None, Options::default()) {
        Ok(opened) => opened,
        Err(error) => return Fate::Refused(error.to_string()),
    };
    if let Err(error) = store::check_together(&log, &machine) {
        return Fate::Refused(error.to_string());
    }
    let found = |error: store::StoreError| Fate::Found(machine.damage().unwrap_or_else(|| error.to_string()));
    let kept = &fixture.entries[usize::try_from(PURGED).unwrap()..];
    match log.read(0, u64::MAX, usize::MAX) {
        Ok(read) => assert_eq!(read, kept, "entries changed without a word"),
        Err(error) => return found(error),
    }
    assert_eq!(log.vote().unwrap(), Some(store::Vote { term: TERM, node: 2, committed: true }));
    let applied = usize::try_from(machine.applied().id.unwrap().index).unwrap();
    if let Err(error) = machine.apply(fixture.entries[applied..].to_vec()) {
        return found(error);
    }
    match machine.recompute_hash() {
        Err(error) => return found(error),
        Ok(recomputed) => assert_eq!(recomputed, machine.state_hash(), "rows changed without a word"),
    }
    assert_eq!(machine.state_hash().hash, fixture.hash, "rows were lost without a word");
    match machine.verify(&|| true) {
        Err(error) => found(error),
        Ok(files) if files.is_empty() => Fate::Whole,
        Ok(files) => {
            assert!(
                machine.current_snapshot().is_some(),
                "a new snapshot takes the place of the damaged one"
            );
            Fate::Found(files.join(", "))
        }
    }
}

/// What a path is called in the table of results.
fn kind(path: &Path) -> String {
    let text = path.to_str().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let place = match text.split('/').next().unwrap() {
        "log" => "log/",
        "snapshots" => "snapshot/",
        "staging" => "staging/",
        part if part.starts_with("state-") => "state/",
        _ => "",
    };
    let what = match name.split_once(['-', '.']) {
        Some((_, "sst")) => "sst",
        Some((_, "log")) => "wal",
        Some((word, _)) => word,
        None => name,
    };
    format!("{place}{what}")
}

/// Whether this damage can go unnoticed, since nothing needs what it hit: then everything must be there.
fn may_be_harmless(kind: &str, damage: Damage) -> bool {
    match kind {
        // Two marks: one that is torn must be survived, for a power loss tears too.
        "SYNCED" => !matches!(damage, Damage::Cut(0) | Damage::Remove),
        // The last change of a manifest may be torn by a crash: then the state before it counts, or the log.
        "log/MANIFEST" | "state/MANIFEST" => matches!(damage, Damage::CutTail | Damage::Cut(700)),
        // Never read, the library writes them for people; empty, for the state is written without one; and a
        // damaged manifest of a snapshot removes the snapshot at the opening.
        "log/OPTIONS" | "state/OPTIONS" | "log/IDENTITY" | "state/IDENTITY" | "state/wal"
        | "snapshot/wal" | "snapshot/MANIFEST" => true,
        _ => false,
    }
}

#[test]
fn damage_is_named_or_does_no_harm() {
    let fixture = fixture();
    let mut paths = Vec::new();
    files(fixture.place.path(), Path::new(""), &mut paths);
    paths.sort();
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("node");
    let damages: Vec<Damage> = FLIPS
        .map(Damage::Flip)
        .into_iter()
        .chain(CUTS.map(Damage::Cut))
        .chain([Damage::CutTail, Damage::Remove])
        .collect();
    let mut kinds = BTreeSet::new();
    let (mut noticed, mut harmless) = (0, 0);
    for path in &paths {
        let kind = kind(path);
        for damage in damages.iter().copied() {
            copy(fixture.place.path(), &directory);
            hurt(&directory.join(path), damage);
            let name = path.file_name().unwrap().to_str().unwrap();
            // A cut or missing write-ahead log shows by what is not there, and a pointer by where it leads.
            let named = |text: &str| {
                text.contains(name)
                    || (kind == "log/wal" && text.contains("log/ with"))
                    || (name == "CURRENT" && text.contains("/MANIFEST-"))
            };
            match fate(&directory, &fixture) {
                Fate::Refused(text) => {
                    assert!(named(&text), "{damage:?} of {}: {text}", path.display());
                    assert!(text.contains("join again under a new number"), "{text}");
                    noticed += 1;
                }
                Fate::Found(text) => {
                    assert!(named(&text), "{damage:?} of {}: {text}", path.display());
                    noticed += 1;
                }
                Fate::Whole => {
                    assert!(
                        may_be_harmless(&kind, damage),
                        "{damage:?} of {} was not noticed",
                        path.display()
                    );
                    harmless += 1;
                }
            }
            fs::remove_dir_all(&directory).unwrap();
        }
        kinds.insert(kind);
    }
    assert!(kinds.len() >= 20, "the fixture lacks kinds of files: {kinds:?}");
    assert!(noticed >= 120, "{noticed} noticed, {harmless} harmless");
}
