//! Pages over the small country, read as a reader would.

use std::sync::Arc;

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tally::ids::ContestId;
use tally::region::{RegionCode, StationCode};
use tally::station::Submission;
use tower::ServiceExt as _;

use super::fixture::{Country, PROVINCES, form, ppwp, station, station_codes};
use super::{Conditions, Subject, Target, lapor, render};
use crate::ports::Queries;

fn page(country: &Country, path: &str) -> String {
    page_with(country, path, false).unwrap()
}

fn page_with(country: &Country, path: &str, stale: bool) -> Option<String> {
    let conditions = Conditions { stale, next_poll_ms: 15_000 };
    let view = country.local().unwrap();
    let rendered = render(&*view, Target::parse(path)?, conditions).unwrap()?;
    Some(String::from_utf8(rendered.body.to_vec()).unwrap())
}

/// The page for complaints, which the officers' listener has, by what its address says of the form.
fn complaint_page(country: &Country, form: &str) -> Option<String> {
    let (station, contest) = form.split_once('/')?;
    let view = country.local().unwrap();
    let contest = view.contest(&ContestId::parse(contest)?).unwrap()?;
    let said = lapor::Said::default();
    lapor::page(&*view, &contest, StationCode::parse(station)?, said, Conditions::quiet(0)).unwrap()
}

