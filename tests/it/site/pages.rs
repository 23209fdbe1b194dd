//! The public site in real browsers: `tests/browser/cases/site-*.mjs` plays the readers, this side makes a nation to look at.
//!
//! Invariant: the nation has every province and regency under its real name, stations that reported and others that did not, a
//! form with a photo and a history, one that is flagged and one that is held.

use std::path::Path;

use serde_json::{Value, json};
use tests::clamd::Clamd;
use tests::client::Officer;
use tests::cluster::Cluster;
use tests::country::{self, Named};
use tests::program::run;
use tests::register::load_tables;
use tests::{browser, form, pictures};
use tokio::process::Command;

use super::downloads::installed;
use super::webkit::WebKit;
use super::{form_of, held_form, report, shown};

/// The province that is looked at closely, and its stations in each village.
const CLOSE: (&str, u32) = ("31", 12);
/// The province from which nothing came yet.
const WAITING: &str = "51";
/// The station whose form has a photo, by its number in the first village looked at.
const SIDES: (u32, u32) = (1_020, 720);

/// A nation in little, and the codes of its villages.
struct Nation {
    cluster: Cluster,
    villages: Vec<Named>,
    /// Looks through photos; ends with the nation.
    scanner: Option<Clamd>,
}

impl Nation {
    async fn with(scanner: Option<Clamd>) -> Self {
        let address = scanner.as_ref().map(|scanner| ("RAKIT_SCANNER_ADDRESS".to_owned(), scanner.address()));
        let cluster = Cluster::with_settings(&std::env::temp_dir(), 3, address.into_iter().collect()).await;
        let regions = country::in_little();
        let stations = |village: &str| if village.starts_with(CLOSE.0) { CLOSE.1 } else { 2 };
        let defined = json!({"contests": country::contest()["contests"]});
        let table = country::table(&regions, stations);
        load_tables(cluster.folder(), &cluster.file_path(), (&table, &defined)).await;
        let villages = regions.into_iter().filter(|region| region.code.len() == 10).collect();
        Self { cluster, villages, scanner }
    }

    /// The first village of a region.
    fn village(&self, region: &str) -> &Named {
        self.villages.iter().find(|village| village.code.starts_with(region)).expect("a village")
    }

    fn close(&self) -> &Named {
        self.village(CLOSE.0)
    }

    /// Forms of some provinces more than of others; of one, none.
    fn forms(&self) -> Vec<(String, Value)> {
        let village = self.close();
        let mut forms = vec![
            (format!("{}002", village.code), form::of_votes([90, 50, 30], 40)),
            (format!("{}003", village.code), held_form()),
        ];
        for (place, village) in (0_u32..).zip(&self.villages) {
            let province: u32 = village.code[..2].parse().expect("digits");
            let known = village.code == self.close().code || village.code.starts_with(WAITING);
            if !known && !(place + province).is_multiple_of(province % 5 + 2) {
                forms.push((format!("{}001", village.code), form_of(place)));
            }
        }
        forms
    }

    /// All forms, and one with a photo that was corrected.
    async fn counted(&self) {
        let officer = self.cluster.admin(0).await;
        let index = report(&officer, &self.forms()).await;
        let index = if self.scanner.is_some() { self.photographed(&officer).await } else { index };
        shown(&self.cluster, index).await;
    }

    async fn photographed(&self, officer: &Officer) -> u64 {
        let request = officer.request(reqwest::Method::POST, "/api/v1/attachments");
        let request = request.header("Content-Type", "image/jpeg").body(pictures::photo(1, SIDES));
        let uploaded = tests::client::send(request).await.expect("an answer").expect_status(201).json();
        let station = format!("{}001", self.close().code);
        let mut body = form::body(&form::of_votes([41, 99, 60], 5));
        body["attachments"] = json!([uploaded["sha256"]]);
        drop(officer.put(&station, 0, &body).await.expect_status(201));
        body["form"] = form::of_votes([41, 98, 61], 5);
        body["reason"] = "Angka 1 terbaca 7 pada formulir; saksi hadir dan setuju.".into();
        let corrected = officer.put(&station, 1, &body).await.expect_status(200).json();
        corrected["receipt"]["index"].as_u64().expect("an index")
    }

