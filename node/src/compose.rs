//! A serving node: its parts, plugged together once.
//!
//! Invariant: Raft and peers, officers and operators, the public share no thread. The public's threads
//! are niced, so that a flood of readers takes nothing from those who write (promise P8).

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use api::ports::{Ports, Scratch};
use api::publisher::Front;
use api::serve::{Accept, Limits, Plain, Ready, Server, ThreadStart, on_threads};
use cluster::{Cluster, Timers};
use store::RocksEngine;
use tally::account::{Role, Scope};
use tally::command::{AccountDefinition, Command, Item, NewCredential, Principal};
use tally::outcome::Outcome;
use tally::region::RegionCode;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::data;
use crate::failure::Failure;
use crate::founding::Founding;
use crate::gateway::Gateway;
use crate::listeners::{Bound, serve_peers};
use crate::scanner::Clamd;
use crate::scratch::ScratchFolder;
use crate::settings::{Fronted, Settings};
use crate::tls::accept::{Side, TlsAccept};
use crate::tls::dial::PeerDialer;
use crate::tls::live::{LOOK_INTERVAL, LiveTls};

/// Cores for each thread of Raft and its peers, and most of these. Flushes and apply have threads of their own;
/// what is left are short tasks, and a second thread on few cores spends more on waking than it gains (a fifth
/// of a write's processor time, `docs/performance.md`).
const CORES_PER_RAFT_THREAD: usize = 4;
const RAFT_THREADS_MAX: usize = 2;
/// Cores for each thread of officers and operators, and most of these.
const CORES_PER_OFFICER_THREAD: usize = 2;
const OFFICER_THREADS_MAX: usize = 4;
/// Niceness of officers' threads.
const OFFICER_NICENESS: i32 = 5;
/// Niceness of the public's threads.
const PUBLIC_NICENESS: i32 = 10;
/// Pause between two attempts to found the cluster.
const FOUNDING_PAUSE: Duration = Duration::from_millis(200);
/// Longest single wait for this node to have caught up with itself.
const RECOVERY_MAX: Duration = Duration::from_secs(10);

/// The runtimes of a node. Those that serve the public come with their sockets.
pub struct Runtimes {
    raft: Runtime,
    officer: Runtime,
    /// Where pages are rendered and names read.
    publisher: Runtime,
}

/// A running node.
pub struct Running {
    /// The cluster it takes part in.
    pub cluster: Cluster<RocksEngine>,
    /// Its ports.
    pub gateway: Gateway,
    stopping: watch::Sender<bool>,
    servers: Vec<JoinHandle<io::Result<()>>>,
    peers: JoinHandle<io::Result<()>>,
}

impl Runtimes {
    /// Starts the threads.
    pub fn start() -> Result<Self, Failure> {
        let start = |name: &'static str, threads: usize, niceness: i32| {
            Builder::new_multi_thread()
                .worker_threads(threads)
                .max_blocking_threads(threads.saturating_mul(4))
                .thread_name(name)
                .on_thread_start(move || nice(niceness))
                .enable_all()
                .build()
                .map_err(|error| Failure::failed(error.to_string()))
        };
        let raft = threads(CORES_PER_RAFT_THREAD, RAFT_THREADS_MAX);
        let officer = threads(CORES_PER_OFFICER_THREAD, OFFICER_THREADS_MAX);
        Ok(Self {
            raft: start("raft", raft, 0)?,
            officer: start("officer", officer, OFFICER_NICENESS)?,
            publisher: start("publisher", 1, PUBLIC_NICENESS)?,
        })
    }

    /// The runtime that the node as a whole is awaited on.
    #[must_use]
    pub const fn main(&self) -> &Runtime {
        &self.raft
    }

    /// Ends the threads; what still runs there has a moment.
    pub fn stop(self) {
        const MOMENT: Duration = Duration::from_millis(500);
        self.publisher.shutdown_timeout(MOMENT);
        self.officer.shutdown_timeout(MOMENT);
        self.raft.shutdown_timeout(MOMENT);
    }
}

/// One thread for so many cores of this machine, at least one.
fn threads(cores_per_thread: usize, threads_max: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.checked_div(cores_per_thread).unwrap_or(1).clamp(1, threads_max)
}

/// Lowers the priority of the calling thread; on Linux a process id of none means this thread alone.
fn nice(niceness: i32) {
    if niceness > 0 && rustix::process::setpriority_process(None, niceness).is_err() {
        tracing::warn!(niceness, "a thread keeps its priority");
    }
}

