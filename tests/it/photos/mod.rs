//! Photos: from one node's officer to every node's public, and every hostile file on its way in.
//!
//! The scanner is a real one, with signatures of the test's own.

mod hostile;
mod later;
mod shared;

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use tests::clamd::Clamd;
use tests::client::{Answer, Officer, send};
use tests::cluster::Cluster;
use tests::form;
use tests::register;

/// Longest scan in these tests, in milliseconds: some wait for it to pass.
const SCAN_MS: u64 = 5_000;

struct World {
    cluster: Cluster,
    clamd: Clamd,
}

impl World {
    /// Three nodes with a register and one scanner.
    async fn new() -> Self {
        let clamd = Clamd::start().await;
        let settings = vec![
            ("RAKIT_SCANNER_ADDRESS".to_owned(), clamd.address()),
            ("RAKIT_SCANNER_DEADLINE_MS".to_owned(), SCAN_MS.to_string()),
        ];
        let cluster = Cluster::with_settings(&std::env::temp_dir(), 3, settings).await;
        register::load(cluster.folder(), &cluster.file_path(), &register::VILLAGES).await;
        Self { cluster, clamd }
    }

    fn data(&self, node: usize) -> PathBuf {
        self.cluster.nodes()[node].dir.join("data")
    }

    /// Files of attachments on the disk of a node.
    fn stored(&self, node: usize) -> Vec<PathBuf> {
        files_below(&self.data(node).join("blobs"))
            .into_iter()
            .filter(|path| path.file_name().is_some_and(|name| name.len() == 64))
            .collect()
    }

    /// Nothing of any upload is anywhere.
    fn assert_empty(&self, what: &str) {
        for node in 0..3 {
            assert_eq!(self.stored(node), Vec::<PathBuf>::new(), "{what}: node {node}");
            assert_eq!(files_below(&self.data(node).join("scratch")), Vec::<PathBuf>::new(), "{what}");
            let staging = files_below(&self.data(node).join("blobs/staging"));
            assert_eq!(staging, Vec::<PathBuf>::new(), "{what}: node {node}");
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}

async fn upload(officer: &Officer, kind: &str, bytes: Vec<u8>) -> Answer {
    let request = officer.request(Method::POST, "/api/v1/attachments").header("Content-Type", kind);
    send(request.body(bytes)).await.expect("an answer")
}

/// Reports a form that names an attachment; answers its place in the log.
async fn report(officer: &Officer, station: &str, uploaded: &Value) -> u64 {
    let mut body = form::body(&form::of_votes([100, 60, 40], 5));
    body["attachments"] = json!([uploaded["sha256"]]);
    let stored = officer.put(station, 0, &body).await.expect_status(201);
    stored.json()["receipt"]["index"].as_u64().expect("an index")
}
