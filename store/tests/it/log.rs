//! The log against a plain list, on both engines, through restarts and power losses.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use store::engine::{Disk, Engine};
use store::{
    Flusher, Log, LogEntry, LogId, MemoryDisk, Options, Payload, StoreError, Vote, create_on, open_on,
};

use crate::world::{IDENTITY, flushed, memory, rocks, wait};

fn entry(index: u64, term: u64, size: usize) -> LogEntry {
    let payload = match size {
        0 => Payload::Blank,
        size if size % 2 == 0 => Payload::Proposal(vec![1; size].into()),
        size => Payload::Membership(vec![2; size].into()),
    };
    LogEntry { id: LogId { term, index }, payload }
}

fn append<E: Engine>(log: &Log<E>, entries: Vec<LogEntry>) {
    let (callback, result) = flushed();
    log.append(entries, callback).unwrap();
    wait(&result);
}

/// One call of a random history.
#[derive(Clone, Debug)]
enum Step {
    Append(Vec<usize>),
    TruncateBy(u64),
    PurgeBy(u64),
    Vote(u64),
    Committed,
    Read(u64, u64, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => proptest::collection::vec(0..60_usize, 1..6).prop_map(Step::Append),
        1 => (0..6_u64).prop_map(Step::TruncateBy),
        1 => (0..6_u64).prop_map(Step::PurgeBy),
        1 => (0..9_u64).prop_map(Step::Vote),
        1 => Just(Step::Committed),
        4 => (0..40_u64, 0..40_u64, 0..200_usize).prop_map(|(first, count, bytes)| Step::Read(first, count, bytes)),
    ]
}

/// What a log is.
#[derive(Default)]
struct Model {
    entries: BTreeMap<u64, LogEntry>,
    purged: Option<LogId>,
    last: Option<LogId>,
    vote: Option<Vote>,
    committed: Option<LogId>,
    term: u64,
}

impl Model {
    fn next(&self) -> u64 {
        self.last.map_or(0, |last| last.index + 1)
    }

    fn read(&self, first: u64, end: u64, bytes_max: usize) -> Vec<LogEntry> {
        let mut bytes = 0;
        let mut found = Vec::new();
        for entry in self.entries.range(first..end.max(first)).map(|(_, entry)| entry) {
            bytes += entry.payload.size();
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push(entry.clone());
        }
        found
    }

    fn check<E: Engine>(&self, log: &Log<E>) {
        assert_eq!((log.state().purged, log.state().last), (self.purged, self.last));
        assert_eq!(log.vote().unwrap(), self.vote);
        assert_eq!(log.committed().unwrap(), self.committed);
        let all: Vec<LogEntry> = self.entries.values().cloned().collect();
        assert_eq!(log.read(0, u64::MAX, usize::MAX).unwrap(), all);
    }

    fn take<E: Engine>(&mut self, log: &Log<E>, step: &Step) {
        match step {
            Step::Append(sizes) => {
                let entries: Vec<LogEntry> =
                    (self.next()..).zip(sizes).map(|(index, size)| entry(index, self.term, *size)).collect();
                append(log, entries.clone());
                self.last = entries.last().map(|entry| entry.id);
                self.entries.extend(entries.into_iter().map(|entry| (entry.id.index, entry)));
            }
            Step::TruncateBy(count) => {
                let kept = self.next().saturating_sub(*count).checked_sub(1);
                let kept = kept.and_then(|index| self.entries.get(&index)).map(|entry| entry.id);
                let kept = kept.or(self.purged);
                let (callback, result) = flushed();
                log.truncate_after(kept, callback).unwrap();
                wait(&result);
                self.entries.retain(|index, _| kept.is_some_and(|kept| *index <= kept.index));
                self.last = kept;
                self.term += 1;
            }
            Step::PurgeBy(count) => {
                let first = self.purged.map_or(0, |purged| purged.index + 1);
                let index = first + count;
                let through =
                    self.entries.get(&index).map_or(LogId { term: self.term, index }, |entry| entry.id);
                log.purge(through).unwrap();
                self.purged = Some(through);
                self.entries.retain(|index, _| *index > through.index);
                if self.last.is_none_or(|last| last.index <= through.index) {
                    self.last = Some(through);
                }
            }
            Step::Vote(node) => {
                self.term += 1;
                let vote = Vote { term: self.term, node: *node, committed: false };
                let (callback, result) = flushed();
                log.save_vote(vote, callback).unwrap();
                wait(&result);
                self.vote = Some(vote);
            }
            Step::Committed => {
                log.save_committed(self.last).unwrap();
                self.committed = self.last;
            }
            Step::Read(first, count, bytes) => {
                let found = log.read(*first, first + count, *bytes).unwrap();
                assert_eq!(found, self.read(*first, first + count, *bytes));
            }
        }
    }
}

fn history<D: Disk>(disk: &D, log: Log<D::Engine>, steps: &[Step]) {
    let mut model = Model::default();
    for step in steps {
        model.take(&log, step);
        model.check(&log);
    }
    drop(log);
    let (log, _machine) = open_on(disk, None, Options::default()).unwrap();
    model.check(&log);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_log_in_memory_is_a_list(steps in proptest::collection::vec(step(), 1..40), tail in 0..3_usize) {
        let disk = MemoryDisk::new();
        // A tail of next to nothing, of a few entries, of all.
        let options = Options { tail_bytes_max: [1, 300, 1_000_000][tail], ..Options::default() };
        let (log, machine) = create_on(&disk, &IDENTITY, options).unwrap();
        drop(machine);
        history(&disk, log, &steps);
    }

    #[test]
    fn a_log_on_disk_is_a_list(steps in proptest::collection::vec(step(), 1..30)) {
        let (place, (log, machine)) = rocks();
        drop(machine);
        history(&place.disk, log, &steps);
    }
}

