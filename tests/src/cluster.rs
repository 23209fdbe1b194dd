//! A cluster of real processes on this machine, started through `rakit demo --no-play` and ended with the test.

mod alone;

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use rustix::process::Signal;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::client::{self, Answer, Officer};
use crate::program::path_of;
use crate::{process, register, wait};

/// Ports are taken from here: below the range the kernel hands out by itself.
const PORTS: std::ops::Range<u16> = 20_000..31_000;
/// Distance between the ports of two nodes.
const PORTS_PER_NODE: u16 = 10;

/// `cluster.json`.
#[derive(Clone, Debug, Deserialize)]
struct ClusterFile {
    ca: PathBuf,
    admin: Admin,
    nodes: Vec<Node>,
}

/// The first account.
#[derive(Clone, Debug, Deserialize)]
struct Admin {
    username: String,
    password: String,
}

/// One node as `cluster.json` names it.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    /// Node id.
    pub id: u64,
    /// Its folder.
    pub dir: PathBuf,
    /// Base URL of the public listener.
    pub public: String,
    /// Base URL of the officer listener.
    pub officer: String,
    /// Address of the peer listener.
    #[serde(default)]
    pub peer: Option<String>,
    /// Base URL of the listener for operators.
    pub ops: String,
    /// The argument vector that starts this node again.
    pub command: Vec<String>,
}

/// A running cluster.
pub struct Cluster {
    folder: TempDir,
    file: ClusterFile,
    demo: Child,
    /// Nodes that a test started again by itself.
    restarted: Vec<(usize, Child)>,
    /// Settings that go before those of the nodes' files.
    environment: Vec<(String, String)>,
    http: Client,
}

impl Cluster {
    /// Three empty nodes.
    pub async fn empty() -> Self {
        Self::of(3).await
    }

    /// Three nodes that know the regions and the contest of [`register`].
    pub async fn with_register() -> Self {
        let cluster = Self::empty().await;
        register::load(cluster.folder.path(), &cluster.file_path(), &register::VILLAGES).await;
        cluster
    }

    /// An empty cluster of that size.
    pub async fn of(nodes: u16) -> Self {
        Self::below(&std::env::temp_dir(), nodes).await
    }

    /// An empty cluster of that size, with its data in a new folder below `parent`.
    pub async fn below(parent: &Path, nodes: u16) -> Self {
        Self::with_settings(parent, nodes, Vec::new()).await
    }

    /// The same, with settings that go before those of the nodes' files, as environment.
    pub async fn with_settings(parent: &Path, nodes: u16, environment: Vec<(String, String)>) -> Self {
        let folder =
            tempfile::Builder::new().prefix("rakit-test-").tempdir_in(parent).expect("a folder for the test");
        let dir = folder.path().join("demo");
        let demo = start_demo(&dir, free_ports(nodes), nodes, (folder.path(), &environment));
        let mut starting = Starting { demo: Some(demo), folder: Some(folder) };
        let text = starting.cluster_file().await;
        let file: ClusterFile = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(file.nodes.len(), usize::from(nodes));
        let authority = fs::read(&file.ca).expect("the authority's certificate");
        let (demo, folder) = starting.finish();
        Self { folder, file, demo, restarted: Vec::new(), environment, http: client::trusting(&authority) }
    }

    /// A folder that goes with the cluster.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where `cluster.json` is.
    #[must_use]
    pub fn file_path(&self) -> PathBuf {
        self.folder.path().join("demo").join("cluster.json")
    }

    /// The certificate of the authority.
    #[must_use]
    pub fn authority_path(&self) -> &Path {
        &self.file.ca
    }

