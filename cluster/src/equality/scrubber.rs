//! The thread that reads the state and the log again, at low priority.
//!
//! Invariant: it waits for nobody and nobody waits for it; what it finds wrong sets this node's state apart.

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Duration;

use store::Engine;
use store::scrub::{ROWS_BETWEEN_RESTS, Scrubbed, in_background};

use crate::handle::Cluster;
use crate::runtime;

/// The first pass of a node begins this long after its start, unless passes are closer together.
const FIRST_PASS: Duration = Duration::from_mins(1);
/// Longest single rest: how late a stop is noticed.
const REST_MAX: Duration = Duration::from_millis(50);

/// Starts the thread; the simulator, which has no threads, goes without.
pub(crate) fn spawn<E: Engine>(cluster: &Cluster<E>) -> io::Result<()> {
    if cluster.inner.settings.apply_inline {
        return Ok(());
    }
    let cluster = cluster.clone();
    std::thread::Builder::new().name("rakit-scrub".into()).spawn(move || {
        if !in_background() {
            tracing::warn!("the scrubber keeps its priority");
        }
        let interval = cluster.inner.settings.scrub.interval;
        let mut wait = FIRST_PASS.min(interval);
        loop {
            let began = runtime::now();
            while runtime::since(began) < wait {
                if cluster.is_over() {
                    return;
                }
                std::thread::park_timeout(REST_MAX.min(wait));
            }
            let began = runtime::now();
            if cluster.machine().quarantine().is_none() {
                cluster.scrub_once();
            }
            wait = interval.saturating_sub(runtime::since(began));
        }
    })?;
    Ok(())
}

impl<E: Engine> Cluster<E> {
    /// One pass over state and log.
    fn scrub_once(&self) {
        let rows_per_second = self.inner.settings.scrub.rows_per_second.max(1);
        let pause_us = ROWS_BETWEEN_RESTS.saturating_mul(1_000_000).div_euclid(rows_per_second);
        let mut rest = || self.rest(Duration::from_micros(pause_us));
        let state = self.inner.machine.scrub(&mut rest);
        let log = match state {
            Scrubbed::Sound { .. } => self.inner.log.scrub(&mut rest),
            Scrubbed::Interrupted | Scrubbed::Wrong(_) => Scrubbed::Interrupted,
        };
        match (state, log) {
            (Scrubbed::Wrong(what), _) | (_, Scrubbed::Wrong(what)) => {
                self.set_apart(&format!("the scrubber found: {what}"));
            }
            (Scrubbed::Sound { index, rows }, Scrubbed::Sound { rows: entries, .. }) => {
                self.inner.equality.scrubbed_index.store(index, Ordering::Relaxed);
                self.inner.equality.scrub_passes.fetch_add(1, Ordering::Relaxed);
                tracing::info!(index, rows, entries, "state and log were read again and are sound");
            }
            (Scrubbed::Sound { .. } | Scrubbed::Interrupted, _) => {}
        }
    }

    fn rest(&self, mut left: Duration) -> ControlFlow<()> {
        loop {
            if self.is_over() {
                return ControlFlow::Break(());
            }
            if left.is_zero() {
                return ControlFlow::Continue(());
            }
            let part = left.min(REST_MAX);
            std::thread::park_timeout(part);
            left = left.saturating_sub(part);
        }
    }
}
