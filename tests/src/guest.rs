//! A node that comes into a running cluster from outside: its directory, its settings, its process.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::cluster::{Cluster, free_ports};
use crate::program::{path_of, write_file};
use crate::wait;

/// A node that no `cluster.json` names; ends with the test.
pub struct Guest {
    dir: PathBuf,
    base_port: u16,
    child: Option<Child>,
}

impl Guest {
    /// A directory with settings and nothing else, in the folder of the cluster that it is to join.
    #[must_use]
    pub fn new(cluster: &Cluster, name: &str) -> Self {
        let guest = Self::edge(cluster, name);
        let officer = format!("127.0.0.1:{}", guest.base_port + 1);
        let section = format!("[listeners.officer]\naddress = \"{officer}\"\nurl = \"https://{officer}\"\n");
        let text = fs::read_to_string(guest.settings()).expect("what was just written");
        write_file(
            &guest.settings(),
            &text.replace("[listeners.peer]", &format!("{section}[listeners.peer]")),
        );
        guest
    }

    /// The same without a listener for officers.
    #[must_use]
    pub fn edge(cluster: &Cluster, name: &str) -> Self {
        let dir = cluster.folder().join(name);
        fs::create_dir_all(&dir).expect("a folder for a node");
        let base_port = free_ports(1);
        let [public, peer, ops] = [0, 2, 3].map(|place| format!("127.0.0.1:{}", base_port + place));
        let text = format!(
            r#"[node]
name = "{name}"
data = "data"
[listeners.public]
address = "{public}"
url = "http://{public}"
[listeners.peer]
address = "{peer}"
advertised = "{peer}"
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
        write_file(&dir.join("rakit.toml"), &text);
        Self { dir, base_port, child: None }
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.dir.join("rakit.toml")
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// URL for everybody.
    #[must_use]
    pub fn public(&self) -> String {
        format!("http://127.0.0.1:{}", self.base_port)
    }

    /// Where its officers' listener would be.
    #[must_use]
    pub fn officer_address(&self) -> String {
        format!("127.0.0.1:{}", self.base_port + 1)
    }

    /// URL for operators.
    #[must_use]
    pub fn ops(&self) -> String {
        format!("http://127.0.0.1:{}", self.base_port + 3)
    }

    /// Runs `rakit serve`.
    pub fn serve(&mut self) {
        let log = File::options().append(true).create(true).open(self.dir.join("node.log"));
        let log = log.expect("a log file");
        let child = Command::new(path_of("rakit"))
            .args(["serve", "--config"])
            .arg(self.settings())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("rakit starts"));
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// Waits until it ends by itself; its exit code.
    pub async fn ended(&mut self) -> i32 {
        let child = self.child.as_mut().expect("a node that was started");
        let status =
            wait::until("the end of a node", async || child.try_wait().expect("our own child")).await;
        self.child = None;
        status.code().unwrap_or(-1)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.kill();
    }
}
