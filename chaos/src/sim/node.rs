//! One node of a simulated cluster: the shipped `cluster` and `store` over a simulated disk, network and clock.
//!
//! Invariant: a killed node leaves nothing behind but what its disk had kept; whoever waits for its answer learns
//! that it is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cluster::Timers;
use cluster::settings::{LogRetention, Scrub};
use cluster::simulation::Process;
use cluster::{Cluster, Member, PeerIdentity, Settings};
use store::{Identity, MemoryEngine, Options, create_on, open_on};
use tally::ids::NodeId;
use tokio::sync::{Notify, oneshot, watch};

use super::clock::WallClock;
use super::disk::DiskState;
use super::network::Network;

/// The cluster's identifier.
pub(super) const CLUSTER: [u8; 16] = [0xc1; 16];
/// Entries after which a snapshot is built and the log cut: few, so that nodes that were away need one.
const RETENTION: LogRetention =
    LogRetention { entries_max: 400, bytes_max: u64::MAX, entries_kept: 60, bytes_kept: u64::MAX };

/// What an old release knows of feature levels, and a new one. Nothing else tells them apart.
pub(super) const LEVEL_OLD: u32 = tally::LEVEL_NEWEST;
pub(super) const LEVEL_NEW: u32 = LEVEL_OLD + 1;

/// A node as it runs.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) cluster: Cluster<MemoryEngine>,
    pub(super) process: Process,
    ended: watch::Receiver<bool>,
    end: Arc<watch::Sender<bool>>,
}

/// What a node is started with.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) id: u64,
    pub(super) disk: DiskState,
    pub(super) clock: WallClock,
    pub(super) network: Network,
    pub(super) timers: Timers,
    /// Newest feature level that the release installed here knows.
    pub(super) level_newest: Arc<AtomicU32>,
}

/// An incarnation for a number.
fn incarnation(id: u64) -> [u8; 16] {
    [u8::try_from(id).unwrap_or(u8::MAX); 16]
}

/// A member of that number.
pub(super) fn member(id: u64) -> Member {
    Member {
        id: NodeId(id),
        incarnation: incarnation(id),
        peer_address: format!("node-{id}"),
        ..Member::default()
    }
}

impl Site {
    pub(super) fn level_newest(&self) -> u32 {
        self.level_newest.load(Ordering::Relaxed)
    }

    /// Another release is installed: it is what starts next.
    pub(super) fn install(&self, level_newest: u32) {
        self.level_newest.store(level_newest, Ordering::Relaxed);
    }

    fn settings(&self) -> Settings {
        Settings {
            timers: self.timers,
            release: format!("release {} of node {}", self.level_newest(), self.id),
            log_retention: RETENTION,
            scrub: Scrub::default(),
            clock: Arc::new(self.clock.clone()),
            apply_inline: true,
            ..Settings::new(NodeId(self.id), CLUSTER, incarnation(self.id))
        }
    }

    /// Starts the node on what its disk holds, or on new data when it is empty. The text of an error is what the
    /// node would end with.
    pub(super) async fn start(&self, process: &Process) -> Result<Node, String> {
        let settings = self.settings();
        let work = Arc::new(Notify::new());
        let dying = process.clone();
        let level_newest = self.level_newest();
        let options = Options { level_newest, ..DiskState::options(&work, move || dying.kill()) };
        let disk = self.disk.content();
        let identity = Identity {
            cluster: settings.cluster,
            epoch: settings.epoch,
            node: self.id,
            incarnation: settings.incarnation,
            edge: settings.edge,
        };
        let empty = store::engine::Disk::list(&disk, "").map_err(|error| error.to_string())?.is_empty();
        let stores = if empty { create_on(&disk, &identity, options) } else { open_on(&disk, None, options) };
        let (log, machine) = stores.map_err(|error| error.to_string())?;
        drop(tokio::spawn(process.within(self.disk.clone().drive(log.clone(), work))));
        let from = PeerIdentity { cluster: CLUSTER, node: NodeId(self.id), edge: false };
        let dial = self.network.dialer(from);
        let (sender, started) = oneshot::channel();
        let starting = async move {
            // Whoever waits is there as long as the process is.
            drop(sender.send(Cluster::start(settings, log, machine, dial).await));
        };
        drop(tokio::spawn(process.within(starting)));
        let started = started.await.map_err(|_| "it ended while it started".to_owned())?;
        let cluster = started.map_err(|error| error.to_string())?;
        let (end, ended) = watch::channel(false);
        let node = Node { cluster, process: process.clone(), ended, end: Arc::new(end) };
        node.listen(self);
        Ok(node)
    }
}

impl Node {
    fn listen(&self, site: &Site) {
        let (cluster, process) = (self.cluster.clone(), self.process.clone());
        let accept = move |stream, from| {
            drop(tokio::spawn(process.within(cluster.serve_peer(Box::new(stream), from))));
        };
        site.network.open(site.id, Arc::new(accept));
    }

    /// Does something in the node; `None` when it ended meanwhile.
    pub(super) async fn call<T, F>(&self, work: impl FnOnce(Cluster<MemoryEngine>) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let work = work(self.cluster.clone());
        let body = async move {
            // Nobody waits any more when the caller lost its patience.
            drop(sender.send(work.await));
        };
        drop(tokio::spawn(self.process.within(body)));
        let mut ended = self.ended.clone();
        let gone = std::pin::pin!(ended.wait_for(|ended| *ended));
        match futures_util::future::select(answer, gone).await {
            futures_util::future::Either::Left((answer, _)) => answer.ok(),
            futures_util::future::Either::Right(_) => None,
        }
    }

    /// Ends the process at once.
    pub(super) fn kill(&self) {
        self.process.kill();
        self.end.send_replace(true);
    }

    /// Whether it runs and has not failed.
    pub(super) fn failure(&self) -> Option<String> {
        if !self.process.is_alive() {
            return Some("its process ended".to_owned());
        }
        self.cluster.failure()
    }
}
