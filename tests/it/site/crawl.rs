//! A crawler goes down the whole tree, over every link.
//!
//! Invariant: every page adds up within itself at any time; a place has one set of numbers at one version, in its own page and in
//! its row of the page above, at every node; no link leads nowhere.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;
use tests::client::Officer;
use tests::cluster::Cluster;
use tests::form;
use tests::register::{CONTEST, stations};

use super::sheet::{Sheet, Versions};
use super::{counted, form_of};

/// Regions of the register: nation, provinces, regencies, districts and villages.
const REGIONS: usize = 1 + 2 + 3 + 4 + 6;

/// Addresses on this site that a page names.
fn links(html: &str) -> Vec<String> {
    let named = ["href=\"", "src=\""].into_iter().flat_map(|start| html.split(start).skip(1));
    let named = named.filter_map(|rest| rest.split('"').next());
    let own = named.filter(|address| address.starts_with('/') && !address.starts_with("//"));
    own.map(|address| {
        address.split('#').next().unwrap_or_default().replace("&amp;", "&").replace("&#38;", "&")
    })
    .collect()
}

/// What was found on the way.
#[derive(Default)]
struct Found {
    seen: BTreeSet<String>,
    pages: BTreeMap<String, Sheet>,
    data: BTreeMap<String, Sheet>,
}

async fn crawl(cluster: &Cluster) -> Found {
    let mut found = Found::default();
    let mut waiting = VecDeque::from([("/".to_owned(), String::new())]);
    while let Some((address, named_by)) = waiting.pop_front() {
        if !found.seen.insert(address.clone()) {
            continue;
        }
        let answer = cluster.public(found.seen.len() % cluster.nodes().len(), &address).await;
        assert_eq!(answer.status, 200, "{address}, which {named_by} leads to: {answer:?}");
        if address.starts_with("/api/v1/results/") {
            let sheet = Sheet::of_data(&answer.json());
            found.data.insert(sheet.own.code.clone(), sheet);
        } else if answer.header("content-type").starts_with("text/html") {
            waiting.extend(links(&answer.text).into_iter().map(|link| (link, address.clone())));
            if let Some(sheet) = Sheet::of_page(&answer.text) {
                found.pages.insert(sheet.own.code.clone(), sheet);
            }
        }
    }
    found
}

#[tokio::test]
async fn every_link_leads_somewhere_and_all_pages_add_up() {
    let (cluster, _) = counted().await;
    let Found { seen, pages, data } = crawl(&cluster).await;
    assert_eq!((pages.len(), data.len()), (REGIONS, REGIONS), "{seen:?}");
    for station in stations() {
        assert!(seen.contains(&format!("/tps/{station}/{CONTEST}")), "{station} is not reached");
    }
    for path in ["/cari", "/tentang", "/docs", "/status", "/kios", "/openapi.json", "/janggal/ppwp/0"] {
        assert!(seen.contains(path), "{path} is not reached");
    }
    let mut versions = Versions::default();
    for (code, sheet) in &data {
        sheet.adds_up(code);
        versions.note(sheet);
        let page = &pages[code];
        page.adds_up(code);
        assert_eq!((page.version, &page.own.numbers), (sheet.version, &sheet.as_on_the_page()), "{code}");
        let codes = |sheet: &Sheet| sheet.rows.iter().map(|row| row.code.clone()).collect::<Vec<_>>();
        assert_eq!(codes(page), codes(sheet), "{code}");
    }
    assert_eq!(versions.again, REGIONS - 1, "nobody writes, so every row is of the version of its own page");
    assert_eq!(data["0"].own.numbers[9], 60, "forms that are in: {:?}", data["0"]);
}

/// Reports from all stations that did not yet, one by one.
async fn write(officer: &Officer, done: &Cell<bool>) {
    for (place, station) in (100..).zip(stations()) {
        if station[10..].parse::<u32>().unwrap() > super::REPORTED {
            drop(officer.put(&station, 0, &form::body(&form_of(place))).await.expect_status(201));
        }
    }
    done.set(true);
}

/// Reads all regions at all nodes, people's pages and data, until nobody writes any more; how often, and what was seen.
async fn read(cluster: &Cluster, codes: &[String], done: &Cell<bool>) -> (usize, Versions) {
    let (mut rounds, mut versions) = (0, Versions::default());
    loop {
        let last = done.get();
        for (place, code) in codes.iter().enumerate() {
            let node = (place + rounds) % cluster.nodes().len();
            let page = cluster.public(node, &format!("/{CONTEST}/{code}")).await.expect_status(200);
            Sheet::of_page(&page.text).expect("a sheet").adds_up(code);
            let data: Value = cluster
                .public(node, &format!("/api/v1/results/{CONTEST}/{code}"))
                .await
                .expect_status(200)
                .json();
            let sheet = Sheet::of_data(&data);
            sheet.adds_up(code);
            versions.note(&sheet);
        }
        rounds += 1;
        if last {
            return (rounds, versions);
        }
    }
}

#[tokio::test]
async fn every_page_adds_up_while_forms_arrive() {
    let (cluster, officer) = counted().await;
    let codes: BTreeSet<String> =
        stations().iter().flat_map(|code| [2, 4, 6, 10].map(|digits| code[..digits].to_owned())).collect();
    let codes: Vec<String> = std::iter::once("0".to_owned()).chain(codes).collect();
    assert_eq!(codes.len(), REGIONS);
    let done = Cell::new(false);
    let ((), (rounds, versions)) = tokio::join!(write(&officer, &done), read(&cluster, &codes, &done));
    assert!(rounds > 2 && versions.again > 0, "{rounds} rounds beside the writes are too few to tell");
}
