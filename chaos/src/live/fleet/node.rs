//! One node of a fleet: its process, its disk, and the ways to reach it.
//!
//! Invariant: what a client here waits for is bounded by the settings it was made with.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use api::client::{Call, Client, ClientSettings};
use http::Method;
use tokio::time::Instant;

use crate::live::Trouble;
use crate::live::disk::PowerDisk;
use crate::live::process::{Launch, Process};
use crate::live::transport::HttpTransport;

/// Longest wait for a node to be ready after its start.
const READY_MAX: Duration = Duration::from_mins(1);
/// One look at a node's readiness.
const LOOK_MS: u64 = 300;
/// Longest that reading one page may take: a node that lacks what was acknowledged never has the index asked for.
const READ_MS: u64 = 10_000;

/// Where a node is reached.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    pub(super) public: String,
    pub(super) officer: String,
    pub(super) ops: String,
}

/// See the module.
pub(super) struct Node {
    /// Its number in the cluster.
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) addresses: Addresses,
    pub(super) launch: Launch,
    pub(super) process: Option<Process>,
    /// The number of its process at the kernel, for those who only look; of the last one when none runs.
    pub(super) running: Arc<AtomicU32>,
    pub(super) disk: Option<PowerDisk>,
    /// Whether it belongs to the cluster now: those that do not are asked nothing.
    pub(super) member: bool,
    pub(super) public: Client<HttpTransport>,
    /// The public side once more, for looks that do not wait.
    pub(super) look: Client<HttpTransport>,
    /// The operators' side, for orders.
    pub(super) operator: Client<HttpTransport>,
    ops: Client<HttpTransport>,
}

pub(in crate::live) fn settings_of(urls: Vec<String>, deadline_ms: u64, attempt_ms: u64) -> ClientSettings {
    let settings = ClientSettings::new(urls);
    ClientSettings { deadline_ms, attempt_ms, backoff_first_ms: 20, backoff_ms_max: 100, ..settings }
}

impl Node {
    pub(super) fn new(
        id: u64,
        name: String,
        addresses: Addresses,
        launch: Launch,
        transport: &Arc<HttpTransport>,
    ) -> Self {
        let client = |url: &String, deadline_ms, attempt_ms| {
            Client::new(Arc::clone(transport), settings_of(vec![url.clone()], deadline_ms, attempt_ms))
        };
        Self {
            id,
            name,
            launch,
            process: None,
            running: Arc::default(),
            disk: None,
            member: true,
            public: client(&addresses.public, READ_MS, READ_MS),
            look: client(&addresses.public, LOOK_MS, LOOK_MS),
            operator: client(&addresses.ops, 30_000, 7_000),
            ops: client(&addresses.ops, LOOK_MS, LOOK_MS),
            addresses,
        }
    }

    /// The directory of its settings.
    pub(super) fn directory(&self) -> PathBuf {
        self.launch.settings.parent().map(PathBuf::from).unwrap_or_default()
    }

    /// Whether it says now that it is ready for officers or, where it has none, for the public.
    pub(super) async fn is_ready(&self) -> bool {
        let says_so = async |path| self.ops.send(&Call::new(Method::GET, path)).await.is_ok();
        // The whole of an edge is its public side.
        says_so("/readyz/officer").await || says_so("/readyz").await
    }

    /// What it says of itself at the operators' side, whatever it says.
    pub(super) async fn told(&self, path: &str) -> String {
        match self.ops.send(&Call::new(Method::GET, path)).await {
            Ok((response, _)) => String::from_utf8_lossy(response.body()).into_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// Waits until it is ready for officers.
    pub(super) async fn ready(&mut self, began: Instant) -> Result<(), Trouble> {
        loop {
            if let Some(status) = self.process.as_mut().and_then(Process::ended) {
                let said = self.launch.last_lines(3);
                return Err(Trouble::Violation(format!(
                    "{} does not start ({status}):\n    {said}",
                    self.name
                )));
            }
            if self.is_ready().await {
                return Ok(());
            }
            if began.elapsed() > READY_MAX {
                let (said, told) = (self.launch.last_lines(3), self.told("/readyz/officer").await);
                return Err(Trouble::Violation(format!(
                    "{} is not ready after {} s: {told}\n    {said}",
                    self.name,
                    READY_MAX.as_secs()
                )));
            }
        }
    }
}
