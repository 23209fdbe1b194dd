//! Nodes of the program under test: three that found a cluster, each on a disk of its own where that is wanted and this
//! machine allows it, and guests that come later.
//!
//! Invariant: everything lies in one new folder; processes, mounts and folder go with this value. A node keeps its place
//! here for ever; its number in the cluster is another thing.

mod clients;
mod guests;
mod making;
mod node;
mod told;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::client::Client;
use tempfile::TempDir;
use tokio::time::Instant;
use uuid::Uuid;

pub(super) use self::making::{ADMIN, PASSWORD, free_ports};
use self::node::Node;
pub(super) use self::node::settings_of;
use super::disk::PowerDisk;
use super::hosts::Hosts;
use super::links::Links;
use super::operator::{self, Ended};
use super::plant::Plant;
use super::process::Launch;
use super::transport::HttpTransport;
use super::{Trouble, country, harness};
pub(super) use guests::Guest;

/// Nodes that found a cluster, where nothing else is said.
pub(super) const NODES: usize = 3;
/// Name of the cluster.
pub(super) const NAME: &str = "chaos";

/// What a fleet is made from.
#[derive(Clone, Debug)]
pub(super) struct Blueprint {
    /// The program under test.
    pub(super) rakit: PathBuf,
    /// Where the folder is made; the system's place for temporary files otherwise.
    pub(super) below: Option<PathBuf>,
    /// What is planted into the nodes.
    pub(super) plant: Option<Plant>,
    /// Whether disks that lose power are wanted.
    pub(super) power: bool,
    /// Nodes that found the cluster.
    pub(super) nodes: usize,
    /// Whether the lines between the nodes can be cut.
    pub(super) links: bool,
    /// Whether each node is on a host of its own, whose lines can be cut.
    pub(super) hosts: bool,
    /// Stations of the country.
    pub(super) stations: u64,
    /// Guests whose officers' side the officers know from the beginning.
    pub(super) guests: usize,
    /// Settings of every node that go before those of its file, as environment.
    pub(super) overrides: Vec<(String, String)>,
}

impl Blueprint {
    /// Three nodes without anything special.
    pub(super) fn new(rakit: PathBuf, below: Option<PathBuf>) -> Self {
        let (stations, overrides) = (country::STATIONS, Vec::new());
        let (nodes, links, hosts) = (NODES, false, false);
        Self { rakit, below, plant: None, power: false, nodes, links, hosts, stations, guests: 0, overrides }
    }
}

/// See the module. Fields are dropped in their order.
pub(super) struct Fleet {
    nodes: Vec<Node>,
    links: Option<Links>,
    hosts: Option<Hosts>,
    transport: Arc<HttpTransport>,
    base_port: u16,
    overrides: Vec<(String, String)>,
    rakit: PathBuf,
    folder: TempDir,
}

