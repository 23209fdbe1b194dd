//! What a page costs in a small country and in a whole one.
//!
//! Invariant: the two differ in nothing but how many villages and stations are in the store; the same pages are asked for, as
//! often, in the same order.

use std::path::Path;

use tests::client::send;
use tests::cluster::Cluster;
use tests::{process, register, wait};

use crate::pages::requests_per_second;
use crate::report::{Report, Row};

/// Stations of the two countries: the larger one is Indonesia's, all of it.
const STATIONS: [u32; 2] = [1_000, 820_161];
const STATIONS_PER_VILLAGE: u32 = 10;
/// Pages that are read beside the one that is measured, all different: each is kept for a while.
const PAGES: usize = 90;
const ROUNDS: usize = 3;

/// Villages of a country with so many stations: ten in a district, ten districts in a regency, 24 regencies in a province.
fn villages(stations: u32) -> Vec<(String, u32)> {
    (0..stations.div_ceil(STATIONS_PER_VILLAGE))
        .map(|village| {
            let (province, regency) = (11 + village / 2_400, 1 + village / 100 % 24);
            let (district, number) = (1 + village / 10 % 10, 1_001 + village % 10);
            let count = STATIONS_PER_VILLAGE.min(stations - village * STATIONS_PER_VILLAGE);
            (format!("{province}{regency:02}{district:02}{number}"), count)
        })
        .collect()
}

fn mib(pid: i32) -> f64 {
    let kib = process::resident_kib(pid).expect("the node runs");
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1_024.0
}

/// One country after the other, each in a cluster of its own.
pub(crate) async fn measure(dir: &Path, seconds: u64, report: &mut Report) {
    for stations in STATIONS {
        let cluster = Cluster::below(dir, 3).await;
        let villages = villages(stations);
        register::load(cluster.folder(), &cluster.file_path(), &villages).await;
        let base = cluster.nodes()[0].public.clone();
        let page = format!("{base}/");
        wait::until("the nation's page", async || {
            let answer = send(cluster.http().get(&page)).await.ok()?;
            let known = villages.last().is_some_and(|(village, _)| answer.text.contains(&village[..2]));
            (answer.status == 200 && known).then_some(())
        })
        .await;
        let pid = cluster.pid(0).expect("the process id of the first node");
        let before = mib(pid);
        let mut hits = Vec::new();
        for _ in 0..ROUNDS {
            hits.push(requests_per_second(&page, None, seconds, pid).await.0);
        }
        for (village, _) in villages.iter().take(PAGES) {
            drop(
                send(cluster.http().get(format!("{base}/ppwp/{village}")))
                    .await
                    .expect("an answer")
                    .expect_status(200),
            );
        }
        let section = format!("{stations} stations");
        report.add(Row::alone(&section, "the nation's page, kept", "requests/CPU-s", hits));
        report.add(Row::single(&section, "memory of a node before", "MiB", before));
        report.add(Row::single(
            &section,
            &format!("and with {PAGES} pages more that are kept"),
            "MiB",
            mib(pid),
        ));
    }
}
