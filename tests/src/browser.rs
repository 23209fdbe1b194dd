//! A real browser on a real cluster: the scripts in `tests/browser`, played by Node.js and judged here.
//!
//! Invariant: the script can ask for a node to be ended or started, in one line of JSON, and learns in one line when that is
//! done; everything else it does as people do, through the listeners. What it measured is told and never judged here.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::cluster::Cluster;

/// How long the cases of one file may take.
const FILE_PATIENCE: Duration = Duration::from_mins(4);

/// Where the scripts are.
#[must_use]
pub fn scripts() -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("browser")
}

fn started(file: &str, settings: &Value) -> Child {
    Command::new("node")
        .arg(scripts().join("run.mjs"))
        .args([file, &settings.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("node does not start ({error}): run `.ci/setup build`"))
}

/// Ends or starts a node, as the line asks, and says so. Answers false for a line that asks for nothing.
async fn served(cluster: &mut Cluster, line: &Value, answers: &mut ChildStdin) -> bool {
    let node = |key: &str| line[key].as_u64().and_then(|node| usize::try_from(node).ok());
    if let Some(node) = node("kill") {
        cluster.kill(node).await;
    } else if let Some(node) = node("start") {
        cluster.start(node);
        cluster.ready(node).await;
    } else {
        return false;
    }
    answers.write_all(b"{\"done\":true}\n").await.expect("the script listens");
    true
}

/// Plays all cases of a file on a cluster; panics with what every failed case said.
#[expect(clippy::print_stderr, reason = "what was measured is told with the output of the test")]
pub async fn play(mut cluster: Cluster, file: &str, settings: &Value) {
    let mut script = started(file, settings);
    let mut answers = script.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(script.stdout.take().expect("a pipe")).lines();
    let mut failed = Vec::new();
    let mut passed = 0;
    let played = tokio::time::timeout(FILE_PATIENCE, async {
        while let Some(line) = lines.next_line().await.expect("lines of text") {
            let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if let Some(measured) = said.get("measured") {
                eprintln!("MEASURED: {measured}");
            }
            if served(&mut cluster, &said, &mut answers).await || said.get("case").is_none() {
                continue;
            }
            if said["ok"] == true {
                passed += 1;
            } else {
                failed.push(format!(
                    "{}:\n{}\nscreens: {}",
                    said["case"],
                    said["error"].as_str().unwrap_or_default(),
                    said["shown"]
                ));
            }
        }
        script.wait().await.expect("the end of our own child")
    })
    .await;
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    let ended = played.unwrap_or_else(|_| panic!("no end of {file} after {} s", FILE_PATIENCE.as_secs()));
    assert!(ended.success() && passed > 0, "{file} ended with {ended} after {passed} cases");
}
