//! What a page costs in a small country and in a whole one.
//!
//! Invariant: the two differ in nothing but how many villages and stations are in the store; the same pages are asked for, as
//! often, in the same order.

use std::path::Path;

use tests::client::send;
use tests::cluster::Cluster;
use tests::{process, register, wait};

use crate::pages::{requests_per_second, rests};
use crate::report::{Report, Row};

/// Stations of the two countries: the larger one is Indonesia's, all of it.
const STATIONS: [u32; 2] = [1_000, 820_161];
const STATIONS_PER_VILLAGE: u32 = 10;
/// Pages that are read beside the one that is measured, all different: each is kept for a while.
const PAGES: usize = 90;
/// Of these so many at least are kept when memory is looked at; those measured before leave meanwhile.
const PAGES_MIN: u32 = 80;
const ROUNDS: usize = 3;
const KEPT: &str = "rakit_kept_pages";
const KEPT_BYTES: &str = "rakit_kept_pages_bytes";
/// How the names of the threads begin that send pages.
const SENDERS: &str = "public-";

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

/// What the first node says.
async fn metric(cluster: &Cluster, name: &str) -> f64 {
    let metrics = cluster.ops(0, "/metrics").await.expect("metrics").text;
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or_else(|| panic!("{name} in {metrics}"))
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
        rests(pid).await;
        let before = mib(pid);
        let section = format!("{stations} stations");
        // The same in both, byte for byte but for where it stands in the log; the nation's page is longer in the larger one.
        let small = format!("{base}/api/v1/results/ppwp/{}", villages[0].0);
        for (what, url) in [("a village's figures", small), ("the nation's page", page)] {
            let length =
                send(cluster.http().get(&url)).await.expect("an answer").expect_status(200).text.len();
            let what = format!("{what}, kept, {length} bytes");
            let (mut hits, mut senders) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let before = process::threads_cpu_ms(pid, SENDERS).expect("the node runs");
                let got = requests_per_second(&url, None, seconds, pid).await;
                let used = process::threads_cpu_ms(pid, SENDERS).expect("the node runs") - before;
                let used = f64::from(u32::try_from(used.max(1)).unwrap_or(u32::MAX));
                senders.push(got.requests * 1_000.0 / used);
                hits.push(got.per_cpu);
            }
            report.add(Row::alone(&section, &what, "requests/CPU-s", hits));
            let of_senders = format!("{what}: of the threads that send");
            report.add(Row::alone(&section, &of_senders, "requests/CPU-s", senders));
        }
        let kept_before = metric(&cluster, KEPT).await;
        for (village, _) in villages.iter().take(PAGES) {
            let url = format!("{base}/ppwp/{village}");
            drop(send(cluster.http().get(url)).await.expect("an answer").expect_status(200));
        }
        wait::until("the pages to be kept", async || {
            (metric(&cluster, KEPT).await >= kept_before + f64::from(PAGES_MIN)).then_some(())
        })
        .await;
        report.add(Row::single(&section, "memory of a node before", "MiB", before));
        report.add(Row::single(
            &section,
            &format!("and with {PAGES} pages more that are kept"),
            "MiB",
            mib(pid),
        ));
        report.add(Row::single(&section, "pages kept then", "", metric(&cluster, KEPT).await));
        let bytes = metric(&cluster, KEPT_BYTES).await;
        report.add(Row::single(&section, "their bodies, in all encodings", "KiB", bytes / 1_024.0));
    }
}