impl Fleet {
    /// Makes and starts everything. Answers also a client of the officers' side, signed in, and why disks cannot
    /// lose power here if they cannot.
    pub(super) async fn build(
        blueprint: &Blueprint,
    ) -> Result<(Self, Client<HttpTransport>, Option<String>), Trouble> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("rakit-chaos-");
        let folder = match &blueprint.below {
            Some(below) => builder.tempdir_in(below),
            None => builder.tempdir(),
        };
        let folder = folder.map_err(harness)?;
        // This thread is on the hub from here on, until these go.
        let mut hosts = blueprint.hosts.then(|| Hosts::new(blueprint.nodes)).transpose().map_err(harness)?;
        let base_port = free_ports()?;
        let names = hosts.iter().flat_map(|_| (0..blueprint.nodes).map(Hosts::address)).collect::<Vec<_>>();
        let made = making::make(&blueprint.rakit, folder.path(), (blueprint.nodes, base_port), &names)?;
        if let Some(hosts) = &mut hosts {
            let ops = (0..blueprint.nodes).map(|place| making::ports_of(base_port, place)[3]);
            hosts.open_doors(ops).map_err(harness)?;
        }
        let wanted = blueprint.power.then(|| making::disks(folder.path(), blueprint.nodes));
        let (mut disks, skipped) = match wanted {
            Some(Ok(disks)) => (disks.into_iter().map(Some).collect(), None),
            Some(Err(why)) => (Vec::new(), Some(why)),
            None => (Vec::new(), None),
        };
        disks.resize_with(blueprint.nodes, || None);
        let preload = blueprint.plant.map(|plant| plant.library(folder.path())).transpose()?;
        let authority = std::fs::read(folder.path().join("made/ca/ca.pem")).map_err(harness)?;
        let transport = Arc::new(HttpTransport::new(&authority)?);
        let (rakit, overrides) = (blueprint.rakit.clone(), blueprint.overrides.clone());
        let links =
            blueprint.links.then(|| Links::open(making::doors(base_port, blueprint.nodes))).transpose()?;
        let mut fleet =
            Self { nodes: Vec::new(), links, hosts, transport, base_port, overrides, rakit, folder };
        for (made, disk) in made.iter().zip(disks) {
            let settings = match &disk {
                Some(disk) => making::moved(&made.settings, disk)?,
                None => made.settings.clone(),
            };
            let mut launch = fleet.launch(settings, preload.clone());
            launch.space = fleet.hosts.as_ref().map(|hosts| hosts.space(fleet.nodes.len()));
            if fleet.links.is_some() {
                launch.overrides.push(making::behind_its_door(base_port, fleet.nodes.len()));
            }
            let name = format!("node-{}", fleet.nodes.len());
            let mut node = Node::new(made.id, name, made.addresses(), launch, &fleet.transport);
            node.disk = disk;
            fleet.nodes.push(node);
        }
        let every: Vec<usize> = (0..blueprint.nodes).collect();
        fleet.start(&every).await?;
        let officers = fleet.officers(blueprint.guests);
        fleet.found(&officers, blueprint.stations).await?;
        Ok((fleet, officers, skipped))
    }

    fn launch(&self, settings: PathBuf, preload: Option<PathBuf>) -> Launch {
        let log = self.folder.path().join(format!("node-{}.log", self.nodes.len()));
        let (rakit, overrides) = (self.rakit.clone(), self.overrides.clone());
        Launch { rakit, settings, log, space: None, preload, overrides }
    }

    /// Loads the country, signs in, and makes all of it durable whatever is planted.
    async fn found(&self, officers: &Client<HttpTransport>, stations: u64) -> Result<(), Trouble> {
        let operator = self.operators().next().ok_or_else(|| harness("no nodes"))?;
        operator.define_regions(Uuid::new_v4(), &country::regions(stations)).await.map_err(harness)?;
        operator.define_contests(Uuid::new_v4(), &country::contests()).await.map_err(harness)?;
        sign_in(officers).await?;
        self.nodes
            .iter()
            .filter_map(|node| node.disk.as_ref())
            .try_for_each(|disk| disk.settle().map_err(harness))
    }

    /// Starts nodes together and waits until all are ready for officers. Answers how long that took.
    pub(super) async fn start(&mut self, which: &[usize]) -> Result<Duration, Trouble> {
        let began = Instant::now();
        for place in which {
            self.launch_only(*place)?;
        }
        for (_, node) in self.nodes.iter_mut().enumerate().filter(|(number, _)| which.contains(number)) {
            node.ready(began).await?;
        }
        Ok(began.elapsed())
    }

    /// Starts a node and waits for nothing.
    pub(super) fn launch_only(&mut self, place: usize) -> Result<(), Trouble> {
        let node = self.nodes.get_mut(place).ok_or_else(|| harness("no such node"))?;
        let process = node.launch.start()?;
        if let Some(links) = &self.links {
            links.is_process(place, process.id());
        }
        node.running.store(process.id(), Ordering::Relaxed);
        node.process = Some(process);
        Ok(())
    }

    /// Starts those of the nodes that have ended, and waits until all of them are ready. Answers how long that took.
    pub(super) async fn revive(&mut self, which: &[usize]) -> Result<Duration, Trouble> {
        let ended: Vec<usize> = which.iter().copied().filter(|node| self.ended(*node)).collect();
        let began = Instant::now();
        self.start(&ended).await?;
        for (_, node) in self.nodes.iter_mut().enumerate().filter(|(number, _)| which.contains(number)) {
            node.ready(began).await?;
        }
        Ok(began.elapsed())
    }

    fn node(&self, place: usize) -> Result<&Node, Trouble> {
        self.nodes.get(place).ok_or_else(|| harness("no such node"))
    }

    /// Sends a signal to a node's process.
    pub(super) fn signal(&self, node: usize, signal: rustix::process::Signal) -> Result<(), String> {
        let process = self.nodes.get(node).and_then(|node| node.process.as_ref());
        process.ok_or("no such process")?.signal(signal)
    }

    /// The public side of a node.
    pub(super) fn public(&self, node: usize) -> Result<&Client<HttpTransport>, Trouble> {
        self.node(node).map(|node| &node.public)
    }

    /// Kills a node.
    pub(super) fn kill(&mut self, node: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            // Dropping it kills it and waits for its end.
            node.process = None;
        }
    }

    /// The disk of a node.
    pub(super) fn disk(&mut self, node: usize) -> Result<&mut PowerDisk, Trouble> {
        let disk = self.nodes.get_mut(node).and_then(|node| node.disk.as_mut());
        disk.ok_or_else(|| harness("a power loss without a disk that can lose power"))
    }

    /// The place of the node that leads, as the first one that answers says.
    pub(super) async fn leader(&self) -> Option<usize> {
        for node in self.nodes.iter().filter(|node| node.member) {
            if let Ok(status) = node.look.status().await {
                let leader = status.value.leader?;
                return self.nodes.iter().position(|node| node.id == leader && node.member);
            }
        }
        None
    }

    /// Whether some other node than that one says that it leads itself.
    pub(super) async fn leader_beside(&self, node: usize) -> bool {
        let others = self.nodes.iter().enumerate().filter(|(place, other)| *place != node && other.member);
        for (_, other) in others {
            if other.look.status().await.is_ok_and(|status| status.value.leader == Some(other.id)) {
                return true;
            }
        }
        false
    }

    /// Whether a node's process has ended by itself.
    pub(super) fn ended(&mut self, node: usize) -> bool {
        let process = self.nodes.get_mut(node).and_then(|node| node.process.as_mut());
        process.is_none_or(|process| process.ended().is_some())
    }

    /// How a node's process has ended, if it has.
    pub(super) fn how_ended(&mut self, place: usize) -> Option<String> {
        self.nodes.get_mut(place)?.process.as_mut()?.ended()
    }

    /// The file whose presence lets a node's disk hang.
    pub(super) fn hang_file(&self, node: usize) -> Result<PathBuf, Trouble> {
        Ok(self.node(node)?.launch.hang_file())
    }

    /// Sets a node's clock off by so many seconds.
    pub(super) fn set_clock(&self, node: usize, seconds: i64) -> Result<(), Trouble> {
        self.node(node)?.launch.set_clock(seconds)
    }

    /// Every member's name and public side.
    pub(super) fn publics(&self) -> impl Iterator<Item = (&str, &Client<HttpTransport>)> {
        self.nodes.iter().filter(|node| node.member).map(|node| (node.name.as_str(), &node.public))
    }

    /// The members' operators' sides.
    pub(super) fn operators(&self) -> impl Iterator<Item = &Client<HttpTransport>> + Clone {
        self.nodes.iter().filter(|node| node.member).map(|node| &node.operator)
    }

    /// The operators' side of a node.
    pub(super) fn operator(&self, place: usize) -> Result<&Client<HttpTransport>, Trouble> {
        self.node(place).map(|node| &node.operator)
    }

    /// The number of a node.
    pub(super) fn id(&self, place: usize) -> u64 {
        self.nodes.get(place).map_or(0, |node| node.id)
    }

    /// Places of the nodes that belong to the cluster.
    pub(super) fn members(&self) -> Vec<usize> {
        (0..).zip(&self.nodes).filter(|(_, node)| node.member).map(|(place, _)| place).collect()
    }

    /// From now on a node belongs to the cluster, or does not.
    pub(super) fn set_member(&mut self, place: usize, member: bool) {
        if let Some(node) = self.nodes.get_mut(place) {
            node.member = member;
        }
    }

    /// A node has a number from now on, and belongs to the cluster under it.
    pub(super) fn set_id(&mut self, place: usize, id: u64) {
        if let Some(node) = self.nodes.get_mut(place) {
            node.id = id;
            node.member = true;
        }
    }

    /// The directory of a node: settings, certificates, data.
    pub(super) fn directory(&self, place: usize) -> Result<PathBuf, Trouble> {
        self.node(place).map(Node::directory)
    }

    /// The program under test.
    pub(super) fn rakit(&self) -> &Path {
        &self.rakit
    }

    /// Where everything lies.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The first port for another cluster on this machine.
    pub(super) const fn port_beside(&self) -> u16 {
        self.base_port.saturating_add(making::PORTS_BESIDE)
    }

    /// Starts the cluster that `rakit restore` made in a directory, as it printed it.
    pub(super) async fn beside(&self, directory: &Path, printed: &str) -> Result<Self, Trouble> {
        let folder = tempfile::tempdir_in(self.folder.path()).map_err(harness)?;
        let authority = std::fs::read(directory.join("ca/ca.pem")).map_err(harness)?;
        let transport = Arc::new(HttpTransport::new(&authority)?);
        let (rakit, overrides, base_port) = (self.rakit.clone(), self.overrides.clone(), self.port_beside());
        let (links, hosts) = (None, None);
        let mut fleet =
            Self { nodes: Vec::new(), links, hosts, transport, base_port, overrides, rakit, folder };
        for made in making::nodes_of(printed, NODES)? {
            let launch = fleet.launch(made.settings.clone(), None);
            let name = format!("restored-{}", fleet.nodes.len());
            fleet.nodes.push(Node::new(made.id, name, made.addresses(), launch, &fleet.transport));
        }
        let every: Vec<usize> = (0..NODES).collect();
        fleet.start(&every).await?;
        Ok(fleet)
    }

    /// Types an operator's command; those that speak to a cluster are told where every living member is.
    pub(super) fn order(&self, words: &[&str]) -> tokio::process::Command {
        let mut command = operator::command(&self.rakit, words);
        for node in self.nodes.iter().filter(|node| node.member && node.process.is_some()) {
            command.args(["--ops", &node.addresses.ops]);
        }
        command
    }

    /// Types it and waits for its end.
    pub(super) async fn ordered(&self, words: &[&str]) -> Result<Ended, Trouble> {
        operator::run(self.order(words)).await
    }

    /// Keeps the folder for a look, and names it.
    pub(super) fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }
}

/// Signs in as the administrator that every cluster here has.
pub(super) async fn sign_in(officers: &Client<HttpTransport>) -> Result<(), Trouble> {
    officers.sign_in(ADMIN, PASSWORD).await.map(drop).map_err(harness)
}