    /// The nodes, in the order of the file.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.file.nodes
    }

    /// Name and password of the first account.
    #[must_use]
    pub fn admin_credentials(&self) -> (&str, &str) {
        (&self.file.admin.username, &self.file.admin.password)
    }

    /// An HTTP client that trusts this cluster.
    #[must_use]
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// The first account, logged in at a node.
    pub async fn admin(&self, node: usize) -> Officer {
        let Admin { username, password } = &self.file.admin;
        Officer::login(&self.http, &self.nodes()[node].officer, username, password).await
    }

    /// GET at a node's public listener.
    pub async fn public(&self, node: usize, path: &str) -> Answer {
        let url = format!("{}{path}", self.nodes()[node].public);
        client::send(self.http.get(url)).await.expect("an answer of the public listener")
    }

    /// GET at a node's listener for operators; `None` while it does not answer.
    pub async fn ops(&self, node: usize, path: &str) -> Option<Answer> {
        let url = format!("{}{path}", self.nodes()[node].ops);
        client::send(self.http.get(url)).await.ok()
    }

    /// Current process id of a node.
    #[must_use]
    pub fn pid(&self, node: usize) -> Option<i32> {
        // The file follows a start by a moment; whoever started the node itself knows sooner.
        let own = self.restarted.iter().rev().find(|(place, _)| *place == node);
        let own = own.and_then(|(_, child)| i32::try_from(child.id()).ok()).filter(|pid| process::runs(*pid));
        own.or_else(|| process::pid_in(&self.nodes()[node].dir.join("rakit.pid")))
    }

    /// Place of the node that leads, as soon as one that runs says so.
    pub async fn leader(&self) -> usize {
        wait::until("a leader", async || {
            for node in 0..self.nodes().len() {
                let Ok(answer) =
                    client::send(self.http.get(format!("{}/api/v1/status", self.nodes()[node].public))).await
                else {
                    continue;
                };
                let leader = answer.json()["leader"].as_u64();
                let place = self.nodes().iter().position(|candidate| Some(candidate.id) == leader);
                // A leader that was killed is still named for a moment.
                if let Some(place) = place.filter(|place| self.pid(*place).is_some_and(process::runs)) {
                    return Some(place);
                }
            }
            None
        })
        .await
    }

    /// Kills a node between two instructions, and waits until it is gone.
    pub async fn kill(&self, node: usize) {
        let pid = self.pid(node).expect("a node writes its process id");
        process::signal(pid, Signal::KILL);
        process::gone(pid).await;
    }

    /// Starts a node again the way `cluster.json` says.
    pub fn start(&mut self, node: usize) {
        let command = &self.nodes()[node].command;
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.folder.path().join(format!("again-{node}.log")));
        let log = log.expect("a log file");
        let child = Command::new(&command[0])
            .args(&command[1..])
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the command of cluster.json starts");
        self.restarted.push((node, child));
    }

    /// Waits until a node is ready for officers.
    pub async fn ready(&self, node: usize) {
        wait::until(&format!("node {node} to be ready"), async || {
            self.ops(node, "/readyz/officer").await.filter(|answer| answer.status == 200)
        })
        .await;
    }

    /// Waits until every node has applied `index`, then answers what each says at that path.
    pub async fn everywhere(&self, path: &str, index: u64) -> Vec<Value> {
        let mut answers = Vec::new();
        for node in 0..self.nodes().len() {
            let joint = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{joint}min_index={index}");
            let answer = wait::until(&format!("{path} at node {node}"), async || {
                let url = format!("{}{path}", self.nodes()[node].public);
                client::send(self.http.get(url)).await.ok().filter(|answer| answer.status == 200)
            })
            .await;
            answers.push(answer.json());
        }
        answers
    }

    /// Waits until all nodes show one state hash for one index, and answers both.
    pub async fn equal_state(&self) -> (u64, String) {
        wait::until("one state hash at one index on every node", async || {
            let mut seen = Vec::new();
            for node in 0..self.nodes().len() {
                let answer = self.ops(node, "/api/v1/state-hash").await?.json();
                seen.push((answer["index"].as_u64()?, answer["hash"].as_str()?.to_owned()));
            }
            let same_index = seen.iter().all(|(index, _)| *index == seen[0].0);
            if same_index {
                assert!(seen.iter().all(|pair| *pair == seen[0]), "replicas differ: {seen:?}");
            }
            same_index.then(|| seen[0].clone())
        })
        .await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        end(&mut self.demo, &self.folder.path().join("demo"));
        for (_, child) in &mut self.restarted {
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            print_logs(self.folder.path());
        }
    }
}

