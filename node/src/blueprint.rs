//! Several fresh nodes at once: certificates, settings and data directories of a cluster that does not run yet.
//!
//! ```text
//! DIR/ca/                       the certificate authority
//! DIR/node-I/rakit.toml         settings of the node in place I, counted from 0; its number is I + 1
//! DIR/node-I/tls/               its certificates
//! DIR/node-I/data/              its data
//! ```
//!
//! Invariant: a node's directory can be moved to another machine as a whole: its settings name no path outside it.

use std::path::{Path, PathBuf};

use tally::ids::NodeId;

use crate::ca::{self, Authority};
use crate::data;
use crate::durable::{self, Access};
use crate::failure::Failure;
use crate::founding::{Administrator, Founding, FoundingMember};
use crate::settings::{
    Attachments, Fronted, Limits, Listener, Listeners, Log, Node, Peer, Scanner, Scrub, Settings, Telemetry,
    Timers, Tls,
};
use crate::text;
use crate::tls::identity::NodeName;

/// Ports of a node are this far from those of the node before.
const PORTS_PER_NODE: u16 = 10;
/// Most nodes that vote.
const NODES_MAX: usize = 9;

/// What to make.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// Where.
    pub directory: PathBuf,
    /// Name of the cluster.
    pub name: String,
    /// How many nodes.
    pub nodes: usize,
    /// Hosts of the nodes in their order; a single one means all on that machine.
    pub hosts: Vec<String>,
    /// First port; on one machine node `i` takes `base_port + 10 i` and the three after it.
    pub base_port: u16,
    /// Timer profile.
    pub profile: String,
}

/// A node whose certificates and settings are made, and whose data is not.
#[derive(Clone, Debug)]
pub struct PlannedNode {
    /// Who it is.
    pub name: NodeName,
    /// Its data directory.
    pub data: PathBuf,
    /// Its settings.
    pub settings: Settings,
    /// Where these are.
    file: PathBuf,
}

/// A node that was made.
#[derive(Clone, Debug, serde::Serialize)]
pub struct MadeNode {
    /// Its number.
    pub id: u64,
    /// Its settings file.
    pub settings: PathBuf,
    /// Its listeners.
    pub public: String,
    /// Officers' URL.
    pub officer: String,
    /// Operators' URL.
    pub ops: String,
}

impl Blueprint {
    /// Makes everything for a history that begins. Refuses where an authority is already; what it made before a
    /// failure stays for a look and must be removed by hand.
    pub fn make(&self, username: &str, password: &str) -> Result<Vec<MadeNode>, Failure> {
        let administrator = administrator(username, password)?;
        let planned = self.plan(1)?;
        let mut members = Vec::new();
        for node in &planned {
            let incarnation = data::create(&node.data, node.name)?;
            members.push(FoundingMember::of(node.name.node.0, &incarnation, &node.settings.listeners));
        }
        // The lowest number founds: only its directory holds the plan, written when all else is there.
        if let Some(founder) = planned.first() {
            Founding { name: self.name.clone(), members, administrator }.save(&founder.data)?;
        }
        Ok(planned.iter().map(PlannedNode::made).collect())
    }

    /// Makes all but the data: the authority, and certificates and settings of nodes numbered from `first`.
    pub fn plan(&self, first: u64) -> Result<Vec<PlannedNode>, Failure> {
        if self.nodes == 0 || self.nodes > NODES_MAX {
            return Err(Failure::usage(text!(
                "banyaknya simpul harus 1 sampai {NODES_MAX}",
                "the number of nodes must be 1 to {NODES_MAX}"
            )));
        }
        if self.hosts.len() != 1 && self.hosts.len() != self.nodes {
            return Err(Failure::usage(text!(
                "beri satu --host, atau satu untuk setiap simpul",
                "give one --host, or one for each node"
            )));
        }
        // Settings first: a port beyond the range must not leave an authority behind.
        let settings = (0..self.nodes).map(|place| self.settings(place)).collect::<Result<Vec<_>, _>>()?;
        let authority = Authority::create(&self.directory.join("ca"), &self.name)?;
        let mut planned = Vec::new();
        for (place, settings) in settings.into_iter().enumerate() {
            let id = u64::try_from(place).ok().and_then(|place| first.checked_add(place));
            let id =
                id.ok_or_else(|| Failure::failed(text!("nomor simpul habis", "no node number is left")))?;
            let directory = self.directory.join(format!("node-{place}"));
            let name = NodeName { cluster: authority.cluster, node: NodeId(id), edge: false };
            authority.issue(name, &self.names(place), &directory.join("tls"))?;
            let content = toml::to_string(&settings).map_err(|error| Failure::failed(error.to_string()))?;
            let file = directory.join("rakit.toml");
            durable::write(&file, content.as_bytes(), Access::Everyone).map_err(|error| {
                let shown = file.display();
                Failure::failed(format!("{shown}: {error}"))
            })?;
            let data = directory.join(&settings.node.data);
            planned.push(PlannedNode { name, data, settings, file });
        }
        Ok(planned)
    }

