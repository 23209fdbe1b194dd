//! `rakit publish`: the site as files, byte for byte that of the nodes, whole at every moment.
//!
//! Invariant: what a version holds is looked at through its manifest and through nginx with the file that is shipped.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tests::client::send;
use tests::cluster::Cluster;
use tests::form;
use tests::program::{Ended, path_of, rakit};
use tests::register::{CONTEST, stations};
use tests::wait;

use super::proxies::{Place, Proxy, addresses_in_place, installed, nodes};

const NGINX: &str = "/usr/sbin/nginx";
/// Pages that come from a node byte for byte.
const PAGES: [&str; 15] = [
    "/",
    "/ppwp/0",
    "/ppwp/31",
    "/ppwp/3101",
    "/ppwp/310101",
    "/ppwp/3101011001",
    "/tps/3101011001001",
    "/tps/3101011001001/ppwp",
    "/tentang",
    "/docs",
    "/openapi.json",
    "/api/v1/contests",
    "/api/v1/regions/3101011001",
    "/api/v1/results/ppwp/3101011001",
    "/api/v1/stations/3101011001001/ppwp",
];
const MORE_PAGES: [&str; 6] = [
    "/aset/rakit.css",
    "/aset/rakit.js",
    "/pemilu/ppwp.json",
    "/wilayah/pemilu/ppwp/0.json",
    "/pemilu/hhcw/ppwp/31/3101.json",
    "/pemilu/hhcw/ppwp/31/3101/310101/3101011001/3101011001001.json",
];

async fn publish(dir: &Path, cluster: &Cluster, more: &[&str]) -> Ended {
    let (dir, file) = (dir.display().to_string(), cluster.file_path().display().to_string());
    let mut arguments = vec!["publish", "--json", "--dir", &dir, "--cluster", &file];
    arguments.extend(more);
    rakit(arguments).await
}

/// Puts a form in; the log index of it.
async fn report(cluster: &Cluster, station: usize, votes: u32) -> u64 {
    let leader = cluster.leader().await;
    let body = form::body(&form::of_votes([votes, 20, 10], 1));
    let stored = cluster.admin(leader).await.put(&stations()[station], 0, &body).await.expect_status(201);
    stored.json()["receipt"]["index"].as_u64().expect("an index")
}

/// Waits until the pages of a node show all up to an index.
async fn shown(cluster: &Cluster, node: usize, index: u64) {
    wait::until("the nation's results of that index", async || {
        let results = cluster.public(node, &format!("/api/v1/results/{CONTEST}/0")).await;
        (results.json()["as_of"]["index"].as_u64()? >= index).then_some(())
    })
    .await;
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Every file below a folder, by its path from there.
fn files_in(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder").flatten() {
            if entry.file_type().expect("a type").is_dir() {
                folders.push(entry.path());
            } else {
                found.insert(entry.path().strip_prefix(folder).expect("below").to_path_buf());
            }
        }
    }
    found
}

