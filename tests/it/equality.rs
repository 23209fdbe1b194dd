//! A state that its disk changed is found, shown by every tool, and served to nobody (promise P6).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;
use tests::cluster::Cluster;
use tests::program::{Ended, rakit};
use tests::register::stations;
use tests::{form, process, wait};

/// Forms that are counted before the disk turns bad: enough for several blocks of the file.
const FORMS: usize = 120;

/// All files below a directory with size and time of change.
fn files(directory: &Path) -> BTreeMap<PathBuf, (u64, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::metadata(&path).unwrap();
        if meta.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path, (meta.len(), meta.modified().unwrap()));
        }
    }
    found
}

/// Flips a bit of a file.
fn flip(path: &Path, place: u64) {
    let mut byte = [0];
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    file.read_exact_at(&mut byte, place).unwrap();
    file.write_all_at(&[byte[0] ^ 4], place).unwrap();
}

/// Flips a bit among the forms, which neither a start nor forms of other stations read; answers what `rakit fsck` says then.
async fn damage(data: &Path) -> (PathBuf, Value) {
    let state = fs::read_to_string(data.join("CURRENT")).unwrap();
    let tables = files(&data.join(state.split(' ').next().unwrap()));
    let tables = tables.into_iter().filter(|(path, _)| path.extension().is_some_and(|kind| kind == "sst"));
    let (path, (size, _)) = tables.max_by_key(|(_, (size, _))| *size).expect("a table");
    for part in 2..16 {
        let place = size * part / 20;
        flip(&path, place);
        let found = fsck(data).await.expect_code(3).json();
        if rows(&found).contains("after row Some(Tally(") {
            return (path, found);
        }
        flip(&path, place);
    }
    panic!("no block of forms in {}", path.display());
}

/// What a report names among the rows.
fn rows(report: &Value) -> String {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == "rows").unwrap()["findings"].to_string()
}

async fn fsck(data: &Path) -> Ended {
    rakit(["fsck", data.to_str().unwrap(), "--json"]).await
}

async fn state_hash(cluster: &Cluster) -> Ended {
    rakit(["state-hash", "--all", "--cluster", cluster.file_path().to_str().unwrap(), "--json"]).await
}

#[tokio::test]
async fn a_state_that_its_disk_changed_is_found_and_served_to_nobody() {
    let mut cluster = Cluster::with_register().await;
    let leader = cluster.leader().await;
    let wrong = (leader + 1) % 3;
    let officer = cluster.admin(leader).await;
    for station in stations().iter().take(FORMS) {
        let body = form::body(&form::of_votes([30, 20, 10], 1));
        drop(officer.put(station, 0, &body).await.expect_status(201));
    }
    let equal = state_hash(&cluster).await.expect_code(0).json();
    assert_eq!((equal["equal"].as_bool(), equal["nodes"].as_array().unwrap().len()), (Some(true), 3));

    let data = cluster.nodes()[wrong].dir.join("data");
    let open = fsck(&data).await.expect_code(5);
    assert!(open.stderr.contains("stop it first"), "{open:?}");
    let pid = cluster.pid(wrong).expect("a process id");
    process::signal(pid, Signal::TERM);
    process::gone(pid).await;

    let before = files(&data);
    let sound = fsck(&data).await.expect_code(0).json();
    assert_eq!(sound["sound"], true, "{sound}");
    assert_eq!(files(&data), before, "nothing was written");
    let (damaged, found) = damage(&data).await;
    let name = damaged.file_name().unwrap().to_str().unwrap();
    assert!(rows(&found).contains(name), "the file is named: {found}");

    // A node reads all its data soon after it starts; one that finds a bad byte ends and names the file.
    cluster.start(wrong);
    let said = cluster.folder().join(format!("again-{wrong}.log"));
    let line = wait::until("the node to end", async || {
        let text = fs::read_to_string(&said).ok()?;
        text.lines().find(|line| line.starts_with("rakit: ")).map(str::to_owned)
    })
    .await;
    assert!(line.contains("damaged") && line.contains(name), "{line}");
    assert!(line.contains("join again under a new number"), "{line}");

    // The others go on, and every tool names the one.
    let body = form::body(&form::of_votes([1, 2, 3], 0));
    drop(officer.put(&stations()[FORMS], 0, &body).await.expect_status(201));
    let unequal = state_hash(&cluster).await.expect_code(3);
    assert!(unequal.json()["nodes"][wrong]["error"].is_string(), "{unequal:?}");
}
