//! A cluster of one node, which no demo makes: what grows on a disk is measured once, not three times.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{Cluster, ClusterFile, client, free_ports};
use crate::program::{path_of, rakit, write_file};

const PASSWORD: &str = "kata-sandi-satu-simpul";

impl Cluster {
    /// One node, with settings that go before those of its file.
    pub async fn alone(parent: &Path, environment: Vec<(String, String)>) -> Self {
        let folder = tempfile::Builder::new().prefix("rakit-test-").tempdir_in(parent);
        let folder = folder.expect("a folder for the test");
        let (made, password) = (folder.path().join("demo"), folder.path().join("password"));
        write_file(&password, PASSWORD);
        let (port, path) = (free_ports(1).to_string(), |path: &Path| path.display().to_string());
        let words = ["init", "--json", "--nodes", "1", "--base-port", &port, "--cluster-dir"];
        let words = words.map(str::to_owned).into_iter();
        let words = words.chain([path(&made), "--admin-password-file".to_owned(), path(&password)]);
        let node = rakit(words).await.expect_code(0).json()["nodes"][0].clone();
        let command = [
            path(&path_of("rakit")),
            "serve".into(),
            "--config".into(),
            node["settings"].as_str().expect("a file").into(),
        ];
        let directory = made.join("node-0");
        let log = File::create(folder.path().join("demo.log")).expect("a log file");
        let child = Command::new(&command[0])
            .args(&command[1..])
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("rakit starts");
        let text = json!({
            "cluster": "alone", "ca": made.join("ca/ca.pem"),
            "admin": {"username": "admin", "password": PASSWORD},
            "nodes": [{
                "id": node["id"], "pid": child.id(), "peer": "", "dir": directory,
                "public": node["public"], "officer": node["officer"],
                "ops": node["ops"], "command": command,
            }],
        });
        write_file(&made.join("cluster.json"), &text.to_string());
        let file: ClusterFile = serde_json::from_value(text).expect("what was just written");
        write_file(&directory.join("rakit.pid"), &child.id().to_string());
        let authority = std::fs::read(&file.ca).expect("the authority's certificate");
        let http = client::trusting(&authority);
        let cluster = Self { folder, file, demo: child, restarted: Vec::new(), environment, http };
        cluster.ready(0).await;
        cluster
    }
}
