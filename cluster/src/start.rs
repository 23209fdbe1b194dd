//! How a node comes to life and how it ends.
//!
//! Invariant: what the settings say about identity is what both databases say; the state is flushed before a
//! planned end, so that the next start replays nothing.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openraft::Raft;
use openraft::type_config::TypeConfigExt as _;
use store::{Engine, Identity, Log, Machine};
use tokio::sync::{Notify, Semaphore};

use crate::adapter::log_store::LogStore;
use crate::adapter::network::Network;
use crate::adapter::state_machine::StateMachine;
use crate::admission::Admission;
use crate::apply::ApplyWorker;
use crate::config::config;
use crate::dial::Dial;
use crate::equality::{self, Equality, scrubber};
use crate::error::{OperateError, StartError};
use crate::fitness::Fitness;
use crate::followers::Followers;
use crate::freshness::Freshness;
use crate::greeting::Greetings;
use crate::handle::{Cluster, Inner};
use crate::pace::{self, Heartbeats};
use crate::read::Rounds;
use crate::rpc::fence::Fence;
use crate::rpc::identity::Myself;
use crate::rpc::peers::Peers;
use crate::rpc::snapshot::Inbox;
use crate::rpc::transfers::Transfers;
use crate::runtime;
use crate::settings::{PEER_CONNECTIONS_MAX, Settings};
use crate::types::TypeConfig;
use crate::{housekeeping, space, timekeeper, watchdog};

/// Longest a shutdown waits for Raft to end.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

impl<E: Engine> Cluster<E> {
    /// Starts Raft over a log and a state. Peers may be served, and the node may be elected, from then on.
    pub async fn start(
        mut settings: Settings,
        log: Log<E>,
        machine: Machine<E>,
        dial: Arc<dyn Dial>,
    ) -> Result<Self, StartError> {
        check_identity(&settings, &log.identity(), &machine.identity())?;
        store::check_together(&log, &machine).map_err(|error| StartError::Storage(error.to_string()))?;
        let storage = |error: std::io::Error| StartError::Storage(error.to_string());
        let worker = ApplyWorker::new(machine.clone(), settings.apply_inline).map_err(storage)?;
        let (applied, applied_bytes) = (worker.applied(), worker.applied_bytes());
        let peers = Arc::new(Peers::new(myself(&settings), dial));
        let configured = settings.timers;
        settings.timers = pace::fit(&settings, &machine, &peers).await;
        let raft_config = Arc::new(config(&settings, machine.quarantine().is_none())?);
        let freshness = Arc::new(Freshness::new(applied.clone()));
        let (fence, followers) = (Arc::<Fence>::default(), Arc::<Followers>::default());
        let (transfers, heartbeats) = (Arc::<Transfers>::default(), Arc::<Heartbeats>::default());
        let network: Network<E> = Network {
            peers: Arc::clone(&peers),
            freshness: Arc::clone(&freshness),
            fence: Arc::clone(&fence),
            transfers: Arc::clone(&transfers),
            heartbeats: Arc::clone(&heartbeats),
            followers: Arc::clone(&followers),
            deadline: Duration::from_millis(settings.timers.election_min_ms),
            machine: machine.clone(),
        };
        let votes_from = votes_from(&log, Duration::from_millis(settings.timers.election_max_ms))?;
        let (log_store, state) = (LogStore(log.clone()), StateMachine(worker));
        let raft = Raft::new(settings.node.0, raft_config, network, log_store, state).await;
        let raft = raft.map_err(|error| StartError::Storage(error.to_string()))?;
        let inner = Inner {
            settings,
            raft,
            log,
            machine,
            peers,
            freshness,
            fence,
            transfers,
            heartbeats,
            followers,
            told_lost: OnceLock::new(),
            told_refused: AtomicBool::new(false),
            admission: Arc::new(Admission::default()),
            applied,
            applied_bytes,
            snapshot_bytes: AtomicU64::new(0),
            rounds: Rounds::default(),
            inbox: Inbox::default(),
            equality: Equality::default(),
            blobs: crate::blobs::Desk::default(),
            greetings: Greetings::default(),
            votes_from,
            fitness: Fitness::default(),
            clock_wrong_rounds: AtomicU32::new(0),
            room: AtomicU8::new(0),
            free_bytes: AtomicU64::new(0),
            recovered: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            hand_over: Notify::new(),
            connections: Semaphore::new(PEER_CONNECTIONS_MAX),
        };
        let cluster = Self { inner: Arc::new(inner) };
        housekeeping::spawn(&cluster);
        crate::blobs::spawn(&cluster);
        timekeeper::spawn(&cluster);
        space::spawn(&cluster);
        equality::spawn(&cluster);
        scrubber::spawn(&cluster).map_err(storage)?;
        watchdog::spawn(&cluster, configured.election_max_ms).map_err(storage)?;
        cluster.verify_data()?;
        Ok(cluster)
    }

