//! The directory of a demo: what stands where, and whose it is.
//!
//! ```text
//! DIR/demo.json          mark of the demo: nodes, ports, password, whether the nodes are made
//! DIR/demo.lock          held while a demo runs on it
//! DIR/ca/                the cluster's certificate authority
//! DIR/node-I/rakit.toml  settings; certificates in tls/, data in data/
//! DIR/node-I/rakit.pid   process that runs this node now
//! DIR/node-I/rakit.log   what it writes
//! DIR/cluster.json       where to find everything; there once a leader answers
//! DIR/progress.json      how far the play has come
//! ```
//!
//! Invariant: a directory that has no mark and is not empty belongs to something else and is not touched.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::blueprint::Blueprint;
use crate::durable::{self, Access};
use crate::failure::Failure;
use crate::settings::Timers;
use crate::text;

/// Port of the first node's public listener when none is named.
pub(super) const BASE_PORT_DEFAULT: u16 = 8080;
/// Name of the demo's first account.
pub(super) const ADMINISTRATOR: &str = "admin";
/// Ports of a node are this far from those of the one before.
const PORTS_PER_NODE: u16 = 10;
/// Bytes of the password.
const PASSWORD_BYTES: usize = 16;

/// What the mark says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// Format of this file.
    pub(super) format: u32,
    /// How many nodes.
    pub(super) nodes: u16,
    /// First port.
    pub(super) base_port: u16,
    /// Password of [`ADMINISTRATOR`].
    pub(super) password: String,
    /// Whether the nodes are made; what an interrupted making left is made anew.
    pub(super) made: bool,
}

/// The ports of a node, in the order of the listeners.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ports {
    /// Read only.
    pub(super) public: u16,
    /// Officers.
    pub(super) officer: u16,
    /// Other nodes.
    pub(super) peer: u16,
    /// Operators.
    pub(super) ops: u16,
}

/// A demo's directory, locked.
#[derive(Debug)]
pub(super) struct Directory {
    /// Where it is, absolute.
    pub(super) path: PathBuf,
    /// What its mark says.
    pub(super) mark: Mark,
    /// Held as long as the demo runs.
    _lock: File,
}

