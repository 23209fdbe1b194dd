//! The officers' side under load: forms at a rate that many clients keep together, and a storm of sign-ins by code beside
//! writes.
//!
//! Invariant: arrivals are set beforehand and do not wait for answers; a time runs from when a request was due, so that a
//! stall counts for all that it delays.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::client::{Officer, send};
use tests::pictures::hex;
use uuid::Uuid;

use crate::load::{Sample, Writer, percentile};
use crate::report::{Report, Row};
use crate::servers::Rakit;

/// Crockford's base 32, in which codes are written.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Accounts that are defined in one call.
const ACCOUNTS_PER_CALL: usize = 2_000;
/// Addresses that sign-ins come from.
const ADDRESSES: u32 = 500;
/// Sign-ins that are on their way at most: what more is due counts as late.
const SIGN_INS_MAX: usize = 400;
/// Sessions that are ended to see how soon every node knows.
const REVOCATIONS: u32 = 20;

/// What is asked of the officers' side.
pub(crate) struct Asked {
    /// Forms a second.
    pub(crate) forms: u32,
    /// Clients that bring them.
    pub(crate) clients: usize,
    /// Sign-ins a second.
    pub(crate) sign_ins: u32,
    /// How long each lasts.
    pub(crate) seconds: u64,
}

/// Requests that are due at a steady rate, taken by whoever is free.
pub(crate) struct Arrivals {
    pub(crate) began: Instant,
    per_second: u32,
    all: u32,
    taken: Cell<u32>,
}

impl Arrivals {
    pub(crate) fn new(per_second: u32, seconds: u64) -> Self {
        let all = per_second * u32::try_from(seconds).expect("a bench of some minutes");
        Self { began: Instant::now(), per_second, all, taken: Cell::new(0) }
    }

    /// The next one and when it is due; waits for that.
    pub(crate) async fn next(&self) -> Option<(u32, Instant)> {
        let number = self.taken.get();
        if number >= self.all {
            return None;
        }
        self.taken.set(number + 1);
        let due = self.began + Duration::from_secs(1) * number / self.per_second;
        tokio::time::sleep_until(due.into()).await;
        Some((number, due))
    }
}

/// Forms at a rate, by so many clients on all nodes.
pub(crate) async fn forms(rakit: &Rakit, per_second: u32, clients: usize, seconds: u64) -> Sample {
    let mut writers = rakit.writers(clients, &[0, 1, 2], 1);
    let arrivals = Arrivals::new(per_second, seconds);
    let one = async |writer: &mut crate::servers::FormWriter| {
        let mut sample = Sample::default();
        while let Some((_, due)) = arrivals.next().await {
            let outcome = writer.write().await;
            sample.add(due, outcome);
        }
        sample
    };
    let parts = join_all(writers.iter_mut().map(one)).await;
    Sample::joined(parts, arrivals.began)
}

pub(crate) fn told(part: &str, what: &str, sample: &mut Sample, report: &mut Report) {
    let millis = |micros: u32| f64::from(micros) / 1_000.0;
    let mut row = |name: &str, unit: &str, value: f64| {
        report.add(Row::single(part, &format!("{what}: {name}"), unit, value));
    };
    row("answered", "/s", f64::from(sample.rows) / sample.seconds);
    row("median", "ms", millis(percentile(&mut sample.micros, 0.5)));
    row("99 %", "ms", millis(percentile(&mut sample.micros, 0.99)));
    row("worst", "ms", millis(percentile(&mut sample.micros, 1.0)));
    row("failed", "", f64::from(sample.failures));
    if let Some(reason) = &sample.reason {
        report.note(format!("{part}, {what}: {reason}"));
    }
}

/// Forms at the rate asked for, then as many as there can be.
pub(crate) async fn measure_forms(rakit: &Rakit, asked: &Asked, report: &mut Report) {
    let cpu = rakit.cpu_ms();
    let mut sample = forms(rakit, asked.forms, asked.clients, asked.seconds).await;
    let part = format!("forms, {} clients on 3 nodes", asked.clients);
    told(&part, &format!("{} due a second for {} s", asked.forms, asked.seconds), &mut sample, report);
    let spent = u32::try_from(rakit.cpu_ms() - cpu).unwrap_or(u32::MAX);
    report.add(Row::single(&part, "nodes' processor time", "s", f64::from(spent) / 1_000.0));
}

/// A code and what is kept of it.
fn code(username: &str) -> (String, String) {
    let letters: String =
        Uuid::new_v4().into_bytes().iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    let digest = Sha256::digest([username.as_bytes(), &[0], letters.as_bytes()].concat());
    (letters, hex(&digest))
}