    fn host(&self, place: usize) -> &str {
        self.hosts.get(place).or_else(|| self.hosts.first()).map_or("127.0.0.1", String::as_str)
    }

    /// What the server certificate of a node is valid for.
    fn names(&self, place: usize) -> Vec<String> {
        let mut names = vec![self.host(place).to_owned()];
        for local in ["localhost", "127.0.0.1"] {
            if !names.iter().any(|name| name == local) {
                names.push(local.to_owned());
            }
        }
        names
    }

    fn settings(&self, place: usize) -> Result<Settings, Failure> {
        let host = self.host(place);
        let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let local = host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        let any = if local { shown.as_str() } else { "0.0.0.0" };
        let shift = if self.hosts.len() > 1 { Some(0) } else { u16::try_from(place).ok() };
        let first = shift
            .and_then(|shift| shift.checked_mul(PORTS_PER_NODE))
            .and_then(|shift| self.base_port.checked_add(shift));
        let port = |more: u16| {
            first.and_then(|first| first.checked_add(more)).filter(|port| *port > 3).ok_or_else(|| {
                let base = self.base_port;
                Failure::usage(text!(
                    "--base-port {base}: porta semua simpul harus antara 1 dan 65535",
                    "--base-port {base}: the ports of all nodes must be from 1 to 65535"
                ))
            })
        };
        let (public, officer, peer, ops) = (port(0)?, port(1)?, port(2)?, port(3)?);
        let address = |ip: &str, port: u16| {
            format!("{ip}:{port}").parse().map_err(|_| {
                Failure::usage(text!("--host {host}: bukan alamat", "--host {host}: not an address"))
            })
        };
        let file = |name: &str| Path::new("tls").join(name);
        let fronted = |address, url| Fronted { address, url, proxies: String::new(), proxy_protocol: false };
        Ok(Settings {
            node: Node { name: format!("node-{place}"), data: PathBuf::from("data") },
            listeners: Listeners {
                public: fronted(address(any, public)?, format!("http://{shown}:{public}")),
                officer: Some(fronted(address(any, officer)?, format!("https://{shown}:{officer}"))),
                peer: Peer { address: address(any, peer)?, advertised: format!("{shown}:{peer}") },
                ops: Listener { address: address("127.0.0.1", ops)?, url: format!("http://127.0.0.1:{ops}") },
            },
            tls: Tls {
                ca: file(ca::AUTHORITY_CERTIFICATE),
                peer_certificate: file(ca::PEER_CERTIFICATE),
                peer_key: file(ca::PEER_KEY),
                server_certificate: file(ca::SERVER_CERTIFICATE),
                server_key: file(ca::SERVER_KEY),
                public: false,
                crl: None,
            },
            timers: Timers { profile: self.profile.clone() },
            limits: Limits::default(),
            log: Log::default(),
            scrub: Scrub::default(),
            attachments: Attachments::default(),
            scanner: Scanner::default(),
            telemetry: Telemetry::default(),
        })
    }
}

impl PlannedNode {
    /// What is told about it when its data is made.
    #[must_use]
    pub fn made(&self) -> MadeNode {
        let listeners = &self.settings.listeners;
        MadeNode {
            id: self.name.node.0,
            settings: self.file.clone(),
            public: listeners.public.url.clone(),
            officer: listeners.officer_url(),
            ops: listeners.ops.url.clone(),
        }
    }
}

/// The first administrator: checks the name, hashes the password.
pub fn administrator(username: &str, password: &str) -> Result<Administrator, Failure> {
    if !tally::account::username_allowed(username) {
        return Err(Failure::usage(text!(
            "nama pengguna \"{username}\" hanya boleh a-z, 0-9, titik, - dan _",
            "user name \"{username}\" may only have a-z, 0-9, dots, - and _"
        )));
    }
    let password_hash =
        api::auth::password::hash(password).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Administrator { username: username.to_owned(), password_hash })
}
