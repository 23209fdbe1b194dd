//! Second readings, steps on a form, certification of many, the check of a transaction.

use serde_json::{Value, json};

use super::browser::Browser;
use super::signed_in;
use crate::world::{Reply, SECOND, STATION, World, form, tally};

/// The boxes of a form as the page names them.
fn boxes(form: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, pointer: &str, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(object) => {
                object.iter().for_each(|(key, value)| walk(value, &format!("{pointer}/{key}"), found));
            }
            value => found.push((pointer.to_owned(), value.to_string())),
        }
    }
    let mut found = Vec::new();
    walk(form, "", &mut found);
    found
}

async fn read(browser: &mut Browser<'_>, form: &Value) -> Reply {
    let path = format!("/meja/formulir/ppwp/{STATION}/baca");
    let boxes = boxes(form);
    let fields: Vec<_> = boxes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.fill(&path, (&path, "revisi"), &fields).await
}

async fn reported() -> World {
    let world = World::new().await;
    let officer = world.token("petugas").await;
    for station in [STATION, SECOND] {
        assert_eq!(world.put(&officer, station, 0, &tally(&form())).await.status, 201);
    }
    world
}

async fn state(world: &World, station: &str) -> Value {
    world.get(&format!("/api/v1/stations/{station}/ppwp")).await.body["state"].clone()
}

#[tokio::test]
async fn a_second_reading_shows_no_first_and_keeps_what_was_typed() {
    let world = reported().await;
    let mut reader = signed_in(&world, "pembaca").await;
    let blank = reader.get(&format!("/meja/formulir/ppwp/{STATION}/baca")).await;
    for number in ["value=\"41\"", "value=\"99\"", ">41<", ">99<", ">200<"] {
        assert!(!blank.text.contains(number), "{number} in {}", blank.text);
    }
    let mut wrong = form();
    wrong["votes"]["100025"] = "empat".into();
    let refused = read(&mut reader, &wrong).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(
        refused.text.contains("value=\"99\"") && refused.text.contains("role=\"alert\""),
        "{}",
        refused.text
    );
    assert_eq!(state(&world, STATION).await, "reported");
    let same = read(&mut reader, &form()).await;
    let address = format!("/meja/formulir/ppwp/{STATION}?pesan=sesuai");
    assert_eq!(same.header("location"), address, "{same:?}");
    assert_eq!(state(&world, STATION).await, "reviewed");
    assert!(reader.get(&address).await.text.contains("Bacaan kedua sama"));

    let mut other = form();
    other["votes"]["100025"] = 47.into();
    let mut second = signed_in(&world, "pembaca-dua").await;
    let differs = read(&mut second, &other).await;
    assert!(differs.header("location").ends_with("pesan=berbeda"), "{differs:?}");
    let page = second.get(&format!("/meja/formulir/ppwp/{STATION}")).await;
    assert!(page.text.contains("Dua bacaan berbeda pada: 1. Paslon 1"), "{}", page.text);
}

#[tokio::test]
async fn a_form_is_held_released_and_certified_with_others() {
    let world = reported().await;
    let page = format!("/meja/formulir/ppwp/{STATION}");
    let steps = format!("{page}/langkah");
    let mut certifier = signed_in(&world, "pengesah").await;
    let without = certifier.fill(&page, (&steps, "holds"), &[("alasan", " ")]).await;
    assert_eq!(without.status, 400, "a step has a reason: {without:?}");
    let held = certifier.fill(&page, (&steps, "holds"), &[("alasan", "angka tidak terbaca")]).await;
    assert_eq!(held.header("location"), format!("{page}?pesan=ditahan"), "{held:?}");
    assert_eq!(state(&world, STATION).await, "held");
    assert!(certifier.get(&page).await.text.contains("angka tidak terbaca"));
    let released = certifier.fill(&page, (&steps, "releases"), &[("alasan", "sudah dicocokkan")]).await;
    assert_eq!(released.status, 303);

    for station in [STATION, SECOND] {
        let reviewer = world.token("pembaca").await;
        let path = format!("/api/v1/tallies/ppwp/{station}/reviews");
        let headers = [("idempotency-key", crate::world::uuid()), ("if-match", "\"1\"".to_owned())];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = world.by(&reviewer, "POST", &path, &headers, Some(&json!({"form": form()}))).await;
        assert_eq!(reply.body["state"], "reviewed", "{reply:?}");
    }
    let list = "/meja/sahkan?pemilihan=ppwp&wilayah=31";
    let both = [format!("{STATION}:1"), format!("{SECOND}:7")];
    let fields = [("alasan", "berita acara 12"), ("pilih", both[0].as_str()), ("pilih", both[1].as_str())];
    let partly = certifier.fill(list, ("/meja/sahkan", "Sahkan yang dipilih"), &fields).await;
    assert_eq!(partly.status, 409);
    assert!(
        partly.text.contains("1 formulir disahkan; 1 tidak") && partly.text.contains(SECOND),
        "{}",
        partly.text
    );
    assert_eq!(
        (state(&world, STATION).await, state(&world, SECOND).await),
        (json!("certified"), json!("reviewed"))
    );
    let right = format!("{SECOND}:1");
    let fields = [("alasan", "berita acara 12"), ("pilih", right.as_str())];
    let done = certifier.fill(list, ("/meja/sahkan", "Sahkan yang dipilih"), &fields).await;
    assert!(done.header("location").contains("pesan=disahkan"), "{done:?}");
    assert_eq!(state(&world, SECOND).await, "certified");
    let nothing = certifier.fill(list, ("/meja/sahkan", "Sahkan yang dipilih"), &[("alasan", "x")]).await;
    assert_eq!(nothing.status, 400);
}

#[tokio::test]
async fn a_transaction_is_found_by_its_index_and_by_its_key() {
    let world = World::new().await;
    let officer = world.token("petugas").await;
    let key = crate::world::uuid();
    let put = world.put_with_key(&officer, STATION, 0, &key, &tally(&form())).await;
    let index = put.body["receipt"]["index"].as_u64().unwrap();
    let mut auditor = signed_in(&world, "pemantau").await;
    let found = auditor.get(&format!("/meja/transaksi?indeks={index}")).await;
    assert!(found.text.contains(STATION) && found.text.contains("Formulir dikirim"), "{}", found.text);
    let digest = put.body["receipt"]["digest"].as_str().unwrap();
    assert!(found.text.contains(digest));
    let found = auditor.get(&format!("/meja/transaksi?kunci-lama={key}&akun=petugas")).await;
    assert!(found.text.contains("Tersimpan sebagai perubahan formulir"), "{}", found.text);
    assert_eq!(auditor.get("/meja/transaksi?indeks=abc").await.status, 400);
    let absent =
        auditor.get(&format!("/meja/transaksi?kunci-lama={}&akun=petugas", crate::world::uuid())).await;
    assert_eq!(absent.status, 404);
}
