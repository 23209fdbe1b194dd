//! The command itself: help, exit codes, and mistakes that must touch nothing.

use std::net::TcpListener;
use std::path::Path;

use tests::cluster::Cluster;
use tests::program::{rakit, write_file};

const USAGE: i32 = 2;
const UNAVAILABLE: i32 = 4;
const PRECONDITION: i32 = 5;

#[tokio::test]
async fn help_names_every_verb() {
    let help = rakit(["--help"]).await.expect_code(0);
    for verb in ["serve", "init", "join", "status", "import", "publish", "ca", "config", "demo"] {
        assert!(help.stdout.contains(verb), "{verb} is not in the help:\n{}", help.stdout);
        drop(rakit([verb, "--help"]).await.expect_code(0));
    }
    drop(rakit(["no-such-verb"]).await.expect_code(USAGE));
    drop(rakit(["status", "--no-such-flag"]).await.expect_code(USAGE));
}

#[tokio::test]
async fn settings_with_an_unknown_key_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rakit.toml");
    write_file(&file, "surprise = 1\n");
    let ended = rakit(["config", "check", file.to_str().unwrap()]).await.expect_code(USAGE);
    assert!(ended.stderr.contains("surprise"), "{ended:?}");
    assert_eq!(ended.stderr.trim().lines().count(), 1, "one line that says what and what to do: {ended:?}");
}

#[tokio::test]
async fn nobody_answers() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("cluster.json");
    let ended = rakit(["status", "--cluster", missing.to_str().unwrap()]).await;
    assert!([USAGE, PRECONDITION].contains(&ended.code), "{ended:?}");

    let cluster = Cluster::empty().await;
    for node in 0..3 {
        cluster.kill(node).await;
    }
    let ended = rakit(["status", "--cluster", cluster.file_path().to_str().unwrap()]).await;
    assert_eq!(ended.code, UNAVAILABLE, "{ended:?}");
}

#[tokio::test]
async fn status_tells_the_leader() {
    let cluster = Cluster::empty().await;
    let leader = cluster.leader().await;
    let ended =
        rakit(["status", "--cluster", cluster.file_path().to_str().unwrap(), "--json"]).await.expect_code(0);
    let status = ended.json();
    let nodes = status["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 3, "{status}");
    for node in nodes {
        assert_eq!(node["status"]["leader"], cluster.nodes()[leader].id, "{status}");
    }
}

/// Bytes and names of everything in a folder, to see that nothing was touched.
fn fingerprint(folder: &Path) -> Vec<(std::path::PathBuf, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            let data = entry.metadata().unwrap();
            if data.is_dir() {
                folders.push(entry.path());
            }
            found.push((entry.path(), if data.is_dir() { 0 } else { data.len() }));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_node_does_not_start_where_it_does_not_belong() {
    let mut cluster = Cluster::empty().await;
    let other = Cluster::empty().await;
    let node = cluster.nodes()[0].clone();
    cluster.kill(0).await;

    // The data of another cluster's node in the place of ours.
    let ours = node.dir.join("data");
    let theirs = other.nodes()[0].dir.join("data");
    assert!(ours.is_dir() && theirs.is_dir(), "a node keeps its data in {}", ours.display());
    other.kill(0).await;
    let kept = node.dir.join("kept");
    std::fs::rename(&ours, &kept).unwrap();
    std::fs::rename(&theirs, &ours).unwrap();
    let before = fingerprint(&ours);
    let ended = rakit(&node.command[1..]).await;
    assert_eq!(ended.code, PRECONDITION, "{ended:?}");
    assert_eq!(fingerprint(&ours), before, "nothing may be touched");

    // No data at all: serving never makes any.
    std::fs::rename(&ours, &theirs).unwrap();
    let ended = rakit(&node.command[1..]).await;
    assert_eq!(ended.code, PRECONDITION, "{ended:?}");
    assert!(!ours.join("log").exists(), "serve must not create data");

    // A port that somebody holds.
    if ours.exists() {
        std::fs::remove_dir_all(&ours).unwrap();
    }
    std::fs::rename(&kept, &ours).unwrap();
    let address = node.public.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let held = TcpListener::bind(&address).unwrap();
    let ended = rakit(&node.command[1..]).await;
    assert_eq!(ended.code, PRECONDITION, "{ended:?}");
    drop(held);
    cluster.start(0);
    cluster.ready(0).await;
}
