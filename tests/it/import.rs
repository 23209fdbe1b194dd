//! `rakit import tallies` on a small table with the columns of the real one: every row ends somewhere, and a
//! second run changes nothing.

use std::path::Path;

use serde_json::Value;
use tests::cluster::Cluster;
use tests::program::{rakit, write_file};
use tests::register::{CONTEST, stations};

const HEADER: &str = "kode_tps,suara_p1,suara_p2,suara_p3,dpt_j,dpt_l,dpt_p,pengguna_dpt_j,pengguna_dpt_l,pengguna_dpt_p,\
pengguna_dptb_j,pengguna_dptb_l,pengguna_dptb_p,pengguna_dpk_j,pengguna_dpk_l,pengguna_dpk_p,pengguna_total_j,\
pengguna_total_l,pengguna_total_p,suara_sah,suara_tidak_sah,suara_total,ts_kpu,jumlah_foto,unggah_pertama,unggah_terakhir";

/// A row whose administrative block is consistent: as many voters as `valid` and `invalid` say.
fn row(station: &str, votes: [u32; 3], valid: u32, invalid: u32) -> String {
    let total = valid + invalid;
    let (male, female) = (total / 2, total - total / 2);
    // As many on the roll as fit, an even number of them, so that no one voted who was not on it.
    let roll = total.max(250).next_multiple_of(2);
    let half = roll / 2;
    format!(
        "{station},{},{},{},{roll},{half},{half},{total},{male},{female},0,0,0,0,0,0,{total},{male},{female},{valid},{invalid},{total},\
         2024-02-20 13:00:00,3,20240215101421,20240219235828",
        votes[0], votes[1], votes[2]
    )
}

/// Rows of every kind; the comment says where each must end.
fn table() -> String {
    let stations = stations();
    let zeros = ["0"; 15].join(",");
    let rows = [
        row(&stations[0], [100, 50, 30], 180, 5), // accepted
        row(&stations[1], [90, 60, 20], 170, 2),  // accepted
        format!("{},40,30,20,{zeros},0,0,0,2024-02-20 13:00:00,3,,", stations[2]), // accepted: nothing but votes read
        row(&stations[3], [100, 50, 30], 183, 5), // R07 by 3: confirmed or refused
        row(&stations[4], [20, 50, 30], 170, 5),  // R07 by 70: held
        row(&stations[5], [280, 20, 10], 310, 5), // R17: held
        format!("{},,,,,,,,,,,,,,,,,,,,,,,0,,", stations[6]), // skipped: no votes
        row("3101011001777", [10, 10, 10], 30, 0), // refused: no such station
        row("9901010001001", [10, 10, 10], 30, 0), // refused: abroad
    ];
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

async fn import(cluster: &Cluster, file: &Path, more: &[&str]) -> Value {
    let cluster_file = cluster.file_path();
    let mut arguments = vec!["import", "tallies", "--contest", CONTEST, file.to_str().unwrap()];
    arguments.extend(["--cluster", cluster_file.to_str().unwrap(), "--json"]);
    arguments.extend(more);
    rakit(arguments).await.expect_code(0).json()
}

fn counts(summary: &Value) -> [u64; 7] {
    ["read", "skipped", "accepted", "confirmed", "held", "unchanged", "refused"]
        .map(|name| summary[name].as_u64().unwrap_or_else(|| panic!("no {name} in {summary}")))
}

#[tokio::test]
async fn every_row_ends_in_one_place_and_twice_is_once() {
    let cluster = Cluster::with_register().await;
    let file = cluster.folder().join("tallies.csv");
    write_file(&file, &table());

    let first = import(&cluster, &file, &[]).await;
    assert_eq!(counts(&first), [9, 1, 3, 0, 2, 0, 3], "{first}");
    let confirmed = import(&cluster, &file, &["--confirm"]).await;
    assert_eq!(counts(&confirmed), [9, 1, 0, 1, 0, 5, 2], "{confirmed}");
    let again = import(&cluster, &file, &["--confirm"]).await;
    assert_eq!(counts(&again), [9, 1, 0, 0, 0, 6, 2], "{again}");

    let admin = cluster.admin(0).await;
    let results = admin.get(&format!("/api/v1/results/{CONTEST}/0")).await.expect_status(200).json();
    assert_eq!(
        results["totals"]["votes"]["100025"],
        100 + 90 + 40 + 100,
        "held forms do not count: {results}"
    );
    assert_eq!(
        (results["progress"]["reported"].as_u64(), results["progress"]["held"].as_u64()),
        (Some(6), Some(2))
    );
    let unread =
        admin.get(&format!("/api/v1/stations/{}/{CONTEST}", stations()[2])).await.expect_status(200).json();
    assert!(unread["form"]["registered"].is_null(), "a block of zeros means that nobody read it: {unread}");
    assert!(unread["form"]["valid"].is_null(), "{unread}");
    cluster.equal_state().await;
}
