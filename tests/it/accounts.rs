//! Accounts on a real cluster: codes from paper to phone, sessions that every node knows, and their end.

use reqwest::Client;
use serde_json::{Value, json};
use tests::client::{Answer, Officer, send};
use tests::cluster::Cluster;
use tests::program::{rakit, write_file};
use tests::register::{CONTEST, stations};
use tests::{form, wait};
use uuid::Uuid;

async fn with_code(http: &Client, base: &str, username: &str, code: &str, key: Option<Uuid>) -> Answer {
    let mut request =
        http.post(format!("{base}/api/v1/session")).json(&json!({"username": username, "code": code}));
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key.to_string());
    }
    send(request).await.expect("an answer")
}

/// The officer listeners of the nodes.
fn bases(cluster: &Cluster) -> Vec<String> {
    cluster.nodes().iter().map(|node| node.officer.clone()).collect()
}

async fn me(http: &Client, base: &str, token: &str) -> u16 {
    send(http.get(format!("{base}/api/v1/me")).bearer_auth(token)).await.map_or(0, |answer| answer.status)
}

/// Waits until no node takes a token any more.
async fn refused_everywhere(cluster: &Cluster, token: &str) {
    for base in bases(cluster) {
        wait::until("the token to be dead", async || {
            (me(cluster.http(), &base, token).await == 401).then_some(())
        })
        .await;
    }
}

