//! When and how a node stops.
//!
//! Invariant: a planned stop first says that it is not ready, then gives leadership away, then finishes the requests at
//! work, then flushes; a second signal ends the process at once.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves with the name of the first signal that asks the process to stop.
pub async fn asked() -> std::io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}
