//! The Rakit side: a cluster with a register to write into, and writers that own a share of its stations.

use std::path::Path;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tests::client::{Officer, send, trusting};
use tests::cluster::Cluster;
use tests::register::{self, CONTEST};
use tests::{form, process};
use uuid::Uuid;

use crate::load::Writer;

const VILLAGES: u32 = 200;
const STATIONS_PER_VILLAGE: u32 = 100;

/// A running cluster and a session in it.
pub(crate) struct Rakit {
    pub(crate) cluster: Cluster,
    admin: Officer,
    authority: Vec<u8>,
    stations: Vec<String>,
    /// Whether `public` speaks TLS.
    pub(crate) tls: bool,
}

/// Districts that nobody writes to, and their villages: what makes pages of a certain size.
const WIDE: [(&str, u32); 2] = [("339001", 40), ("339002", 140)];

fn villages() -> Vec<(String, u32)> {
    (0..VILLAGES)
        .map(|village| {
            let (regency, district) = (village / 50 + 1, village / 10 % 5 + 1);
            (format!("33{regency:02}{district:02}{:04}", 1_001 + village % 10), STATIONS_PER_VILLAGE)
        })
        .collect()
}

impl Rakit {
    /// Three nodes as they come.
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::with_settings(folder, false, Vec::new()).await
    }

    /// Three nodes whose pages are compared with those of one worker, so one thread sends them; `tls` says whether
    /// `public` speaks TLS.
    pub(crate) async fn start_for_pages(folder: &Path, tls: bool) -> Self {
        let settings = vec![
            ("RAKIT_TLS_PUBLIC".to_owned(), tls.to_string()),
            ("RAKIT_LIMITS_PUBLIC_THREADS".to_owned(), "1".to_owned()),
        ];
        Self::with_settings(folder, tls, settings).await
    }

    async fn with_settings(folder: &Path, tls: bool, settings: Vec<(String, String)>) -> Self {
        let cluster = Cluster::with_settings(folder, 3, settings).await;
        let villages = villages();
        let wide = WIDE.into_iter().flat_map(|(district, villages)| {
            (1..=villages).map(move |village| (format!("{district}{village:04}"), 1))
        });
        let all: Vec<(String, u32)> = villages.iter().cloned().chain(wide).collect();
        register::load(cluster.folder(), &cluster.file_path(), &all).await;
        let admin = cluster.admin(0).await;
        let authority = std::fs::read(cluster.authority_path()).expect("the authority's certificate");
        let stations = villages
            .iter()
            .flat_map(|(village, count)| (1..=*count).map(move |number| format!("{village}{number:03}")))
            .collect();
        Self { cluster, admin, authority, stations, tls }
    }

    /// Certificate of the cluster's authority.
    pub(crate) fn authority(&self) -> &[u8] {
        &self.authority
    }

    /// A client with a connection of its own.
    pub(crate) fn client(&self) -> Client {
        trusting(&self.authority)
    }

    /// Writers with a connection and a share of the stations each; `nodes` are gone round.
    pub(crate) fn writers(&self, count: usize, nodes: &[usize], rows: usize) -> Vec<FormWriter> {
        let share = self.stations.len() / count;
        self.stations
            .chunks(share)
            .take(count)
            .enumerate()
            .map(|(place, stations)| {
                let base = &self.cluster.nodes()[nodes[place % nodes.len()]].officer;
                FormWriter {
                    officer: self.admin.at(base).over(self.client()),
                    stations: stations.iter().map(|station| (station.clone(), None)).collect(),
                    next: 0,
                    rows,
                }
            })
            .collect()
    }

    /// Processor time of all nodes.
    pub(crate) fn cpu_ms(&self) -> u64 {
        (0..3).filter_map(|node| process::cpu_ms(self.cluster.pid(node)?)).sum()
    }

    /// Flushes of the log that all nodes have counted.
    pub(crate) async fn flushes(&self) -> Option<u64> {
        let mut sum = 0;
        for node in 0..3 {
            let metrics = self.cluster.ops(node, "/metrics").await?.text;
            sum += metrics.lines().find_map(|line| line.strip_prefix(FLUSHES)?.trim().parse::<u64>().ok())?;
        }
        Some(sum)
    }
}

