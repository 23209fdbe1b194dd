//! Virtual time: how much of it has passed, and waiting for more.
//!
//! Invariant: nothing in a simulation knows another clock. Time is counted from the start of the run.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

thread_local! {
    static BEGUN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The same for a look from outside: the guard against a run that does not get on.
static REACHED_MS: AtomicU64 = AtomicU64::new(0);

/// Time begins.
pub(super) fn begin() {
    BEGUN.set(Some(Instant::now()));
}

/// Microseconds since the begin.
pub(super) fn now_us() -> u64 {
    let begun = BEGUN.get();
    let passed = begun.map_or(Duration::ZERO, |begun| Instant::now().saturating_duration_since(begun));
    u64::try_from(passed.as_micros()).unwrap_or(u64::MAX)
}

/// Milliseconds since the begin.
pub(super) fn now_ms() -> u64 {
    let now_ms = now_us().div_euclid(1_000);
    REACHED_MS.store(now_ms, Ordering::Relaxed);
    now_ms
}

/// How far some thread's time had come when it was looked at last.
pub(super) fn reached_ms() -> u64 {
    REACHED_MS.load(Ordering::Relaxed)
}

/// The store's clock: never zero.
pub(super) fn store_us() -> u64 {
    now_us().saturating_add(1)
}

pub(super) async fn sleep_ms(duration_ms: u64) {
    tokio::time::sleep(Duration::from_millis(duration_ms)).await;
}

/// Waits until a moment since the begin.
pub(super) async fn until_ms(moment_ms: u64) {
    sleep_ms(moment_ms.saturating_sub(now_ms())).await;
}