/// The manifest of the version that is shown, every file of which is there as it says, and no other.
fn whole(dir: &Path) -> Value {
    let current = dir.join("current");
    let text = fs::read_to_string(current.join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let mut listed = BTreeSet::from([PathBuf::from("manifest.json")]);
    let mut check = |name: String, said: &Value| {
        let bytes = fs::read(current.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(said["size"], bytes.len(), "{name}");
        assert_eq!(said["sha256"], hash(&bytes), "{name}");
        assert!(listed.insert(PathBuf::from(name)), "listed twice");
    };
    for file in manifest["files"].as_array().expect("files") {
        let name = file["file"].as_str().expect("a name");
        check(name.to_owned(), file);
        for (packing, ending) in [("gzip", "gz"), ("brotli", "br")] {
            if let Some(neighbour) = file.get(packing) {
                check(format!("{name}.{ending}"), neighbour);
            }
        }
    }
    assert_eq!(files_in(&current), listed);
    manifest
}

fn versions(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir.join("versions")).expect("a folder").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

/// nginx with the shipped file in front of a directory.
async fn serve(cluster: &Cluster, place: Place, dir: &Path) -> Proxy {
    let folder = place.path("");
    let temporary = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"];
    let temporary = temporary.map(|kind| format!("    {kind}_temp_path {folder}{kind};\n")).concat();
    let officers = ["127.0.0.1:8481", "127.0.0.1:8482", "127.0.0.1:8483"];
    let mut changes = addresses_in_place(cluster);
    changes.retain(|(shipped, _)| !officers.contains(shipped));
    changes.extend([
        ("listen 80 ", format!("listen 127.0.0.1:{} ", place.public)),
        ("/srv/rakit/current", dir.join("current").display().to_string()),
        ("/run/nginx.pid", format!("{folder}pid")),
        ("/var/log/nginx/", folder),
        ("http {\n", format!("http {{\n{temporary}")),
    ]);
    let settings = place.file("static.conf", &changes).display().to_string();
    place.run(cluster.http(), NGINX, &["-c", &settings, "-g", "daemon off;"]).await
}

/// The bytes of a page packed with gzip, unpacked.
async fn unpacked(http: &Client, url: &str) -> Vec<u8> {
    let answer = http.get(url).header("Accept-Encoding", "gzip").send().await.expect("an answer");
    assert_eq!(answer.headers()["content-encoding"], "gzip", "{url}");
    let packed = answer.bytes().await.expect("a body");
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut plain).expect("gzip");
    plain
}

#[tokio::test]
async fn the_files_are_what_the_nodes_show() {
    if !installed(&[NGINX]) {
        return;
    }
    let cluster = nodes().await;
    let index = report(&cluster, 0, 90).await;
    for node in 0..cluster.nodes().len() {
        shown(&cluster, node, index).await;
    }
    let place = Place::new();
    let dir = PathBuf::from(place.path("site"));
    let made = publish(&dir, &cluster, &["--depth", "station", "--sirekap"]).await.expect_code(0).json();
    assert_eq!(
        (&made["published"], &made["whole"], &made["version"]),
        (&true.into(), &true.into(), &1.into())
    );
    let manifest = whole(&dir);
    assert!(manifest["index"].as_u64().unwrap() >= index, "{}", manifest["index"]);
    assert_eq!(manifest["contests"][0]["version"], 1);

    let nginx = serve(&cluster, place, &dir).await;
    let http = cluster.http();
    for path in PAGES.into_iter().chain(MORE_PAGES) {
        let (file, page) = (nginx.get(http, path).await.expect_status(200), cluster.public(0, path).await);
        assert_eq!(file.text, page.text, "{path}");
        assert!(
            !file.header("rakit-node").contains(char::is_numeric),
            "{path} comes from the disk: {file:?}"
        );
        for header in [
            "content-type",
            "content-security-policy",
            "x-content-type-options",
            "access-control-allow-origin",
        ] {
            let own = file.header(header);
            // Data has no policy of its own at nodes; one more does no harm.
            assert!(own == page.header(header) || page.header(header).is_empty(), "{path}: {header}: {own}");
        }
        let tag = file.header("etag").to_owned();
        let again = send(http.get(nginx.url(path)).header("If-None-Match", tag)).await.unwrap();
        assert_eq!(again.status, 304, "{path}");
    }
    let page = unpacked(http, &nginx.url("/ppwp/31")).await;
    assert_eq!(page, nginx.get(http, "/ppwp/31").await.text.into_bytes());

    // What is no file comes from the nodes while there are any, and says so when there are none.
    let found = nginx.get(http, "/cari?q=3101011001").await.expect_status(200);
    assert!(found.text.contains("/ppwp/3101011001"), "{}", found.text);
    let fresh = nginx.get(http, "/api/v1/results/ppwp/0?min_index=1").await.expect_status(200);
    assert!(!fresh.header("rakit-node").is_empty(), "{fresh:?}");
    assert_eq!(nginx.get(http, "/ppwp/99").await.status, 404);
    for node in 0..cluster.nodes().len() {
        cluster.kill(node).await;
    }
    for path in PAGES {
        drop(nginx.get(http, path).await.expect_status(200));
    }
    let search = nginx.get(http, "/cari?q=3101011001").await.expect_status(200);
    assert!(search.text.contains("Pencarian memerlukan simpul") && search.text.contains("/ppwp/31"));
    assert_eq!(nginx.get(http, "/api/v1/results/ppwp/0?min_index=1").await.status, 503);
    drop(publish(&dir, &cluster, &["--patience", "1"]).await.expect_code(4));
    assert_eq!(whole(&dir), manifest);
}

#[tokio::test]
async fn a_later_version_shares_what_did_not_change_and_the_oldest_go() {
    let cluster = nodes().await;
    let dir = cluster.folder().join("site");
    let first = publish(&dir, &cluster, &["--keep", "2"]).await.expect_code(0).json();
    assert_eq!(first["published"], true);
    let again = publish(&dir, &cluster, &["--keep", "2"]).await.expect_code(0).json();
    assert_eq!((&again["published"], &again["version"]), (&false.into(), &1.into()), "{again}");
    assert!(!dir.join("current/tps").exists() && !dir.join("current/ppwp/3101011001").exists());

    // The node that was asked first dies; another goes on, and never with less.
    let index = report(&cluster, 0, 90).await;
    cluster.kill(0).await;
    for node in [1, 2] {
        shown(&cluster, node, index).await;
    }
    let second = publish(&dir, &cluster, &["--keep", "2"]).await.expect_code(0).json();
    assert_eq!((&second["published"], &second["version"]), (&true.into(), &2.into()), "{second}");
    assert!(second["index"].as_u64() >= Some(index), "{second}");
    let manifest = whole(&dir);
    assert_eq!(manifest["contests"][0]["version"], 1, "{}", manifest["contests"]);
    let inode = |version: &str, file: &str| {
        fs::metadata(dir.join("versions").join(version).join(file)).expect("a file").ino()
    };
    let same = |file: &str| inode("0000000001", file) == inode("0000000002", file);
    assert!(same("ppwp/32/index.html") && same("tentang/index.html.gz") && same("ppwp/3201/index.html"));
    assert!(!same("ppwp/31/index.html") && !same("index.html"));

    let index = report(&cluster, 1, 91).await;
    for node in [1, 2] {
        shown(&cluster, node, index).await;
    }
    let third = publish(&dir, &cluster, &["--keep", "2"]).await.expect_code(0).json();
    assert_eq!(third["removed"], serde_json::json!(["0000000001"]), "{third}");
    assert_eq!(versions(&dir), ["0000000002", "0000000003"]);
    whole(&dir);
}

/// `rakit publish --interval`, killed with the test.
struct Publisher(Child);

impl Publisher {
    fn start(dir: &Path, cluster: &Cluster) -> Self {
        let child = Command::new(path_of("rakit"))
            .args(["publish", "--interval", "1", "--keep", "2", "--depth", "station", "--dir"])
            .arg(dir)
            .arg("--cluster")
            .arg(cluster.file_path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("rakit starts"))
    }

    /// Waits for what the publisher does.
    async fn until<T>(&mut self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        wait::until(what, async || {
            assert!(self.0.try_wait().expect("our own child").is_none(), "the publisher ended");
            ask()
        })
        .await
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn a_publisher_that_is_killed_leaves_a_whole_version() {
    let cluster = nodes().await;
    let dir = cluster.folder().join("site");
    // In the middle of the first one.
    let mut publisher = Publisher::start(&dir, &cluster);
    publisher.until("a version half made", || dir.join(".partial").exists().then_some(())).await;
    drop(publisher);
    if dir.join("current").exists() {
        whole(&dir);
    }
    let version = |dir: &Path| fs::read_link(dir.join("current")).ok();
    let mut publisher = Publisher::start(&dir, &cluster);
    publisher.until("a version", || version(&dir)).await;
    let other = publish(&dir, &cluster, &[]).await.expect_code(5);
    assert!(other.stderr.contains("publish"), "one at a time: {other:?}");
    for round in 0..3_u32 {
        let before = version(&dir);
        let index = report(&cluster, usize::try_from(round).unwrap(), 90 + round).await;
        for node in 0..cluster.nodes().len() {
            shown(&cluster, node, index).await;
        }
        let half = || (dir.join(".partial").exists() || version(&dir) != before).then_some(());
        publisher.until("the next version", half).await;
        drop(publisher);
        whole(&dir);
        publisher = Publisher::start(&dir, &cluster);
        publisher.until("the next version shown", || (version(&dir) != before).then_some(())).await;
    }
    drop(publisher);
    whole(&dir);
    let more = publish(&dir, &cluster, &["--depth", "station", "--keep", "1"]).await.expect_code(0).json();
    assert_eq!(more["whole"], true, "{more}");
    let manifest = whole(&dir);
    assert_eq!(manifest["contests"][0]["version"], 3, "{}", manifest["contests"]);
    assert_eq!(versions(&dir).len(), 1);
    assert!(!dir.join(".partial").exists());
}

#[tokio::test]
async fn a_directory_of_another_cluster_is_left_alone() {
    let (cluster, other) = (nodes().await, Cluster::with_register().await);
    let dir = cluster.folder().join("site");
    drop(publish(&dir, &cluster, &["--depth", "nation"]).await.expect_code(0));
    let refused = publish(&dir, &other, &["--depth", "nation"]).await.expect_code(5);
    assert!(refused.stderr.contains("another directory"), "{refused:?}");
    assert_eq!(versions(&dir), ["0000000001"]);
    drop(rakit(["publish", "--dir", dir.to_str().unwrap()]).await.expect_code(2));
}
