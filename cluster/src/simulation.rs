//! A node as a process inside of another one: what the simulator needs to stop, pause and repeat it.
//!
//! Invariant: outside of [`Process::within`] nothing here does anything; a node that no simulator started never
//! gets there. A task of a killed process is never run again, at whatever point it was; one of a paused process
//! waits. What a process draws by chance depends on its seed and on nothing else.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

thread_local! {
    static CURRENT: RefCell<Option<Process>> = const { RefCell::new(None) };
}

const RUNNING: u8 = 0;
const PAUSED: u8 = 1;
const KILLED: u8 = 2;

/// A simulated process. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Process(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    chance: AtomicU64,
    state: AtomicU8,
    parked: Mutex<Vec<Waker>>,
    /// The known fault F1: a leader that restarts leads on without an election.
    leader_restore: bool,
}

impl Process {
    /// A process that runs; all it draws by chance follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with(seed, false)
    }

    /// The same with a planted fault: a leader that restarts leads on without an election, which loses what it had
    /// acknowledged and not flushed. To see that the judges notice.
    #[must_use]
    pub fn restoring_leaders(seed: u64) -> Self {
        Self::with(seed, true)
    }

    fn with(seed: u64, leader_restore: bool) -> Self {
        let state = AtomicU8::new(RUNNING);
        Self(Arc::new(Inner {
            chance: AtomicU64::new(seed),
            state,
            parked: Mutex::default(),
            leader_restore,
        }))
    }

    /// Ends it at once: none of its tasks runs again.
    pub fn kill(&self) {
        self.0.state.store(KILLED, Ordering::Relaxed);
        self.wake_parked();
    }

    /// Stops it until [`Process::resume`]; its timers fire late, as they do in a process that was stopped.
    pub fn pause(&self) {
        self.change(RUNNING, PAUSED);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.resume_parked().into_iter().for_each(Waker::wake);
    }

    /// Lets it go on, but for the tasks that the answer wakes: those that something woke while it was stopped. Threads that go
    /// on do so in any order, and not all at once.
    #[must_use]
    pub fn resume_parked(&self) -> Vec<Waker> {
        self.change(PAUSED, RUNNING);
        self.take_parked()
    }

    /// Whether it was not killed and did not end itself.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.0.state.load(Ordering::Relaxed) != KILLED
    }

    /// Whether it stands still.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.0.state.load(Ordering::Relaxed) == PAUSED
    }

    /// A future that belongs to it, with all that it spawns.
    pub fn within<F: Future>(&self, future: F) -> Within<F> {
        Within { process: self.clone(), future: Some(Box::pin(future)) }
    }

    fn change(&self, from: u8, to: u8) {
        // One that is not in the state it would leave stays as it is.
        self.0.state.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).ok();
    }

    fn take_parked(&self) -> Vec<Waker> {
        std::mem::take(&mut *self.0.parked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn wake_parked(&self) {
        self.take_parked().into_iter().for_each(Waker::wake);
    }

    /// The next number of its chance.
    pub(crate) fn draw(&self) -> u64 {
        let before = self.0.chance.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        mix(before)
    }
}

/// Spreads every bit over all others.
const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The process whose task runs now on this thread.
pub(crate) fn current() -> Option<Process> {
    CURRENT.with_borrow(Clone::clone)
}

/// Whether a fault is planted in the process that runs now.
pub(crate) fn restores_leaders() -> bool {
    current().is_some_and(|process| process.0.leader_restore)
}

/// Ends the simulated process that runs now; `false` when none does.
pub(crate) fn end_current() -> bool {
    let process = current();
    if let Some(process) = &process {
        process.kill();
    }
    process.is_some()
}

/// See [`Process::within`].
#[derive(Debug)]
pub struct Within<F> {
    process: Process,
    future: Option<Pin<Box<F>>>,
}

/// Makes a process the current one until it is dropped.
struct Entered(Option<Process>);

impl Entered {
    fn new(process: &Process) -> Self {
        Self(CURRENT.replace(Some(process.clone())))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let process = self.process.clone();
        match process.0.state.load(Ordering::Relaxed) {
            RUNNING => {}
            PAUSED => {
                let mut parked = process.0.parked.lock().unwrap_or_else(PoisonError::into_inner);
                parked.push(context.waker().clone());
                return Poll::Pending;
            }
            _ => {
                let _entered = Entered::new(&process);
                self.future = None;
                return Poll::Pending;
            }
        }
        let _entered = Entered::new(&process);
        match self.future.as_mut() {
            Some(future) => future.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::runtime;

    async fn count_on(counter: Arc<AtomicU64>) {
        loop {
            runtime::sleep(Duration::from_millis(10)).await;
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_process_spawned_stops_with_it() {
        let process = Process::new(7);
        let count = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&count);
        process.within(async move { runtime::spawn(count_on(counter)) }).await;
        runtime::sleep(Duration::from_millis(55)).await;
        assert_eq!(count.load(Ordering::Relaxed), 5);
        process.pause();
        runtime::sleep(Duration::from_millis(100)).await;
        assert_eq!(count.load(Ordering::Relaxed), 5);
        process.resume();
        runtime::sleep(Duration::from_millis(15)).await;
        assert_eq!(count.load(Ordering::Relaxed), 7);
        process.kill();
        process.resume();
        runtime::sleep(Duration::from_millis(100)).await;
        assert_eq!((count.load(Ordering::Relaxed), Arc::strong_count(&count)), (7, 1));
    }

    #[test]
    fn chance_follows_from_the_seed() {
        let draw = |seed| {
            let process = Process::new(seed);
            [process.draw(), process.draw(), process.draw()]
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
