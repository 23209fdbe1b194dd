//! Nodes, pipes between them, and ways to stop and start them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use store::engine::Disk;
use store::{Engine, Identity, MemoryDisk, create_on, open_on};
use tally::command::{Command, Item, Principal, RequestIdentity};
use tally::ids::{Fingerprint, NodeId, RequestKey};
use tally::outcome::{Answer, Outcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, split};

use crate::runtime;
use crate::settings::{AttachmentPace, LogRetention, Settings};
use crate::timers::Timers;
use crate::{BoxedIo, Cluster, Dial, Member, PeerIdentity, ProposeError, Purpose};

pub(super) const CLUSTER: [u8; 16] = [0xc1; 16];
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// All nodes that run, and whom each may reach.
pub(super) struct Hub<E: Engine> {
    running: Mutex<BTreeMap<NodeId, Cluster<E>>>,
    cut: Mutex<BTreeSet<NodeId>>,
    /// How long everything takes to get from one node to another.
    pub(super) delay: Mutex<Duration>,
}

impl<E: Engine> Hub<E> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            running: Mutex::new(BTreeMap::new()),
            cut: Mutex::default(),
            delay: Mutex::default(),
        })
    }

    fn find(&self, id: NodeId) -> Option<Cluster<E>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}

/// How a node dials: pipes to whatever the hub knows under that number.
pub(super) struct Pipes<E: Engine> {
    pub(super) hub: Arc<Hub<E>>,
    pub(super) from: PeerIdentity,
}

impl<E: Engine> Dial for Pipes<E> {
    fn dial(
        &self,
        peer: NodeId,
        _address: &str,
        _purpose: Purpose,
    ) -> BoxFuture<'static, io::Result<BoxedIo>> {
        let found = self.hub.find(peer);
        let cut = self.hub.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = cut.contains(&peer) || cut.contains(&self.from.node);
        let (from, delay) = (self.from, *self.hub.delay.lock().unwrap());
        async move {
            let cluster = found.filter(|_| !cut).ok_or(io::ErrorKind::ConnectionRefused)?;
            let (ours, mut theirs) = tokio::io::duplex(PIPE_BYTES);
            if !delay.is_zero() {
                let (near, far) = tokio::io::duplex(PIPE_BYTES);
                runtime::spawn(carry_late(theirs, near, delay));
                theirs = far;
            }
            runtime::spawn(cluster.serve_peer(Box::new(theirs), from));
            let io: BoxedIo = Box::new(ours);
            Ok(io)
        }
        .boxed()
    }
}

const PIPE_BYTES: usize = 256 * 1024;

/// Carries both ways, each part so long after it came.
async fn carry_late(one: DuplexStream, other: DuplexStream, delay: Duration) {
    let ((from_one, to_one), (from_other, to_other)) = (split(one), split(other));
    futures_util::future::join(
        carry_one_way(from_one, to_other, delay),
        carry_one_way(from_other, to_one, delay),
    )
    .await;
}

async fn carry_one_way(mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>, delay: Duration) {
    let (sender, mut parts) = tokio::sync::mpsc::unbounded_channel();
    let reading = async move {
        let mut buffer = vec![0; PIPE_BYTES];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            sender.send((runtime::after(runtime::now(), delay), buffer[..count].to_vec())).unwrap();
        }
    };
    let writing = async move {
        while let Some((due, part)) = parts.recv().await {
            runtime::sleep(runtime::remaining(due)).await;
            if to.write_all(&part).await.is_err() {
                break;
            }
        }
        to.shutdown().await.ok();
        // Whoever still writes at the other end is read to the end.
        while parts.recv().await.is_some() {}
    };
    futures_util::future::join(reading, writing).await;
}

pub(super) fn incarnation(id: u64) -> [u8; 16] {
    [u8::try_from(id).unwrap(); 16]
}

