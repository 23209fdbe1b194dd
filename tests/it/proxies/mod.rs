//! The files of `docs/deploy` in front of three real nodes: what is kept, who is asked, what outlives the nodes.
//!
//! Invariant: a file is used as it is shipped; only addresses and folders are put in their places, and each must be there
//! to be put. How often nodes were asked is counted by `Request-Id`, which no two of their answers share.

mod haproxy;
mod nginx;
mod promises;
mod varnish;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use rustix::process::Signal;
use tempfile::TempDir;
use tests::client::{Answer, send};
use tests::cluster::{Cluster, free_ports};
use tests::program::write_file;
use tests::register::{self, CONTEST};
use tests::{process, wait};

/// Nodes of every cluster here.
const NODES: usize = 3;
const NODES_WANTED: u16 = 3;

/// Whether a daemon and what it needs are installed. Said aloud when not, since such a run proves less.
#[expect(clippy::print_stderr, reason = "a skip must be seen")]
pub(crate) fn installed(files: &[&str]) -> bool {
    let missing = files.iter().find(|file| !Path::new(file).exists());
    if let Some(missing) = missing {
        eprintln!("SKIPPED: {missing} is missing: run `make setup`");
    }
    missing.is_none()
}

/// The page of the nation.
fn page() -> String {
    format!("/{CONTEST}/0")
}

/// Whom nodes take for the proxy on the lines of officers: another address than that of the tests, which come without one.
const OWN: &str = "127.0.0.9";

/// Three nodes that know their proxies and show the nation's page.
pub(crate) async fn nodes() -> Cluster {
    let settings = [
        ("RAKIT_LISTENERS_PUBLIC_PROXIES", "127.0.0.1"),
        ("RAKIT_LISTENERS_OFFICER_PROXIES", OWN),
        ("RAKIT_LISTENERS_OFFICER_PROXY_PROTOCOL", "true"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let cluster = Cluster::with_settings(&std::env::temp_dir(), NODES_WANTED, settings.to_vec()).await;
    register::load(cluster.folder(), &cluster.file_path(), &register::VILLAGES).await;
    for node in 0..NODES {
        wait::until("the nation's page at every node", async || {
            (cluster.public(node, &page()).await.status == 200).then_some(())
        })
        .await;
    }
    cluster
}

/// Host and port of a URL.
fn address(url: &str) -> String {
    url.rsplit('/').find(|part| !part.is_empty()).expect("a URL names a host").to_owned()
}

/// Public addresses of the nodes, then those for officers.
fn addresses(cluster: &Cluster) -> [Vec<String>; 2] {
    let nodes = cluster.nodes();
    [
        nodes.iter().map(|node| address(&node.public)).collect(),
        nodes.iter().map(|node| address(&node.officer)).collect(),
    ]
}

/// The addresses of nodes as files are shipped with them, and as they are.
pub(crate) fn addresses_in_place(cluster: &Cluster) -> Vec<(&'static str, String)> {
    const SHIPPED: [[&str; NODES]; 2] = [
        ["127.0.0.1:8081", "127.0.0.1:8082", "127.0.0.1:8083"],
        ["127.0.0.1:8481", "127.0.0.1:8482", "127.0.0.1:8483"],
    ];
    SHIPPED.into_iter().flatten().zip(addresses(cluster).into_iter().flatten()).collect()
}

/// Where a proxy is to run, before it does.
pub(crate) struct Place {
    folder: TempDir,
    /// Port for the public.
    pub(crate) public: u16,
    /// Port for officers.
    officers: u16,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("rakit-proxy-").tempdir().expect("a folder for a proxy");
        // Its processes give up their rights and must find their files all the same.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("our own folder");
        let public = free_ports(1);
        Self { folder, public, officers: public + 1 }
    }

    /// Something in the folder.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Puts a shipped file into the folder, with other addresses and folders in it.
    pub(crate) fn file(&self, name: &str, changes: &[(&str, String)]) -> PathBuf {
        // As it is now, not as it was when this was built: checkouts may share what is built.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells where the package lies");
        let shipped = Path::new(&package).join("../docs/deploy").join(name);
        let mut text =
            fs::read_to_string(&shipped).unwrap_or_else(|error| panic!("{}: {error}", shipped.display()));
        for (from, to) in changes {
            assert!(text.contains(from), "docs/deploy/{name} does not say {from:?} any more");
            text = text.replace(from, to);
        }
        let path = self.folder.path().join(name);
        write_file(&path, &text);
        path
    }

    /// Starts the daemon and waits until it answers.
    pub(crate) async fn run(self, http: &Client, program: &str, arguments: &[&str]) -> Proxy {
        let log = fs::File::create(self.folder.path().join("output")).expect("a log file");
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut proxy = Proxy { child, place: self };
        wait::until(&format!("{program} to answer"), async || {
            if let Some(status) = proxy.child.try_wait().expect("the state of our own child") {
                panic!("{program} ended: {status}");
            }
            send(http.get(proxy.url("/"))).await.ok().filter(|answer| answer.status == 200)
        })
        .await;
        proxy
    }
}

/// A daemon between clients and nodes; ends with the test.
pub(crate) struct Proxy {
    child: Child,
    place: Place,
}

impl Proxy {
    /// A public address.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.place.public)
    }

    /// Base URL for officers.
    fn officers(&self) -> String {
        format!("https://127.0.0.1:{}", self.place.officers)
    }

    /// GET; the proxy itself never fails to answer.
    pub(crate) async fn get(&self, http: &Client, path: &str) -> Answer {
        send(http.get(self.url(path))).await.expect("an answer of the proxy")
    }

    /// How old an answer is, in seconds: by its `Age`, or by its `Date` beside that of one the proxy makes itself.
    async fn age_s(&self, http: &Client, answer: &Answer) -> u64 {
        const DAY_S: u64 = 24 * 60 * 60;
        if let Ok(age_s) = answer.header("age").parse() {
            return age_s;
        }
        let now = send(http.post(self.url("/"))).await.expect("an answer of the proxy").expect_status(405);
        (second_of_day(&now) + DAY_S - second_of_day(answer)) % DAY_S
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Not killed: a master that is killed leaves its workers behind.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            process::signal(pid, Signal::TERM);
        }
        drop(self.child.wait());
        if std::thread::panicking() {
            show_output(self.place.folder.path());
        }
    }
}

/// Shows what the daemon of a test that failed had to say.
#[expect(clippy::print_stderr, reason = "the output of a failing test")]
fn show_output(folder: &Path) {
    eprintln!("== {}", folder.display());
    eprintln!("{}", fs::read_to_string(folder.join("output")).unwrap_or_default());
}

/// The time of day in `Date`, as in `Mon, 23 Nov 2026 03:05:31 GMT`.
fn second_of_day(answer: &Answer) -> u64 {
    let time = answer.header("date").split(' ').nth(4).unwrap_or_else(|| panic!("no time: {answer:?}"));
    time.split(':').fold(0, |sum, part| sum * 60 + part.parse::<u64>().expect("digits"))
}
