//! Every call of the officer listener, by every role, in and out of scope.
//!
//! Invariant: the table beside this file is what the product does; a call that is not in it, or whose rights change, fails
//! here. Refused is told apart from let through: what is let through may fail later for another reason.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::world::{FAR, STATION, World, call, form, tally, uuid};

/// Who calls, and the account they have in the small country.
const ROLES: [(&str, &str); 6] = [
    ("super_admin", "admin"),
    ("admin", "admin-jakarta"),
    ("certifier", "pengesah"),
    ("reviewer", "pembaca"),
    ("officer", "petugas"),
    ("auditor", "pemantau"),
];

struct Asked {
    method: &'static str,
    /// With `STATION`, `REGION` and `ACCOUNT` to be filled in.
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: Option<Value>,
    /// Whether it makes a difference where it is aimed at.
    aimed: bool,
}

const fn read(path: &'static str) -> Asked {
    Asked { method: "GET", path, headers: &[], body: None, aimed: false }
}

fn write(method: &'static str, path: &'static str, body: Value, aimed: bool) -> Asked {
    Asked { method, path, headers: &[], body: Some(body), aimed }
}

fn reads() -> Vec<Asked> {
    vec![
        read("/api/v1/contests"),
        read("/api/v1/regions/0"),
        read("/api/v1/results/ppwp/0"),
        read("/api/v1/stations/STATION"),
        read("/api/v1/stations/STATION/ppwp"),
        read("/api/v1/search?q=x"),
        read("/api/v1/anomalies/ppwp/0"),
        read("/api/v1/changes"),
        // What is there is followed without end; whoever may not is told before.
        read("/api/v1/events?contest=tidak-ada&region=0"),
        read("/api/v1/exports/ppwp/0.csv"),
        read("/api/v1/status"),
        read("/openapi.json"),
        read("/api/v1/me"),
        read("/api/v1/me/stations?contest=ppwp"),
        read("/api/v1/accounts"),
        read("/api/v1/accounts/sessions"),
        read("/api/v1/audit"),
        read("/api/v1/tallies/ppwp"),
        Asked {
            aimed: true,
            ..read("/api/v1/requests/00000000-0000-4000-8000-000000000000?account=ACCOUNT")
        },
        read("/api/v1/attachments/rescan"),
        read("/api/v1/stations/STATION/complaints"),
        read("/api/v1/complaints"),
    ]
}

fn writes() -> Vec<Asked> {
    let reason = json!({"reason": "uji"});
    let step =
        |path| Asked { headers: &[("if-match", "\"1\"")], ..write("POST", path, reason.clone(), true) };
    let item = json!({"key": uuid(), "contest": "ppwp", "station": "STATION", "if_revision": 0, "form": form(),
        "confirm": [], "reason": null, "attachments": [], "observed_at": null});
    vec![
        Asked {
            headers: &[("if-none-match", "*")],
            ..write("PUT", "/api/v1/tallies/ppwp/STATION", tally(&form()), true)
        },
        step("/api/v1/tallies/ppwp/STATION/holds"),
        step("/api/v1/tallies/ppwp/STATION/releases"),
        step("/api/v1/tallies/ppwp/STATION/certifications"),
        step("/api/v1/tallies/ppwp/STATION/approvals"),
        Asked {
            headers: &[("if-match", "\"1\"")],
            ..write("POST", "/api/v1/tallies/ppwp/STATION/reviews", json!({"form": form()}), true)
        },
        write(
            "POST",
            "/api/v1/stations/STATION/complaints/ppwp/1/answer",
            json!({"verdict": "declined", "text": "uji"}),
            true,
        ),
        write("POST", "/api/v1/batches", json!({"items": [item]}), true),
        Asked {
            headers: &[("content-type", "image/jpeg")],
            ..write("POST", "/api/v1/attachments", json!({}), false)
        },
        read("/api/v1/attachments/0000000000000000000000000000000000000000000000000000000000000000"),
        write(
            "POST",
            "/api/v1/me/password",
            json!({"current": "salah", "password": "kata sandi baru"}),
            false,
        ),
        write("POST", "/api/v1/me/totp", json!({}), false),
        write("PUT", "/api/v1/me/totp", json!({"totp": "0"}), false),
        write("DELETE", "/api/v1/me/totp", json!({"totp": "0"}), false),
        write(
            "POST",
            "/api/v1/accounts",
            json!({"username": "baru", "role": "officer", "scope": "STATION"}),
            true,
        ),
        write("PATCH", "/api/v1/accounts/ACCOUNT", json!({"active": true}), true),
        write("POST", "/api/v1/accounts/ACCOUNT/reset", json!({}), true),
        write("DELETE", "/api/v1/accounts/ACCOUNT/sessions", json!({}), true),
        write(
            "POST",
            "/api/v1/master/regions",
            json!({"regions": [{"code": "33", "name": "JAWA TENGAH"}]}),
            false,
        ),
        write(
            "POST",
            "/api/v1/master/contests",
            json!({"contests": [super::world::contest("uji", "31")]}),
            false,
        ),
        write(
            "POST",
            "/api/v1/master/accounts",
            json!({"accounts": [{"username": "massal", "code_digest": "00".repeat(32), "role": "auditor", "scope": "31"}]}),
            false,
        ),
        write("POST", "/api/v1/attachments/rescan", json!({}), false),
        write("POST", "/api/v1/pages/reload", json!({}), false),
        write("DELETE", "/api/v1/session", json!({}), false),
    ]
}

