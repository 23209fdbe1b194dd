//! The sections of the settings file, one type each.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::text;

/// The whole file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `[node]`
    pub node: Node,
    /// `[listeners]`
    pub listeners: Listeners,
    /// `[tls]`
    pub tls: Tls,
    /// `[timers]`
    #[serde(default)]
    pub timers: Timers,
    /// `[limits]`
    #[serde(default)]
    pub limits: Limits,
    /// `[log]`
    #[serde(default)]
    pub log: Log,
    /// `[scrub]`
    #[serde(default)]
    pub scrub: Scrub,
    /// `[attachments]`
    #[serde(default)]
    pub attachments: Attachments,
    /// `[scanner]`
    #[serde(default)]
    pub scanner: Scanner,
    /// `[telemetry]`
    #[serde(default)]
    pub telemetry: Telemetry,
}

/// Which node this is and where its data lies.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// A name for people; the node's number is in its data directory.
    pub name: String,
    /// The data directory, made by `rakit init` or `rakit join`. Relative to the settings file.
    pub data: PathBuf,
}

/// The four listeners.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listeners {
    /// Read only, no account.
    pub public: Fronted,
    /// Officers, over TLS. A node that only reads has none, and opens none that is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<Fronted>,
    /// Other nodes, over mutual TLS.
    pub peer: Peer,
    /// Operators: loopback, or mutual TLS.
    pub ops: Listener,
}

impl Listeners {
    /// Where officers reach the node; empty where there is nothing for them.
    #[must_use]
    pub fn officer_url(&self) -> String {
        self.officer.as_ref().map(|listener| listener.url.clone()).unwrap_or_default()
    }

    /// The listener for officers of a node in its role: one that only reads has none, every other must have one.
    pub fn officer_of(&self, edge: bool) -> Result<Option<&Fronted>, Failure> {
        match (&self.officer, edge) {
            (_, true) => Ok(None),
            (Some(officer), false) => Ok(Some(officer)),
            (None, false) => Err(Failure::usage(text!(
                "listeners.officer belum ada: tulis address dan url-nya; hanya simpul tepi (`rakit node invite --edge`) yang tanpa itu",
                "listeners.officer is missing: write its address and url; only an edge node (`rakit node invite --edge`) goes without"
            ))),
        }
    }
}

/// A listener that speaks HTTP to operators.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Address to bind.
    pub address: SocketAddr,
    /// URL under which others reach it.
    pub url: String,
}

/// A listener that may have proxies in front.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fronted {
    /// Address to bind.
    pub address: SocketAddr,
    /// URL under which others reach it.
    pub url: String,
    /// Addresses and networks of those proxies, with commas between them. Whom they say a request is from is believed.
    #[serde(default)]
    pub proxies: String,
    /// Whether each connection of theirs begins with a PROXY header.
    #[serde(default)]
    pub proxy_protocol: bool,
}

/// The listener for other nodes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Address to bind.
    pub address: SocketAddr,
    /// `host:port` under which other nodes reach it.
    pub advertised: String,
}

/// Certificates and keys, PEM. Relative to the settings file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The cluster's certificate authority.
    pub ca: PathBuf,
    /// This node's certificate among peers.
    pub peer_certificate: PathBuf,
    /// Its key.
    pub peer_key: PathBuf,
    /// The certificate officers' browsers see; also used on `ops` when that is not on loopback.
    pub server_certificate: PathBuf,
    /// Its key.
    pub server_key: PathBuf,
    /// Whether `public` speaks TLS too, with the server certificate: where nothing in front of it does.
    #[serde(default)]
    pub public: bool,
    /// Certificates that are not accepted any more, if there are any: the authority's revocation list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl: Option<PathBuf>,
}

/// How patient the cluster is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timers {
    /// `fast`, `lan` or `wan`.
    pub profile: String,
}

impl Default for Timers {
    fn default() -> Self {
        Self { profile: "lan".to_owned() }
    }
}

/// Bounds on what one node takes on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections at once on `public`.
    pub public_connections: usize,
    /// Connections at once on `officer`.
    pub officer_connections: usize,
    /// Connections at once on `ops`.
    pub ops_connections: usize,
    /// Threads that serve the public.
    pub public_threads: usize,
    /// Longest time a planned stop waits for open requests, in milliseconds.
    pub drain_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            public_connections: 4_096,
            officer_connections: 4_096,
            ops_connections: 64,
            public_threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            drain_ms: 5_000,
        }
    }
}

/// How much of the log stays behind a snapshot, for nodes that were away.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Entries at most.
    pub entries_kept: u64,
    /// Bytes at most.
    pub bytes_kept: u64,
}

impl Default for Log {
    fn default() -> Self {
        let retention = cluster::LogRetention::default();
        Self { entries_kept: retention.entries_kept, bytes_kept: retention.bytes_kept }
    }
}

/// How the data is read again in the background and compared with what was kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scrub {
    /// From the begin of one pass to that of the next, in seconds.
    pub interval_s: u64,
    /// Rows read in a second at most.
    pub rows_per_second: u64,
}

impl Default for Scrub {
    fn default() -> Self {
        // A country's rows take less than a minute; each is seen twice a day.
        Self { interval_s: 43_200, rows_per_second: 200_000 }
    }
}

/// How fast attachments are looked after in the background.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attachments {
    /// Bytes a second that are fetched from other nodes because they are missing here.
    pub pull_bytes_per_second: u64,
    /// Bytes a second that are read again to see whether they are what they were.
    pub scrub_bytes_per_second: u64,
}

impl Default for Attachments {
    fn default() -> Self {
        let pace = cluster::AttachmentPace::default();
        Self { pull_bytes_per_second: pace.pull_bytes_per_s, scrub_bytes_per_second: pace.scrub_bytes_per_s }
    }
}

/// The virus scanner that sees every upload.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scanner {
    /// Where `clamd` listens: `unix:PATH`, `tcp:HOST:PORT`, or nothing where there is none, so that no upload is taken.
    pub address: String,
    /// Longest time one scan may take, waiting for its turn included, in milliseconds.
    pub deadline_ms: u64,
    /// Scans at once.
    pub scans_max: usize,
}

impl Default for Scanner {
    fn default() -> Self {
        // Where Debian's package listens.
        Self { address: "unix:/run/clamav/clamd.ctl".to_owned(), deadline_ms: 30_000, scans_max: 4 }
    }
}

/// What the node writes about itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// `text` or `json`.
    pub format: String,
    /// Which events, such as `info,openraft=warn` or `info,cluster=debug`.
    pub filter: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { format: "text".to_owned(), filter: "info,openraft=warn".to_owned() }
    }
}
