//! Accounts over HTTP: one-time codes, own credentials, administration, the audit log.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;

use api::auth::second_factor;
use api::limits::ClientAddress;
use axum::Extension;
use serde_json::{Value, json};
use tally::command::{Command, Item, Principal};
use tally::ids::LogTime;

use super::world::{PASSWORD, Reply, STATION, World, call, form, refused, tally, uuid};

async fn created(world: &World, by: &str, username: &str, role: &str, scope: &str) -> Reply {
    let token = world.token(by).await;
    let body = json!({"username": username, "role": role, "scope": scope});
    world.by(&token, "POST", "/api/v1/accounts", &[("idempotency-key", &uuid())], Some(&body)).await
}

async fn with_code(world: &World, username: &str, code: &str, key: Option<&str>) -> Reply {
    let body = json!({"username": username, "code": code});
    let headers: Vec<(&str, &str)> = key.iter().map(|key| ("idempotency-key", *key)).collect();
    call(&world.officer, "POST", "/api/v1/session", &headers, Some(&body)).await
}

fn token(reply: &Reply) -> String {
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.body["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn a_code_signs_in_once_and_a_lost_answer_is_asked_for_again() {
    let world = World::new().await;
    let made = created(&world, "admin", "kpps-1", "officer", STATION).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(
        (&made.body["account"]["code"], &made.body["account"]["password"]),
        (&json!("unused"), &json!(false))
    );
    let code = made.body["code"].as_str().expect("a code");
    let key = uuid();
    let typed = code.to_lowercase().replace('-', " ");
    let first = token(&with_code(&world, "kpps-1", &typed, Some(&key)).await);
    refused(&with_code(&world, "kpps-1", code, None).await, 401, "unauthenticated");
    refused(&with_code(&world, "kpps-1", code, Some(&uuid())).await, 401, "unauthenticated");
    let second = token(&with_code(&world, "kpps-1", code, Some(&key)).await);
    refused(&world.by(&first, "GET", "/api/v1/me", &[], None).await, 401, "unauthenticated");
    assert_eq!(world.by(&second, "GET", "/api/v1/me", &[], None).await.body["scope"], STATION);
    assert_eq!(world.put(&second, STATION, 0, &tally(&form())).await.status, 201);
    refused(&with_code(&world, "kpps-1", code, Some("x")).await, 400, "bad-request");
}

#[tokio::test]
async fn accounts_are_made_changed_reset_and_switched_off() {
    let world = World::new().await;
    let admin = world.token("admin").await;
    created(&world, "admin", "kpps-1", "officer", STATION).await;
    refused(&created(&world, "admin", "kpps-1", "officer", STATION).await, 409, "invalid-state");
    refused(&created(&world, "petugas", "kpps-2", "officer", STATION).await, 403, "forbidden");
    let keyed = || vec![("idempotency-key".to_owned(), uuid())];
    let by = async |token: &str, method: &str, path: &str, body: Option<&Value>| {
        let headers = keyed();
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        world.by(token, method, path, &headers, body).await
    };
    let patched =
        by(&admin, "PATCH", "/api/v1/accounts/kpps-1", Some(&json!({"role": "reviewer", "scope": "3175"})))
            .await;
    assert_eq!(
        (patched.status, &patched.body["role"], &patched.body["scope"]),
        (200, &json!("reviewer"), &json!("3175")),
        "{patched:?}"
    );
    refused(
        &by(&admin, "PATCH", "/api/v1/accounts/tidak-ada", Some(&json!({"active": false}))).await,
        404,
        "not-found",
    );
    refused(&by(&admin, "PATCH", "/api/v1/accounts/kpps-1", Some(&json!({}))).await, 400, "bad-request");
    let reset = by(&admin, "POST", "/api/v1/accounts/kpps-1/reset", None).await;
    let code = reset.body["code"].as_str().expect("a code").to_owned();
    let session = token(&with_code(&world, "kpps-1", &code, None).await);
    let ended = by(&admin, "DELETE", "/api/v1/accounts/kpps-1/sessions", None).await;
    assert_eq!(ended.status, 204, "{ended:?}");
    refused(&world.by(&session, "GET", "/api/v1/me", &[], None).await, 401, "unauthenticated");
    let off = by(&admin, "PATCH", "/api/v1/accounts/petugas", Some(&json!({"active": false}))).await;
    assert_eq!((off.status, &off.body["active"]), (200, &json!(false)));
    let body = json!({"username": "petugas", "password": PASSWORD});
    refused(&call(&world.officer, "POST", "/api/v1/session", &[], Some(&body)).await, 401, "unauthenticated");
    let last = by(&admin, "PATCH", "/api/v1/accounts/admin", Some(&json!({"active": false}))).await;
    refused(&last, 400, "bad-request");
    assert!(last.text.contains("terakhir"), "{last:?}");
}

#[tokio::test]
async fn a_repeated_request_for_a_code_shows_none() {
    let world = World::new().await;
    let admin = world.token("admin").await;
    let key = uuid();
    let body = json!({"username": "kpps-1", "role": "officer", "scope": STATION});
    let headers = [("idempotency-key", key.as_str())];
    let ask = || world.by(&admin, "POST", "/api/v1/accounts", &headers, Some(&body));
    let (first, again) = (ask().await, ask().await);
    assert!(first.body["code"].is_string());
    assert_eq!((again.status, &again.body["code"]), (201, &Value::Null), "{again:?}");
    assert_eq!(again.header("idempotent-replay"), "true");
    let code = first.body["code"].as_str().expect("a code");
    assert_eq!(with_code(&world, "kpps-1", code, None).await.status, 201);
}

#[tokio::test]
async fn an_admin_sees_and_governs_its_own_scope_only() {
    let world = World::new().await;
    created(&world, "admin", "admin-jakarta", "admin", "31").await;
    let super_admin = world.token("admin").await;
    let code = world
        .by(
            &super_admin,
            "POST",
            "/api/v1/accounts/admin-jakarta/reset",
            &[("idempotency-key", &uuid())],
            None,
        )
        .await;
    let code = code.body["code"].as_str().expect("a code").to_owned();
    let admin = token(&with_code(&world, "admin-jakarta", &code, None).await);
    let listed = world.by(&admin, "GET", "/api/v1/accounts", &[], None).await;
    let names: Vec<&str> = listed.body["accounts"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["username"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["pembaca", "pengesah", "petugas"]);
    let prefixed = world.by(&admin, "GET", "/api/v1/accounts?q=pe&role=officer", &[], None).await;
    assert_eq!(prefixed.body["accounts"].as_array().expect("a list").len(), 1);
    for name in ["admin", "jauh", "pemantau"] {
        let path = format!("/api/v1/accounts/{name}/reset");
        refused(
            &world.by(&admin, "POST", &path, &[("idempotency-key", &uuid())], None).await,
            403,
            "forbidden",
        );
    }
    let auditor = world.token("pemantau").await;
    let all = world.by(&auditor, "GET", "/api/v1/accounts?limit=3", &[], None).await;
    assert_eq!(all.body["accounts"].as_array().expect("a list").len(), 3);
    let next = all.body["next"].as_str().expect("more");
    let remaining = world.by(&auditor, "GET", &format!("/api/v1/accounts?next={next}"), &[], None).await;
    assert_eq!(
        (remaining.body["accounts"].as_array().expect("a list").len(), &remaining.body["next"]),
        (6, &Value::Null)
    );
    refused(
        &world
            .by(&auditor, "POST", "/api/v1/accounts/petugas/reset", &[("idempotency-key", &uuid())], None)
            .await,
        403,
        "forbidden",
    );
}

#[tokio::test]
async fn a_second_factor_is_set_up_used_and_taken_away() {
    let world = World::new().await;
    let admin = world.token("admin").await;
    let offer = world.by(&admin, "POST", "/api/v1/me/totp", &[], None).await;
    assert!(offer.body["uri"].as_str().expect("an address").starts_with("otpauth://totp/uji:admin?secret="));
    let secret =
        second_factor::from_base32(offer.body["secret"].as_str().expect("a secret")).expect("base 32");
    let now = || LogTime(world.node.clock_ms.load(Ordering::Relaxed));
    let code = |at: LogTime| {
        (0..1_000_000)
            .map(|number| format!("{number:06}"))
            .find(|text| second_factor::step_of(&secret, text, at).is_some_and(|step| step == at.0 / 30_000))
            .expect("a code")
    };
    let set = |method: &'static str, body: Value| {
        let admin = admin.clone();
        let world = &world;
        async move {
            world.by(&admin, method, "/api/v1/me/totp", &[("idempotency-key", &uuid())], Some(&body)).await
        }
    };
    let first = code(now());
    refused(&set("PUT", json!({"secret": offer.body["secret"], "totp": "000000"})).await, 403, "forbidden");
    assert_eq!(set("PUT", json!({"secret": offer.body["secret"], "totp": first})).await.status, 204);
    let sign_in = async |totp: Option<&str>| {
        let mut body = json!({"username": "admin", "password": PASSWORD});
        if let Some(totp) = totp {
            body["totp"] = totp.into();
        }
        call(&world.officer, "POST", "/api/v1/session", &[], Some(&body)).await
    };
    refused(&sign_in(None).await, 401, "unauthenticated");
    refused(&sign_in(Some(&first)).await, 401, "unauthenticated");
    world.node.clock_ms.fetch_add(30_000, Ordering::Relaxed);
    let second = code(now());
    assert_eq!(sign_in(Some(&second)).await.status, 201);
    refused(&sign_in(Some(&second)).await, 401, "unauthenticated");
    world.node.clock_ms.fetch_add(30_000, Ordering::Relaxed);
    assert_eq!(set("DELETE", json!({"totp": code(now())})).await.status, 204);
    assert_eq!(sign_in(None).await.status, 201);
}

#[tokio::test]
async fn an_own_password_takes_the_old_ones_place() {
    let world = World::new().await;
    let petugas = world.token("petugas").await;
    let change = async |body: Value| {
        world.by(&petugas, "POST", "/api/v1/me/password", &[("idempotency-key", &uuid())], Some(&body)).await
    };
    refused(&change(json!({"current": PASSWORD, "password": "pendek"})).await, 400, "bad-request");
    refused(&change(json!({"current": "salah", "password": "kata sandi yang baru"})).await, 403, "forbidden");
    assert_eq!(change(json!({"current": PASSWORD, "password": "kata sandi yang baru"})).await.status, 204);
    refused(&world.by(&petugas, "GET", "/api/v1/me", &[], None).await, 401, "unauthenticated");
    let sign_in = |password: &'static str| {
        let world = &world;
        async move {
            let body = json!({"username": "petugas", "password": password});
            call(&world.officer, "POST", "/api/v1/session", &[], Some(&body)).await
        }
    };
    refused(&sign_in(PASSWORD).await, 401, "unauthenticated");
    assert_eq!(sign_in("kata sandi yang baru").await.status, 201);
}