pub(super) fn settings(id: u64) -> Settings {
    // Slow enough that a loaded machine does not elect all the time.
    let timers = Timers { heartbeat_ms: 100, election_min_ms: 500, election_max_ms: 800 };
    let (bytes_max, bytes_kept) = (u64::MAX, u64::MAX);
    let log_retention = LogRetention { entries_max: 1_000_000, bytes_max, entries_kept: 10, bytes_kept };
    let release = format!("release of {id}");
    // Whatever is wrong is found at once.
    let rate = 1_000_000_000;
    let attachment_pace =
        AttachmentPace { pull_bytes_per_s: rate, scrub_bytes_per_s: rate, scrub_pause_ms: 50 };
    Settings {
        timers,
        release,
        log_retention,
        attachment_pace,
        ..Settings::new(NodeId(id), CLUSTER, incarnation(id))
    }
}

/// Newest feature level of the releases under test: levels that nothing depends on, so that some can be raised.
pub(super) const LEVEL_NEWEST: u32 = 100;

/// A failed flush is an error like any other: it ends the node and not the test.
fn options(level_newest: u32) -> store::Options {
    store::Options { fatal: Arc::new(|_| ()), level_newest, ..store::Options::default() }
}

pub(super) fn member(id: u64) -> Member {
    Member {
        id: NodeId(id),
        incarnation: incarnation(id),
        peer_address: format!("node-{id}"),
        ..Member::default()
    }
}

pub(super) fn identity(settings: &Settings) -> Identity {
    Identity {
        cluster: settings.cluster,
        epoch: settings.epoch,
        node: settings.node.0,
        incarnation: settings.incarnation,
        edge: settings.edge,
    }
}

/// Some nodes and their disks.
pub(super) struct World<D: Disk> {
    pub(super) hub: Arc<Hub<D::Engine>>,
    disks: BTreeMap<u64, D>,
    keys: AtomicU64,
}

impl World<MemoryDisk> {
    /// That many voters, founded, with a leader.
    pub(super) async fn of(count: u64) -> Self {
        Self::on((1..=count).map(|id| (id, MemoryDisk::new())).collect()).await
    }
}

impl<D: Disk> World<D> {
    pub(super) async fn on(disks: BTreeMap<u64, D>) -> Self {
        Self::with(disks, settings).await
    }

    /// Voters on these disks, with settings of their own.
    pub(super) async fn with(disks: BTreeMap<u64, D>, settings: fn(u64) -> Settings) -> Self {
        let world = Self::empty(disks);
        for id in world.disks.keys() {
            world.start(settings(*id)).await;
        }
        let members = world.disks.keys().map(|id| member(*id)).collect();
        let first = *world.disks.keys().next().unwrap();
        world.node(first).initialize(members, "Uji".into(), Vec::new()).await.unwrap();
        world
    }

    /// Disks, and nobody yet who uses them.
    pub(super) fn empty(disks: BTreeMap<u64, D>) -> Self {
        Self { hub: Hub::new(), disks, keys: AtomicU64::new(1) }
    }

    pub(super) fn node(&self, id: u64) -> Cluster<D::Engine> {
        self.hub.find(NodeId(id)).unwrap()
    }

    pub(super) fn all(&self) -> Vec<Cluster<D::Engine>> {
        let running = self.hub.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.values().cloned().collect()
    }

    /// Starts a node on its disk, making its data at the first time.
    pub(super) async fn start(&self, settings: Settings) -> Cluster<D::Engine> {
        self.start_release(settings, LEVEL_NEWEST).await
    }

