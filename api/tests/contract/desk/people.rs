//! Accounts, own profile, files of master data, reports to take away.

use axum::http::Request;

use super::signed_in;
use crate::desk::browser::Browser;
use crate::world::{PASSWORD, World, raw};

/// What stands between two marks of a page.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let start = text.find(from).unwrap_or_else(|| panic!("no {from} in {text}")) + from.len();
    text[start..].split(to).next().unwrap()
}

#[tokio::test]
async fn a_code_is_shown_once_and_an_account_is_changed_reset_and_signed_out() {
    let world = World::new().await;
    let mut admin = signed_in(&world, "admin").await;
    let page = admin.get("/meja/akun").await;
    let hidden = Browser::hidden(&page.text, "/meja/akun", "lingkup");
    let mut fields: Vec<_> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.extend([("akun", "saksi-01"), ("peran", "auditor"), ("lingkup", "31")]);
    let made = admin.post("/meja/akun", &fields).await;
    let code = between(&made.text, "<p class=\"secret\"><code>", "<").to_owned();
    let again = admin.post("/meja/akun", &fields).await;
    assert_eq!(again.status, 200, "the same form again is done once: {again:?}");
    assert!(!again.text.contains("class=\"secret\"") && !again.text.contains(&code));

    let mut witness = Browser::new(&world.officer);
    let fields = [("akun", "saksi-01"), ("kode", code.as_str())];
    let reply = witness.fill("/meja/masuk", ("/meja/masuk", "sandi"), &fields).await;
    assert_eq!(reply.status, 303, "{reply:?}");
    assert_eq!(witness.get("/meja/").await.status, 200);

    let one = "/meja/akun/saksi-01";
    let ended = admin.fill(one, (one, "akhiri"), &[]).await;
    assert_eq!(ended.header("location"), "/meja/akun/saksi-01?pesan=sesi-diakhiri");
    assert_eq!(witness.get("/meja/").await.header("location"), "/meja/masuk");
    assert!(
        admin.get("/meja/akun/saksi-01?pesan=sesi-diakhiri").await.text.contains("sesi akun itu diakhiri")
    );

    let change = [("peran", "auditor"), ("lingkup", "3175"), ("aktif", "false")];
    assert_eq!(admin.fill(one, (one, "ubah"), &change).await.status, 303);
    assert!(admin.get(one).await.text.contains(">3175<"));
    let reset = admin.fill(one, (one, "atur-ulang"), &[]).await;
    assert_ne!(between(&reset.text, "<p class=\"secret\"><code>", "<"), code);
    let nobody = admin.get("/meja/akun/tiada").await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn an_own_password_is_changed_and_a_second_factor_is_offered() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "pembaca").await;
    let profile = "/meja/profil";
    let short = [("lama", PASSWORD), ("baru", "pendek")];
    let refused = browser.fill(profile, (profile, "\"sandi\""), &short).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("12 huruf") && refused.text.contains("role=\"alert\""), "{refused:?}");
    let right = [("lama", PASSWORD), ("baru", "kata sandi yang baru sekali")];
    let done = browser.fill(profile, (profile, "\"sandi\""), &right).await;
    assert_eq!(done.header("location"), "/meja/masuk?pesan=sandi-diganti", "{done:?}");
    assert_eq!(browser.sign_in("pembaca", "kata sandi yang baru sekali").await.status, 303);

    let offer = browser.fill(profile, (profile, "totp-tawar"), &[]).await;
    assert!(offer.text.contains("<svg class=\"square\"") && offer.text.contains("rahasia"), "{offer:?}");
    let hidden = Browser::hidden(&offer.text, profile, "totp-pasang");
    let mut fields: Vec<_> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.push(("totp", "000000"));
    assert_eq!(browser.post(profile, &fields).await.status, 403, "a code must fit");
}