fn token(answer: &Answer) -> String {
    answer.json()["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn codes_go_from_a_table_to_paper_to_a_session_that_every_node_knows() {
    let cluster = Cluster::with_register().await;
    let (table, codes) = (cluster.folder().join("akun.csv"), cluster.folder().join("kode"));
    let station = &stations()[0];
    write_file(
        &table,
        &format!(
            "username,role,scope\nkpps-1,officer,{station}\nkpps-2,officer,{station}\npemeriksa-1,reviewer,31\n"
        ),
    );
    let file = cluster.file_path();
    let arguments = [
        "import",
        "accounts",
        table.to_str().unwrap(),
        "--codes",
        codes.to_str().unwrap(),
        "--cluster",
        file.to_str().unwrap(),
        "--json",
    ];
    let summary = rakit(arguments).await.expect_code(0).json();
    assert_eq!((&summary["created"], &summary["printed"]), (&json!(3), &json!(3)), "{summary}");
    let district = &station[..6];
    let sheet = std::fs::read(codes.join(format!("kode-{district}.pdf"))).expect("a sheet");
    assert!(sheet.starts_with(b"%PDF-") && sheet.len() > 2_000);
    let written = std::fs::read_to_string(codes.join("kode.csv")).expect("the codes");
    let code = |username: &str| {
        let line = written.lines().find(|line| line.starts_with(&format!("{username},"))).expect("a line");
        line.split(',').nth(1).expect("a code").to_owned()
    };
    let (http, bases) = (cluster.http(), bases(&cluster));
    let attempt = Uuid::new_v4();
    let first = with_code(http, &bases[0], "kpps-1", &code("kpps-1"), Some(attempt)).await.expect_status(201);
    with_code(http, &bases[1], "kpps-1", &code("kpps-1"), None).await.expect_problem(401, "unauthenticated");
    // The answer was lost: the same attempt, at another node, gets a session in place of the first.
    let again = with_code(http, &bases[2], "kpps-1", &code("kpps-1"), Some(attempt)).await.expect_status(201);
    refused_everywhere(&cluster, &token(&first)).await;
    for base in &bases {
        assert_eq!(me(http, base, &token(&again)).await, 200, "{base}");
    }
    // Run again with the same directory nobody is signed out.
    let summary = rakit(arguments).await.expect_code(0).json();
    assert_eq!((&summary["unchanged"], &summary["kept"]), (&json!(3), &json!(0)), "{summary}");
    assert_eq!(me(http, &bases[1], &token(&again)).await, 200);
    // With another one neither: accounts that are there keep what they have.
    let lost = cluster.folder().join("kode-lain");
    let arguments = [
        "import",
        "accounts",
        table.to_str().unwrap(),
        "--codes",
        lost.to_str().unwrap(),
        "--cluster",
        file.to_str().unwrap(),
        "--json",
    ];
    let summary = rakit(arguments).await.expect_code(0).json();
    assert_eq!((&summary["kept"], &summary["printed"]), (&json!(3), &json!(0)), "{summary}");
    assert_eq!(me(http, &bases[1], &token(&again)).await, 200);
}

#[tokio::test]
async fn a_form_lives_through_all_its_steps_on_three_nodes() {
    let cluster = Cluster::with_register().await;
    let admin = cluster.admin(0).await;
    let station = &stations()[0];
    let accounts = json!({"accounts": [
        {"username": "petugas-uji", "password": "kata sandi petugas", "role": "officer", "scope": station},
        {"username": "pembaca-uji", "password": "kata sandi pembaca", "role": "reviewer", "scope": "31"},
        {"username": "pengesah-uji", "password": "kata sandi pengesah", "role": "certifier", "scope": "31"},
    ]});
    let _defined = admin.post("/api/v1/master/accounts", &accounts).await.expect_status(200);
    let (http, bases) = (cluster.http(), bases(&cluster));
    let officer = Officer::login(http, &bases[0], "petugas-uji", "kata sandi petugas").await;
    let reader = Officer::login(http, &bases[1], "pembaca-uji", "kata sandi pembaca").await;
    let certifier = Officer::login(http, &bases[2], "pengesah-uji", "kata sandi pengesah").await;
    let read = form::of_votes([100, 60, 40], 5);
    let put = officer.put_request(station, 0, Uuid::new_v4(), &form::body(&read));
    let _reported = send(put).await.expect("an answer").expect_status(201);
    let step = async |by: &Officer, step: &str, body: &Value| {
        let path = format!("/api/v1/tallies/{CONTEST}/{station}/{step}");
        let request =
            by.request(reqwest::Method::POST, &path).header("Idempotency-Key", Uuid::new_v4().to_string());
        send(request.header("If-Match", "\"1\"").json(body)).await.expect("an answer")
    };
    let reviewed = step(&reader, "reviews", &json!({"form": read})).await.expect_status(200).json();
    assert_eq!((&reviewed["state"], &reviewed["differences"]), (&json!("reviewed"), &json!([])));
    let reason = json!({"reason": "rapat pleno"});
    step(&reader, "certifications", &reason).await.expect_problem(403, "forbidden");
    let stamped = step(&certifier, "certifications", &reason).await.expect_status(200).json();
    assert_eq!(stamped["state"], "certified");
    let index = stamped["receipt"]["index"].as_u64().expect("an index");
    for node in cluster.nodes() {
        let url = format!("{}/api/v1/stations/{station}/{CONTEST}?min_index={index}", node.public);
        let page = send(http.get(url)).await.expect("an answer").expect_status(200).json();
        assert_eq!(page["state"], "certified", "{page}");
        assert_eq!(page["history"].as_array().map(Vec::len), Some(3), "{page}");
    }
    // Ended by the admin, dead on every node.
    let ended = admin.request(reqwest::Method::DELETE, "/api/v1/accounts/pembaca-uji/sessions");
    let ended = send(ended.header("Idempotency-Key", Uuid::new_v4().to_string())).await.expect("an answer");
    assert_eq!(ended.status, 204, "{ended:?}");
    for base in &bases {
        wait::until("the reader to be out", async || {
            (reader.at(base).get("/api/v1/me").await.status == 401).then_some(())
        })
        .await;
    }
    let log = admin.get("/api/v1/audit?limit=1000").await.expect_status(200).json();
    let events: Vec<&str> =
        log["records"].as_array().expect("lines").iter().filter_map(|line| line["event"].as_str()).collect();
    for event in ["founded", "account_created", "signed_in", "sessions_ended"] {
        assert!(events.contains(&event), "{event}: {events:?}");
    }
}
