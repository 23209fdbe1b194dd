//! All nodes of a run, what is wrong with them, and what was found out.
//!
//! Invariant: a node that ends by itself is started again, as a service manager would; a node that ends, or refuses
//! its data, without a fault that explains it is a complaint.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use cluster::Timers;
use cluster::simulation::Process;
use tally::ids::NodeId;

use super::clock::WallClock;
use super::complaints::Complaints;
use super::disk::DiskState;
use super::history::History;
use super::moment::sleep_ms;
use super::network::Network;
use super::node::{LEVEL_NEW, Node, Site};
use super::observe::Watch;
use super::plant::Plant;
use super::stream::locked;
use super::trace::{Kind, Trace};
use crate::chance::Chance;

/// Looks after nodes that ended.
const ROUND_MS: u64 = 50;
/// A service manager waits so long before it starts a node again.
const RESTART_MS: u64 = 700;

/// See the module.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) plant: Option<Plant>,
    pub(super) network: Network,
    pub(super) trace: Trace,
    pub(super) history: Mutex<History>,
    pub(super) watch: Mutex<Watch>,
    pub(super) complaints: Complaints,
    sites: Mutex<BTreeMap<u64, Site>>,
    running: Mutex<BTreeMap<u64, Node>>,
    /// Nodes that a fault keeps down, and how often.
    kept_down: Mutex<BTreeMap<u64, u32>>,
    /// Nodes whose disk a fault touched: they may end by themselves.
    excused: Mutex<BTreeSet<u64>>,
    starting: Mutex<BTreeSet<u64>>,
    starts: Mutex<u64>,
    level_asked: Mutex<bool>,
    over: Mutex<bool>,
}

impl World {
    pub(super) fn new(seed: u64, plant: Option<Plant>, complaints: Complaints) -> Arc<Self> {
        let trace = Trace::default();
        let network = Network::new(Chance::of(seed, 1), trace.clone());
        Arc::new(Self {
            seed,
            plant,
            network,
            trace,
            history: Mutex::default(),
            watch: Mutex::default(),
            complaints,
            sites: Mutex::default(),
            running: Mutex::default(),
            kept_down: Mutex::default(),
            excused: Mutex::default(),
            starting: Mutex::default(),
            starts: Mutex::default(),
            level_asked: Mutex::default(),
            over: Mutex::default(),
        })
    }

    /// Makes room for a node of that number.
    pub(super) fn add_site(&self, id: u64) {
        let mut disk =
            DiskState::new(id, Chance::of(self.seed, id.saturating_add(1_000)), self.trace.clone());
        for (begin, plant) in self.plant.map(|plant| plant.in_store(id)).unwrap_or_default() {
            disk.plant(begin, &plant);
        }
        if self.plant.is_some_and(Plant::lies_about_marks) {
            disk.plant_lying_marks();
        }
        let (clock, network) = (WallClock::default(), self.network.clone());
        let level_newest = Arc::new(AtomicU32::new(LEVEL_NEW));
        let timers = self.plant.map_or(Timers::LAN, Plant::timers);
        locked(&self.sites).insert(id, Site { id, disk, clock, network, timers, level_newest });
    }

    /// A node that left the cluster is switched off for good.
    pub(super) fn remove_site(&self, id: u64) {
        locked(&self.sites).remove(&id);
        self.take_down(id, false);
    }

    pub(super) fn site(&self, id: u64) -> Option<Site> {
        locked(&self.sites).get(&id).cloned()
    }

    pub(super) fn sites(&self) -> Vec<Site> {
        locked(&self.sites).values().cloned().collect()
    }

    pub(super) fn ids(&self) -> Vec<u64> {
        locked(&self.sites).keys().copied().collect()
    }

    pub(super) fn node(&self, id: u64) -> Option<Node> {
        locked(&self.running).get(&id).cloned()
    }

    pub(super) fn nodes(&self) -> Vec<(u64, Node)> {
        locked(&self.running).iter().map(|(id, node)| (*id, node.clone())).collect()
    }

    /// The node that leads the newest term.
    pub(super) fn leader(&self) -> Option<u64> {
        let leads = |(id, node): (u64, Node)| {
            let vote = node.cluster.log().vote().ok().flatten()?;
            (node.cluster.leader() == Some(NodeId(id)) && vote.node == id).then_some((vote.term, id))
        };
        self.nodes().into_iter().filter_map(leads).max().map(|(_, id)| id)
    }

    /// A judge has something against the cluster.
    pub(super) fn complain(&self, judge: &'static str, what: &str) {
        self.complaints.add(judge, what);
    }