fn calls() -> Vec<Asked> {
    reads().into_iter().chain(writes()).collect()
}

/// What an answer says of rights: `-` for a refusal by role or scope, else `x`; of a batch, its item's.
fn verdict(status: u16, body: &Value, path: &str) -> char {
    let status = if path.ends_with("/batches") && status == 200 {
        body["results"][0]["status"].as_u64().unwrap_or_default()
    } else {
        status.into()
    };
    // A credential of one's own that is wrong is no question of rights.
    let own = path.starts_with("/api/v1/me/");
    if status == 403 && !own { '-' } else { 'x' }
}

async fn ask(world: &World, token: Option<&str>, asked: &Asked, (station, account): (&str, &str)) -> char {
    let fill = |text: &str| text.replace("STATION", station).replace("ACCOUNT", account);
    let body = asked.body.as_ref().map(|body| serde_json::from_str(&fill(&body.to_string())).expect("JSON"));
    let (key, path) = (uuid(), fill(asked.path));
    let mut headers = vec![("idempotency-key", key.as_str())];
    headers.extend_from_slice(asked.headers);
    let reply = match token {
        Some(token) => world.by(token, asked.method, &path, &headers, body.as_ref()).await,
        None => call(&world.officer, asked.method, &path, &headers, body.as_ref()).await,
    };
    if reply.status == 401 {
        return '!';
    }
    assert!(reply.status < 500, "{} {path}: {reply:?}", asked.method);
    assert_ne!(reply.status, 405, "{} {path}", asked.method);
    verdict(reply.status, &reply.body, &path)
}

/// A fresh country for each question: none is answered by what another one did.
async fn country() -> World {
    let world = World::new().await;
    world.read_names().await;
    let account = |username: &str, role: &str, scope: &str| json!({"username": username, "password_hash": super::world::hashed(), "role": role, "scope": scope});
    world.define("accounts", &json!({"accounts": [account("admin-jakarta", "admin", "31")]})).await;
    world
}

#[tokio::test]
async fn the_table_of_rights_is_the_one_beside_this_file() {
    let mut table = String::new();
    writeln!(table, "{:62} {}", "", ROLES.map(|(role, _)| format!("{role:>11}")).join(" ")).unwrap();
    let world = country().await;
    for asked in calls() {
        let shown = format!("{} {}", asked.method, asked.path);
        assert_eq!(ask(&world, None, &asked, (STATION, "petugas")).await, '!', "{shown} without a session");
        let places: &[(&str, (&str, &str))] = if asked.aimed {
            &[(" in scope", (STATION, "petugas")), (" out of scope", (FAR, "jauh"))]
        } else {
            &[("", (STATION, "petugas"))]
        };
        for (place, aim) in places {
            let mut line = String::new();
            for (_, username) in ROLES {
                let world = country().await;
                let token = world.token(username).await;
                let verdict = ask(&world, Some(&token), &asked, *aim).await;
                write!(line, " {verdict:>11}").unwrap();
            }
            writeln!(table, "{:62}{line}", format!("{shown}{place}")).unwrap();
        }
    }
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let path = format!("{package}/tests/contract/rights.txt");
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == table, "{path} should be:\n{table}");
}

#[tokio::test]
async fn every_call_of_the_description_is_in_the_table() {
    let description = serde_json::to_value(api::openapi::description()).unwrap();
    let asked: Vec<(String, String)> = calls()
        .iter()
        .map(|asked| {
            let path = asked.path.split('?').next().unwrap_or_default();
            (asked.method.to_lowercase(), path.to_owned())
        })
        .collect();
    let unaimed = |path: &str| {
        path.replace("{station}", "STATION")
            .replace("{contest}", "ppwp")
            .replace("{region}", "0")
            .replace("{name}", "ACCOUNT")
            .replace("{number}", "1")
            .replace("{file}", "0.csv")
            .replace("{key}", "00000000-0000-4000-8000-000000000000")
            .replace("{sha256}", &"0".repeat(64))
    };
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            let officer = call["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == "officer"));
            let complaint = path == "/api/v1/stations/{station}/complaints";
            let posted = path == "/api/v1/session" || complaint;
            let open = path == "/api/v1/cluster/join" || (posted && method == "post");
            let known = asked.contains(&(method.clone(), unaimed(path)));
            assert!(!officer || open || known, "{method} {path} is not in the table of rights");
        }
    }
}
