//! Acknowledged writes beside etcd's puts of the same bytes.

use tests::process;

use crate::Arguments;
use crate::etcd::{self, Etcd};
use crate::load::{Sample, Writer, drive, percentile};
use crate::report::{Report, Row};
use crate::servers::{Rakit, form_of};

/// Stations each writer goes round.
const STATIONS_PER_WRITER: usize = 300;
/// Clients and rows of the comparison by batches.
const BATCH_CLIENTS: usize = 4;
const BATCH_ROWS: usize = 100;

/// One side of one round.
struct Turn {
    sample: Sample,
    server_cpu_ms: u64,
    own_cpu_ms: u64,
    flushes: Option<u64>,
}

impl Turn {
    fn rows_per_second(&self) -> f64 {
        f64::from(self.sample.rows) / self.sample.seconds
    }

    /// Per thousand acknowledged rows; not a number when there were none.
    fn per_thousand(&self, amount: u64) -> f64 {
        f64::from(u32::try_from(amount).unwrap_or(u32::MAX)) * 1_000.0 / f64::from(self.sample.rows)
    }

    fn latency_ms(&mut self, share: f64) -> f64 {
        f64::from(percentile(&mut self.sample.micros, share)) / 1_000.0
    }
}

async fn turn<W: Writer>(
    writers: &mut [W],
    seconds: u64,
    cpu_ms: impl Fn() -> u64,
    flushes: impl AsyncFn() -> Option<u64>,
) -> Turn {
    let own = || i32::try_from(std::process::id()).ok().and_then(process::cpu_ms).unwrap_or_default();
    let flushed_before = flushes().await;
    let (server_before, own_before) = (cpu_ms(), own());
    let sample = drive(writers, seconds).await;
    let (server_cpu_ms, own_cpu_ms) = (cpu_ms() - server_before, own() - own_before);
    let flushes = flushes().await.zip(flushed_before).map(|(after, before)| after - before);
    Turn { sample, server_cpu_ms, own_cpu_ms, flushes }
}

/// All rounds of one scenario.
struct Rounds {
    rakit: Vec<Turn>,
    etcd: Vec<Turn>,
}

/// Who writes, and where to.
struct Scenario<'a> {
    name: &'a str,
    clients: usize,
    rakit_nodes: Vec<usize>,
    etcd_members: Vec<usize>,
    rows: usize,
    etcd_clients: usize,
}

async fn rounds(rakit: &Rakit, etcd: &Etcd, arguments: &Arguments, scenario: &Scenario<'_>) -> Rounds {
    let mut forms = rakit.writers(scenario.clients, &scenario.rakit_nodes, scenario.rows);
    for writer in &mut forms {
        writer.prepare(STATIONS_PER_WRITER).await;
    }
    let mut puts = etcd.writers(scenario.etcd_clients, &scenario.etcd_members);
    // Connections are opened and caches filled before anything is counted.
    drop((drive(&mut forms, 1).await, drive(&mut puts, 1).await));
    let mut rounds = Rounds { rakit: Vec::new(), etcd: Vec::new() };
    for _ in 0..arguments.rounds {
        rounds.rakit.push(
            turn(&mut forms, arguments.seconds, || rakit.cpu_ms(), async || rakit.flushes().await).await,
        );
        rounds
            .etcd
            .push(turn(&mut puts, arguments.seconds, || etcd.cpu_ms(), async || etcd.flushes().await).await);
    }
    rounds
}

fn record(report: &mut Report, scenario: &Scenario<'_>, mut rounds: Rounds) {
    let name = scenario.name;
    let mut pair = |what: &str, unit: &str, figure: &mut dyn FnMut(&mut Turn) -> f64| {
        let rakit = rounds.rakit.iter_mut().map(&mut *figure).collect();
        let etcd = rounds.etcd.iter_mut().map(&mut *figure).collect();
        report.add(Row::pair("writes", &format!("{name}: {what}"), unit, rakit, etcd));
    };
    pair("acknowledged", "rows/s", &mut |turn| turn.rows_per_second());
    pair("servers' CPU", "ms/1,000 rows", &mut |turn| turn.per_thousand(turn.server_cpu_ms));
    pair("latency p50 of a request", "ms", &mut |turn| turn.latency_ms(0.50));
    pair("latency p99 of a request", "ms", &mut |turn| turn.latency_ms(0.99));
    pair("load generator's CPU", "ms/1,000 rows", &mut |turn| turn.per_thousand(turn.own_cpu_ms));
    if rounds.rakit.iter().chain(&rounds.etcd).all(|turn| turn.flushes.is_some()) {
        let mut flushes = |turn: &mut Turn| turn.per_thousand(turn.flushes.unwrap_or_default());
        let rakit = rounds.rakit.iter_mut().map(&mut flushes).collect();
        let etcd = rounds.etcd.iter_mut().map(&mut flushes).collect();
        report.add(Row::pair(
            "writes",
            &format!("{name}: log flushes, all servers"),
            "per 1,000 rows",
            rakit,
            etcd,
        ));
    } else {
        report.note(format!("{name}: flushes were not counted; a server shows no such metric"));
    }
    for (side, turns) in [("rakit", &rounds.rakit), ("etcd", &rounds.etcd)] {
        let failures: u32 = turns.iter().map(|turn| turn.sample.failures).sum();
        if let Some(reason) = turns.iter().find_map(|turn| turn.sample.reason.as_ref()) {
            report.note(format!("{name}: {failures} requests of {side} failed, such as: {reason}"));
        }
    }
}

/// One client at the leader and at a follower, then 16 and 64 at all nodes, then batches.
pub(crate) async fn measure(rakit: &Rakit, etcd: &Etcd, arguments: &Arguments, report: &mut Report) {
    report.note(format!(
        "peer of the writes: {}, three members, defaults; value {} bytes; etcd's CPU and flushes by its own counters",
        etcd::version().await,
        form_of(0).to_string().len()
    ));
    let (leader, etcd_leader) = (rakit.cluster.leader().await, etcd.leader().await);
    let all = vec![0, 1, 2];
    let at = |name, clients, rakit_nodes, etcd_members| Scenario {
        name,
        clients,
        rakit_nodes,
        etcd_members,
        rows: 1,
        etcd_clients: clients,
    };
    let mut scenarios = vec![
        at("1 client at the leader", 1, vec![leader], vec![etcd_leader]),
        at("1 client at a follower", 1, vec![(leader + 1) % 3], vec![(etcd_leader + 1) % 3]),
        at("16 clients", 16, all.clone(), all.clone()),
        at("64 clients", 64, all.clone(), all.clone()),
    ];
    scenarios.push(Scenario {
        name: "batches of 100 from 4 clients, etcd 64 clients",
        clients: BATCH_CLIENTS,
        rakit_nodes: all.clone(),
        etcd_members: all,
        rows: BATCH_ROWS,
        etcd_clients: 64,
    });
    for scenario in &scenarios {
        let rounds = rounds(rakit, etcd, arguments, scenario).await;
        record(report, scenario, rounds);
    }
}
