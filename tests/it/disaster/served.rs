//! A node that a test serves itself, from a settings file.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tests::client;
use tests::program::path_of;
use tests::wait;

/// A running node; ends with this.
pub(super) struct Served {
    child: Child,
    pub(super) public: String,
    pub(super) officer: String,
    pub(super) ops: String,
}

impl Served {
    /// Starts one of the nodes that `rakit restore` made.
    pub(super) fn of_made(made: &Value) -> Self {
        let text = |key: &str| made[key].as_str().unwrap_or_else(|| panic!("no {key} in {made}")).to_owned();
        Self::start(Path::new(&text("settings")), &text("public"), &text("officer"), &text("ops"))
    }

    /// Starts the node of a settings file.
    pub(super) fn start(settings: &Path, public: &str, officer: &str, ops: &str) -> Self {
        // Where the harness looks for the logs of a test that failed.
        let log = File::create(settings.with_file_name("served.log")).expect("a log file");
        let child = Command::new(path_of("rakit"))
            .args(["serve", "--config"])
            .arg(settings)
            .env("LANG", "en_US.UTF-8")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("rakit starts");
        let [public, officer, ops] = [public, officer, ops].map(str::to_owned);
        Self { child, public, officer, ops }
    }

    /// Waits until it is ready for officers.
    pub(super) async fn ready(&self) {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        wait::until(&format!("{} to be ready", self.ops), async || {
            let answer = client::send(http.get(format!("{}/readyz", self.ops))).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
