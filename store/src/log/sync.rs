//! Group commit: one thread that flushes for everybody who waits.
//!
//! Invariant: callbacks are taken before the flush that completes them begins, and called in order. After the
//! first failed flush nothing is ever called `Ok` again.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::mark::MarkFile;
use super::{Fatal, Log, LogStatistics, Shared, purge};
use crate::clock::Pace;
use crate::codec::Mark;
use crate::engine::Engine;
use crate::lock::locked;
use crate::{Flushed, StoreError};

/// Work that waits for a thread.
#[derive(Default)]
struct Waiting {
    callbacks: Vec<Flushed>,
    /// Last index to delete, once deletions are due.
    purge_through: Option<u64>,
    stopped: bool,
}

/// What the callers leave for the threads, and what they learn from them.
pub(super) struct Worker {
    waiting: Mutex<Waiting>,
    wake_sync: Condvar,
    wake_purge: Condvar,
    mark: Mutex<MarkFile>,
    fatal: Fatal,
    pace: Pace,
    failed: AtomicBool,
    fsyncs: AtomicU64,
    fsync_total_us: AtomicU64,
    fsync_last_us: AtomicU64,
    /// When the oldest write that waits for a flush was made, and the oldest one in a running flush; 0 for none.
    oldest_waiting_us: AtomicU64,
    oldest_flushing_us: AtomicU64,
}

impl Worker {
    pub(super) fn new(mark: MarkFile, fatal: Fatal, pace: Pace) -> Self {
        Self {
            waiting: Mutex::default(),
            wake_sync: Condvar::new(),
            wake_purge: Condvar::new(),
            mark: Mutex::new(mark),
            fatal,
            pace,
            failed: AtomicBool::new(false),
            fsyncs: AtomicU64::new(0),
            fsync_total_us: AtomicU64::new(0),
            fsync_last_us: AtomicU64::new(0),
            oldest_waiting_us: AtomicU64::new(0),
            oldest_flushing_us: AtomicU64::new(0),
        }
    }

    /// Leaves a callback for the next flush.
    pub(super) fn enqueue(&self, flushed: Flushed) {
        let first = {
            let mut waiting = locked(&self.waiting);
            waiting.callbacks.push(flushed);
            waiting.callbacks.len() == 1
        };
        if first {
            self.oldest_waiting_us.store(self.now_us(), Ordering::Release);
            self.wake_sync.notify_one();
            (self.pace.on_work)();
        }
    }

    /// Leaves entries for deletion.
    pub(super) fn purge(&self, through: u64) {
        locked(&self.waiting).purge_through = Some(through);
        self.wake_purge.notify_one();
        (self.pace.on_work)();
    }

    fn now_us(&self) -> u64 {
        (self.pace.now_us)()
    }

    pub(super) fn take_purge(&self) -> Option<u64> {
        locked(&self.waiting).purge_through.take()
    }