impl Directory {
    /// Opens the directory, or makes it. What the arguments say of nodes and ports must agree with the mark.
    pub(super) fn open(path: &Path, nodes: Option<u16>, base_port: Option<u16>) -> Result<Self, Failure> {
        let path = std::path::absolute(path).map_err(|error| unusable(path, &error))?;
        let shown = path.display();
        let marked = path.join("demo.json").exists();
        if !marked && !empty(&path).map_err(|error| unusable(&path, &error))? {
            return Err(Failure::precondition(text!(
                "{shown}: direktori ini berisi hal lain; pilih direktori lain dengan --dir",
                "{shown}: this directory belongs to something else; choose another with --dir"
            )));
        }
        durable::create_directory(&path).map_err(|error| unusable(&path, &error))?;
        let lock = File::create(path.join("demo.lock")).map_err(|error| unusable(&path, &error))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(Failure::precondition(text!(
                "{shown}: demo lain sedang berjalan di sini; hentikan dahulu atau pilih --dir lain",
                "{shown}: another demo runs here; stop it or choose another --dir"
            )));
        }
        let mark = if marked {
            read_mark(&path, nodes, base_port)?
        } else {
            write_mark(&path, nodes.unwrap_or(3), base_port.unwrap_or(BASE_PORT_DEFAULT))?
        };
        Ok(Self { path, mark, _lock: lock })
    }

    /// Makes the authority and the nodes, unless they are made.
    pub(super) fn make(&mut self) -> Result<(), Failure> {
        if self.mark.made {
            return Ok(());
        }
        for half_made in
            std::iter::once(self.authority()).chain((0..self.mark.nodes).map(|node| self.node(node)))
        {
            match fs::remove_dir_all(&half_made) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(unusable(&half_made, &error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let blueprint = Blueprint {
            directory: self.path.clone(),
            name: "rakit-demo".to_owned(),
            nodes: usize::from(self.mark.nodes),
            hosts: vec!["127.0.0.1".to_owned()],
            base_port: self.mark.base_port,
            profile: Timers::default().profile,
        };
        blueprint.make(ADMINISTRATOR, &self.mark.password)?;
        self.mark.made = true;
        write_json(&self.path.join("demo.json"), &self.mark)
    }

    /// The directory of a node.
    pub(super) fn node(&self, node: u16) -> PathBuf {
        self.path.join(format!("node-{node}"))
    }

    /// The settings file of a node.
    pub(super) fn settings(&self, node: u16) -> PathBuf {
        self.node(node).join("rakit.toml")
    }

    /// The file that names a node's process.
    pub(super) fn pid_file(&self, node: u16) -> PathBuf {
        self.node(node).join("rakit.pid")
    }

    /// The file that a node's output goes to.
    pub(super) fn log_file(&self, node: u16) -> PathBuf {
        self.node(node).join("rakit.log")
    }

    /// The directory of the certificate authority.
    pub(super) fn authority(&self) -> PathBuf {
        self.path.join("ca")
    }

    /// The file that says where everything is.
    pub(super) fn cluster_file(&self) -> PathBuf {
        self.path.join("cluster.json")
    }

    /// The ports of a node.
    pub(super) fn ports(&self, node: u16) -> Result<Ports, Failure> {
        ports(self.mark.base_port, node)
    }
}

fn ports(first: u16, node: u16) -> Result<Ports, Failure> {
    let base = node.checked_mul(PORTS_PER_NODE).and_then(|more| first.checked_add(more));
    let port = |more: u16| base.and_then(|base| base.checked_add(more)).filter(|_| first > 0);
    let ports = || Some(Ports { public: port(0)?, officer: port(1)?, peer: port(2)?, ops: port(3)? });
    ports().ok_or_else(|| {
        Failure::usage(text!(
            "--base-port {first}: semua simpul harus mendapat porta dari 1 sampai 65535",
            "--base-port {first}: all nodes must get ports from 1 to 65535"
        ))
    })
}

fn empty(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path) {
        // A lock alone is what a run leaves that ended before it wrote its mark.
        Ok(mut entries) => {
            Ok(entries.all(|entry| entry.is_ok_and(|entry| entry.file_name().as_os_str() == "demo.lock")))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

fn read_mark(path: &Path, nodes: Option<u16>, base_port: Option<u16>) -> Result<Mark, Failure> {
    let shown = path.display();
    let file = path.join("demo.json");
    let bytes = fs::read(&file).map_err(|error| unusable(&file, &error))?;
    let mark: Mark = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::precondition(text!(
            "{shown}/demo.json: bukan tanda demo yang dikenal ({error}); pilih --dir lain",
            "{shown}/demo.json: not a demo's mark this release knows ({error}); choose another --dir"
        ))
    })?;
    let Mark { format, nodes: had_nodes, base_port: had_port, .. } = mark;
    if format != 1 {
        return Err(Failure::precondition(text!(
            "{shown}: dibuat oleh rilis yang lebih baru; pakai rilis itu atau --dir lain",
            "{shown}: made by a newer release; use that release or another --dir"
        )));
    }
    if nodes.is_some_and(|nodes| nodes != had_nodes) || base_port.is_some_and(|port| port != had_port) {
        return Err(Failure::precondition(text!(
            "{shown}: dibuat dengan --nodes {had_nodes} --base-port {had_port}; pakai nilai itu atau --dir lain",
            "{shown}: made with --nodes {had_nodes} --base-port {had_port}; use these or another --dir"
        )));
    }
    Ok(mark)
}

fn write_mark(path: &Path, nodes: u16, base_port: u16) -> Result<Mark, Failure> {
    ports(base_port, nodes.saturating_sub(1))?;
    let mut random = [0; PASSWORD_BYTES];
    getrandom::fill(&mut random).map_err(|error| Failure::failed(error.to_string()))?;
    let mark = Mark { format: 1, nodes, base_port, password: tally::ids::hex(&random), made: false };
    write_json(&path.join("demo.json"), &mark)?;
    Ok(mark)
}

/// Writes a file of the demo, readable by its owner only: some hold the password.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| Failure::failed(error.to_string()))?;
    bytes.push(b'\n');
    durable::write(path, &bytes, Access::Owner).map_err(|error| unusable(path, &error))
}

/// A path that cannot be read or written.
pub(super) fn unusable(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    Failure::precondition(text!("{shown}: tidak dapat dipakai: {error}", "{shown}: cannot be used: {error}"))
}

/// Where the demo lives when no directory is named: `$XDG_DATA_HOME/rakit/demo`, else below the home directory.
pub(super) fn default_path() -> Result<PathBuf, Failure> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = variable("XDG_DATA_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| variable("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("rakit/demo")).ok_or_else(|| {
        Failure::usage(text!(
            "HOME tidak diketahui; sebutkan direktori dengan --dir",
            "HOME is not known; name a directory with --dir"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn a_directory_is_kept_and_not_taken_from_others() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("demo");
        let password = {
            let made = Directory::open(&path, Some(5), Some(9000)).unwrap();
            assert_eq!(made.ports(4).unwrap(), Ports { public: 9040, officer: 9041, peer: 9042, ops: 9043 });
            assert_eq!(Directory::open(&path, None, None).unwrap_err().exit, Exit::Precondition);
            made.mark.password.clone()
        };
        let again = Directory::open(&path, None, None).unwrap();
        assert_eq!((again.mark.nodes, again.mark.base_port), (5, 9000));
        assert_eq!(again.mark.password, password);
        drop(again);
        assert_eq!(Directory::open(&path, Some(3), None).unwrap_err().exit, Exit::Precondition);
    }

    #[test]
    fn what_belongs_to_something_else_is_not_touched() {
        let other = tempfile::tempdir().unwrap();
        durable::write(&other.path().join("tesis.txt"), b"x", Access::Everyone).unwrap();
        assert_eq!(Directory::open(other.path(), None, None).unwrap_err().exit, Exit::Precondition);
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
        let marked = tempfile::tempdir().unwrap();
        durable::write(&marked.path().join("demo.json"), b"{\"format\":1,\"x\":2}", Access::Owner).unwrap();
        assert_eq!(Directory::open(marked.path(), None, None).unwrap_err().exit, Exit::Precondition);
    }

    #[test]
    fn ports_out_of_range_are_told() {
        let parent = tempfile::tempdir().unwrap();
        let failure = Directory::open(&parent.path().join("d"), Some(3), Some(65_530)).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
    }
}