    /// Ends this node as planned: hands leadership over, stops Raft, flushes the state.
    pub async fn shutdown(&self) -> Result<(), OperateError> {
        if self.is_leader()
            && let Err(error) = self.transfer_here(None).await
        {
            // The others elect one without our help; it only takes longer.
            tracing::warn!(%error, "leadership was not handed over before the end");
        }
        self.inner.stopping.store(true, Ordering::Relaxed);
        if runtime::timeout(STOP_DEADLINE, self.inner.raft.shutdown()).await.is_err() {
            tracing::warn!("raft did not stop in time");
        }
        // A round that was under way is still applied, and what is not flushed with it is applied again at the next start.
        let mut applied = self.inner.applied.clone();
        let ended = async { while applied.changed().await.is_ok() {} };
        if runtime::timeout(STOP_DEADLINE, ended).await.is_err() {
            tracing::warn!("the state was applied to until the end");
        }
        let machine = self.inner.machine.clone();
        let flushed = TypeConfig::spawn_blocking(move || {
            if let Err(error) = machine.blobs().save_totals() {
                // The next start counts them.
                tracing::warn!(%error, "the totals of the attachments were not written down");
            }
            machine.flush()
        })
        .await;
        match flushed {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(OperateError::Failed(error.to_string())),
            Err(error) => Err(OperateError::Failed(error.to_string())),
        }
    }

    /// Whether this node is about to end or has failed.
    pub(crate) fn is_over(&self) -> bool {
        self.is_stopping() || self.failure().is_some()
    }

    /// Reads all data once, beside everything else; the simulator has neither threads nor disks that rot.
    fn verify_data(&self) -> Result<(), StartError> {
        if self.inner.settings.apply_inline {
            return Ok(());
        }
        let inner = Arc::downgrade(&self.inner);
        let go_on = move || inner.upgrade().is_some_and(|inner| !inner.stopping.load(Ordering::Relaxed));
        let verifying = self.inner.machine.verify_in_background(go_on);
        verifying.map_err(|error| StartError::Storage(error.to_string()))
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.inner.stopping.load(Ordering::Relaxed)
    }
}

/// A node that may have voted or acknowledged before this start keeps its vote for one lease.
fn votes_from<E: Engine>(log: &Log<E>, lease: Duration) -> Result<runtime::Instant, StartError> {
    let voted = log.vote().map_err(|error| StartError::Storage(error.to_string()))?.is_some();
    let now = runtime::now();
    Ok(if voted { runtime::after(now, lease) } else { now })
}

fn myself(settings: &Settings) -> Myself {
    Myself {
        cluster: settings.cluster,
        epoch: settings.epoch,
        node: settings.node,
        incarnation: settings.incarnation,
        edge: settings.edge,
    }
}

fn check_identity(settings: &Settings, log: &Identity, state: &Identity) -> Result<(), StartError> {
    let wanted = Identity {
        cluster: settings.cluster,
        epoch: settings.epoch,
        node: settings.node.0,
        incarnation: settings.incarnation,
        edge: settings.edge,
    };
    // The role is the certificate's: an edge that got the one of a voter keeps its data.
    let same = |found: &Identity| Identity { edge: wanted.edge, ..*found } == wanted;
    if !same(log) || !same(state) {
        return Err(StartError::Settings(format!(
            "the data belongs to node {} of cluster {}, epoch {}; the settings name node {} of cluster {}, epoch {}",
            log.node,
            log.cluster_text(),
            log.epoch,
            wanted.node,
            wanted.cluster_text(),
            wanted.epoch,
        )));
    }
    Ok(())
}
