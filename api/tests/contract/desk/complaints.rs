//! The page for complaints, without an account and without scripts; and the desk's pages that answer them.

use super::browser::Browser;
use super::signed_in;
use crate::world::{STATION, World, form, tally};

const PAGE: &str = "/lapor/3175091001087/ppwp";

async fn reported() -> World {
    let world = World::new().await;
    let officer = world.token("petugas").await;
    assert_eq!(world.put(&officer, STATION, 0, &tally(&form())).await.status, 201);
    world
}

async fn hidden(browser: &mut Browser<'_>) -> Vec<(String, String)> {
    let page = browser.get(PAGE).await;
    assert_eq!(page.status, 200, "{page:?}");
    Browser::hidden(&page.text, PAGE, "jenis")
}

#[tokio::test]
async fn a_browser_without_scripts_complains_and_sees_that_it_was_taken() {
    let world = reported().await;
    let mut browser = Browser::new(&world.officer);
    let page = browser.get(PAGE).await;
    assert!(page.text.contains("1. Paslon 1: tertulis 41") && page.text.contains(">99<"), "{}", page.text);
    assert!(!page.text.contains("<script") && page.text.contains("lang=\"id\""));
    assert!(page.header("content-security-policy").contains("form-action 'self'"));
    assert_eq!(page.header("cache-control"), "no-store");
    let fields =
        [("jenis", "wrong_number"), ("kotak", "/votes/100025"), ("angka", "91"), ("teks", "dua\r\nbaris")];
    let sent = browser.fill(PAGE, (PAGE, "jenis"), &fields).await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (303, "/lapor/3175091001087/ppwp?nomor=1"),
        "{sent:?}"
    );
    let page = browser.get(sent.header("location")).await;
    assert!(page.text.contains("Laporan nomor 1 tersimpan"));
    let kept = world.get("/api/v1/stations/3175091001087/complaints").await;
    assert_eq!(kept.body["complaints"][0]["text"], "dua baris");
}

#[tokio::test]
async fn what_was_typed_stays_when_it_is_refused() {
    let world = reported().await;
    let mut browser = Browser::new(&world.officer);
    let fields = [("jenis", "other"), ("kotak", ""), ("angka", "9<1"), ("teks", "<b>tebal</b>")];
    let refused = browser.fill(PAGE, (PAGE, "jenis"), &fields).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(
        refused.text.contains("role=\"alert\"") && !refused.text.contains("<b>tebal"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("value=\"other\" selected") && refused.text.contains("tebal"));
    assert_eq!(browser.get("/lapor/3175091001087/tiada").await.status, 404);
    let empty = browser.get("/lapor/3175091001100/ppwp").await;
    assert!(
        empty.status == 200 && !empty.text.contains("<form"),
        "no form to complain about: {}",
        empty.text
    );
}

#[tokio::test]
async fn a_form_that_another_site_sends_is_not_taken() {
    let world = reported().await;
    let mut browser = Browser::new(&world.officer);
    let hidden = hidden(&mut browser).await;
    let mut fields: Vec<_> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.extend([("jenis", "wrong_station"), ("kotak", ""), ("angka", ""), ("teks", "")]);
    browser.headers = vec![("sec-fetch-site", "cross-site")];
    assert_eq!(browser.post(PAGE, &fields).await.status, 403);
    browser.headers = vec![("sec-fetch-site", "same-origin")];
    let mut other = Browser::new(&world.officer);
    assert_eq!(other.post(PAGE, &fields).await.status, 403, "another browser's proof");
    assert_eq!(browser.post(PAGE, &fields).await.status, 303);
    // Sent twice, done once.
    assert_eq!(browser.post(PAGE, &fields).await.header("location"), "/lapor/3175091001087/ppwp?nomor=1");
}

#[tokio::test]
async fn the_desk_lists_answers_and_escapes() {
    let world = reported().await;
    let mut browser = Browser::new(&world.officer);
    let fields = [("jenis", "other"), ("kotak", ""), ("angka", ""), ("teks", "<i>miring</i>")];
    assert_eq!(browser.fill(PAGE, (PAGE, "jenis"), &fields).await.status, 303);
    let mut reviewer = signed_in(&world, "pembaca").await;
    let list = reviewer.get("/meja/laporan").await;
    let one = "/meja/laporan/ppwp/3175091001087/1";
    assert!(list.text.contains(one) && !list.text.contains("<i>miring"), "{}", list.text);
    let filled = [("keputusan", "accepted"), ("alasan", "dikoreksi di\r\nrevisi 2")];
    let sent = reviewer.fill(one, (one, "keputusan"), &filled).await;
    let there = "/meja/laporan/ppwp/3175091001087/1?pesan=laporan-dijawab";
    assert_eq!((sent.status, sent.header("location")), (303, there), "{sent:?}");
    let page = reviewer.get(there).await;
    assert!(page.text.contains("dikoreksi di revisi 2") && !page.text.contains("name=\"keputusan\""));
    assert!(!reviewer.get("/meja/laporan").await.text.contains(one), "it does not wait any more");
    let mut auditor = signed_in(&world, "pemantau").await;
    assert_eq!(auditor.get(one).await.status, 200);
    assert_eq!(auditor.get("/meja/laporan/ppwp/3175091001087/2").await.status, 404);
}
