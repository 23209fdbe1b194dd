//! What a fleet is made of, before anything runs: data, settings, ports.
//!
//! Invariant: ports are those that nobody held when they were looked for; guests' are kept free beside the first nodes'.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::NAME;
use super::node::Addresses;
use crate::doctor::{run, within, write_file};
use crate::live::disk::PowerDisk;
use crate::live::links::Door;
use crate::live::{Trouble, harness};

/// Ports are taken from here: below the range the kernel hands out by itself.
const PORT_FIRST: u16 = 20_000;
const PORT_RUNS: u16 = 50;
const PORTS_PER_RUN: u16 = 240;
/// From the ports of one node to those of the next, as `rakit init` has them.
const PORTS_PER_NODE: u16 = 10;
/// From the first port of a fleet to that of another cluster beside it: the place of the last guests.
pub(super) const PORTS_BESIDE: u16 = 150;
/// Guests for which there are ports.
pub(super) const GUESTS_MAX: usize = 20;
/// Longest that making the nodes' data may take.
const INIT_DEADLINE_S: i64 = 60;
/// The account that every cluster here has from the beginning.
pub(in crate::live) const ADMIN: &str = "admin";
pub(in crate::live) const PASSWORD: &str = "chaos-only-password";

/// What `rakit init --json` and `rakit restore --json` say of a node.
#[derive(Debug, Deserialize)]
pub(super) struct MadeNode {
    pub(super) id: u64,
    pub(super) settings: PathBuf,
    pub(super) public: String,
    pub(super) officer: String,
    pub(super) ops: String,
}

#[derive(Debug, Deserialize)]
struct Made {
    nodes: Vec<MadeNode>,
}

impl MadeNode {
    pub(super) fn addresses(&self) -> Addresses {
        Addresses { public: self.public.clone(), officer: self.officer.clone(), ops: self.ops.clone() }
    }
}

/// Makes the disks; the error says why this machine has none.
pub(super) fn disks(folder: &Path, count: usize) -> Result<Vec<PowerDisk>, String> {
    (0..count).map(|number| PowerDisk::new(folder, &format!("disk-{number}"))).collect()
}

/// The nodes in what `rakit` printed.
pub(super) fn nodes_of(printed: &str, nodes: usize) -> Result<Vec<MadeNode>, Trouble> {
    let made: Made = serde_json::from_str(printed).map_err(|error| harness(format!("{error}: {printed}")))?;
    if made.nodes.len() == nodes { Ok(made.nodes) } else { Err(harness(printed)) }
}

/// `rakit init` for the first nodes of a cluster, on these hosts or all on this one.
pub(super) fn make(
    rakit: &Path,
    folder: &Path,
    (nodes, base_port): (usize, u16),
    hosts: &[String],
) -> Result<Vec<MadeNode>, Trouble> {
    let password = folder.join("password");
    write_file(&password, PASSWORD).map_err(harness)?;
    let mut command = Command::new(rakit);
    command.args(init_words(NAME, nodes, base_port)).arg("--cluster-dir").arg(folder.join("made"));
    command.args(hosts.iter().flat_map(|host| ["--host", host]));
    command.arg("--admin-password-file").arg(&password).env("LANG", "en_US.UTF-8");
    nodes_of(&within(&mut command, INIT_DEADLINE_S).map_err(harness)?, nodes)
}

/// The words of `rakit init`; directory and password file follow.
pub(super) fn init_words(name: &str, nodes: usize, base_port: u16) -> [String; 8] {
    let (nodes, port) = (nodes.to_string(), base_port.to_string());
    ["init", "--json", "--name", name, "--nodes", &nodes, "--base-port", &port].map(str::to_owned)
}

/// The first run of ports that nobody holds right now.
pub(in crate::live) fn free_ports() -> Result<u16, Trouble> {
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

/// The ports of a node: public, officer, peer, ops.
pub(super) fn ports_of(base_port: u16, place: usize) -> [u16; 4] {
    let place = u16::try_from(place).unwrap_or(u16::MAX);
    let first = base_port.saturating_add(place.saturating_mul(PORTS_PER_NODE));
    [0, 1, 2, 3].map(|port| first.saturating_add(port))
}

/// Where a node's peer listener is when a door stands at the address that its peers know.
fn behind(base_port: u16, place: usize) -> String {
    /// Beyond the ports that `rakit init` gives a node.
    const BEHIND: u16 = 5;
    let [public, ..] = ports_of(base_port, place);
    format!("127.0.0.1:{}", public.saturating_add(BEHIND))
}

/// Doors in front of the first nodes.
pub(super) fn doors(base_port: u16, nodes: usize) -> Vec<Door> {
    let door = |node: usize| {
        let [_, _, port, _] = ports_of(base_port, node);
        Door { node, port, target: behind(base_port, node) }
    };
    (0..nodes).map(door).collect()
}

/// The setting that puts a node behind its door.
pub(super) fn behind_its_door(base_port: u16, place: usize) -> (String, String) {
    ("RAKIT_LISTENERS_PEER_ADDRESS".to_owned(), behind(base_port, place))
}

/// URLs of a node at its ports.
pub(super) fn addresses_of(base_port: u16, place: usize) -> Addresses {
    let [public, officer, _, ops] = ports_of(base_port, place);
    Addresses {
        public: format!("http://127.0.0.1:{public}"),
        officer: format!("https://127.0.0.1:{officer}"),
        ops: format!("http://127.0.0.1:{ops}"),
    }
}

/// A directory with settings and nothing else; answers the settings. Peers reach the node at `advertised`, or where it
/// listens.
pub(super) fn empty_node(
    directory: &Path,
    base_port: u16,
    place: usize,
    advertised: Option<&str>,
) -> Result<PathBuf, Trouble> {
    std::fs::create_dir_all(directory).map_err(harness)?;
    let [public, officer, peer, ops] = ports_of(base_port, place).map(|port| format!("127.0.0.1:{port}"));
    let advertised = advertised.unwrap_or(&peer);
    let text = format!(
        r#"[node]
name = "guest-{place}"
data = "data"
[listeners.public]
address = "{public}"
url = "http://{public}"
[listeners.officer]
address = "{officer}"
url = "https://{officer}"
[listeners.peer]
address = "{peer}"
advertised = "{advertised}"
[listeners.ops]
address = "{ops}"
url = "http://{ops}"
[tls]
ca = "tls/ca.pem"
peer_certificate = "tls/peer.pem"
peer_key = "tls/peer-key.pem"
server_certificate = "tls/server.pem"
server_key = "tls/server-key.pem"
"#
    );
    let settings = directory.join("rakit.toml");
    write_file(&settings, &text).map_err(harness)?;
    Ok(settings)
}

/// Puts the directory of a node onto its disk; answers its settings there.
pub(super) fn moved(settings: &Path, disk: &PowerDisk) -> Result<PathBuf, Trouble> {
    let directory = settings.parent().ok_or_else(|| harness("settings without a directory"))?;
    let target = disk.path().join("node");
    run("cp", &["-a", &directory.display().to_string(), &target.display().to_string()]).map_err(harness)?;
    disk.settle().map_err(harness)?;
    Ok(target.join(settings.file_name().unwrap_or_default()))
}