    /// Nobody writes and no fault begins any more.
    pub(super) fn finish(&self) {
        *locked(&self.over) = true;
    }

    pub(super) fn is_over(&self) -> bool {
        *locked(&self.over)
    }

    /// From now on the node may end by itself.
    pub(super) fn excuse(&self, id: u64) {
        locked(&self.excused).insert(id);
    }

    /// Somebody asks for the next level.
    pub(super) fn ask_for_level(&self) {
        *locked(&self.level_asked) = true;
    }

    /// Whether an old release says, as it must, that the level is beyond it.
    fn is_outdated(&self, id: u64, why: &str) -> bool {
        let old = self.site(id).is_some_and(|site| site.level_newest() < LEVEL_NEW);
        old && *locked(&self.level_asked) && why.contains("needs feature level")
    }

    /// Starts a node unless it runs.
    pub(super) async fn start(&self, id: u64) {
        let Some(site) = self.site(id).filter(|_| self.node(id).is_none()) else { return };
        if !locked(&self.starting).insert(id) {
            return;
        }
        self.start_site(&site).await;
        locked(&self.starting).remove(&id);
        if locked(&self.kept_down).contains_key(&id) || self.site(id).is_none() {
            // A fault struck while it started.
            self.take_down(id, false);
        }
    }

    async fn start_site(&self, site: &Site) {
        let id = site.id;
        let number = {
            let mut starts = locked(&self.starts);
            *starts = starts.saturating_add(1);
            *starts
        };
        let seed = Chance::of(self.seed, number.saturating_add(2_000)).next();
        let process = if self.plant == Some(Plant::LeaderRestore) {
            Process::restoring_leaders(seed)
        } else {
            Process::new(seed)
        };
        self.trace.add(Kind::Fault, &[1, id]);
        match site.start(&process).await {
            Ok(node) => {
                locked(&self.watch).restarted(id);
                locked(&self.running).insert(id, node);
            }
            Err(error) => {
                process.kill();
                site.disk.settle();
                if !locked(&self.excused).contains(&id) && !self.is_outdated(id, &error) {
                    self.complain("start", &format!("node {id} does not start on its own data: {error}"));
                }
            }
        }
    }

    /// Ends a node's process, with its power when `silently`.
    pub(super) fn take_down(&self, id: u64, silently: bool) {
        let Some(node) = locked(&self.running).remove(&id) else { return };
        self.trace.add(Kind::Fault, &[2, id]);
        node.kill();
        self.network.close(id, silently);
        if let Some(site) = self.site(id) {
            site.disk.settle();
        }
    }

    /// Takes a node down until [`World::let_up`].
    pub(super) fn keep_down(&self, id: u64, silently: bool) {
        let mut kept = locked(&self.kept_down);
        let count = kept.entry(id).or_default();
        *count = count.saturating_add(1);
        drop(kept);
        self.take_down(id, silently);
    }

    /// Starts it again, unless another fault keeps it down.
    pub(super) async fn let_up(&self, id: u64) {
        {
            let mut kept = locked(&self.kept_down);
            let left = kept.get(&id).copied().unwrap_or_default().saturating_sub(1);
            if left > 0 {
                kept.insert(id, left);
                return;
            }
            kept.remove(&id);
        }
        self.start(id).await;
    }

    /// Starts what ended by itself. Ends with the run.
    pub(super) async fn look_after(self: Arc<Self>) {
        while !self.is_over() {
            sleep_ms(ROUND_MS).await;
            for (id, node) in self.nodes() {
                let Some(why) = node.failure() else { continue };
                if !locked(&self.excused).contains(&id) && !self.is_outdated(id, &why) {
                    self.complain("failure", &format!("node {id} ended by itself: {why}"));
                }
                self.take_down(id, false);
                drop(tokio::spawn(Arc::clone(&self).start_later(id)));
            }
        }
    }

    async fn start_later(self: Arc<Self>, id: u64) {
        sleep_ms(RESTART_MS).await;
        if !locked(&self.kept_down).contains_key(&id) {
            self.start(id).await;
        }
    }

    /// All is well from now on: nothing is cut, down, paused, slow or set wrong.
    pub(super) async fn heal(&self) {
        self.network.set_quality(2, 0);
        self.network.heal_all();
        locked(&self.kept_down).clear();
        for site in self.sites() {
            site.disk.set_flush_ms(2);
            site.disk.set_hangs(false);
            site.disk.set_roomy();
            site.clock.set_right();
            site.install(LEVEL_NEW);
        }
        for (_, node) in self.nodes() {
            node.process.resume();
        }
        for id in self.ids() {
            self.start(id).await;
        }
    }
}
