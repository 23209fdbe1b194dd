//! The desk: pages over the same routes, in a browser that has cookies and no scripts.

mod browser;
mod complaints;
mod people;
mod work;

use browser::Browser;

use super::world::{PASSWORD, STATION, World, form, tally};

/// Pages and the roles for which they are not refused.
const PAGES: [(&str, &[&str]); 14] = [
    ("/meja/", &[]),
    ("/meja/formulir", &[]),
    ("/meja/formulir?pemilihan=ppwp&wilayah=31&keadaan=reported&bertanda=ya&aturan=r14", &[]),
    ("/meja/formulir/ppwp/3175091001087", &[]),
    ("/meja/formulir/ppwp/3175091001087/baca", &[]),
    ("/meja/sahkan", &[]),
    ("/meja/laporan", &[]),
    ("/meja/rekap", &[]),
    ("/meja/rekap?pemilihan=ppwp&wilayah=3175091001", &[]),
    ("/meja/transaksi?indeks=3", &[]),
    ("/meja/profil", &[]),
    ("/meja/akun", &["admin", "pemantau"]),
    ("/meja/sesi", &["admin", "pemantau"]),
    ("/meja/catatan", &["admin", "pemantau"]),
];

async fn signed_in<'w>(world: &'w World, username: &str) -> Browser<'w> {
    let mut browser = Browser::new(&world.officer);
    let reply = browser.sign_in(username, PASSWORD).await;
    assert_eq!((reply.status, reply.header("location")), (303, "/meja/"), "{reply:?}");
    browser
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_the_door() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.officer);
    for (path, _) in PAGES {
        let reply = browser.get(path).await;
        assert_eq!((reply.status, reply.header("location")), (303, "/meja/masuk"), "{path}: {reply:?}");
    }
    let wrong = browser.sign_in("pembaca", "bukan kata sandinya").await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text.contains("tidak cocok") && !wrong.text.contains("bukan kata sandinya"), "{wrong:?}");
    assert!(!browser.cookies.contains_key("__Host-rakit"));
}

#[tokio::test]
async fn the_cookie_is_for_the_desk_alone() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.officer);
    let reply = browser.sign_in("pembaca", PASSWORD).await;
    let lines: Vec<&str> =
        reply.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    let line = lines.iter().find(|line| line.starts_with("__Host-rakit=")).unwrap();
    for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains("Domain"), "{line}");
    assert_eq!(browser.get("/api/v1/me").await.status, 401, "the API does not look at cookies");
    let token = browser.cookies["__Host-rakit"].clone();
    for (path, _) in PAGES.iter().take(11) {
        let page = browser.get(path).await;
        assert!(!page.text.contains(&token), "no page holds the token: {path}");
    }
    // Signed out, the session is over everywhere.
    let page = browser.get("/meja/").await;
    let hidden = Browser::hidden(&page.text, "/meja/keluar", "csrf");
    let fields: Vec<_> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(browser.post("/meja/keluar", &fields).await.header("location"), "/meja/masuk");
    assert_eq!(world.by(&token, "GET", "/api/v1/me", &[], None).await.status, 401);
}

#[tokio::test]
async fn every_page_is_there_for_whom_it_is_for_and_closed_in_itself() {
    let world = World::new().await;
    let officer = world.token("petugas").await;
    assert_eq!(world.put(&officer, STATION, 0, &tally(&form())).await.status, 201);
    for username in ["admin", "pengesah", "pembaca", "petugas", "pemantau"] {
        let mut browser = signed_in(&world, username).await;
        for (path, for_whom) in PAGES {
            let reply = browser.get(path).await;
            let allowed = for_whom.is_empty() || for_whom.contains(&username);
            let expected = if allowed { 200 } else { 403 };
            assert_eq!(reply.status, expected, "{username} {path}: {}", reply.text);
            assert!(reply.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
            assert!(reply.header("content-security-policy").contains("form-action 'self'"), "{path}");
            assert_eq!(
                (reply.header("cache-control"), reply.header("x-frame-options")),
                ("no-store", "DENY")
            );
            assert!(!reply.text.contains("<script") && !reply.text.contains("style=\""), "{path}");
            assert!(reply.text.contains("lang=\"id\"") && reply.text.contains("<h1>"), "{path}");
        }
    }
    let mut admin = signed_in(&world, "admin").await;
    assert_eq!(admin.get("/meja/perawatan").await.status, 200);
    assert_eq!(admin.get("/meja/tiada").await.status, 404);
    assert_eq!(signed_in(&world, "petugas").await.get("/meja/perawatan").await.status, 403);
}

#[tokio::test]
async fn a_form_that_another_site_sends_changes_nothing() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "admin").await;
    let page = browser.get("/meja/akun").await;
    let hidden = Browser::hidden(&page.text, "/meja/akun", "lingkup");
    let csrf = hidden.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let key = hidden.iter().find(|(name, _)| name == "kunci").unwrap().1.clone();
    let fields =
        |csrf: &'static str| [("csrf", csrf), ("akun", "baru"), ("peran", "officer"), ("lingkup", "31")];
    for csrf in ["", "x"] {
        assert_eq!(browser.post("/meja/akun", &fields(csrf)).await.status, 403);
    }
    let right = [
        ("csrf", csrf.as_str()),
        ("kunci", key.as_str()),
        ("akun", "baru"),
        ("peran", "officer"),
        ("lingkup", "31"),
    ];
    browser.headers = vec![("sec-fetch-site", "cross-site")];
    assert_eq!(browser.post("/meja/akun", &right).await.status, 403);
    browser.headers = vec![("origin", "https://jahat.example"), ("host", "rakit.example")];
    assert_eq!(browser.post("/meja/akun", &right).await.status, 403);
    browser.headers = vec![("origin", "https://rakit.example"), ("host", "rakit.example")];
    assert!(!browser.get("/meja/akun?nama=baru").await.text.contains(">baru<"), "nothing was changed");
    let made = browser.post("/meja/akun", &right).await;
    assert_eq!(made.status, 200, "{made:?}");
    // A token of another session's form does not do.
    let mut other = signed_in(&world, "admin").await;
    assert_eq!(other.post("/meja/akun", &right).await.status, 403);
}