/// Makes accounts with codes; what each signs in with.
async fn accounts(rakit: &Rakit, count: u32) -> Vec<(String, String)> {
    let mut made = Vec::new();
    let mut entries: Vec<Value> = Vec::new();
    let ops = &rakit.cluster.nodes()[0].ops;
    for number in 0..count {
        let username = format!("kpps-{number:06}");
        let (letters, digest) = code(&username);
        entries.push(json!({"username": username, "role": "officer", "scope": "33", "code_digest": digest}));
        made.push((username, letters));
        if entries.len() == ACCOUNTS_PER_CALL || number + 1 == count {
            let body = json!({"accounts": std::mem::take(&mut entries)});
            let request = rakit.cluster.http().post(format!("{ops}/api/v1/master/accounts")).json(&body);
            let key = Uuid::new_v4().to_string();
            drop(send(request.header("Idempotency-Key", key)).await.expect("an answer").expect_status(200));
        }
    }
    made
}

/// Clients that keep no connection, each at an address of its own.
fn strangers(authority: &[u8]) -> Vec<Client> {
    let client = |number: u32| {
        let [_, _, third, fourth] = number.to_be_bytes();
        Client::builder()
            .tls_certs_only(Certificate::from_pem_bundle(authority).expect("certificates"))
            .local_address(IpAddr::V4(Ipv4Addr::new(127, 77, third, fourth.max(1))))
            .pool_max_idle_per_host(0)
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .expect("a client")
    };
    (1..=ADDRESSES).map(client).collect()
}

/// Sign-ins at a rate, each on a connection of its own.
async fn storm(rakit: &Rakit, accounts: &[(String, String)], per_second: u32, seconds: u64) -> Sample {
    let clients = strangers(rakit.authority());
    let nodes = rakit.cluster.nodes();
    let arrivals = Arrivals::new(per_second, seconds);
    let one = async |_: usize| {
        let mut sample = Sample::default();
        while let Some((number, due)) = arrivals.next().await {
            let place = usize::try_from(number).expect("a small number");
            let (username, letters) = &accounts[place];
            let url = format!("{}/api/v1/session", nodes[place % nodes.len()].officer);
            let request = clients[place % clients.len()].post(url);
            let outcome = send(request.json(&json!({"username": username, "code": letters}))).await;
            let outcome = outcome.and_then(|answer| match answer.status {
                201 => Ok(1),
                status => Err(format!("{status} {}", answer.text)),
            });
            sample.add(due, outcome);
        }
        sample
    };
    let parts = join_all((0..SIGN_INS_MAX).map(one)).await;
    Sample::joined(parts, arrivals.began)
}

/// Writes alone, then beside a storm of sign-ins by code from many addresses; then how soon an ended session is over.
pub(crate) async fn measure_sign_ins(rakit: &Rakit, asked: &Asked, report: &mut Report) {
    const WRITES: u32 = 50;
    let part = "sign-ins by code";
    let seconds = u32::try_from(asked.seconds).expect("some minutes");
    let accounts = accounts(rakit, asked.sign_ins * seconds).await;
    let mut quiet = forms(rakit, WRITES, 20, 10).await;
    told(part, &format!("{WRITES} forms a second, nothing else"), &mut quiet, report);
    let (mut writes, mut sign_ins) = tokio::join!(
        forms(rakit, WRITES, 20, asked.seconds),
        storm(rakit, &accounts, asked.sign_ins, asked.seconds),
    );
    told(part, &format!("{WRITES} forms a second, beside the storm"), &mut writes, report);
    let what = format!("{} due a second for {seconds} s from {ADDRESSES} addresses", asked.sign_ins);
    told(part, &what, &mut sign_ins, report);
    let mut micros = Vec::new();
    for _ in 0..REVOCATIONS {
        micros.push(revoked(rakit).await);
    }
    let millis = f64::from(percentile(&mut micros, 1.0)) / 1_000.0;
    report.add(Row::single(
        part,
        &format!("{REVOCATIONS} sessions ended: every node refuses, worst"),
        "ms",
        millis,
    ));
}

/// Ends a session; how long after the answer the last node let it pass.
async fn revoked(rakit: &Rakit) -> u32 {
    let (username, password) = rakit.cluster.admin_credentials();
    let nodes = rakit.cluster.nodes();
    let officer = Officer::login(rakit.cluster.http(), &nodes[0].officer, username, password).await;
    let at: Vec<Officer> = nodes.iter().map(|node| officer.at(&node.officer)).collect();
    for officer in &at {
        drop(officer.get("/api/v1/me").await.expect_status(200));
    }
    let request = officer.request(Method::DELETE, "/api/v1/session");
    let ended = send(request.header("Idempotency-Key", Uuid::new_v4().to_string())).await.expect("an answer");
    let acknowledged = Instant::now();
    drop(ended.expect_status(204));
    let refuses = async |officer: &Officer| {
        let mut asked = Instant::now();
        while officer.get("/api/v1/me?consistency=local").await.status == 200 {
            asked = Instant::now();
        }
        asked
    };
    let last = join_all(at.iter().map(refuses)).await.into_iter().max().unwrap_or(acknowledged);
    u32::try_from(last.saturating_duration_since(acknowledged).as_micros()).unwrap_or(u32::MAX)
}