/// The audit log, page by page.
async fn whole_log(world: &World, auditor: &str) -> Vec<Value> {
    let mut records = Vec::new();
    let mut path = "/api/v1/audit?limit=7".to_owned();
    loop {
        let page = world.by(auditor, "GET", &path, &[], None).await;
        assert_eq!(page.status, 200, "{page:?}");
        records.extend(page.body["records"].as_array().expect("a list").clone());
        match page.body["next"].as_str() {
            Some(next) => path = format!("/api/v1/audit?limit=7&next={next}"),
            None => return records,
        }
    }
}

#[tokio::test]
async fn the_audit_log_is_the_auditors_and_tells_of_strangers() {
    let world = World::new().await;
    let there = world.officer.clone().layer(Extension(ClientAddress(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)))));
    for _ in 0..3 {
        let wrong = json!({"username": "petugas", "password": "salah"});
        refused(&call(&there, "POST", "/api/v1/session", &[], Some(&wrong)).await, 401, "unauthenticated");
    }
    let petugas = world.token("petugas").await;
    refused(&world.by(&petugas, "GET", "/api/v1/audit", &[], None).await, 403, "forbidden");
    let auditor = world.token("pemantau").await;
    // Sightings are put together for a while before they are told.
    let records = loop {
        let records = whole_log(&world, &auditor).await;
        if records.iter().any(|record| record["event"] == "denied") {
            break records;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let failed = records.iter().find(|record| record["event"] == "sign_in_failed").expect("failures");
    assert_eq!(
        (&failed["subject"], &failed["actor"], &failed["details"]["count"], &failed["details"]["address"]),
        (&json!("petugas"), &json!("system"), &json!("3"), &json!("10.0.0.9"))
    );
    let denied = records.iter().find(|record| record["event"] == "denied").expect("a denial");
    assert_eq!(denied["subject"], "petugas");
    let signed_in = records
        .iter()
        .filter(|record| record["event"] == "signed_in" && record["subject"] == "petugas")
        .count();
    assert_eq!(signed_in, 1);
    assert!(
        records.iter().any(|record| record["event"] == "account_created" && record["subject"] == "petugas")
    );
    assert!(
        records
            .iter()
            .all(|record| !record.to_string().contains("argon2") && !record.to_string().contains(PASSWORD))
    );
}

#[tokio::test]
async fn who_is_signed_in_is_listed() {
    let world = World::new().await;
    let (petugas, admin) = (world.token("petugas").await, world.token("admin").await);
    let listed = world.by(&admin, "GET", "/api/v1/accounts/sessions", &[], None).await;
    let names: Vec<&str> = listed.body["sessions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["username"].as_str().expect("a name"))
        .collect();
    assert_eq!(names.len(), 2, "{listed:?}");
    assert!(!listed.text.contains(&petugas) && !listed.text.contains(&admin), "no token is shown");
    refused(&world.by(&petugas, "GET", "/api/v1/accounts/sessions", &[], None).await, 403, "forbidden");
}

#[tokio::test]
async fn a_session_in_use_is_written_down_and_an_idle_one_ends() {
    let world = World::new().await;
    let admin = world.token("admin").await;
    // Half an hour at a time, for twelve hours: idle time is four.
    for _ in 0..24 {
        // Log time follows the clock a minute an entry.
        for _ in 0..31 {
            world.node.clock_ms.fetch_add(60_000, Ordering::Relaxed);
            world.node.apply(Principal::System, vec![Item { request: None, command: Command::Mark }]);
        }
        assert_eq!(world.by(&admin, "GET", "/api/v1/me", &[], None).await.status, 200);
        tokio::task::yield_now().await;
    }
    world.node.clock_ms.fetch_add(4 * 60 * 60_000, Ordering::Relaxed);
    refused(&world.by(&admin, "GET", "/api/v1/me", &[], None).await, 401, "unauthenticated");
}
