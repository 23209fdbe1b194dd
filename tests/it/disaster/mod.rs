//! The drills of `docs/operating`: a backup becomes a new cluster, a survivor becomes one, and what is said to be
//! lost is what is lost.

mod served;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{self, Officer};
use tests::cluster::{Cluster, free_ports};
use tests::form;
use tests::program::{Ended, rakit};
use tests::register::{CONTEST, stations};
use tests::wait;

use served::Served;

/// Where an index of the epoch after is, at least.
const LEAP: u64 = 1_000_000_000;

/// A station and the log index of its receipt.
type Receipt = (String, u64);

async fn report(officer: &Officer, station: &str) -> Receipt {
    let stored = officer.put(station, 0, &form::body(&form::of_votes([30, 20, 10], 1))).await;
    let stored = stored.expect_status(201);
    (station.to_owned(), stored.json()["receipt"]["index"].as_u64().unwrap())
}

/// Reports station after station until told to stop.
async fn report_on(officer: Officer, done: Arc<AtomicUsize>, stop: Arc<AtomicBool>) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    for station in stations().iter().take(150) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        receipts.push(report(&officer, station).await);
        done.store(receipts.len(), Ordering::Relaxed);
    }
    receipts
}

fn text(path: &Path) -> String {
    path.to_str().expect("test paths are UTF-8").to_owned()
}

async fn backup(dir: &Path, more: [String; 2]) -> Value {
    let words = ["backup".to_owned(), text(dir), "--json".to_owned()];
    rakit(words.into_iter().chain(more)).await.expect_code(0).json()
}

async fn verify(dir: &Path) -> Ended {
    rakit(["backup", "verify", &text(dir), "--json"]).await
}

async fn restore(dir: &Path, to: &Path, base_port: u16) -> Ended {
    let port = base_port.to_string();
    rakit(["restore", &text(dir), "--cluster-dir", &text(to), "--base-port", &port, "--json"]).await
}

/// All files below a directory, by path.
fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { found.extend(files_below(&entry)) } else { found.push(entry) }
    }
    found.sort();
    found
}

fn flip(file: &Path) {
    use std::os::unix::fs::FileExt as _;
    let opened = fs::File::options().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    let place = opened.metadata().unwrap().len() / 2;
    opened.read_exact_at(&mut byte, place).unwrap();
    opened.write_all_at(&[byte[0] ^ 0x10], place).unwrap();
}

/// The stations whose form a node shows, among some.
async fn shown(http: &reqwest::Client, public: &str, receipts: &[Receipt]) -> Vec<String> {
    let mut found = Vec::new();
    for (station, _) in receipts {
        let url = format!("{public}/api/v1/stations/{station}/{CONTEST}");
        let answer = client::send(http.get(url)).await.unwrap().expect_status(200).json();
        match answer["state"].as_str() {
            Some("absent") => {}
            Some("reported") => found.push(station.clone()),
            other => panic!("{other:?}: {answer}"),
        }
    }
    found
}

/// Those of the receipts whose index is at most `index`, by station.
fn up_to(receipts: &[Receipt], index: u64) -> Vec<String> {
    receipts.iter().filter(|(_, at)| *at <= index).map(|(station, _)| station.clone()).collect()
}

#[tokio::test]
async fn a_backup_becomes_a_new_cluster_and_a_survivor_becomes_one() {
    let cluster = Cluster::with_register().await;
    let (kept, verified, mut receipts) = backed_up_under_load(&cluster).await;
    damage_is_named(&cluster, &kept).await;
    restored(&cluster, &kept, &verified, &receipts).await;
    let officer = cluster.admin(0).await;
    for station in &stations()[150..155] {
        receipts.push(report(&officer, station).await);
    }
    majority_lost(&cluster, receipts).await;
}

