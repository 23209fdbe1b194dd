//! The thread that applies: database work never holds up the threads that answer heartbeats.
//!
//! Invariant: rounds are applied one after the other, in the order of the log; the applied index is published
//! after each. The first failure stops the node: openraft gets the error and ends.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use store::{Engine, LogEntry, Machine, Received, StoreError};
use tally::outcome::Answer;
use tokio::sync::{oneshot, watch};

/// Rounds waiting for the thread; openraft sends one at a time.
const QUEUE_ROUNDS: usize = 4;

enum Work<E: Engine> {
    Apply(Vec<LogEntry>, oneshot::Sender<Result<Vec<Vec<Answer>>, StoreError>>),
    Install(Box<Received<E>>, oneshot::Sender<Result<(), StoreError>>),
}

/// See the module.
pub(crate) struct ApplyWorker<E: Engine> {
    machine: Machine<E>,
    applied: watch::Receiver<u64>,
    applied_bytes: Arc<AtomicU64>,
    hand: Hand<E>,
}

/// Where rounds are applied.
enum Hand<E: Engine> {
    /// On the caller's thread: the simulator has only one.
    Inline(Applier<E>),
    /// On a thread of their own, which ends when nobody can give it work any more.
    Thread(mpsc::SyncSender<Work<E>>),
}

/// What applies; with it goes the end of the applied index, so whoever watches that learns that nothing more comes.
struct Applier<E: Engine> {
    machine: Machine<E>,
    applied: watch::Sender<u64>,
}

impl<E: Engine> Applier<E> {
    fn apply(&self, entries: Vec<LogEntry>) -> Result<Vec<Vec<Answer>>, StoreError> {
        self.publish(self.machine.apply(entries))
    }

    fn install(&self, received: Received<E>) -> Result<(), StoreError> {
        self.publish(self.machine.install_snapshot(received).map(|_| ()))
    }

    fn publish<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        match &result {
            Ok(_) => {
                self.applied.send_replace(index_of(&self.machine));
            }
            Err(error) => {
                tracing::error!(%error, "the state cannot be applied any further; this node stops");
            }
        }
        result
    }
}

impl<E: Engine> ApplyWorker<E> {
    /// A worker; `inline` has no thread of its own.
    pub(crate) fn new(machine: Machine<E>, inline: bool) -> io::Result<Self> {
        let (sender, applied) = watch::channel(index_of(&machine));
        let worker = Applier { machine: machine.clone(), applied: sender };
        let hand = if inline { Hand::Inline(worker) } else { Hand::Thread(Self::spawn(worker)?) };
        Ok(Self { machine, applied, applied_bytes: Arc::default(), hand })
    }

    fn spawn(applier: Applier<E>) -> io::Result<mpsc::SyncSender<Work<E>>> {
        let (sender, queue) = mpsc::sync_channel(QUEUE_ROUNDS);
        std::thread::Builder::new().name("rakit-apply".into()).spawn(move || {
            while let Ok(work) = queue.recv() {
                match work {
                    // Whoever asked may be gone when the node stops; what was applied stays applied.
                    Work::Apply(entries, reply) => drop(reply.send(applier.apply(entries))),
                    Work::Install(received, reply) => drop(reply.send(applier.install(*received))),
                }
            }
        })?;
        Ok(sender)
    }

    pub(crate) const fn machine(&self) -> &Machine<E> {
        &self.machine
    }

    /// The applied index, as it grows; it ends when nothing more is applied.
    pub(crate) fn applied(&self) -> watch::Receiver<u64> {
        self.applied.clone()
    }

    /// Bytes of entries applied since the start.
    pub(crate) fn applied_bytes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.applied_bytes)
    }

    pub(crate) async fn apply(&self, entries: Vec<LogEntry>) -> io::Result<Vec<Vec<Answer>>> {
        let bytes = entries.iter().map(|entry| entry.payload.size()).fold(0, usize::saturating_add);
        self.applied_bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
        let result = match &self.hand {
            Hand::Inline(applier) => applier.apply(entries),
            Hand::Thread(queue) => {
                let (reply, wait) = oneshot::channel();
                queue.try_send(Work::Apply(entries, reply)).map_err(|_| stopped())?;
                wait.await.map_err(|_| stopped())?
            }
        };
        result.map_err(io::Error::other)
    }

    pub(crate) async fn install(&self, received: Received<E>) -> io::Result<()> {
        let result = match &self.hand {
            Hand::Inline(applier) => applier.install(received),
            Hand::Thread(queue) => {
                let (reply, wait) = oneshot::channel();
                queue.try_send(Work::Install(Box::new(received), reply)).map_err(|_| stopped())?;
                wait.await.map_err(|_| stopped())?
            }
        };
        result.map_err(io::Error::other)
    }
}

fn index_of<E: Engine>(machine: &Machine<E>) -> u64 {
    machine.applied().id.map_or(0, |id| id.index)
}

fn stopped() -> io::Error {
    io::Error::other("the apply thread is gone")
}
