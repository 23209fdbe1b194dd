//! The one thread of a node that looks through files from outside.
//!
//! Invariant: one file at a time, so that memory for pixels is bounded whatever comes; at a low priority, so that no
//! upload slows down those who report; and a decoder that panics ends its own work only.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::unfit;
use crate::error::{Code, Problem};
use crate::limits::UPLOAD_TURN_MS_MAX;

/// Niceness of the thread: that of the public's.
const NICENESS: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

/// See the module.
pub(super) struct Workshop {
    turns: Arc<Semaphore>,
    /// `None` where the thread could not be started: nothing is taken in then.
    bench: Option<mpsc::Sender<Work>>,
}

/// The right to put one file before the thread.
pub(super) struct Turn(OwnedSemaphorePermit);

impl Workshop {
    /// Starts the thread; it ends with this value.
    pub(super) fn start() -> Self {
        let (bench, mut works) = mpsc::channel::<Work>(1);
        let started = std::thread::Builder::new().name("photos".to_owned()).spawn(move || {
            // Of this thread alone, as Linux has it.
            if rustix::process::setpriority_process(None, NICENESS).is_err() {
                tracing::warn!(niceness = NICENESS, "a thread keeps its priority");
            }
            while let Some(work) = works.blocking_recv() {
                work();
            }
        });
        if let Err(error) = &started {
            tracing::error!(%error, "the thread for photos could not be started; no uploads are taken");
        }
        Self { turns: Arc::new(Semaphore::new(1)), bench: started.is_ok().then_some(bench) }
    }

    /// Waits for a turn, or 503. Those who wait are no more than there are places for uploads.
    pub(super) async fn turn(&self) -> Result<Turn, Problem> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(Duration::from_millis(UPLOAD_TURN_MS_MAX), turn).await;
        turn.ok().and_then(Result::ok).map(Turn).ok_or_else(|| Problem::new(Code::Overloaded))
    }

    /// Has something done on the thread. The turn is given back when that ends, not when the caller stops waiting.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (told, answer) = oneshot::channel();
        let work = Box::new(move || {
            let done = catch_unwind(AssertUnwindSafe(work));
            drop(turn.0);
            // Whoever asked may have gone.
            drop(told.send(done));
        });
        let overloaded = || Problem::new(Code::Overloaded);
        let bench = self.bench.as_ref().ok_or_else(overloaded)?;
        bench.try_send(work).map_err(|_| overloaded())?;
        let answer = tokio::time::timeout(Duration::from_millis(UPLOAD_TURN_MS_MAX), answer).await;
        match answer {
            Ok(Ok(Ok(done))) => Ok(done),
            Ok(Ok(Err(_panic))) => {
                tracing::error!("a file from outside made its decoder panic; the file was refused");
                Err(unfit("Berkas ini tidak dapat dibaca; foto ulang formulirnya, lalu unggah lagi."))
            }
            Ok(Err(_)) | Err(_) => Err(overloaded()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_its_own_work_only() {
        let workshop = Workshop::start();
        let turn = workshop.turn().await.unwrap();
        let problem = workshop.work(turn, || assert!(std::env::args().count() == 0)).await.unwrap_err();
        assert_eq!(problem.code, Code::InvalidForm);
        let turn = workshop.turn().await.unwrap();
        assert_eq!(workshop.work(turn, || 7).await.unwrap(), 7);
    }
}