/// Two backups, the first while forms come in; the second, after a cut, brings what is new.
async fn backed_up_under_load(cluster: &Cluster) -> (PathBuf, Value, Vec<Receipt>) {
    let (done, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let officer = cluster.admin(1).await;
    let writing = tokio::spawn(report_on(officer, Arc::clone(&done), Arc::clone(&stop)));
    wait::until("forms to come in", async || (done.load(Ordering::Relaxed) >= 10).then_some(())).await;
    let kept = cluster.folder().join("backups");
    let from = ["--cluster".to_owned(), text(&cluster.file_path())];
    let first = backup(&kept, from.clone()).await;
    let at_first = verify(&kept).await.expect_code(0).json();
    assert_eq!(first["sha256"], at_first["sha256"], "{first} {at_first}");
    stop.store(true, Ordering::Relaxed);
    let receipts = writing.await.expect("the writer met no failure");
    let index = at_first["index"].as_u64().unwrap();
    assert_eq!(at_first["forms"], up_to(&receipts, index).len(), "{at_first}: all up to its index, no more");

    // As a cut leaves it: no manifest, and half of the largest object.
    let objects = files_below(&kept.join("objects"));
    let largest = objects.iter().max_by_key(|file| file.metadata().unwrap().len()).unwrap();
    let partial = kept.join("partial").join(largest.file_name().unwrap());
    fs::rename(largest, &partial).unwrap();
    let half = partial.metadata().unwrap().len() / 2;
    fs::File::options().write(true).open(&partial).unwrap().set_len(half).unwrap();
    for manifest in files_below(&kept.join("backups")) {
        fs::remove_file(manifest).unwrap();
    }
    drop(verify(&kept).await.expect_code(5));
    let again = backup(&kept, from).await;
    let (bytes, fetched) = (again["bytes"].as_u64().unwrap(), again["fetched_bytes"].as_u64().unwrap());
    assert!(fetched > 0 && fetched < bytes, "{again}: what was there was not fetched again");
    let verified = verify(&kept).await.expect_code(0).json();
    assert_eq!(verified["forms"], receipts.len(), "{verified}");
    (kept, verified, receipts)
}

/// A byte flipped in any file of the backup is refused, and the file named.
async fn damage_is_named(cluster: &Cluster, kept: &Path) {
    let target = cluster.folder().join("never");
    let newest = fs::read_to_string(files_below(&kept.join("backups")).pop().unwrap()).unwrap();
    assert_eq!(newest.split_whitespace().count(), 2, "a line of sha256sum: {newest}");
    let mut files = files_below(&kept.join("backups"));
    let mut objects = files_below(&kept.join("objects"));
    objects.retain(|file| file.metadata().unwrap().len() > 0);
    files.extend(objects.into_iter().take(4));
    for file in files {
        flip(&file);
        let name = file.strip_prefix(kept).unwrap();
        let found = verify(kept).await;
        // Objects of the first backup alone do not belong to the newest.
        let belongs = found.code != 0 || !name.starts_with("objects");
        if belongs {
            let refused = restore(kept, &target, 20_000).await.expect_code(1);
            for ended in [found.expect_code(1), refused] {
                assert!(ended.stderr.contains(&text(name)), "{ended:?} does not name {}", name.display());
            }
            assert!(!target.exists(), "nothing is made of a damaged backup");
        }
        flip(&file);
    }
    drop(verify(kept).await.expect_code(0));
}

async fn restored(cluster: &Cluster, kept: &Path, verified: &Value, receipts: &[Receipt]) {
    let old = cluster.admin(0).await;
    let target = cluster.folder().join("restored");
    let base_port = free_ports(3);
    let made = restore(kept, &target, base_port).await.expect_code(0).json();
    assert_eq!(made["content_hash"], verified["content_hash"], "{made}");
    assert_eq!((&made["epoch"], &made["forms"]), (&json!(2), &json!(receipts.len())));
    assert_ne!(made["cluster"], verified["cluster"]);
    drop(restore(kept, &target, base_port).await.expect_code(5));

    let served: Vec<Served> = made["nodes"].as_array().unwrap().iter().map(Served::of_made).collect();
    for node in &served {
        node.ready().await;
    }
    // What runs now has the same count as what was backed up.
    let second = cluster.folder().join("backups-of-restored");
    backup(&second, ["--ops".to_owned(), served[1].ops.clone()]).await;
    let now = verify(&second).await.expect_code(0).json();
    assert_eq!(now["content_hash"], verified["content_hash"], "{now} {verified}");
    assert_eq!((&now["epoch"], &now["cluster"]), (&json!(2), &made["cluster"]));

    let http = client::trusting(&fs::read(target.join("ca/ca.pem")).unwrap());
    let ended = old.over(http.clone()).at(&served[0].officer).get("/api/v1/me").await;
    ended.expect_problem(401, "unauthenticated");
    let (username, password) = cluster.admin_credentials();
    let officer = Officer::login(&http, &served[2].officer, username, password).await;
    let (_, index) = report(&officer, &stations()[159]).await;
    assert!(index > LEAP, "{index} names no entry of before");
    let epochs = client::send(http.get(format!("{}/api/v1/cluster/epochs", served[0].ops))).await.unwrap();
    let epoch = &epochs.json()["epochs"][0];
    assert_eq!((&epoch["cause"], &epoch["from_cluster"]), (&json!("restored"), &verified["cluster"]));
    assert_eq!((&epoch["from_index"], &epoch["from_hash"]), (&verified["index"], &verified["state_hash"]));
    let all = up_to(receipts, u64::MAX);
    assert_eq!(shown(&http, &served[0].public, receipts).await, all);
    let request = officer.request(Method::GET, "/api/v1/status");
    let status = client::send(request).await.unwrap().json();
    let lowest = status["nodes"][0]["id"].as_u64().unwrap();
    assert!(lowest > 1_000, "numbers of old nodes name nobody: {status}");
}

/// One follower dies, more comes in, then the other two are destroyed; answers the place of the first.
async fn lose_majority(cluster: &Cluster, receipts: &mut Vec<Receipt>) -> usize {
    let survivor = (cluster.leader().await + 1) % 3;
    cluster.kill(survivor).await;
    let leader = cluster.leader().await;
    let officer = cluster.admin(leader).await;
    for station in stations().iter().skip(155).take(4) {
        receipts.push(report(&officer, station).await);
    }
    for node in [(survivor + 1) % 3, (survivor + 2) % 3] {
        cluster.kill(node).await;
        fs::remove_dir_all(cluster.nodes()[node].dir.join("data")).unwrap();
    }
    survivor
}

/// What `plan` says of the only survivor: the last index kept, and the voters to give up.
async fn planned(cluster: &Cluster, survivor: usize, old: &Path) -> (Value, u64, Vec<u64>) {
    let plan = rakit(["recover", "plan", &text(old), "--json"]).await.expect_code(0).json();
    let kept = plan["kept_through"].as_u64().unwrap();
    assert_eq!(plan["may_be_lost_after"], kept, "{plan}");
    let missing: Vec<u64> =
        plan["unreachable"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    let gone = cluster.nodes().iter().enumerate().filter(|(place, _)| *place != survivor);
    assert_eq!(missing, gone.map(|(_, node)| node.id).collect::<Vec<_>>(), "{plan}");
    (plan["name"].clone(), kept, missing)
}

async fn apply(old: &Path, config: &str, name: &str, unreachable: &[u64]) -> Ended {
    let mut words = ["recover", "apply", "--from", &text(old), "--config", config, "--name", name, "--json"]
        .map(str::to_owned)
        .to_vec();
    for id in unreachable {
        words.extend(["--unreachable".to_owned(), id.to_string()]);
    }
    rakit(words).await
}

async fn majority_lost(cluster: &Cluster, mut receipts: Vec<Receipt>) {
    let survivor = lose_majority(cluster, &mut receipts).await;
    let node = &cluster.nodes()[survivor];
    let (data, old) = (node.dir.join("data"), node.dir.join("data-old"));
    let config = node.command.last().unwrap();
    fs::rename(&data, &old).unwrap();
    let (name, kept, given_up) = planned(cluster, survivor, &old).await;
    let name = name.as_str().unwrap();
    drop(apply(&old, config, "another", &given_up).await.expect_code(2));
    drop(apply(&old, config, name, &given_up[..1]).await.expect_code(2));
    assert!(!data.exists(), "nothing is made before all is typed");
    let made = apply(&old, config, name, &given_up).await.expect_code(0).json();
    assert_eq!(made["may_be_lost_after"], kept);
    drop(apply(&old, config, name, &given_up).await.expect_code(5));

    let served = Served::start(Path::new(config), &node.public, &node.officer, &node.ops);
    served.ready().await;
    let found = shown(cluster.http(), &served.public, &receipts).await;
    assert_eq!(found, up_to(&receipts, kept), "the loss that was announced is the loss there is");
    assert!(found.len() < receipts.len(), "something was lost at all");
    let officer = cluster.admin(survivor).await;
    let (_, index) = report(&officer, &stations()[159]).await;
    assert!(index > LEAP);
    let epochs = client::send(cluster.http().get(format!("{}/api/v1/cluster/epochs", served.ops))).await;
    let epoch = &epochs.unwrap().json()["epochs"][0];
    assert_eq!((&epoch["cause"], &epoch["from_index"]), (&json!("recovered"), &json!(kept)));
    assert_eq!(epoch["given_up"], json!(given_up));
    served.ready().await;
}
