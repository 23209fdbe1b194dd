//! Closed-loop load: each client sends the next request when the last one was answered.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

/// One client of a store.
pub(crate) trait Writer {
    /// Sends one request and waits; how many rows it made durable, or what went wrong.
    async fn write(&mut self) -> Result<u32, String>;
}

/// What a run of some clients came to.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Rows acknowledged.
    pub(crate) rows: u32,
    /// Requests that failed, and the last reason.
    pub(crate) failures: u32,
    pub(crate) reason: Option<String>,
    /// Each acknowledged request, in microseconds.
    pub(crate) micros: Vec<u32>,
    pub(crate) seconds: f64,
}

/// Lets every client write until the time is up.
pub(crate) async fn drive<W: Writer>(writers: &mut [W], seconds: u64) -> Sample {
    let started = Instant::now();
    let deadline = started + Duration::from_secs(seconds);
    let parts = join_all(writers.iter_mut().map(|writer| one(writer, deadline))).await;
    Sample::joined(parts, started)
}

impl Sample {
    /// Adds the outcome of a request that began, or was due, then.
    pub(crate) fn add(&mut self, began: Instant, outcome: Result<u32, String>) {
        match outcome {
            Ok(rows) => {
                self.rows += rows;
                self.micros.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Err(reason) => {
                self.failures += 1;
                self.reason = Some(reason);
            }
        }
    }

    /// What several came to together, since then.
    pub(crate) fn joined(parts: Vec<Self>, began: Instant) -> Self {
        let mut whole = Self { seconds: began.elapsed().as_secs_f64(), ..Self::default() };
        for part in parts {
            whole.rows += part.rows;
            whole.failures += part.failures;
            whole.reason = part.reason.or(whole.reason);
            whole.micros.extend(part.micros);
        }
        whole
    }
}

async fn one<W: Writer>(writer: &mut W, deadline: Instant) -> Sample {
    let mut sample = Sample::default();
    while Instant::now() < deadline {
        let started = Instant::now();
        let outcome = writer.write().await;
        sample.add(started, outcome);
    }
    sample
}

/// The value below which that share of all values lies; 0 of nothing.
pub(crate) fn percentile(values: &mut [u32], share: f64) -> u32 {
    values.sort_unstable();
    let last = u32::try_from(values.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let place = (f64::from(last) * share).round();
    values.iter().zip(0_u32..).find(|(_, index)| f64::from(*index) >= place).map_or(0, |(value, _)| *value)
}