fn driven() -> Options {
    Options { flusher: Flusher::Driven, ..Options::default() }
}

#[test]
fn callbacks_wait_for_a_flush_and_keep_their_order() {
    let disk = MemoryDisk::new();
    let (log, _machine) = create_on(&disk, &IDENTITY, driven()).unwrap();
    let called = Arc::new(Mutex::new(Vec::new()));
    for number in 0..4_u64 {
        let called = Arc::clone(&called);
        let flushed: store::Flushed =
            Box::new(move |result| called.lock().unwrap().push((number, result.is_ok())));
        if number == 2 {
            log.save_vote(Vote { term: 9, node: 1, committed: true }, flushed).unwrap();
        } else {
            log.append(vec![entry(number - number / 3, 1, 10)], flushed).unwrap();
        }
    }
    assert_eq!(log.read(0, 9, usize::MAX).unwrap().len(), 3, "readable before they are durable");
    assert!(called.lock().unwrap().is_empty());
    let before = log.statistics().fsyncs;
    log.drive();
    assert_eq!(*called.lock().unwrap(), [(0, true), (1, true), (2, true), (3, true)]);
    assert_eq!(log.statistics().fsyncs, before + 1, "one flush for all");
    assert_eq!(log.oldest_unsynced_ms(), 0);
}

#[test]
fn a_power_loss_takes_only_what_was_not_acknowledged() {
    let disk = MemoryDisk::new();
    let (log, machine) = create_on(&disk, &IDENTITY, driven()).unwrap();
    let quiet = || -> store::Flushed { Box::new(|_| ()) };
    log.append((0..5).map(|index| entry(index, 1, 10)).collect(), quiet()).unwrap();
    log.save_vote(Vote { term: 1, node: 2, committed: true }, quiet()).unwrap();
    log.drive();
    log.append(vec![entry(5, 1, 10)], quiet()).unwrap();
    log.save_committed(Some(LogId { term: 1, index: 5 })).unwrap();
    disk.crash();
    // The owner is gone with its memory; closing properly is what a power loss does not do.
    std::mem::forget((log, machine));
    let (reopened, _machine) = open_on(&disk.after_power_loss(), None, driven()).unwrap();
    assert_eq!(reopened.state().last, Some(LogId { term: 1, index: 4 }));
    assert_eq!(reopened.vote().unwrap(), Some(Vote { term: 1, node: 2, committed: true }));
    assert_eq!(reopened.committed().unwrap(), None);
}

#[test]
fn a_node_that_lost_an_election_it_stood_in_may_come_back() {
    let disk = MemoryDisk::new();
    let (log, machine) = create_on(&disk, &IDENTITY, driven()).unwrap();
    // The mark of the first vote is flushed at once, that of the second, for another node, only later.
    let votes = [Vote { term: 5, node: 2, committed: false }, Vote { term: 5, node: 1, committed: true }];
    for vote in votes {
        log.save_vote(vote, Box::new(drop)).unwrap();
        log.drive();
    }
    disk.crash();
    std::mem::forget((log, machine));
    let (reopened, _machine) = open_on(&disk.after_power_loss(), None, driven()).unwrap();
    assert_eq!(reopened.vote().unwrap(), Some(votes[1]));
}

#[test]
fn a_disk_that_lost_acknowledged_entries_is_refused() {
    let (disk, (log, machine)) = memory();
    append(&log, (0..5).map(|index| entry(index, 1, 10)).collect());
    let mark = disk.read("SYNCED").unwrap().unwrap();
    drop((log, machine));
    let disk = MemoryDisk::new();
    drop(create_on(&disk, &IDENTITY, Options::default()).unwrap());
    disk.write_whole("SYNCED", &mark).unwrap();
    let error = open_on(&disk, None, Options::default()).map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::AcknowledgedLost { node: 2, .. }), "{error}");
    assert!(error.to_string().contains("join again"), "{error}");
}

#[test]
fn the_first_failed_flush_is_fatal_and_nothing_is_acknowledged_after_it() {
    let disk = MemoryDisk::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let fatal: store::Fatal = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let (log, _machine) = create_on(&disk, &IDENTITY, Options { fatal, ..driven() }).unwrap();
    disk.database("log").unwrap().fail_next_sync();
    for index in 0..2 {
        let (callback, result) = flushed();
        log.append(vec![entry(index, 1, 10)], callback).unwrap();
        log.drive();
        assert!(result.recv().unwrap().is_err(), "entry {index}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_gap_is_refused_and_a_damaged_entry_is_found_out() {
    let (disk, (log, machine)) = memory();
    append(&log, vec![entry(0, 1, 10), entry(1, 1, 10)]);
    let (callback, _result) = flushed();
    let error = log.append(vec![entry(3, 1, 10)], callback).unwrap_err();
    assert!(matches!(error, StoreError::LogBroken { index: 3, .. }), "{error}");
    drop((log, machine));
    let engine = disk.database("log").unwrap();
    let mut key = vec![1_u8];
    key.extend_from_slice(&0_u64.to_be_bytes());
    let mut value = store::engine::Reader::get(&engine, &key).unwrap().unwrap().to_vec();
    let last = value.len() - 1;
    value[last] ^= 1;
    let mut batch = store::engine::Batch::new();
    batch.put(key, value);
    engine.write(&batch).unwrap();
    let error = open_on(&disk, None, Options::default()).map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}
