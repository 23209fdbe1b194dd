//! What photos cost as they become many: time to hand one in and to fetch one, memory, at the start of each gigabyte.
//!
//! Invariant: what fills the store goes the same way as any upload, scanner and majority included; what is timed are
//! photos of an ordinary telephone, between the fillings.

use std::path::Path;
use std::time::Instant;

use reqwest::Method;
use serde_json::json;
use tests::clamd::Clamd;
use tests::client::{Officer, send};
use tests::cluster::Cluster;
use tests::pictures::{pdf, photo};
use tests::{form, process, program, register};

use crate::load::percentile;
use crate::report::{Report, Row};

/// Bytes of a document that fills: as much as one may have, nearly.
const FILLING_BYTES: usize = 9_500_000;
/// Documents in a gigabyte.
const FILLINGS_PER_GIGABYTE: u32 = 105;
/// Documents on their way at once.
const FILLERS: usize = 2;
/// Photos that are timed at the start of each gigabyte.
const PROBES: u32 = 12;
/// Times each of them is fetched.
const FETCHES: u32 = 4;

struct Store {
    cluster: Cluster,
    officer: Officer,
    stations: Vec<String>,
    _clamd: Clamd,
}

/// Fills a cluster of some nodes with so many gigabytes.
pub(crate) async fn measure(folder: &Path, nodes: u16, gigabytes: u32, report: &mut Report) {
    let clamd = Clamd::start().await;
    let settings = vec![("RAKIT_SCANNER_ADDRESS".to_owned(), clamd.address())];
    let cluster = if nodes == 1 {
        Cluster::alone(folder, settings).await
    } else {
        Cluster::with_settings(folder, nodes, settings).await
    };
    register::load(cluster.folder(), &cluster.file_path(), &[("3101011001".to_owned(), 900)]).await;
    let officer = cluster.admin(0).await;
    let stations = (1..=900).map(|number| format!("3101011001{number:03}")).collect();
    let mut store = Store { cluster, officer, stations, _clamd: clamd };
    let part = format!("photos, {nodes} node(s)");
    for gigabyte in 0..=gigabytes {
        store.probe(&part, gigabyte, report).await;
        if gigabyte < gigabytes {
            store.fill(&part, gigabyte, report).await;
        }
    }
    store.rescan(&part, gigabytes, report).await;
}

