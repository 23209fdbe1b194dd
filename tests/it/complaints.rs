//! Complaints in a cluster: taken by any node from anybody, once, shown by all with the answer of an official.

use reqwest::Method;
use serde_json::json;
use tests::client::send;
use tests::cluster::Cluster;
use tests::form;
use tests::register::{CONTEST, stations};
use tests::wait;
use uuid::Uuid;

#[tokio::test]
async fn a_complaint_is_taken_once_answered_and_shown_everywhere() {
    let cluster = Cluster::with_register().await;
    let officer = cluster.admin(0).await;
    let station = &stations()[0];
    let body = form::body(&form::of_votes([91, 60, 40], 5));
    let index = officer.put(station, 0, &body).await.expect_status(201).json()["receipt"]["index"].clone();
    // Whoever complains has seen the form; the node that is asked must have it too.
    let path = format!("/api/v1/stations/{station}/{CONTEST}");
    cluster.everywhere(&path, index.as_u64().unwrap()).await;

    let path = format!("/api/v1/stations/{station}/complaints");
    let key = Uuid::new_v4();
    let complaint = json!({"contest": CONTEST, "revision": 1, "kind": "wrong_number", "field": "/votes/100025",
        "read": 41, "text": "<b>41</b> terbaca 91"});
    let mut answers = Vec::new();
    for node in cluster.nodes() {
        let request =
            cluster.http().request(Method::POST, format!("{}{path}", node.officer)).json(&complaint);
        let answer = send(request.header("idempotency-key", key.to_string())).await.unwrap();
        answers.push(answer.expect_status(201));
    }
    assert_eq!(answers[0].json()["number"], 1, "{answers:?}");
    for again in &answers[1..] {
        assert_eq!((again.header("idempotent-replay"), again.json()), ("true", answers[0].json()));
    }
    let index = answers[0].json()["index"].as_u64().unwrap();
    for listed in cluster.everywhere(&path, index).await {
        assert_eq!(listed["complaints"].as_array().map(Vec::len), Some(1), "{listed}");
        assert!(listed["complaints"][0]["answer"].is_null(), "{listed}");
    }

    // The public's page leads to the one that takes complaints, without an account.
    let page = cluster.public(1, &format!("/lapor/{station}/{CONTEST}")).await;
    assert!(page.status == 200 && page.text.contains("tertulis 91"), "{page:?}");

    let answer = json!({"verdict": "accepted", "text": "dikoreksi dari foto"});
    let answered = officer.post(&format!("{path}/{CONTEST}/1/answer"), &answer).await.expect_status(200);
    let index = answered.json()["index"].as_u64().unwrap();
    for listed in cluster.everywhere(&path, index).await {
        assert_eq!(listed["complaints"][0]["answer"]["verdict"], "accepted", "{listed}");
    }
    for node in 0..cluster.nodes().len() {
        let page = wait::until("a page with the answer", async || {
            let page = cluster.public(node, &format!("/tps/{station}/{CONTEST}")).await;
            page.text.contains("dikoreksi dari foto").then_some(page)
        })
        .await;
        assert!(!page.text.contains("<b>41</b>"), "{}", page.text);
    }
    cluster.equal_state().await;
}
