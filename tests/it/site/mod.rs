//! The public side as its readers meet it: its pages in real browsers, all its links, Sirekap's files, files to take home, names
//! with errors in them.
//!
//! Invariant: what is read is compared with itself, with what was reported, or with facts written down here; nothing but the
//! contract is shared with the program.

mod crawl;
mod downloads;
mod election_report;
mod names;
mod pages;
mod scraper;
mod sheet;
mod webkit;

use serde_json::{Value, json};
use tests::client::Officer;
use tests::cluster::Cluster;
use tests::form;
use tests::register::{CONTEST, VILLAGES};
use tests::wait;
use uuid::Uuid;

/// Forms that one batch takes here.
const BATCH: usize = 250;
/// Stations of each village of the register that report in [`counted`].
const REPORTED: u32 = 10;

/// A sound form that differs from place to place.
fn form_of(place: u32) -> Value {
    let votes = [20 + place * 7 % 60, 40 + place * 5 % 60, 10 + place * 3 % 30];
    form::of_votes(votes, place % 6)
}

/// A form whose votes are 50 more than its valid ones: it is held.
fn held_form() -> Value {
    form::with(&form::of_votes([41, 99, 60], 5), "/votes/100025", 91)
}

/// Reports forms as first ones; the index of the last.
async fn report(officer: &Officer, forms: &[(String, Value)]) -> u64 {
    let mut index = 0;
    for part in forms.chunks(BATCH) {
        let item = |(station, form): &(String, Value)| {
            json!({
                "key": Uuid::new_v4().to_string(), "contest": CONTEST, "station": station, "if_revision": 0,
                "form": form, "confirm": [], "reason": null, "attachments": [], "observed_at": null,
            })
        };
        let items: Vec<Value> = part.iter().map(item).collect();
        let answer = officer.post("/api/v1/batches", &json!({"items": items})).await.expect_status(200);
        for result in answer.json()["results"].as_array().unwrap() {
            assert_eq!(result["status"], 201, "{result}");
            index = index.max(result["receipt"]["index"].as_u64().unwrap());
        }
    }
    index
}

/// Three nodes with the small register, in which a quarter of the stations reported, one of them a form that is held; every node
/// shows all of it.
async fn counted() -> (Cluster, Officer) {
    let cluster = Cluster::with_register().await;
    let officer = cluster.admin(0).await;
    let stations =
        VILLAGES.iter().flat_map(|(village, _)| (1..=REPORTED).map(move |number| (village, number)));
    let forms: Vec<(String, Value)> = (0..)
        .zip(stations)
        .map(|(place, (village, number))| {
            let form = if place == 3 { held_form() } else { form_of(place) };
            (format!("{village}{number:03}"), form)
        })
        .collect();
    let index = report(&officer, &forms).await;
    shown(&cluster, index).await;
    (cluster, officer)
}

/// Waits until the nation's page of every node has what was written up to an index.
async fn shown(cluster: &Cluster, index: u64) {
    let results = cluster.everywhere(&format!("/api/v1/results/{CONTEST}/0"), index).await;
    for (node, result) in results.iter().enumerate() {
        let version = result["as_of"]["version"].as_u64().unwrap();
        wait::until("the nation's page with all forms", async || {
            let page = cluster.public(node, "/").await;
            sheet::Sheet::of_page(&page.text).filter(|sheet| sheet.version == version)
        })
        .await;
    }
}