/// A cluster that has not answered yet; ends with the test like a finished one.
struct Starting {
    demo: Option<Child>,
    folder: Option<TempDir>,
}

impl Starting {
    async fn cluster_file(&mut self) -> String {
        let path =
            self.folder.as_ref().expect("a folder until finished").path().join("demo").join("cluster.json");
        let demo = self.demo.as_mut().expect("a child until finished");
        wait::until("cluster.json", async || {
            if let Some(status) = demo.try_wait().expect("the state of our own child") {
                panic!("rakit demo ended: {status}");
            }
            fs::read_to_string(&path).ok()
        })
        .await
    }

    fn finish(mut self) -> (Child, TempDir) {
        (
            self.demo.take().expect("a child until finished"),
            self.folder.take().expect("a folder until finished"),
        )
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let (Some(demo), Some(folder)) = (&mut self.demo, &self.folder) {
            end(demo, &folder.path().join("demo"));
            print_logs(folder.path());
        }
    }
}

type Environment = [(String, String)];

fn start_demo(dir: &Path, base_port: u16, nodes: u16, (logs, environment): (&Path, &Environment)) -> Child {
    let log = File::create(logs.join("demo.log")).expect("a log file");
    Command::new(path_of("rakit"))
        .args(["demo", "--no-play", "--dir"])
        .arg(dir)
        .args(["--base-port", &base_port.to_string(), "--nodes", &nodes.to_string()])
        .env("LANG", "en_US.UTF-8")
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .expect("rakit starts")
}

/// The first run of ports that nobody holds right now, for that many nodes.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_ports(nodes: u16) -> u16 {
    let step = nodes * PORTS_PER_NODE;
    // Test processes begin at different places, so that two seldom look at the same ports at once.
    let runs = (PORTS.end - PORTS.start) / step;
    let first = u16::try_from(std::process::id() % u32::from(runs)).expect("smaller than a u16");
    (0..runs)
        .map(|offset| PORTS.start + (first + offset) % runs * step)
        .find(|base| (*base..*base + step).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()))
        .expect("a free run of ports")
}

/// Ends a demo and whatever its process id files still name.
fn end(demo: &mut Child, dir: &Path) {
    if let Ok(pid) = i32::try_from(demo.id()) {
        process::signal(pid, Signal::INT);
    }
    let pids: Vec<i32> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| process::pid_in(&entry.path().join("rakit.pid")))
        .collect();
    if !ended_soon(demo) {
        drop(demo.kill());
    }
    drop(demo.wait());
    for pid in pids {
        process::signal(pid, Signal::KILL);
    }
}

/// Whether a child ends within the time a clean stop of three nodes may take.
fn ended_soon(child: &Child) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let Ok(handle) = pidfd_open(Pid::from_child(child), PidfdFlags::empty()) else { return true };
    let mut waiting = [PollFd::new(&handle, PollFlags::IN)];
    poll(&mut waiting, Some(&Timespec { tv_sec: 15, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
}

/// Shows the end of every log of a test that failed.
#[expect(clippy::print_stderr, reason = "the output of a failing test")]
fn print_logs(folder: &Path) {
    let mut logs: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let nodes = fs::read_dir(folder.join("demo")).into_iter().flatten().flatten();
    logs.extend(
        nodes
            .flat_map(|node| fs::read_dir(node.path()).into_iter().flatten().flatten())
            .map(|entry| entry.path()),
    );
    for log in logs.iter().filter(|path| path.extension().is_some_and(|extension| extension == "log")) {
        let text = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        eprintln!("== {}", log.display());
        eprintln!("{}", lines[lines.len().saturating_sub(30)..].join("\n"));
    }
}