/// Opens the data and starts everything.
pub fn start(
    settings: &Settings,
    tls: &Arc<LiveTls>,
    bound: Bound,
    runtimes: &Runtimes,
) -> Result<Running, Failure> {
    let founding = Founding::load(&settings.node.data)?;
    let name = tls.now().name;
    let (log, machine) = data::open(&settings.node.data, name)?;
    // Before anything is served: an upload must have somewhere to wait.
    let scratch = Arc::new(ScratchFolder::open(&settings.node.data)?);
    let identity = log.identity();
    let mut configuration = cluster::Settings::new(name.node, identity.cluster, identity.incarnation);
    configuration.epoch = identity.epoch;
    configuration.edge = name.edge;
    configuration.timers = Timers::profile(&settings.timers.profile).unwrap_or_default();
    let flush = store::slowest_flush(&settings.node.data);
    configuration.slowest_flush = flush.map_err(|error| Failure::failed(error.to_string()))?;
    configuration.log_retention.entries_kept = settings.log.entries_kept;
    configuration.log_retention.bytes_kept = settings.log.bytes_kept;
    configuration.scrub = cluster::Scrub {
        interval: Duration::from_secs(settings.scrub.interval_s),
        rows_per_second: settings.scrub.rows_per_second,
    };
    configuration.attachment_pace.pull_bytes_per_s = settings.attachments.pull_bytes_per_second;
    configuration.attachment_pace.scrub_bytes_per_s = settings.attachments.scrub_bytes_per_second;
    env!("CARGO_PKG_VERSION").clone_into(&mut configuration.release);
    let dialer = Arc::new(PeerDialer::new(Arc::clone(tls)));
    let started = runtimes.raft.block_on(Cluster::start(configuration, log, machine, dialer));
    let cluster = started.map_err(|error| Failure::precondition(error.to_string()))?;
    let gateway = Gateway::new(cluster.clone(), Arc::clone(tls));
    let (stopping, stop) = watch::channel(false);
    let peers = runtimes.raft.spawn(serve_peers(bound.peer, Arc::clone(tls), cluster.clone(), stop.clone()));
    runtimes.raft.spawn(recover(cluster.clone()));
    runtimes.officer.spawn(look_at_certificates(Arc::clone(tls), cluster.clone()));
    if let Some(founding) = founding {
        runtimes.raft.spawn(found(cluster.clone(), founding, settings.node.data.clone()));
    }
    let listeners = Listeners { settings, tls, gateway: &gateway, scratch, stop };
    let servers = listeners.serve(bound.public, bound.officer, bound.ops, runtimes);
    Ok(Running { cluster, gateway, stopping, servers, peers })
}

/// What the HTTP listeners are made from.
struct Listeners<'a> {
    settings: &'a Settings,
    tls: &'a Arc<LiveTls>,
    gateway: &'a Gateway,
    scratch: Arc<dyn Scratch>,
    stop: watch::Receiver<bool>,
}

impl Listeners<'_> {
    fn serve(
        &self,
        public: Vec<TcpListener>,
        officer: Option<TcpListener>,
        ops: TcpListener,
        runtimes: &Runtimes,
    ) -> Vec<JoinHandle<io::Result<()>>> {
        let gateway = Arc::new(self.gateway.clone());
        let ports = Ports {
            queries: gateway.clone(),
            commands: gateway.clone(),
            operations: gateway.clone(),
            backups: gateway.clone(),
            attachments: gateway.clone(),
            scratch: self.scratch.clone(),
            scanner: Arc::new(Clamd::new(&self.settings.scanner)),
        };
        let publisher = self.gateway.publish();
        let api = api::Api::new(ports, Arc::clone(&publisher));
        runtimes.publisher.spawn(Arc::clone(&publisher).run(stopped(self.stop.clone())));
        runtimes.publisher.spawn(api.read_names());
        let limits = &self.settings.limits;
        let drain = Duration::from_millis(limits.drain_ms);
        let with = |base: Limits, connections_max: usize| Limits {
            connections_max,
            shutdown_timeout: drain,
            ..base
        };
        let limited = with(Limits::public(), limits.public_connections);
        let routes = api::public_router(&api);
        let front = Front::new(Arc::clone(&publisher), routes);
        let start = ThreadStart { name: "public", begin: || nice(PUBLIC_NICENESS) };
        let counters = api.counters();
        // Looked at when the settings were read: what is wrong there never comes so far.
        let proxies = |listener: &Fronted| listener.in_front().unwrap_or_default();
        let fronted = (&proxies(&self.settings.listeners.public), &counters.public);
        let accept: Arc<dyn Accept> = if self.settings.tls.public {
            Arc::new(TlsAccept::new(Arc::clone(self.tls), Side::Officers))
        } else {
            Arc::new(Plain)
        };
        let ready: Arc<dyn Ready> = publisher;
        let public = on_threads(public, fronted, (ready, front, accept), limited, start, &self.stop);
        let in_front = self.settings.listeners.officer.as_ref().map(proxies).unwrap_or_default();
        let officer = officer.map(|officer| {
            let accept: Arc<dyn Accept> = Arc::new(TlsAccept::new(Arc::clone(self.tls), Side::Officers));
            let server = Server::new(officer, accept, with(Limits::officer(), limits.officer_connections))
                .with_proxies(in_front)
                .with_counters(counters.officer);
            let routes = api::officer_router(&api);
            runtimes.officer.spawn(server.run(routes, stopped(self.stop.clone())))
        });
        let accept: Arc<dyn Accept> = if self.settings.listeners.ops.address.ip().is_loopback() {
            Arc::new(Plain)
        } else {
            Arc::new(TlsAccept::new(Arc::clone(self.tls), Side::Operators))
        };
        let limited = with(Limits::ops(), limits.ops_connections);
        let server = Server::new(ops, accept, limited).with_counters(counters.ops);
        let ops = runtimes.officer.spawn(server.run(api::ops_router(&api), stopped(self.stop.clone())));
        let public = public.into_iter().map(|end| {
            let ended = || io::Error::other("a thread of the public ended without a word");
            runtimes.officer.spawn(async move { end.await.unwrap_or_else(|_| Err(ended())) })
        });
        public.chain(officer).chain([ops]).collect()
    }
}

