//! One bad byte, one cut, one missing file at one node of three: the node says which file it is and what to do, nobody
//! answers wrongly, nothing is lost.

use std::fs;
use std::path::{Path, PathBuf};

use tests::cluster::Cluster;
use tests::form;
use tests::process;
use tests::program::{rakit, write_file};
use tests::register::{CONTEST, stations};

#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip,
    Cut,
    Remove,
}

/// Which file, what happens to it, and what the message has to name.
const REFUSED: &[(&str, Damage, &str)] = &[
    ("data/FORMAT", Damage::Flip, "FORMAT"),
    ("data/FORMAT", Damage::Remove, "FORMAT"),
    ("data/IDENTITY", Damage::Flip, "IDENTITY"),
    ("data/IDENTITY", Damage::Cut, "IDENTITY"),
    ("data/CURRENT", Damage::Flip, "CURRENT"),
    ("data/CURRENT", Damage::Cut, "CURRENT"),
    ("data/SYNCED", Damage::Remove, "SYNCED"),
    ("data/log/CURRENT", Damage::Flip, "log/CURRENT"),
    ("data/log/CURRENT", Damage::Remove, "log/CURRENT"),
    ("data/log/MANIFEST-", Damage::Flip, "log/MANIFEST-"),
    ("data/log/*.sst", Damage::Flip, ".sst"),
    ("data/log/*.sst", Damage::Cut, ".sst"),
    ("data/log/*.log", Damage::Cut, ".log"),
    ("data/state-000001/CURRENT", Damage::Flip, "state-000001"),
    ("data/state-000001/MANIFEST-", Damage::Flip, "state-000001/MANIFEST-"),
    ("data/state-000001/*.sst", Damage::Flip, ".sst"),
    ("data/state-000001/*.sst", Damage::Remove, ".sst"),
    ("tls/ca.pem", Damage::Cut, "ca.pem"),
    ("tls/peer.pem", Damage::Flip, "peer.pem"),
    ("tls/peer.pem", Damage::Cut, "peer.pem"),
    ("tls/peer-key.pem", Damage::Cut, "peer-key.pem"),
    ("tls/server.pem", Damage::Flip, "server.pem"),
    ("tls/server.pem", Damage::Cut, "server.pem"),
    ("tls/server-key.pem", Damage::Remove, "server-key.pem"),
];

/// The largest file that a pattern means: a name, the beginning of one, or `*.` and an ending.
fn found(directory: &Path, pattern: &str) -> PathBuf {
    let (folder, name) = pattern.rsplit_once('/').unwrap();
    let fits = |found: &str| match name.strip_prefix('*') {
        Some(ending) => found.ends_with(ending),
        None if name.ends_with('-') => found.starts_with(name),
        None => found == name,
    };
    fs::read_dir(directory.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| fits(entry.file_name().to_str().unwrap()))
        .max_by_key(|entry| entry.metadata().unwrap().len())
        .unwrap_or_else(|| panic!("no {pattern}"))
        .path()
}

#[expect(clippy::disallowed_methods, reason = "damage need not be durable")]
fn hurt(path: &Path, damage: Damage) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    match damage {
        Damage::Flip => bytes[middle] ^= 4,
        Damage::Cut => bytes.truncate(middle),
        Damage::Remove => return fs::remove_file(path).unwrap(),
    }
    fs::write(path, bytes).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The parts of a node that are damaged, put back from a copy.
fn restore(saved: &Path, node: &Path) {
    for part in ["data", "tls"] {
        fs::remove_dir_all(node.join(part)).unwrap();
        copy(&saved.join(part), &node.join(part));
    }
}

async fn report(cluster: &Cluster, node: usize, places: std::ops::Range<usize>) -> u64 {
    let officer = cluster.admin(node).await;
    let mut index = 0;
    for station in &stations()[places] {
        let stored =
            officer.put(station, 0, &form::body(&form::of_votes([5, 6, 7], 0))).await.expect_status(201);
        index = stored.json()["receipt"]["index"].as_u64().unwrap();
    }
    index
}

#[tokio::test]
async fn a_damaged_node_names_the_file_and_the_others_go_on() {
    let mut cluster = Cluster::with_register().await;
    let leader = cluster.leader().await;
    let hurt_node = (leader + 1) % 3;
    let directory = cluster.nodes()[hurt_node].dir.clone();
    report(&cluster, leader, 0..10).await;
    // A planned stop and a start turn what is in memory and in write-ahead logs into tables.
    let pid = cluster.pid(hurt_node).unwrap();
    process::signal(pid, rustix::process::Signal::TERM);
    process::gone(pid).await;
    cluster.start(hurt_node);
    cluster.ready(hurt_node).await;
    let index = report(&cluster, leader, 10..20).await;
    cluster.everywhere(&format!("/api/v1/results/{CONTEST}/0"), index).await;
    cluster.kill(hurt_node).await;
    let saved = cluster.folder().join("saved");
    for part in ["data", "tls"] {
        copy(&directory.join(part), &saved.join(part));
    }

    let command = cluster.nodes()[hurt_node].command.clone();
    for (pattern, damage, named) in REFUSED {
        let path = found(&directory, pattern);
        hurt(&path, *damage);
        let ended = rakit(&command[1..]).await;
        let line = ended.stderr.lines().last().unwrap_or_default();
        assert_eq!(ended.code, 5, "{damage:?} of {}: {ended:?}", path.display());
        assert!(line.contains(named), "{damage:?} of {}: {line}", path.display());
        assert!(
            !pattern.starts_with("data/") || line.contains("join again under a new number"),
            "{damage:?} of {}: {line}",
            path.display()
        );
        restore(&saved, &directory);
    }
    // What nothing needs does no harm: the node starts, and has what it had.
    hurt(&found(&directory, "data/log/OPTIONS-"), Damage::Flip);
    hurt(&found(&directory, "data/state-000001/OPTIONS-"), Damage::Cut);
    write_file(&directory.join("data/log/IDENTITY"), "another");

    let index = report(&cluster, leader, 20..25).await;
    cluster.start(hurt_node);
    cluster.ready(hurt_node).await;
    for answer in cluster.everywhere(&format!("/api/v1/results/{CONTEST}/0"), index).await {
        assert_eq!(answer["totals"]["votes"]["100027"], 25 * 7, "{answer}");
    }
    cluster.equal_state().await;
}
