//! `rakit-bench`: what a write and a page cost here, beside etcd and nginx on the same machine in the same run.
//!
//! Invariants: both sides of a comparison run in turn, A B A B, with the same bytes, over TLS where Rakit has
//! TLS, flushing to the same disk, which is not memory; what the load generator itself used is shown apart.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement that meets something unexpected stops and says what it met; figures are fractions"
)]

mod country;
mod crowd;
mod disk;
mod etcd;
mod flood;
mod load;
mod officers;
mod pages;
mod photos;
mod report;
mod servers;
mod wire;
mod writes;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use report::Report;

/// Measures writes beside etcd, public pages beside nginx, and the disk.
#[derive(Parser)]
#[command(name = "rakit-bench")]
struct Arguments {
    /// Rounds of each comparison
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Length of one side of a round
    #[arg(long, default_value_t = 4, value_name = "SECONDS")]
    seconds: u64,
    /// Directory, on a disk, below which everything is kept while it runs
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
    /// Only these parts: disk, writes, pages; photos, forms, logins, flood and country only when named
    #[arg(long, value_delimiter = ',', default_value = "disk,writes,pages")]
    only: Vec<String>,
    /// Forms: so many a second
    #[arg(long, default_value_t = 500, value_name = "N")]
    forms: u32,
    /// Forms: clients that bring them
    #[arg(long, default_value_t = 200, value_name = "N")]
    clients: usize,
    /// Logins: so many a second
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    logins: u32,
    /// Forms, logins and flood: how long
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    duration: u64,
    /// Crowd: public addresses
    #[arg(long, value_delimiter = ',', value_name = "ADDRESSES", hide = true)]
    public: Vec<String>,
    /// Crowd: addresses for officers
    #[arg(long, value_delimiter = ',', value_name = "ADDRESSES", hide = true)]
    officer: Vec<String>,
    /// Photos: gigabytes to fill the store with
    #[arg(long, default_value_t = 1, value_name = "N")]
    gigabytes: u32,
    /// Photos: nodes of the cluster
    #[arg(long, default_value_t = 3, value_name = "N")]
    nodes: u16,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::parse();
    let wanted = |part: &str| arguments.only.iter().any(|name| name == part);
    if wanted("crowd") {
        // Started by the part `flood`, which reads what it prints.
        let duration = Duration::from_secs(arguments.duration);
        let done = crowd::run(&arguments.public, &arguments.officer, duration).await;
        println!("{}", serde_json::to_string(&done).expect("plain numbers"));
        return;
    }
    disk::must_not_be_memory(&arguments.dir);
    let mut report = Report::default();
    if wanted("disk") {
        disk::measure(&arguments.dir, &mut report);
    }
    if wanted("writes") {
        let rakit = servers::Rakit::start(&arguments.dir).await;
        let etcd = etcd::Etcd::start(&arguments.dir).await;
        writes::measure(&rakit, &etcd, &arguments, &mut report).await;
    }
    if wanted("pages") {
        for tls in [false, true] {
            let rakit = servers::Rakit::start_for_pages(&arguments.dir, tls).await;
            pages::measure(&rakit, &arguments, &mut report).await;
        }
    }
    if wanted("forms") || wanted("logins") {
        let rakit = servers::Rakit::start(&arguments.dir).await;
        let asked = officers::Asked {
            forms: arguments.forms,
            clients: arguments.clients,
            sign_ins: arguments.logins,
            seconds: arguments.duration,
        };
        if wanted("forms") {
            officers::measure_forms(&rakit, &asked, &mut report).await;
        }
        if wanted("logins") {
            officers::measure_sign_ins(&rakit, &asked, &mut report).await;
        }
    }
    if wanted("country") {
        country::measure(&arguments.dir, arguments.seconds, &mut report).await;
    }
    if wanted("flood") {
        let rakit = servers::Rakit::start(&arguments.dir).await;
        flood::measure(&rakit, arguments.duration, &mut report).await;
    }
    if wanted("photos") {
        photos::measure(&arguments.dir, arguments.nodes, arguments.gigabytes, &mut report).await;
    }
    report.finish();
}