/// The metric that counts flushes of the log.
const FLUSHES: &str = "rakit_log_fsyncs_total ";

/// Writes first reports to the stations it owns, then corrections of them.
pub(crate) struct FormWriter {
    officer: Officer,
    /// Station and its current revision, when that is known.
    stations: Vec<(String, Option<u64>)>,
    next: usize,
    /// Forms in one request; one means `PUT`, more a batch.
    rows: usize,
}

/// The form that every write carries; varied a little, so that a correction changes something.
pub(crate) fn form_of(turn: u64) -> Value {
    let votes = u32::try_from(turn % 50).unwrap_or_default();
    form::of_votes([100 + votes, 60, 20], 4)
}

impl FormWriter {
    /// The revision a write must name; asked for when an earlier run left forms behind.
    async fn revision(&mut self, place: usize) -> Result<u64, String> {
        if let Some(revision) = self.stations[place].1 {
            return Ok(revision);
        }
        let path = format!("/api/v1/stations/{}/{CONTEST}?consistency=linearizable", self.stations[place].0);
        let answer = send(self.officer.request(Method::GET, &path)).await?;
        let revision = answer.json()["revision"].as_u64().ok_or_else(|| format!("{answer:?}"))?;
        self.stations[place].1 = Some(revision);
        Ok(revision)
    }

    async fn put(&mut self, place: usize) -> Result<u32, String> {
        let revision = self.revision(place).await?;
        let body = form::body(&form_of(revision));
        let request = self.officer.put_request(&self.stations[place].0, revision, Uuid::new_v4(), &body);
        self.stations[place].1 = None;
        let answer = send(request).await?;
        if !matches!(answer.status, 200 | 201) {
            return Err(format!("{} {}", answer.status, answer.text));
        }
        self.stations[place].1 = Some(revision + 1);
        Ok(1)
    }

    async fn batch(&mut self, first: usize) -> Result<u32, String> {
        let places: Vec<usize> =
            (first..first + self.rows).map(|place| place % self.stations.len()).collect();
        let mut items = Vec::with_capacity(places.len());
        for place in &places {
            let revision = self.revision(*place).await?;
            items.push(json!({
                "key": Uuid::new_v4().to_string(), "contest": CONTEST, "station": self.stations[*place].0,
                "if_revision": revision, "form": form_of(revision), "confirm": [], "reason": null,
                "attachments": [], "observed_at": null,
            }));
        }
        let answer = send(
            self.officer
                .request(Method::POST, "/api/v1/batches")
                .header("Idempotency-Key", Uuid::new_v4().to_string())
                .json(&json!({"items": items})),
        )
        .await?;
        let body = answer.json();
        let results =
            body["results"].as_array().ok_or_else(|| format!("{} {}", answer.status, answer.text))?;
        let mut stored = 0;
        for (place, result) in places.iter().zip(results) {
            let known = matches!(result["status"].as_u64(), Some(200 | 201));
            self.stations[*place].1 = if known { result["receipt"]["revision"].as_u64() } else { None };
            stored += u32::from(known);
        }
        if stored == 0 { Err(answer.text) } else { Ok(stored) }
    }

    /// Asks for every revision before time is taken.
    pub(crate) async fn prepare(&mut self, stations: usize) {
        for place in 0..stations.min(self.stations.len()) {
            self.revision(place).await.expect("the revision of a station");
        }
        self.stations.truncate(stations.max(self.rows));
    }
}

impl Writer for FormWriter {
    async fn write(&mut self) -> Result<u32, String> {
        let place = self.next % self.stations.len();
        self.next = place + self.rows;
        if self.rows == 1 { self.put(place).await } else { self.batch(place).await }
    }
}
