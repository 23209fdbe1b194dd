//! Officers and readers beside a flood: what each waits when the public side is asked for far more than it can do.
//!
//! Invariant: the quiet run and the flooded one have the same officers, the same readers and the same length; the crowd is a
//! process of its own that runs when nobody else would, so that what it takes of the processor is not what is measured.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Client;
use tests::process;
use tokio::process::Command;

use crate::crowd::Done;
use crate::load::{Sample, percentile};
use crate::officers::{forms, told};
use crate::report::{Report, Row};
use crate::servers::Rakit;

/// Officers, and forms that they bring in a second.
const OFFICERS: usize = 100;
const FORMS: u32 = 50;
/// Readers who come as visitors do: a connection each time, once a second.
const READERS: u32 = 20;
/// After which a reader gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What readers met.
#[derive(Default)]
struct Read {
    served: Sample,
    refused: u32,
    gave_up: u32,
}

/// Reads the nation's page as visitors do.
async fn readers(rakit: &Rakit, seconds: u64) -> Read {
    let until = Instant::now() + Duration::from_secs(seconds);
    let one = async |number: u32| {
        let [_, _, third, fourth] = number.to_be_bytes();
        let client = Client::builder()
            .local_address(IpAddr::V4(Ipv4Addr::new(127, 99, third, fourth + 1)))
            .pool_max_idle_per_host(0)
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .expect("a client");
        let nodes = rakit.cluster.nodes();
        let url = &nodes[usize::try_from(number).expect("small") % nodes.len()].public;
        let mut read = Read::default();
        let mut due = Instant::now() + Duration::from_millis(u64::from(number) * 50);
        while due < until {
            tokio::time::sleep_until(due.into()).await;
            let began = Instant::now();
            match client.get(url).send().await {
                Ok(answer) if answer.status() == 200 => match answer.bytes().await {
                    Ok(_) => read.served.add(began, Ok(1)),
                    Err(_) => read.gave_up += 1,
                },
                Err(error) if error.is_timeout() => read.gave_up += 1,
                Ok(_) | Err(_) => read.refused += 1,
            }
            due = (due + Duration::from_secs(1)).max(Instant::now());
        }
        read
    };
    let began = Instant::now();
    let parts = join_all((0..READERS).map(one)).await;
    let (refused, gave_up) =
        (parts.iter().map(|part| part.refused).sum(), parts.iter().map(|part| part.gave_up).sum());
    let served = Sample::joined(parts.into_iter().map(|part| part.served).collect(), began);
    Read { served, refused, gave_up }
}

/// The crowd, at the lowest priority; what it says it did.
async fn crowd(rakit: &Rakit, seconds: u64) -> Done {
    let program = std::env::current_exe().expect("the path of this program");
    let host = |url: &str| url.rsplit('/').next().expect("a host").to_owned();
    let nodes = rakit.cluster.nodes();
    let list = |url: fn(&tests::cluster::Node) -> &String| {
        nodes.iter().map(|node| host(url(node))).collect::<Vec<_>>().join(",")
    };
    let output = Command::new("chrt")
        .args(["--idle", "0"])
        .arg(program)
        .args([
            "--only",
            "crowd",
            "--public",
            &list(|node| &node.public),
            "--officer",
            &list(|node| &node.officer),
        ])
        .args(["--duration", &seconds.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .await
        .expect("the crowd begins");
    serde_json::from_slice(&output.stdout).expect("the crowd says what it did")
}

/// The most that any node has held so far, in MiB.
fn memory_mib(rakit: &Rakit) -> f64 {
    let kib =
        (0..3).filter_map(|node| process::resident_kib_max(rakit.cluster.pid(node)?)).max().unwrap_or(0);
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1_024.0
}

/// Terms begun so far, of all nodes.
async fn term(rakit: &Rakit) -> u64 {
    let metrics = rakit.cluster.ops(0, "/metrics").await.expect("metrics").text;
    let term = metrics.lines().find_map(|line| line.strip_prefix("rakit_raft_term "));
    term.and_then(|term| term.trim().parse().ok()).expect("a term")
}

/// A quiet time, then a flood of the same length.
pub(crate) async fn measure(rakit: &Rakit, seconds: u64, report: &mut Report) {
    let part = "flood";
    let millis = |micros: u32| f64::from(micros) / 1_000.0;
    let single = |what: &str, unit: &str, value: f64| Row::single(part, what, unit, value);
    let (mut quiet, mut calm) = tokio::join!(forms(rakit, FORMS, OFFICERS, seconds), readers(rakit, seconds));
    let before = (term(rakit).await, memory_mib(rakit));
    let (mut flooded, mut pressed, done) =
        tokio::join!(forms(rakit, FORMS, OFFICERS, seconds), readers(rakit, seconds), crowd(rakit, seconds));
    let after = (term(rakit).await, memory_mib(rakit));
    for (what, sample) in [("officers, quiet", &mut quiet), ("officers, flooded", &mut flooded)] {
        told(part, &format!("{what}: {FORMS} forms due a second by {OFFICERS}"), sample, report);
    }
    let quiet = percentile(&mut quiet.micros, 0.99).max(1);
    let flooded = percentile(&mut flooded.micros, 0.99);
    report.add(single("officers, 99 %, flooded to quiet", "x", f64::from(flooded) / f64::from(quiet)));
    for (what, read) in [("readers, quiet", &mut calm), ("readers, flooded", &mut pressed)] {
        let row = |name: &str, unit: &str, value| single(&format!("{what}: {name}"), unit, value);
        report.add(row("served", "", f64::from(read.served.rows)));
        report.add(row("median", "ms", millis(percentile(&mut read.served.micros, 0.5))));
        report.add(row("99 %", "ms", millis(percentile(&mut read.served.micros, 0.99))));
        report.add(row("refused", "", f64::from(read.refused)));
        report.add(row("gave up", "", f64::from(read.gave_up)));
    }
    report.add(single(
        "terms begun under the flood",
        "",
        f64::from(u32::try_from(after.0 - before.0).unwrap_or(u32::MAX)),
    ));
    report.add(single("most memory of a node, quiet", "MiB", before.1));
    report.add(single("most memory of a node, flooded", "MiB", after.1));
    report.note(format!("flood for {seconds} s: {done:?}"));
}
