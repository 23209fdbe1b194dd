//! The entry app in a real browser against a real cluster: `tests/browser` plays the officer, this side owns the nodes.
//!
//! Invariant: what the browser's script does to the cluster it does as a phone would, through the officers' listener; only
//! nodes are ended and started from here (`tests::browser`).

use std::path::PathBuf;

use serde_json::{Value, json};
use tests::browser;
use tests::clamd::Clamd;
use tests::cluster::Cluster;
use tests::program::{rakit, write_file};
use tests::register::{contests_json, regions_csv};
use tokio::process::Command;

/// Where the officer works, and how many stations are there.
const VILLAGE: (&str, u32) = ("3101011001", 12);
/// Where somebody else works.
const NEIGHBOUR_VILLAGE: (&str, u32) = ("3101011002", 3);
const PARTIES: [&str; 4] = ["Partai Melati", "Partai Beringin", "Partai Pinisi", "Partai Rajawali"];
const CANDIDATES: u32 = 48;

fn candidate(number: u32) -> String {
    format!("c{number:03}")
}

/// The pairs for president, and a ballot with many candidates of some parties.
fn contests() -> Value {
    let mut contests = contests_json();
    contests["contests"][0]["partial_forms"] = json!(false);
    let option = |number: u32| {
        let party =
            PARTIES[usize::try_from(number).unwrap() * PARTIES.len() / usize::try_from(CANDIDATES).unwrap()];
        json!({"id": candidate(number), "name": format!("CALEG {number}"), "order": number + 1, "color": null, "party": party})
    };
    let options: Vec<Value> = (0..CANDIDATES).map(option).collect();
    contests["contests"].as_array_mut().unwrap().push(json!({
        "id": "pdpr", "name": "DPR RI", "kind": "pdpr", "region": "0", "regions": ["0"], "partial_forms": false,
        "photo_required": false, "options": options,
    }));
    contests
}

const ACCOUNTS: [[&str; 4]; 6] = [
    ["kpps-panggang", "sandi-panggang-24", "officer", VILLAGE.0],
    ["kpps-kelapa", "sandi-kelapa-24", "officer", NEIGHBOUR_VILLAGE.0],
    ["pembaca-utara", "sandi-utara-24", "reviewer", "310101"],
    ["pengawas-utara", "sandi-awas-24", "auditor", "310101"],
    ["pengesah-utara", "sandi-sahkan-24", "certifier", "310101"],
    ["admin-pusat", "sandi-pusat-24", "super_admin", "0"],
];

async fn cluster(environment: Vec<(String, String)>) -> Cluster {
    let cluster = Cluster::with_settings(&std::env::temp_dir(), 3, environment).await;
    let rows = ACCOUNTS.map(|row| row.join(",")).join("\n");
    let files = [
        ("regions", "regions.csv", regions_csv(&[VILLAGE, NEIGHBOUR_VILLAGE])),
        ("contests", "contests.json", contests().to_string()),
        ("accounts", "accounts.csv", format!("username,password,role,scope\n{rows}\n")),
    ];
    for (what, name, text) in files {
        let path = cluster.folder().join(name);
        write_file(&path, &text);
        let (path, file) = (path.display().to_string(), cluster.file_path().display().to_string());
        drop(rakit(["import", what, &path, "--cluster", &file, "--json"]).await.expect_code(0));
    }
    cluster
}

fn settings(cluster: &Cluster) -> Value {
    let account = |place: usize| json!({"username": ACCOUNTS[place][0], "password": ACCOUNTS[place][1]});
    let stations: Vec<String> = (1..=VILLAGE.1).map(|number| format!("{}{number:03}", VILLAGE.0)).collect();
    json!({
        "officers": cluster.nodes().iter().map(|node| node.officer.as_str()).collect::<Vec<_>>(),
        "authority": cluster.authority_path(), "stations": stations,
        "officer": account(0), "neighbour": account(1), "reviewer": account(2), "auditor": account(3),
        "certifier": account(4), "admin": account(5),
        "candidates": (0..CANDIDATES).map(candidate).collect::<Vec<_>>(),
    })
}

async fn play(file: &str) {
    play_on(cluster(Vec::new()).await, file).await;
}

/// Where photos are taken in, for which there must be a scanner.
async fn play_with_scanner(file: &str) {
    let scanner = Clamd::start().await;
    let environment = vec![("RAKIT_SCANNER_ADDRESS".to_owned(), scanner.address())];
    play_on(cluster(environment).await, file).await;
}

async fn play_on(cluster: Cluster, file: &str) {
    let settings = settings(&cluster);
    browser::play(cluster, file, &settings).await;
}

#[tokio::test]
async fn forms_are_filled_in_mended_confirmed_and_corrected() {
    play("forms").await;
}

#[tokio::test]
async fn a_phone_that_is_cut_off_or_killed_sends_once() {
    play("faults").await;
}

#[tokio::test]
async fn every_screen_can_be_used_by_everybody() {
    play("looks").await;
}

#[tokio::test]
async fn photos_are_scaled_and_kept_on_the_phone() {
    play("photos").await;
}

#[tokio::test]
async fn photos_are_uploaded_before_the_form_that_names_them() {
    play_with_scanner("upload").await;
}

#[tokio::test]
async fn the_desk_is_used_by_all_who_sit_there() {
    play_with_scanner("desk").await;
}

#[tokio::test]
async fn a_second_reading_is_blank_and_compared() {
    play("second-reading").await;
}

#[tokio::test]
async fn pure_modules_keep_their_promises() {
    let tests = browser::scripts().join("unit");
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(tests).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.retain(|name| name.to_string_lossy().ends_with(".test.mjs"));
    assert!(names.len() > 4, "{names:?}");
    let mut node = Command::new("node");
    node.arg("--test").args(names);
    drop(tests::program::run(&mut node).await.expect_code(0));
}
