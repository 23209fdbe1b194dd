//! Waiting for something to become true, never for a length of time.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long a cluster of three on a busy machine may take for anything.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again until there is an answer; panics with `what` after [`PATIENCE`].
pub async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, ask).await
}

/// [`until`] with a deadline of its own.
pub async fn until_within<T>(patience: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    let mut pace = interval(Duration::from_millis(20));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain for: {what}", patience.as_secs());
    }
}
