//! Reading everything once, so that damage is found before somebody needs what it hit.
//!
//! Invariant: a thread of the lowest priority that changes nothing but damaged snapshots, which it removes and
//! replaces; damage of the state itself is left to [`Machine::damage`] and whoever stops the node.

use std::ops::ControlFlow;
use std::time::Duration;

use super::Machine;
use crate::StoreError;
use crate::engine::{Disk, Engine};

/// Niceness of the thread.
const NICENESS: i32 = 15;
/// Pause after so many bytes: at most 100 MiB a second, so that a restart does not take the disk from writes.
const STRIDE_BYTES: usize = 1024 * 1024;
const STRIDE_PAUSE: Duration = Duration::from_millis(10);

impl<E: Engine> Machine<E> {
    /// The first thing of this node's data that could not be read, whoever asked for it. Nothing of it was
    /// answered to anybody; the caller stops the node.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        self.disk().damage()
    }

    /// Starts reading all rows and snapshots, once, while `go_on` says so.
    pub fn verify_in_background(&self, go_on: impl Fn() -> bool + Send + 'static) -> Result<(), StoreError> {
        let machine = self.clone();
        let spawned = std::thread::Builder::new().name("rakit-verify".to_owned()).spawn(move || {
            if rustix::process::setpriority_process(None, NICENESS).is_err() {
                tracing::warn!("the thread that verifies keeps its priority");
            }
            match machine.verify(&go_on) {
                Ok(files) => files.iter().for_each(|file| {
                    tracing::error!(file, "a damaged snapshot was removed; look at the disk");
                }),
                Err(error) => tracing::error!(%error, "the data could not be read to its end"),
            }
        });
        spawned.map(drop).map_err(StoreError::file("starting thread rakit-verify"))
    }

    /// Reads all rows and snapshots. Answers the files of damaged snapshots, which are gone then.
    pub fn verify(&self, go_on: &dyn Fn() -> bool) -> Result<Vec<String>, StoreError> {
        let mut bytes: usize = 0;
        self.engine().survey(&[], &[0xff; 64], &mut |key, value| {
            bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
            if bytes >= STRIDE_BYTES {
                bytes = 0;
                std::thread::park_timeout(STRIDE_PAUSE);
            }
            if go_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let damaged = self.library().verify(go_on)?;
        if !damaged.is_empty() && self.current_snapshot().is_none() {
            // Purged entries are nowhere else: followers far behind need one.
            self.build_snapshot()?;
        }
        Ok(damaged)
    }
}
