//! What an officer meets: receipts, replays, preconditions, confirmations, holds, rights.

use serde_json::{Value, json};
use tests::client::{Answer, Officer, send};
use tests::cluster::Cluster;
use tests::form;
use tests::register::{CONTEST, stations};
use uuid::Uuid;

async fn station_view(officer: &Officer, station: &str) -> Value {
    officer.get(&format!("/api/v1/stations/{station}/{CONTEST}")).await.expect_status(200).json()
}

fn rules(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    body["flags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|flag| flag["rule"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_report_is_stored_once_and_corrected_on_top() {
    let cluster = Cluster::with_register().await;
    let officer = cluster.admin(0).await;
    let station = &stations()[0];
    let first = form::body(&form::of_votes([100, 60, 40], 5));

    let key = Uuid::new_v4();
    let stored = send(officer.put_request(station, 0, key, &first)).await.unwrap().expect_status(201);
    let receipt = stored.json()["receipt"].clone();
    assert_eq!(receipt["revision"], 1, "{stored:?}");
    assert_eq!((&receipt["contest"], &receipt["station"]), (&json!(CONTEST), &json!(station)));
    assert!(receipt["index"].as_u64().unwrap() > 0 && receipt["term"].as_u64().unwrap() > 0, "{receipt}");
    assert_eq!(receipt["digest"].as_str().unwrap().len(), 64, "{receipt}");

    // The same key on every node: the same answer, word for word, and marked.
    for node in cluster.nodes() {
        let again = send(officer.at(&node.officer).put_request(station, 0, key, &first)).await.unwrap();
        let again = again.expect_status(201);
        assert_eq!(again.header("idempotent-replay"), "true", "{again:?}");
        assert_eq!(again.json()["receipt"]["index"], receipt["index"]);
        assert_eq!(again.json()["receipt"]["digest"], receipt["digest"]);
    }
    // The same key with another form is a mistake of the client.
    let other = form::body(&form::of_votes([101, 60, 40], 5));
    send(officer.put_request(station, 0, key, &other))
        .await
        .unwrap()
        .expect_problem(422, "idempotency-mismatch");

    // A second first report is refused and told what is there.
    let stale = officer.put(station, 0, &other).await;
    stale.expect_problem(412, "stale-revision");
    assert_eq!(stale.json()["current_revision"], 1);
    assert_eq!(stale.json()["digest"], receipt["digest"]);

    let corrected = officer.put(station, 1, &other).await.expect_status(200);
    assert_eq!(corrected.json()["receipt"]["revision"], 2);
    officer.put(station, 1, &other).await.expect_problem(412, "stale-revision");

    let view = station_view(&officer, station).await;
    assert_eq!((view["revision"].as_u64(), form::votes(&view["form"])), (Some(2), [101, 60, 40]));
    let history: Vec<u64> =
        view["history"].as_array().unwrap().iter().map(|event| event["revision"].as_u64().unwrap()).collect();
    assert_eq!(history.len(), 2, "the overwritten form stays readable: {view}");

    let index = corrected.json()["receipt"]["index"].as_u64().unwrap();
    for answer in cluster.everywhere(&format!("/api/v1/results/{CONTEST}/0"), index).await {
        assert_eq!(answer["totals"]["votes"], json!({"100025": 101, "100026": 60, "100027": 40}), "{answer}");
        assert_eq!(answer["progress"]["reported"], 1, "{answer}");
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_confirmed_held_or_refused() {
    let cluster = Cluster::with_register().await;
    let officer = cluster.admin(1).await;
    let good = form::of_votes([80, 70, 50], 3);

    // The options sum to 200 and "valid" says 203: fix it or confirm it.
    let station = &stations()[1];
    let mut slip = form::with(&good, "/valid", 203);
    slip = form::with(&slip, "/invalid", 0);
    let asked = officer.put(station, 0, &form::body(&slip)).await;
    asked.expect_problem(422, "confirmation-required");
    assert_eq!(rules(&asked), ["R07"], "{asked:?}");
    assert_eq!(station_view(&officer, station).await["state"], "absent", "nothing may be stored");

    let mut confirmed = form::body(&slip);
    confirmed["confirm"] = json!(["R07"]);
    let without_reason = officer.put(station, 0, &confirmed).await;
    assert_eq!(without_reason.status, 422, "{without_reason:?}");
    confirmed["reason"] = json!("sesuai formulir");
    let stored = officer.put(station, 0, &confirmed).await.expect_status(201);
    assert_eq!((stored.json()["state"].as_str(), rules(&stored)), (Some("reported"), vec!["R07".to_owned()]));

    // A difference of fifty and more is stored and left out of the sums.
    let station = &stations()[2];
    let wide = form::with(&form::with(&good, "/votes/100025", 20), "/valid", 200);
    let held = officer.put(station, 0, &form::body(&wide)).await.expect_status(201);
    assert_eq!(held.json()["state"], "held", "{held:?}");

    let index = held.json()["receipt"]["index"].as_u64().unwrap();
    for answer in cluster.everywhere(&format!("/api/v1/results/{CONTEST}/0"), index).await {
        assert_eq!(answer["totals"]["votes"]["100025"], 80, "only the confirmed form counts: {answer}");
        assert_eq!(
            (answer["progress"]["reported"].as_u64(), answer["progress"]["held"].as_u64()),
            (Some(2), Some(1))
        );
    }
}

#[tokio::test]
async fn rights_end_at_the_scope() {
    let cluster = Cluster::with_register().await;
    let admin = cluster.admin(0).await;
    let accounts = cluster.folder().join("accounts.csv");
    tests::program::write_file(
        &accounts,
        "username,password,role,scope\npetugas-31,kata-sandi-petugas-31,officer,31\n",
    );
    let file = cluster.file_path();
    let arguments = ["import", "accounts", accounts.to_str().unwrap(), "--cluster", file.to_str().unwrap()];
    drop(tests::program::rakit(arguments).await.expect_code(0));

    let base = &cluster.nodes()[2].officer;
    let officer = Officer::login(cluster.http(), base, "petugas-31", "kata-sandi-petugas-31").await;
    let body = form::body(&form::of_votes([10, 20, 30], 1));
    drop(officer.put("3101011001007", 0, &body).await.expect_status(201));
    officer.put("3201011001007", 0, &body).await.expect_problem(403, "forbidden");

    // Officers fill in every part; whoever imports may leave parts out.
    let mut partial = form::of_votes([10, 20, 30], 1);
    partial["ballots"] = Value::Null;
    drop(admin.put("3201011001008", 0, &form::body(&partial)).await.expect_status(201));

    let stranger = Officer::try_login(cluster.http(), base, "petugas-31", "salah").await.unwrap();
    stranger.expect_problem(401, "unauthenticated");
    let nobody = Officer::try_login(cluster.http(), base, "tidak-ada", "salah").await.unwrap();
    nobody.expect_problem(401, "unauthenticated");
    assert_eq!(
        nobody.json()["detail"],
        stranger.json()["detail"],
        "an answer must not tell which names exist"
    );
    send(cluster.http().put(format!("{base}/api/v1/tallies/{CONTEST}/3101011001009")).json(&body))
        .await
        .unwrap()
        .expect_problem(401, "unauthenticated");
}