/// The visible text: tags become one space each.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for character in html.chars() {
        match character {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            other if !inside => text.push(other),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn counted() -> Arc<Country> {
    let country = Country::new();
    country.report_some();
    country
}

#[test]
fn an_empty_cluster_says_so() {
    let shown = text(&page(&Country::unfounded(), "/"));
    assert!(shown.contains("Belum ada pemilihan"), "{shown}");
}

#[test]
fn the_nation_is_the_sum_of_its_table() {
    let country = counted();
    let view = country.local().unwrap();
    let whole = view.aggregate(&ppwp(), RegionCode::NATION).unwrap().unwrap().totals;
    let shown = text(&page(&country, "/"));
    assert_eq!(page(&country, "/"), page(&country, "/ppwp/0"));
    for votes in &whole.votes {
        assert!(shown.contains(&format!("{} suara", crate::dto::text::grouped(*votes))), "{shown}");
    }
    assert!(shown.contains("24 dari 72 TPS masuk"), "{shown}");
    assert!(shown.contains("33,33"), "{shown}");
    assert!(shown.contains("Hasil sementara, bukan hasil resmi."), "{shown}");
    for (_, name) in PROVINCES.iter().filter(|(code, _)| *code != "94") {
        assert!(shown.contains(name), "{name}");
    }
    let mut sums = [0; 3];
    for (_, below) in view.aggregates_below(&ppwp(), RegionCode::NATION).unwrap() {
        for (sum, votes) in sums.iter_mut().zip(&below.totals.votes) {
            *sum += votes;
        }
    }
    assert_eq!(sums.to_vec(), whole.votes);
}

#[test]
fn options_stand_in_ballot_order_and_the_rest_is_escaped() {
    let shown = page(&counted(), "/ppwp/0");
    let place = |name: &str| shown.find(name).unwrap();
    assert!(place("Anies") < place("Prabowo") && place("Prabowo") < place("Ganjar"));
    assert!(!shown.contains("<script>alert"), "a name must not become a tag");
    assert!(shown.contains("Papua &#60;script&#62;alert(1)&#60;/script&#62; &#38; Pegunungan"));
}

#[test]
fn no_page_names_another_host_or_needs_more_than_the_policy_allows() {
    let country = counted();
    let code = station_codes()[0];
    for path in ["/", "/ppwp/11", "/ppwp/1101011001", &format!("/tps/{code}")] {
        let shown = page(&country, path);
        assert!(!shown.contains("://"), "{path}");
        assert!(!shown.contains(" style="), "{path}");
        assert!(!shown.contains("<style"), "{path}");
        assert!(!shown.contains(" on"), "{path} has an event handler or the word");
        assert!(shown.contains("<html lang=\"id\">"), "{path}");
        assert!(shown.len() < 30_000, "{path}: {} bytes", shown.len());
    }
}

#[test]
fn every_link_within_the_state_leads_to_a_page() {
    let country = counted();
    let code = station_codes()[0];
    for path in
        ["/", "/ppwp/11", "/ppwp/1101", "/ppwp/110101", "/ppwp/1101011001", &format!("/tps/{code}/ppwp")]
    {
        let shown = page(&country, path);
        let links = shown.split("<a href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let elsewhere = ["/", "/cari", "/docs", "/kios", "/status"];
        let links = links.filter(|link| !link.starts_with("/api/") && !elsewhere.contains(link));
        let links: Vec<&str> = links.collect();
        assert!(!links.is_empty(), "{path}");
        for link in links {
            let shown = match link.strip_prefix("/lapor/") {
                Some(form) => complaint_page(&country, form),
                None => page_with(&country, link, false),
            };
            assert!(shown.is_some(), "{path} leads to {link}");
        }
    }
}

#[test]
fn what_is_not_there_has_no_page() {
    let country = counted();
    for path in ["/ppwp/98", "/pdpr/0", "/tps/1101011001999", "/tps/1101011001001/pdpr", "/ppwp/1101011003"] {
        assert_eq!(page_with(&country, path, false), None, "{path}");
    }
}

#[test]
fn old_data_is_marked() {
    let country = counted();
    assert!(!page(&country, "/").contains("Data tertunda"));
    assert!(page_with(&country, "/", true).unwrap().contains("Data tertunda"));
}

#[test]
fn a_village_shows_the_state_of_its_stations() {
    let country = counted();
    country.hold(station("1101011001001"), 1);
    let shown = text(&page(&country, "/ppwp/1101011001"));
    assert!(shown.contains("TPS 001"), "{shown}");
    assert!(shown.contains("Ditahan"), "{shown}");
    assert!(shown.contains("Belum masuk"), "{shown}");
    assert!(shown.contains("1 ditahan, tidak dijumlahkan"), "{shown}");
    assert!(shown.contains("1 dari 3 TPS masuk"), "{shown}");
}

#[test]
fn a_form_is_laid_out_as_on_paper_with_its_history() {
    let country = counted();
    let code: StationCode = station("1101011001001");
    let mut wrong = form([103, 41, 29]);
    wrong.disabled = None;
    let submission = Submission { form: wrong, reason: Some("salah salin".into()), ..Submission::default() };
    country.correct(code, 1, submission);
    country.hold(code, 2);
    let html = page(&country, "/tps/1101011001001/ppwp");
    assert_eq!(html, page(&country, "/tps/1101011001001"), "the only contest of the station");
    let shown = text(&html);
    for part in [
        "I. Data pemilih dan pengguna hak pilih",
        "II. Data penggunaan surat suara",
        "III. Data pemilih disabilitas",
        "IV. Data perolehan suara",
        "V. Data suara sah dan tidak sah",
        "A. Jumlah seluruh suara sah 173",
        "C. Jumlah suara sah dan tidak sah 178",
        "Pemilih disabilitas yang menggunakan hak pilih \u{2013} \u{2013} \u{2013}",
        "Kode TPS 1101011001001 revisi 2",
        "Formulir ditahan",
        "Formulir dikoreksi revisi 2",
        "Formulir dikirim revisi 1",
        "Perolehan suara: 1: 41, 2: 103, 3: 29",
        "Alasan: salah salin",
        "oleh super admin",
        "14 Februari 2024",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(html.contains("foto formulir &#60;b&#62;terbalik&#60;/b&#62;"));
    let view = country.local().unwrap();
    let subject = render(&*view, Target::Station(code), Conditions::quiet(0)).unwrap().unwrap().subject;
    assert_eq!(subject, Subject::Form(ppwp(), code));
}

#[test]
fn a_station_without_a_form_says_so() {
    let shown = text(&page(&counted(), "/tps/1101011001002"));
    assert!(shown.contains("Belum masuk Formulir TPS ini belum diterima."), "{shown}");
    assert!(shown.contains("revisi 0"), "{shown}");
}

/// Asks the routes; answers status, tag and text.
async fn ask(country: &Arc<Country>, path: &str, tag: &str) -> (StatusCode, String, String) {
    let routes = super::public_pages(country.clone(), country.clone(), Arc::default());
    let request = Request::get(path).header("if-none-match", tag).body(Body::empty()).unwrap();
    let response = routes.oneshot(request).await.unwrap();
    let status = response.status();
    let tag = response.headers().get("etag").map_or("", |tag| tag.to_str().unwrap()).to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, tag, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_routes_serve_the_same_pages_without_a_publisher() {
    let country = counted();
    let (status, tag, shown) = ask(&country, "/ppwp/11", "").await;
    assert_eq!((status, shown), (StatusCode::OK, page(&country, "/ppwp/11")));
    assert_eq!(ask(&country, "/ppwp/11", &tag).await.0, StatusCode::NOT_MODIFIED);
    for path in ["/ppwp/98", "/ppwp/x", "/tps/1", "/tps/1101011001001/x"] {
        let (status, _, shown) = ask(&country, path, "").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(shown.contains("Halaman tidak ditemukan"), "{path}");
    }
}

#[tokio::test]
async fn every_file_a_page_names_is_served() {
    let country = counted();
    let shown = page(&country, "/");
    let files = shown.split('"').filter(|text| text.starts_with("/aset/"));
    let files: Vec<&str> = files.collect();
    assert_eq!(files.len(), 3);
    for file in files {
        let (status, _, text) = ask(&country, file, "").await;
        assert!(status == StatusCode::OK && !text.is_empty(), "{file}");
        assert!(!text.replace("http://www.w3.org/2000/svg", "").contains("://"), "{file} names another host");
    }
}

#[tokio::test]
async fn the_status_page_shows_members_leader_and_lag() {
    let (status, _, shown) = ask(&counted(), "/status", "").await;
    let shown = text(&shown);
    assert_eq!(status, StatusCode::OK);
    for part in
        ["Menurut simpul 2", "Pemimpin simpul 1", "Tidak terjangkau", "1.234", "kurang dari 1 detik lalu"]
    {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}
