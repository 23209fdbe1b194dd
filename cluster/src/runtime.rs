//! Time and tasks, through the runtime that openraft runs on: a simulator that owns one owns the other.
//!
//! Invariant: nothing in this crate names tokio's clock or spawner but this file (and the types it re-exports).

use std::future::Future;
use std::time::Duration;

use openraft::Instant as _;
use openraft::type_config::TypeConfigExt as _;

use crate::types::{Runtime, TypeConfig};

pub(crate) type Instant = openraft::type_config::alias::InstantOf<TypeConfig>;

/// The deadline passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the deadline passed")]
pub(crate) struct Elapsed;

pub(crate) fn now() -> Instant {
    TypeConfig::now()
}

pub(crate) async fn sleep(duration: Duration) {
    TypeConfig::sleep(duration).await;
}

pub(crate) async fn timeout<T: Send>(
    duration: Duration,
    future: impl Future<Output = T> + Send,
) -> Result<T, Elapsed> {
    TypeConfig::timeout(duration, future).await.map_err(|_| Elapsed)
}

pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    drop(TypeConfig::spawn(future));
}

/// A moment later by a duration.
#[expect(clippy::arithmetic_side_effects, reason = "durations here are seconds; clocks end in centuries")]
pub(crate) fn after(instant: Instant, duration: Duration) -> Instant {
    instant + duration
}

/// How long ago that was.
pub(crate) fn since(instant: Instant) -> Duration {
    now().saturating_duration_since(instant)
}

/// What is left until a deadline, zero when it has passed.
pub(crate) fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(now())
}

/// hyper's tasks run where all others do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Executor;

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        drop(TypeConfig::spawn(async move {
            drop(future.await);
        }));
    }
}

/// A random byte from the runtime's own generator, which a simulator seeds.
pub(crate) fn random_byte() -> u8 {
    // openraft's way to the generator is the draw of an election time-out.
    let range = openraft::Config { election_timeout_min: 0, election_timeout_max: 256, ..Default::default() };
    u8::try_from(range.new_rand_election_timeout::<Runtime>()).unwrap_or_default()
}