    /// The same with a release that knows levels up to that one.
    pub(super) async fn start_release(&self, settings: Settings, level_newest: u32) -> Cluster<D::Engine> {
        let options = || options(level_newest);
        let disk = &self.disks[&settings.node.0];
        self.let_go(settings.node.0).await;
        let stores = match open_on(disk, None, options()) {
            Ok(stores) => stores,
            Err(_) => create_on(disk, &identity(&settings), options()).unwrap(),
        };
        let from = PeerIdentity { cluster: settings.cluster, node: settings.node, edge: settings.edge };
        let dial = Arc::new(Pipes { hub: Arc::clone(&self.hub), from });
        let id = settings.node;
        let cluster = Cluster::start(settings, stores.0, stores.1, dial).await.unwrap();
        self.hub.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id, cluster.clone());
        cluster
    }

    /// The last task of a killed node has seen the end: nobody writes to its disk any more. Until then what had
    /// been committed may still be applied.
    pub(super) async fn let_go(&self, id: u64) {
        until("the data is let go of", || self.disks[&id].lock().unwrap().is_some()).await;
    }

    pub(super) fn disk(&self, id: u64) -> D {
        self.disks[&id].clone()
    }

    pub(super) fn add_disk(&mut self, id: u64, disk: D) {
        self.disks.insert(id, disk);
    }

    /// Stops a node without a word to the others.
    pub(super) async fn kill(&self, id: u64) {
        let node =
            self.hub.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&NodeId(id)).unwrap();
        node.inner.stopping.store(true, Ordering::Relaxed);
        node.inner.raft.shutdown().await.unwrap();
    }

    /// The node that all running ones take for the leader.
    pub(super) async fn leader(&self) -> u64 {
        let mut leader = None;
        until("one leader", || {
            let all = self.all();
            let leaders: BTreeSet<Option<NodeId>> = all.iter().map(Cluster::leader).collect();
            leader = leaders.first().copied().flatten();
            leaders.len() == 1 && leader.is_some_and(|id| all.iter().any(|node| node.settings().node == id))
        })
        .await;
        leader.unwrap().0
    }

    /// The leader as the nodes beside one see it.
    pub(super) async fn leader_of_others(&self, id: u64) -> u64 {
        let mut leader = None;
        until("a leader of the others", || {
            let others = self.all().into_iter().filter(|node| node.settings().node.0 != id);
            leader = others.filter(Cluster::is_leader).map(|node| node.settings().node.0).next();
            leader.is_some()
        })
        .await;
        leader.unwrap()
    }

    pub(super) async fn follower(&self) -> u64 {
        let leader = self.leader().await;
        self.all().iter().map(|node| node.settings().node.0).find(|id| *id != leader).unwrap()
    }

    /// An item that shows in its outcome how many went before it, with a key of its own.
    pub(super) fn item(&self) -> Item {
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        item_with_key(number)
    }

    /// Waits until all have applied what any has in its log.
    pub(super) async fn all_applied(&self) {
        until("the same index everywhere", || {
            let indexes: BTreeSet<u64> = self.all().iter().map(|node| *node.applied().borrow()).collect();
            let last = self.all().iter().map(|node| node.status().last_index).max();
            indexes.len() == 1 && indexes.first().copied() == last
        })
        .await;
    }

    /// All running nodes have applied the same and have the same state.
    pub(super) async fn agree(&self) {
        self.all_applied().await;
        let hashes: Vec<_> = self.all().iter().map(|node| node.machine().state_hash()).collect();
        assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
    }
}

pub(super) fn item_with_key(number: u64) -> Item {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&number.to_be_bytes());
    let request = RequestIdentity { key: RequestKey(key), fingerprint: Fingerprint(key) };
    Item { request: Some(request), command: Command::AllocateNode }
}

/// Proposes one item and wants it done.
pub(super) async fn write<E: Engine>(node: &Cluster<E>, item: Item) -> Answer {
    let mut results = node.propose(Principal::System, vec![item]).await;
    assert_eq!(results.len(), 1);
    results.pop().unwrap().unwrap()
}

/// The number that an answer gave out.
pub(super) fn number(answer: &Answer) -> u64 {
    let Outcome::NodeAllocated(id) = answer.outcome else { panic!("unexpected outcome {answer:?}") };
    id.0
}

pub(super) fn numbers(results: &[Result<Answer, ProposeError>]) -> Vec<u64> {
    results.iter().map(|result| number(result.as_ref().unwrap())).collect()
}

/// Looks until a condition holds; fails when it does not within [`PATIENCE`].
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = runtime::after(runtime::now(), PATIENCE);
    while !holds() {
        assert!(runtime::now() < deadline, "not in time: {what}");
        runtime::sleep(Duration::from_millis(5)).await;
    }
}