    fn settings(&self) -> Value {
        let nodes = self.cluster.nodes();
        let (username, password) = self.cluster.admin_credentials();
        let close = &self.close().code;
        let walked = self.village("1101");
        let waiting = [("5101", "001"), ("5101", "002"), ("5102", "001")]
            .map(|(regency, number)| format!("{}{number}", self.village(regency).code));
        json!({
            "officers": nodes.iter().map(|node| node.officer.as_str()).collect::<Vec<_>>(),
            "public": nodes.iter().map(|node| node.public.as_str()).collect::<Vec<_>>(),
            "authority": self.cluster.authority_path(), "officer": {"username": username, "password": password},
            "places": {
                "province": CLOSE.0, "regency": &close[..4], "village": close,
                "photographed": format!("{close}001"), "absent": format!("{close}012"),
                "station": format!("{}001", walked.code), "name": walked.name,
                "waiting": waiting,
            },
        })
    }
}

async fn play(scanner: Option<Clamd>, file: &str) {
    let nation = Nation::with(scanner).await;
    nation.counted().await;
    let settings = nation.settings();
    browser::play(nation.cluster, file, &settings).await;
}

#[tokio::test]
async fn every_page_can_be_read_by_everybody() {
    play(Some(Clamd::start().await), "site-looks").await;
}

#[tokio::test]
async fn a_page_is_light_and_renews_itself() {
    play(None, "site-live").await;
}

/// Whether a picture is drawn: the head of the page in its colour, and much below.
fn drawn(path: &Path) -> bool {
    let picture = pictures::shown(&std::fs::read(path).expect("a picture"));
    let colors: std::collections::BTreeSet<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
    colors.len() > 50 && picture.get_pixel(2, 2).0 == [0x12, 0x46, 0x4f]
}

#[tokio::test]
async fn firefox_draws_the_same_pages() {
    if !installed("/usr/bin/firefox-esr", "firefox-esr") {
        return;
    }
    let nation = Nation::with(None).await;
    nation.counted().await;
    let home = tempfile::Builder::new().prefix("rakit-firefox-").tempdir().expect("a folder");
    for path in ["/", "/ppwp/31", "/cari?q=kebon", "/tentang", "/status"] {
        let picture = home.path().join("page.png");
        let address = format!("{}{path}", nation.cluster.nodes()[0].public);
        let mut firefox = Command::new("firefox-esr");
        firefox.args(["--headless", "--no-remote", "--window-size=1280,900", "--profile"]).arg(home.path());
        firefox.arg("--screenshot").arg(&picture).arg(&address).env("HOME", home.path());
        drop(run(&mut firefox).await.expect_code(0));
        assert!(drawn(&picture), "{path} in Firefox");
        std::fs::remove_file(picture).expect("a picture of the last page");
    }
}

#[tokio::test]
async fn webkit_shows_the_same_pages() {
    const SIZE: (u32, u32) = (1_280, 1_400);
    if !WebKit::is_installed() {
        return;
    }
    let nation = Nation::with(None).await;
    nation.counted().await;
    let webkit = WebKit::start(nation.cluster.http().clone(), SIZE).await;
    let base = &nation.cluster.nodes()[0].public;
    for (path, heading) in [
        ("/", "INDONESIA"),
        ("/ppwp/31", "DKI JAKARTA"),
        ("/cari?q=kebon", "Cari TPS"),
        ("/janggal/ppwp/31", "janggal"),
        ("/tentang", "Tentang"),
        ("/status", "Status"),
        ("/tidak-ada", "tidak ditemukan"),
    ] {
        webkit.open(&format!("{base}{path}")).await;
        let shown = webkit.value("return document.querySelector('h1').textContent").await;
        assert!(shown.as_str().is_some_and(|text| text.contains(heading)), "{path}: {shown}");
        let wide = webkit.value("return document.documentElement.scrollWidth - innerWidth").await;
        assert_eq!(wide, 0, "{path} is wider than its window");
        let color =
            webkit.value("return getComputedStyle(document.querySelector('header')).backgroundColor").await;
        assert_eq!(color, "rgb(18, 70, 79)", "{path}");
    }
    webkit.open(&format!("{base}/ppwp/31")).await;
    let pressed = webkit
        .value("document.querySelectorAll('thead button')[1].click(); return document.querySelectorAll('thead th')[1].ariaSort")
        .await;
    assert_eq!(pressed, "descending", "the table is sorted by what was pressed");
    webkit.open(&format!("{base}/kios")).await;
    // WebKit styles what is used as it styles the symbol, so rules for the patterns of bars must not reach symbols.
    let stroke =
        webkit.value("return getComputedStyle(document.querySelector('.defs symbol path')).stroke").await;
    assert_eq!(stroke, "none", "icons take their colour from where they are used");
}
