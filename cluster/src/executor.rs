//! The runtime that openraft and this crate run on: tokio, aware of simulated processes.
//!
//! Invariant: where no simulated process runs, this is tokio itself, found out by one look at a thread-local for
//! each spawn and each draw.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::time::Duration;

use openraft_rt::{AsyncRuntime, OptionalSend};
use openraft_rt_tokio::TokioRuntime;
use rand_core::TryRng;

use crate::simulation::{self, Process};

type Ordinary = <TokioRuntime as AsyncRuntime>::ThreadLocalRng;

/// See the module.
#[derive(Debug)]
pub(crate) struct Runtime(TokioRuntime);

/// Where chance comes from.
pub(crate) enum Chance {
    /// The thread's own generator.
    Ordinary(Ordinary),
    /// The simulated process.
    Simulated(Process),
}

impl TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        match self {
            Self::Ordinary(ordinary) => ordinary.try_next_u32(),
            Self::Simulated(process) => Ok(u32::try_from(process.draw() >> 32).unwrap_or_default()),
        }
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        match self {
            Self::Ordinary(ordinary) => ordinary.try_next_u64(),
            Self::Simulated(process) => Ok(process.draw()),
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        match self {
            Self::Ordinary(ordinary) => ordinary.try_fill_bytes(bytes),
            Self::Simulated(process) => {
                for part in bytes.chunks_mut(8) {
                    let drawn = process.draw().to_be_bytes();
                    part.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
                }
                Ok(())
            }
        }
    }
}

impl AsyncRuntime for Runtime {
    type JoinError = <TokioRuntime as AsyncRuntime>::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::JoinHandle<T>;
    type Sleep = <TokioRuntime as AsyncRuntime>::Sleep;
    type Instant = <TokioRuntime as AsyncRuntime>::Instant;
    type TimeoutError = <TokioRuntime as AsyncRuntime>::TimeoutError;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = <TokioRuntime as AsyncRuntime>::Timeout<R, T>;
    type ThreadLocalRng = Chance;
    type Mpsc = <TokioRuntime as AsyncRuntime>::Mpsc;
    type Watch = <TokioRuntime as AsyncRuntime>::Watch;
    type Oneshot = <TokioRuntime as AsyncRuntime>::Oneshot;
    type Mutex<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::Mutex<T>;

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        match simulation::current() {
            None => TokioRuntime::spawn(future),
            Some(process) => TokioRuntime::spawn(process.within(future)),
        }
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        TokioRuntime::sleep(duration)
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        TokioRuntime::sleep_until(deadline)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(
        duration: Duration,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(
        deadline: Self::Instant,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout_at(deadline, future)
    }

    fn is_panic(error: &Self::JoinError) -> bool {
        TokioRuntime::is_panic(error)
    }

    fn thread_rng() -> Chance {
        match simulation::current() {
            None => Chance::Ordinary(TokioRuntime::thread_rng()),
            Some(process) => Chance::Simulated(process),
        }
    }

    fn new(threads: usize) -> Self {
        Self(TokioRuntime::new(threads))
    }

    fn block_on<F, T>(&mut self, future: F) -> T
    where
        F: Future<Output = T>,
    {
        self.0.block_on(future)
    }

    async fn spawn_blocking<F, T>(work: F) -> Result<T, io::Error>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // A simulated process has one thread, whose disk never makes anybody wait but through its callbacks.
        if simulation::current().is_some() { Ok(work()) } else { TokioRuntime::spawn_blocking(work).await }
    }
}
