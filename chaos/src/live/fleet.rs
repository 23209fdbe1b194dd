//! Three nodes of the program under test, each on a disk of its own where this machine allows it.
//!
//! Invariant: everything lies in one new folder; processes, mounts and folder go with this value.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use api::client::{Call, Client, ClientSettings};
use http::Method;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::Instant;
use uuid::Uuid;

use super::disk::PowerDisk;
use super::plant::Plant;
use super::process::{Launch, Process};
use super::transport::HttpTransport;
use super::{Trouble, country, harness};
use crate::doctor::{run, within, write_file};

/// Nodes.
pub(super) const NODES: usize = 3;
/// Ports are taken from here: below the range the kernel hands out by itself.
const PORT_FIRST: u16 = 20_000;
const PORT_RUNS: u16 = 300;
const PORTS_PER_RUN: u16 = 30;
/// Longest wait for a node to be ready after its start.
const READY_MAX: Duration = Duration::from_mins(1);
/// One look at a node's readiness.
const LOOK_MS: u64 = 300;
/// Longest that reading one page may take: a node that lacks what was acknowledged never has the index asked for.
const READ_MS: u64 = 10_000;
/// Longest that making the nodes' data may take.
const INIT_DEADLINE_S: i64 = 60;
const PASSWORD: &str = "chaos-only-password";

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
}

/// One node and the ways to reach it.
struct Node {
    name: String,
    launch: Launch,
    process: Option<Process>,
    disk: Option<PowerDisk>,
    public: Client<HttpTransport>,
    /// The public side once more, for looks that do not wait.
    look: Client<HttpTransport>,
    ops: Client<HttpTransport>,
}

/// See the module. Fields are dropped in their order.
pub(super) struct Fleet {
    nodes: Vec<Node>,
    ops: Vec<Client<HttpTransport>>,
    folder: TempDir,
}

/// What `rakit init --json` says of a node.
#[derive(Debug, Deserialize)]
struct MadeNode {
    settings: PathBuf,
    public: String,
    officer: String,
    ops: String,
}

#[derive(Debug, Deserialize)]
struct Made {
    nodes: Vec<MadeNode>,
}

fn settings_of(urls: Vec<String>, deadline_ms: u64, attempt_ms: u64) -> ClientSettings {
    let settings = ClientSettings::new(urls);
    ClientSettings { deadline_ms, attempt_ms, backoff_first_ms: 20, backoff_ms_max: 100, ..settings }
}

/// Makes the disks; the error says why this machine has none.
fn disks(folder: &Path) -> Result<Vec<PowerDisk>, String> {
    (0..NODES).map(|number| PowerDisk::new(folder, &format!("disk-{number}"))).collect()
}

fn make(rakit: &Path, folder: &Path) -> Result<Made, Trouble> {
    let password = folder.join("password");
    write_file(&password, PASSWORD).map_err(harness)?;
    let mut command = Command::new(rakit);
    command.args(["init", "--json", "--name", "chaos", "--nodes", "3", "--cluster-dir"]);
    command.arg(folder.join("made")).arg("--base-port").arg(free_ports()?.to_string());
    command.arg("--admin-password-file").arg(&password).env("LANG", "en_US.UTF-8");
    let printed = within(&mut command, INIT_DEADLINE_S).map_err(harness)?;
    let made: Made =
        serde_json::from_str(&printed).map_err(|error| harness(format!("{error}: {printed}")))?;
    if made.nodes.len() == NODES { Ok(made) } else { Err(harness(printed)) }
}

