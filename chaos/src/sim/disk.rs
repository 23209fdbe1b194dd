//! The disk of one node: how long its flushes take, and how they fail.
//!
//! Invariant: what a flush had not covered when the process or the power went may be gone or there, in the order in
//! which it was written; what it had covered is there, unless a fault is planted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use store::engine::disk::Space;
use store::engine::memory_faults::Plant as StorePlant;
use store::{Flusher, Log, MemoryDisk, MemoryEngine, Options, Pace};
use tokio::sync::Notify;

use super::moment::{sleep_ms, store_us};
use super::stream::locked;
use super::trace::{Kind, Trace};
use crate::chance::Chance;

/// A disk with room.
const ROOM: Space = Space { free_bytes: 1 << 40, total_bytes: 1 << 41 };
/// The file that says what was flushed.
const MARKS: &str = "SYNCED";
/// Between two looks of a hanging flush.
const HANG_ROUND_MS: u64 = 20;

/// How the disk of a node behaves now. Clones are the same disk.
#[derive(Clone, Debug)]
pub(super) struct DiskState {
    node: u64,
    content: Arc<Mutex<MemoryDisk>>,
    chance: Arc<Mutex<Chance>>,
    flush_ms: Arc<AtomicU64>,
    hangs: Arc<AtomicBool>,
    fails: Arc<AtomicBool>,
    marks_lie: bool,
    trace: Trace,
}

impl DiskState {
    pub(super) fn new(node: u64, chance: Chance, trace: Trace) -> Self {
        Self {
            node,
            content: Arc::new(Mutex::new(MemoryDisk::new())),
            chance: Arc::new(Mutex::new(chance)),
            flush_ms: Arc::new(AtomicU64::new(2)),
            hangs: Arc::default(),
            fails: Arc::default(),
            marks_lie: false,
            trace,
        }
    }

    /// What is on it.
    pub(super) fn content(&self) -> MemoryDisk {
        locked(&self.content).clone()
    }

    /// The process that wrote is gone: what is left of its writes.
    pub(super) fn settle(&self) {
        let mut content = locked(&self.content);
        let left = content.copy_with(&mut |path, count| self.luck(path, count));
        *content = left;
    }

    /// How many of so many writes or bytes reached the disk without a flush.
    fn luck(&self, path: &str, count: usize) -> usize {
        // The state has no write-ahead log: only a flush, which writes whole tables, keeps anything of it.
        if path.starts_with("state") || (path == MARKS && self.marks_lie) {
            return 0;
        }
        let mut chance = locked(&self.chance);
        match chance.below(4) {
            0 => 0,
            1 => count,
            _ => chance.place(count.saturating_add(1)),
        }
    }

    /// Longest time a flush takes, in milliseconds.
    pub(super) fn set_flush_ms(&self, flush_ms: u64) {
        self.flush_ms.store(flush_ms.max(1), Ordering::Relaxed);
    }

    /// From now on flushes wait, or go on.
    pub(super) fn set_hangs(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Relaxed);
    }

    /// The next flush fails.
    pub(super) fn fail_next(&self) {
        self.fails.store(true, Ordering::Relaxed);
    }

    /// That many of a hundred parts are free from now on.
    pub(super) fn set_free_percent(&self, percent: u64) {
        let free_bytes = ROOM.total_bytes.div_euclid(100).saturating_mul(percent);
        locked(&self.content).set_space(Space { free_bytes, ..ROOM });
    }

    /// There is room again.
    pub(super) fn set_roomy(&self) {
        locked(&self.content).set_space(ROOM);
    }

    /// Plants a fault into databases whose name begins so.
    pub(super) fn plant(&self, begin: &str, plant: &StorePlant) {
        locked(&self.content).plant(begin, plant);
    }

    /// The file that says what was flushed is itself never flushed again.
    pub(super) fn plant_lying_marks(&mut self) {
        self.marks_lie = true;
        locked(&self.content).plant_lying_file(MARKS);
    }

    /// How a store is opened on it: flushed by [`DiskState::drive`]; a failed flush calls `fatal`.
    pub(super) fn options(work: &Arc<Notify>, fatal: impl Fn() + Send + Sync + 'static) -> Options {
        let work = Arc::clone(work);
        Options {
            flusher: Flusher::Driven,
            fatal: Arc::new(move |_| fatal()),
            pace: Pace { now_us: store_us, on_work: Arc::new(move || work.notify_one()) },
            ..Options::default()
        }
    }

    /// Flushes for a log as long as its process lives.
    pub(super) async fn drive(self, log: Log<MemoryEngine>, work: Arc<Notify>) {
        loop {
            work.notified().await;
            let took_ms = locked(&self.chance).between(1, self.flush_ms.load(Ordering::Relaxed));
            sleep_ms(took_ms).await;
            while self.hangs.load(Ordering::Relaxed) {
                sleep_ms(HANG_ROUND_MS).await;
            }
            if self.fails.swap(false, Ordering::Relaxed)
                && let Some(database) = self.content().database("log")
            {
                database.fail_next_sync();
            }
            log.drive();
            self.trace.add(Kind::Flushed, &[self.node, took_ms]);
        }
    }
}
