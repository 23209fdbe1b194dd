//! All nodes hold the same rows.
//!
//! Invariant: hashes are compared only at one index; until all are there the question is asked again.

use std::time::Duration;

use api::client::Client;
use tokio::time::{Instant, interval};

use crate::live::Trouble;
use crate::live::transport::HttpTransport;

/// Longest wait for all nodes to stand at one index.
const PATIENCE: Duration = Duration::from_mins(1);
const PACE: Duration = Duration::from_millis(20);

/// Waits until all nodes show one index, and compares what they show.
pub(in crate::live) async fn judge<'c>(
    nodes: impl Iterator<Item = &'c Client<HttpTransport>> + Clone,
) -> Result<(), Trouble> {
    let began = Instant::now();
    let mut pace = interval(PACE);
    loop {
        pace.tick().await;
        let mut seen = Vec::new();
        for node in nodes.clone() {
            let answer = node.state_hash(None).await;
            let answer = answer.map_err(|error| Trouble::Violation(format!("no state hash: {error}")))?;
            seen.push((answer.value.index, answer.value.hash));
        }
        let first = seen.first().cloned().unwrap_or_default();
        if seen.iter().all(|(index, _)| *index == first.0) {
            if seen.iter().all(|found| *found == first) {
                return Ok(());
            }
            return Err(Trouble::Violation(format!("the nodes differ at one index: {seen:?}")));
        }
        if began.elapsed() > PATIENCE {
            return Err(Trouble::Violation(format!("the nodes do not come to one index: {seen:?}")));
        }
    }
}