fn part(name: &str, file: Option<&str>, content: &str) -> String {
    let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
    format!("--batas\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
}

async fn uploaded(browser: &mut Browser<'_>, kind: &str, content: &str) -> crate::world::Reply {
    let page = browser.get("/meja/perawatan").await;
    let hidden = Browser::hidden(&page.text, "/meja/unggah", "berkas");
    let mut body: String = hidden.iter().map(|(name, value)| part(name, None, value)).collect();
    body.push_str(&part("jenis", None, kind));
    body.push_str(&part("berkas", Some("data.csv"), content));
    body.push_str("--batas--\r\n");
    browser.request("POST", "/meja/unggah", "multipart/form-data; boundary=batas", body.into_bytes()).await
}

#[tokio::test]
async fn a_file_is_loaded_whole_or_not_at_all() {
    let world = World::new().await;
    let mut admin = signed_in(&world, "admin").await;
    let loaded = uploaded(&mut admin, "wilayah", "code,name\n33,JAWA TENGAH\n34,DI YOGYAKARTA\n").await;
    assert_eq!(loaded.status, 200, "{loaded:?}");
    assert!(admin.get("/meja/perawatan").await.text.contains("DI YOGYAKARTA"));
    let broken = uploaded(&mut admin, "wilayah", "code,name\n35,JAWA TIMUR\n36,\n").await;
    assert_eq!(broken.status, 400);
    assert!(broken.text.contains("Baris 3"), "{broken:?}");
    assert!(!admin.get("/meja/perawatan").await.text.contains("JAWA TIMUR"), "nothing of it was loaded");
    let codes = uploaded(&mut admin, "akun", "username,role,scope\nkpps-1,officer,3175091001087\n").await;
    assert!(codes.text.contains("kpps-1") && codes.text.contains("Kode aktivasi"), "{codes:?}");
    let again = uploaded(&mut admin, "akun", "username,role,scope\nkpps-1,officer,3175091001087\n").await;
    assert!(again.text.contains("tetap memakai yang dimilikinya"), "{again:?}");
    let mut auditor = signed_in(&world, "pemantau").await;
    let page = auditor.get("/meja/profil").await;
    let csrf = between(&page.text, "name=\"csrf\" value=\"", "\"").to_owned();
    let body = format!(
        "{}{}{}{}--batas--\r\n",
        part("csrf", None, &csrf),
        part("kunci", None, &uuid::Uuid::new_v4().to_string()),
        part("jenis", None, "wilayah"),
        part("berkas", Some("a.csv"), "code,name\n35,JAWA TIMUR\n")
    );
    let refused = auditor
        .request("POST", "/meja/unggah", "multipart/form-data; boundary=batas", body.into_bytes())
        .await;
    assert_eq!(refused.status, 403, "{refused:?}");
}

#[tokio::test]
async fn reports_are_taken_away_as_files_that_say_where_they_are_from() {
    let world = World::new().await;
    let mut auditor = signed_in(&world, "pemantau").await;
    for path in [
        "/meja/rekap?pemilihan=ppwp",
        "/meja/formulir?pemilihan=ppwp",
        "/meja/akun?nama=p",
        "/meja/sesi?a=b",
        "/meja/catatan?akun=pemantau",
    ] {
        let csv = auditor.get(&format!("{path}&berkas=csv")).await;
        assert_eq!(csv.status, 200, "{path}: {csv:?}");
        assert!(csv.header("content-type").starts_with("text/csv"), "{path}");
        assert!(csv.header("content-disposition").starts_with("attachment; filename="), "{path}");
        assert!(csv.text.lines().count() > 1, "{path}: {}", csv.text);
        assert_eq!(auditor.get(&format!("{path}&berkas=doc")).await.status, 400, "{path}");
        for (kind, start) in [("xlsx", &b"PK"[..]), ("pdf", b"%PDF")] {
            let cookie = format!("__Host-rakit={}", auditor.cookies["__Host-rakit"]);
            let bytes = bytes(&world, &format!("{path}&berkas={kind}"), &cookie).await;
            assert!(bytes.starts_with(start), "{path} {kind}");
        }
    }
    let text = auditor.get("/meja/rekap?pemilihan=ppwp&berkas=csv").await.text;
    assert!(text.contains("31 DKI JAKARTA") && text.contains("Jumlah"), "{text}");
}

async fn bytes(world: &World, path: &str, cookie: &str) -> Vec<u8> {
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    let request = Request::builder().uri(path).header("cookie", cookie);
    let request = request.body(axum::body::Body::empty()).unwrap();
    let response = world.officer.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn pages_are_rendered_anew_and_attachments_looked_at_again_by_admins() {
    let world = World::new().await;
    let mut admin = signed_in(&world, "admin").await;
    let page = "/meja/perawatan";
    for mark in ["halaman", "virus"] {
        let begun = admin.fill(page, (page, &format!("value=\"{mark}\"")), &[]).await;
        assert_eq!(begun.header("location"), "/meja/perawatan?pesan=dimulai", "{begun:?}");
    }
    let unknown = raw(&world.officer, "POST", page, &[], Vec::new()).await;
    assert_eq!(unknown.header("location"), "/meja/masuk");
}

#[tokio::test]
async fn a_file_holds_more_than_a_page() {
    let world = World::new().await;
    let digest = "00".repeat(32);
    let account = |number: u32| serde_json::json!({"username": format!("massal-{number:05}"), "role": "officer", "scope": "31", "code_digest": digest});
    for first in [0, 2_000] {
        let accounts: Vec<_> = (first..first + 2_000).map(account).collect();
        world.define("accounts", &serde_json::json!({"accounts": accounts})).await;
    }
    let mut auditor = signed_in(&world, "pemantau").await;
    let text = auditor.get("/meja/akun?nama=massal&berkas=csv").await.text;
    assert_eq!(text.lines().count(), 4_001, "a heading and every account");
    assert!(text.contains("massal-03999") && !text.contains("Dipotong"));
    let page = auditor.get("/meja/akun?nama=massal").await.text;
    assert!(
        page.contains("massal-00099") && !page.contains("massal-00100") && page.contains("Lanjutkan daftar")
    );
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told() {
    let world = World::new().await;
    let mut auditor = signed_in(&world, "pemantau").await;
    for path in [
        "/meja/catatan?dari=kemarin",
        "/meja/catatan?sampai=-1",
        "/meja/transaksi?indeks=x",
        "/meja/formulir?aturan=7",
    ] {
        let told = auditor.get(path).await;
        assert_eq!(told.status, 400, "{path}: {told:?}");
        assert!(told.text.contains("class=\"banner late\""), "{path}");
    }
    let none = auditor.get(&format!("/meja/lampiran/{}", "0".repeat(64))).await;
    assert_eq!(none.status, 404);
    // What the node cannot do now is not told as if there were nothing.
    *world.node.read_fault.lock().unwrap() = Some(api::ports::ReadError::NoLeader);
    assert_eq!(auditor.get("/meja/").await.status, 503);
}