impl Store {
    async fn upload(&self, kind: &str, bytes: Vec<u8>) -> (String, u32) {
        let started = Instant::now();
        let request = self.officer.request(Method::POST, "/api/v1/attachments").header("Content-Type", kind);
        let answer = send(request.body(bytes)).await.expect("an answer").expect_status(201);
        let micros = u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX);
        (answer.json()["sha256"].as_str().expect("a name").to_owned(), micros)
    }

    /// Hands photos in, names them and fetches them, one after the other.
    async fn probe(&mut self, part: &str, gigabyte: u32, report: &mut Report) {
        let (mut uploads, mut fetches) = (Vec::new(), Vec::new());
        for number in 0..PROBES {
            let bytes = photo(gigabyte * 1_000 + number, (1_600, 1_200));
            let (name, micros) = self.upload("image/jpeg", bytes).await;
            uploads.push(micros);
            let station = self.stations.pop().expect("a station without a form");
            let mut body = form::body(&form::of_votes([100, 60, 40], 5));
            body["attachments"] = json!([name]);
            let stored = self.officer.put(&station, 0, &body).await.expect_status(201);
            let index = stored.json()["receipt"]["index"].as_u64().expect("an index");
            let url = format!(
                "{}/api/v1/attachments/{name}?min_index={index}",
                self.cluster.nodes()[self.cluster.nodes().len() - 1].public
            );
            for _ in 0..FETCHES {
                let started = Instant::now();
                let response = self.cluster.http().get(&url).send().await.expect("an answer");
                assert_eq!(response.status().as_u16(), 200);
                drop(response.bytes().await.expect("all bytes"));
                fetches.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
        }
        let resident = (0..self.cluster.nodes().len())
            .filter_map(|node| process::resident_kib(self.cluster.pid(node)?))
            .max()
            .unwrap_or_default();
        let resident = u32::try_from(resident / 1024).unwrap_or(u32::MAX);
        let millis = |micros: u32| f64::from(micros) / 1_000.0;
        let at = |what: &str| format!("at {gigabyte} GB: {what}");
        let mut row =
            |what: &str, unit: &str, value: f64| report.add(Row::single(part, &at(what), unit, value));
        row("photo handed in, median", "ms", millis(percentile(&mut uploads, 0.5)));
        row("photo fetched, median", "ms", millis(percentile(&mut fetches, 0.5)));
        row("photo fetched, 95 %", "ms", millis(percentile(&mut fetches, 0.95)));
        row("most memory of a node", "MiB", f64::from(resident));
    }

    async fn fill(&self, part: &str, gigabyte: u32, report: &mut Report) {
        let started = Instant::now();
        let cpu = self.cpu_ms();
        let filler = |first: u32| async move {
            let mut micros = Vec::new();
            for number in (first..FILLINGS_PER_GIGABYTE).step_by(FILLERS) {
                let bytes = document(gigabyte * 1_000 + number);
                micros.push(self.upload("application/pdf", bytes).await.1);
            }
            micros
        };
        let parts = futures_util::future::join_all((0..).take(FILLERS).map(filler)).await;
        let mut micros: Vec<u32> = parts.into_iter().flatten().collect();
        let seconds = started.elapsed().as_secs_f64();
        let cpu = u32::try_from(self.cpu_ms() - cpu).unwrap_or(u32::MAX);
        let what = |what: &str| format!("gigabyte {}: {what}", gigabyte + 1);
        report.add(Row::single(part, &what("time to fill it"), "s", seconds));
        report.add(Row::single(part, &what("nodes' processor time"), "s", f64::from(cpu) / 1_000.0));
        let median = f64::from(percentile(&mut micros, 0.5)) / 1_000.0;
        report.add(Row::single(part, &what("document of 9.5 MB handed in, median"), "ms", median));
    }

    fn cpu_ms(&self) -> u64 {
        let nodes = 0..self.cluster.nodes().len();
        nodes.filter_map(|node| process::cpu_ms(self.cluster.pid(node)?)).sum()
    }

    /// Everything is read, compared with its name, and shown to the scanner.
    async fn rescan(&self, part: &str, gigabytes: u32, report: &mut Report) {
        let started = Instant::now();
        let ops = &self.cluster.nodes()[0].ops;
        let path = "/api/v1/attachments/rescan";
        drop(
            send(self.cluster.http().post(format!("{ops}{path}")))
                .await
                .expect("an answer")
                .expect_status(202),
        );
        let patience = std::time::Duration::from_hours(2);
        tests::wait::until_within(patience, "the end of the pass", async || {
            let told = self.cluster.ops(0, path).await?.json();
            assert_ne!(told["state"], "failed", "{told}");
            (told["state"] == "done").then_some(())
        })
        .await;
        let each = started.elapsed().as_secs_f64() / f64::from(gigabytes.max(1));
        report.add(Row::single(part, "a gigabyte shown to the scanner again", "s", each));
        let file = self.cluster.file_path();
        let status = ["status", "--cluster", file.to_str().expect("a path in UTF-8")];
        drop(program::rakit(status).await.expect_code(0));
    }
}

fn document(number: u32) -> Vec<u8> {
    let noise = noise(number, FILLING_BYTES);
    let head = format!(
        "<</Type /XObject /Subtype /Image /Width 9 /Height 9 /Filter /DCTDecode /Length {}>>\nstream\n",
        noise.len()
    );
    pdf("", &[[head.as_bytes(), &noise, b"\nendstream"].concat()])
}

/// Bytes that nothing can pack, like no others of another seed.
fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
