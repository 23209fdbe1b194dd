//! What nodes tell: lines, readiness, figures, snapshots.
//!
//! Invariant: asking does not change a node, but for a snapshot that is asked for.

use std::sync::Arc;

use api::client::Client;

use super::Fleet;
use super::node::settings_of;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, harness};

/// Longest that building a snapshot may take: all of it is read once.
const SNAPSHOT_MS: u64 = 600_000;

impl Fleet {
    /// Lets a node build a snapshot of its state.
    pub(in crate::live) async fn build_snapshot(&self, place: usize) -> Result<(), Trouble> {
        let urls = vec![self.node(place)?.addresses.ops.clone()];
        let client = Client::new(Arc::clone(&self.transport), settings_of(urls, SNAPSHOT_MS, SNAPSHOT_MS));
        client.snapshot().await.map(drop).map_err(harness)
    }

    /// The last lines of what a node wrote.
    pub(in crate::live) fn last_lines(&self, place: usize, count: usize) -> String {
        self.nodes.get(place).map_or_else(String::new, |node| node.launch.last_lines(count))
    }

    /// All that a node wrote, of all its processes.
    pub(in crate::live) fn words(&self, place: usize) -> Result<String, Trouble> {
        let bytes = std::fs::read(&self.node(place)?.launch.log).map_err(harness)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether a node says now that it is ready for officers.
    pub(in crate::live) async fn is_ready(&self, place: usize) -> bool {
        match self.nodes.get(place) {
            Some(node) => node.is_ready().await,
            None => false,
        }
    }

    /// Clients of their own for the members' public sides, that look and do not wait.
    pub(in crate::live) fn watchers(&self) -> Vec<Client<HttpTransport>> {
        let urls = self.nodes.iter().filter(|node| node.member).map(|node| node.addresses.public.clone());
        urls.map(|url| Client::new(Arc::clone(&self.transport), settings_of(vec![url], 300, 300))).collect()
    }

    /// A figure of a node's metrics, summed over its labels; 0 when it is not there.
    pub(in crate::live) async fn metric(&self, place: usize, name: &str) -> u64 {
        let Some(node) = self.nodes.get(place) else { return 0 };
        let text = node.told("/metrics").await;
        let of = |line: &str| {
            let (key, value) = line.rsplit_once(' ')?;
            (key.split('{').next() == Some(name)).then(|| value.parse::<u64>().ok()).flatten()
        };
        text.lines().filter_map(of).fold(0, u64::saturating_add)
    }
}