/// The first run of ports that nobody holds right now.
fn free_ports() -> Result<u16, Trouble> {
    // Two runs of this program begin at different places, so that they seldom look at the same ports at once.
    let begin = u16::try_from(std::process::id().checked_rem(u32::from(PORT_RUNS)).unwrap_or(0)).unwrap_or(0);
    let first = |run: u16| run.saturating_mul(PORTS_PER_RUN).saturating_add(PORT_FIRST);
    (begin..PORT_RUNS)
        .chain(0..begin)
        .map(first)
        .find(|base| {
            (*base..base.saturating_add(PORTS_PER_RUN))
                .all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        })
        .ok_or_else(|| harness("no free ports"))
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
        let made = make(&blueprint.rakit, folder.path())?;
        let (mut disks, skipped) = match blueprint.power.then(|| disks(folder.path())) {
            Some(Ok(disks)) => (disks.into_iter().map(Some).collect(), None),
            Some(Err(why)) => (Vec::new(), Some(why)),
            None => (Vec::new(), None),
        };
        disks.resize_with(NODES, || None);
        let preload = blueprint.plant.map(|plant| plant.library(folder.path())).transpose()?;
        let authority = std::fs::read(folder.path().join("made/ca/ca.pem")).map_err(harness)?;
        let transport = std::sync::Arc::new(HttpTransport::new(&authority)?);
        let client = |urls, deadline_ms, attempt_ms| {
            Client::new(transport.clone(), settings_of(urls, deadline_ms, attempt_ms))
        };
        let mut nodes = Vec::new();
        for (number, (node, disk)) in made.nodes.iter().zip(disks).enumerate() {
            let settings = match &disk {
                Some(disk) => moved(&node.settings, disk)?,
                None => node.settings.clone(),
            };
            let log = folder.path().join(format!("node-{number}.log"));
            let launch = Launch { rakit: blueprint.rakit.clone(), settings, log, preload: preload.clone() };
            let public = client(vec![node.public.clone()], READ_MS, READ_MS);
            let look = client(vec![node.public.clone()], LOOK_MS, LOOK_MS);
            let ops = client(vec![node.ops.clone()], LOOK_MS, LOOK_MS);
            nodes.push(Node {
                name: format!("node-{number}"),
                launch,
                process: None,
                disk,
                public,
                look,
                ops,
            });
        }
        let ops: Vec<_> =
            made.nodes.iter().map(|node| client(vec![node.ops.clone()], 30_000, 7_000)).collect();
        let mut fleet = Self { nodes, ops, folder };
        let every: Vec<usize> = (0..NODES).collect();
        fleet.start(&every).await?;
        let officers = client(made.nodes.iter().map(|node| node.officer.clone()).collect(), 30_000, 7_000);
        fleet.found(&officers).await?;
        Ok((fleet, officers, skipped))
    }

    /// Loads the country, signs in, and makes all of it durable whatever is planted.
    async fn found(&self, officers: &Client<HttpTransport>) -> Result<(), Trouble> {
        let operator = self.ops.first().ok_or_else(|| harness("no nodes"))?;
        operator.define_regions(Uuid::new_v4(), &country::regions()).await.map_err(harness)?;
        operator.define_contests(Uuid::new_v4(), &country::contests()).await.map_err(harness)?;
        officers.sign_in("admin", PASSWORD).await.map_err(harness)?;
        self.nodes
            .iter()
            .filter_map(|node| node.disk.as_ref())
            .try_for_each(|disk| disk.settle().map_err(harness))
    }

    /// Starts nodes together and waits until all are ready for officers. Answers how long that took.
    pub(super) async fn start(&mut self, which: &[usize]) -> Result<Duration, Trouble> {
        let began = Instant::now();
        for (_, node) in self.nodes.iter_mut().enumerate().filter(|(number, _)| which.contains(number)) {
            node.process = Some(node.launch.start()?);
        }
        for (_, node) in self.nodes.iter_mut().enumerate().filter(|(number, _)| which.contains(number)) {
            node.ready(began).await?;
        }
        Ok(began.elapsed())
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

    /// Sends a signal to a node's process.
    pub(super) fn signal(&self, node: usize, signal: rustix::process::Signal) -> Result<(), String> {
        let process = self.nodes.get(node).and_then(|node| node.process.as_ref());
        process.ok_or("no such process")?.signal(signal)
    }

    /// The public side of a node.
    pub(super) fn public(&self, node: usize) -> Result<&Client<HttpTransport>, Trouble> {
        self.nodes.get(node).map(|node| &node.public).ok_or_else(|| harness("no such node"))
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

    /// The node that leads, as the first one that answers says.
    pub(super) async fn leader(&self) -> Option<usize> {
        for node in &self.nodes {
            if let Ok(status) = node.look.status().await {
                let place = usize::try_from(status.value.leader?).ok()?;
                return place.checked_sub(1).filter(|place| *place < NODES);
            }
        }
        None
    }

    /// Whether some other node than that one says that it leads itself.
    pub(super) async fn leader_beside(&self, node: usize) -> bool {
        for (number, other) in self.nodes.iter().enumerate().filter(|(number, _)| *number != node) {
            let id = u64::try_from(number.saturating_add(1)).ok();
            if other.look.status().await.is_ok_and(|status| status.value.leader == id) {
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

    /// The file whose presence lets a node's disk hang.
    pub(super) fn hang_file(&self, node: usize) -> Result<PathBuf, Trouble> {
        let node = self.nodes.get(node).ok_or_else(|| harness("no such node"))?;
        Ok(node.launch.hang_file())
    }

    /// Every node's name and public side.
    pub(super) fn publics(&self) -> impl Iterator<Item = (&str, &Client<HttpTransport>)> {
        self.nodes.iter().map(|node| (node.name.as_str(), &node.public))
    }

    /// The operators' sides.
    pub(super) fn operators(&self) -> &[Client<HttpTransport>] {
        &self.ops
    }

    /// Keeps the folder for a look, and names it.
    pub(super) fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }
}

/// Puts the directory of a node onto its disk; answers its settings there.
fn moved(settings: &Path, disk: &PowerDisk) -> Result<PathBuf, Trouble> {
    let directory = settings.parent().ok_or_else(|| harness("settings without a directory"))?;
    let target = disk.path().join("node");
    run("cp", &["-a", &directory.display().to_string(), &target.display().to_string()]).map_err(harness)?;
    disk.settle().map_err(harness)?;
    Ok(target.join(settings.file_name().unwrap_or_default()))
}

impl Node {
    async fn ready(&mut self, began: Instant) -> Result<(), Trouble> {
        let call = Call::new(Method::GET, "/readyz/officer");
        loop {
            if let Some(status) = self.process.as_mut().and_then(Process::ended) {
                let said = self.launch.last_lines(3);
                return Err(Trouble::Violation(format!(
                    "{} does not start ({status}):\n    {said}",
                    self.name
                )));
            }
            match self.ops.send(&call).await {
                Ok(_) => return Ok(()),
                Err(error) if began.elapsed() > READY_MAX => {
                    let said = self.launch.last_lines(3);
                    return Err(Trouble::Violation(format!(
                        "{} is not ready after {} s: {error}\n    {said}",
                        self.name,
                        READY_MAX.as_secs()
                    )));
                }
                Err(_) => {}
            }
        }
    }
}