impl Running {
    /// Stops as planned: not ready, leadership away, requests finished, state flushed.
    pub async fn stop(self) -> Result<(), Failure> {
        self.gateway.stopping();
        if self.cluster.is_leader() {
            // While requests still come in: they are held and forwarded, not failed (9.9).
            match self.cluster.transfer(None).await {
                Ok(leader) => tracing::info!(leader = leader.0, "leadership handed over"),
                Err(error) => tracing::warn!(%error, "leadership was not handed over"),
            }
        }
        self.stopping.send_replace(true);
        for server in self.servers {
            if let Err(error) = server.await {
                tracing::warn!(%error, "a listener ended badly");
            }
        }
        let flushed = self.cluster.shutdown().await;
        self.peers.abort();
        flushed.map_err(|error| Failure::failed(error.to_string()))
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone is a reason to stop as well.
    drop(stop.wait_for(|stop| *stop).await);
}

/// Notes when this node has caught up with what it may have answered before its last stop.
async fn recover(cluster: Cluster<RocksEngine>) {
    while cluster.failure().is_none() {
        match cluster.wait_ready(RECOVERY_MAX).await {
            Ok(()) => {
                tracing::info!(index = *cluster.applied().borrow(), "ready");
                return;
            }
            Err(error) => tracing::info!(%error, "not ready yet"),
        }
    }
}

/// Takes new certificates into use as they come, and lets the peers see them.
async fn look_at_certificates(tls: Arc<LiveTls>, cluster: Cluster<RocksEngine>) {
    while cluster.failure().is_none() {
        tokio::time::sleep(LOOK_INTERVAL).await;
        let files = Arc::clone(&tls);
        match tokio::task::spawn_blocking(move || files.refresh()).await {
            Ok(Ok(true)) => {
                tracing::info!("new certificates are in use");
                cluster.reconnect();
            }
            Ok(Ok(false)) => {}
            Ok(Err(failure)) => tracing::error!(%failure, "new certificates are not used"),
            Err(error) => tracing::error!(%error, "certificates were not looked at"),
        }
    }
}

/// Carries the founding plan out, as often as it takes, and removes it.
async fn found(cluster: Cluster<RocksEngine>, plan: Founding, data: std::path::PathBuf) {
    while cluster.failure().is_none() {
        match found_once(&cluster, &plan).await {
            Ok(()) => {
                match Founding::finished(&data) {
                    Ok(()) => tracing::info!(name = plan.name, "cluster founded"),
                    Err(error) => tracing::warn!(%error, "the founding plan could not be removed"),
                }
                return;
            }
            Err(error) => tracing::info!(error, "the cluster is not founded yet"),
        }
        tokio::time::sleep(FOUNDING_PAUSE).await;
    }
}

async fn found_once(cluster: &Cluster<RocksEngine>, plan: &Founding) -> Result<(), String> {
    let ledger = cluster.view().ledger().map_err(|error| error.to_string())?;
    if ledger.cluster == [0; 16] {
        let founded = cluster.initialize(plan.cluster_members(), plan.name.clone(), Vec::new()).await;
        founded.map_err(|error| error.to_string())?;
    }
    let read = cluster.read(cluster::ReadMode::Linearizable, None).await;
    let view = read.map_err(|error| error.to_string())?;
    let username = &plan.administrator.username;
    if view.account_named(username).map_err(|error| error.to_string())?.is_some() {
        return Ok(());
    }
    let definition = AccountDefinition {
        username: username.clone(),
        role: Role::SuperAdmin,
        scope: Scope::Region(RegionCode::NATION),
        credential: NewCredential::Password(plan.administrator.password_hash.clone()),
        active: true,
    };
    let item = Item { request: None, command: Command::DefineAccounts(vec![definition]) };
    let answer = cluster.propose(Principal::System, vec![item]).await.pop().ok_or("no answer")?;
    if let Outcome::Refused(refusal) = answer.map_err(|error| error.to_string())?.outcome {
        return Err(format!("the first administrator was refused: {refusal:?}"));
    }
    Ok(())
}