    /// The disk failed: tells the hook, once.
    pub(super) fn fail(&self, what: &str) {
        if !self.failed.swap(true, Ordering::AcqRel) {
            (self.fatal)(what);
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(super) fn statistics(&self) -> LogStatistics {
        let flushing = self.oldest_flushing_us.load(Ordering::Acquire);
        let oldest = if flushing == 0 { self.oldest_waiting_us.load(Ordering::Acquire) } else { flushing };
        let age_us = if oldest == 0 { 0 } else { self.now_us().saturating_sub(oldest) };
        LogStatistics {
            fsyncs: self.fsyncs.load(Ordering::Acquire),
            fsync_total_us: self.fsync_total_us.load(Ordering::Acquire),
            fsync_last_us: self.fsync_last_us.load(Ordering::Acquire),
            oldest_unsynced_ms: age_us.checked_div(1_000).unwrap_or(0),
        }
    }

    /// Waits for callbacks; `false` once there are none and the log is closing.
    fn wait_for_callbacks(&self) -> bool {
        let mut waiting = locked(&self.waiting);
        while waiting.callbacks.is_empty() && !waiting.stopped {
            waiting = self.wake_sync.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        !waiting.callbacks.is_empty()
    }

    /// Waits for entries to delete; `false` once the log is closing.
    fn wait_for_purge(&self) -> bool {
        let mut waiting = locked(&self.waiting);
        while waiting.purge_through.is_none() && !waiting.stopped {
            waiting = self.wake_purge.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        !waiting.stopped
    }

    fn take_callbacks(&self) -> Vec<Flushed> {
        let mut waiting = locked(&self.waiting);
        self.oldest_flushing_us.store(self.oldest_waiting_us.swap(0, Ordering::AcqRel), Ordering::Release);
        std::mem::take(&mut waiting.callbacks)
    }
}

/// One flush for all that wait; nothing when nobody does.
pub(super) fn flush_once<E: Engine>(shared: &Shared<E>) {
    let worker = &shared.worker;
    let callbacks = worker.take_callbacks();
    if callbacks.is_empty() {
        return;
    }
    let result = flush(shared);
    worker.oldest_flushing_us.store(0, Ordering::Release);
    for callback in callbacks {
        callback(match &result {
            Ok(()) => Ok(()),
            Err(message) => Err(io::Error::other(message.clone())),
        });
    }
}

fn flush<E: Engine>(shared: &Shared<E>) -> Result<(), String> {
    let worker = &shared.worker;
    if worker.failed() {
        return Err("the disk failed before".to_owned());
    }
    let mark = mark(shared);
    let begun = worker.now_us();
    let flushed = shared.engine.sync().map_err(|error| error.to_string());
    let took = worker.now_us().saturating_sub(begun);
    worker.fsyncs.fetch_add(1, Ordering::AcqRel);
    worker.fsync_total_us.fetch_add(took, Ordering::AcqRel);
    worker.fsync_last_us.store(took, Ordering::Release);
    let marked = flushed.and_then(|()| {
        locked(&worker.mark).record(&shared.disk, mark, false).map_err(|error| format!("SYNCED: {error}"))
    });
    marked.inspect_err(|message| worker.fail(message))
}

/// What a flush that begins now will cover.
fn mark<E: Engine>(shared: &Shared<E>) -> Mark {
    let ends = locked(&shared.ends);
    let sequence = shared.engine.sequence();
    Mark { generation: 0, sequence, vote: ends.vote, last: ends.state.last }
}

/// The threads of a log. Dropped with the last clone of the log: stops them, flushes, and writes the mark.
pub(super) struct Threads<E: Engine> {
    shared: Arc<Shared<E>>,
    handles: Vec<JoinHandle<()>>,
}

impl<E: Engine> Threads<E> {
    pub(super) fn none(shared: &Arc<Shared<E>>) -> Self {
        Self { shared: Arc::clone(shared), handles: Vec::new() }
    }

    pub(super) fn start(shared: &Arc<Shared<E>>) -> Result<Self, StoreError> {
        let mut threads = Self::none(shared);
        let own = Arc::clone(shared);
        threads.spawn("rakit-log-sync", move || {
            while own.worker.wait_for_callbacks() {
                flush_once(&own);
            }
        })?;
        let own = Arc::clone(shared);
        threads.spawn("rakit-log-purge", move || {
            while own.worker.wait_for_purge() {
                purge::delete_once(&own);
            }
        })?;
        Ok(threads)
    }

    fn spawn(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let handle = std::thread::Builder::new().name(name.to_owned()).spawn(body);
        self.handles.push(handle.map_err(StoreError::file(format!("starting thread {name}")))?);
        Ok(())
    }
}

impl<E: Engine> Drop for Threads<E> {
    fn drop(&mut self) {
        let worker = &self.shared.worker;
        locked(&worker.waiting).stopped = true;
        worker.wake_sync.notify_all();
        worker.wake_purge.notify_all();
        let own = std::thread::current().id();
        for handle in self.handles.drain(..) {
            // A callback may hold the last clone; its thread cannot wait for itself.
            if handle.thread().id() != own && handle.join().is_err() {
                worker.fail("a thread of the log panicked");
            }
        }
        flush_once(&self.shared);
        if worker.failed() {
            return;
        }
        let mark = mark(&self.shared);
        let closed = self.shared.engine.sync().map_err(|error| error.to_string()).and_then(|()| {
            locked(&worker.mark).record(&self.shared.disk, mark, true).map_err(|error| error.to_string())
        });
        if let Err(message) = closed {
            worker.fail(&message);
        }
    }
}

impl<E: Engine> Log<E> {
    /// The log over what was opened, with its threads running.
    pub(super) fn run(shared: Shared<E>, flusher: super::Flusher) -> Result<Self, StoreError> {
        let shared = Arc::new(shared);
        let threads = match flusher {
            super::Flusher::Thread => Threads::start(&shared)?,
            super::Flusher::Driven => Threads::none(&shared),
        };
        Ok(Self { shared, threads: Arc::new(threads) })
    }
}
