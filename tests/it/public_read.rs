//! What the public meets: results, pages, caching, and no way to change anything.

use reqwest::Method;
use tests::client::send;
use tests::cluster::Cluster;
use tests::form;
use tests::register::{CONTEST, stations};
use tests::wait;

#[tokio::test]
async fn results_and_pages_come_from_every_node() {
    let cluster = Cluster::with_register().await;
    let officer = cluster.admin(0).await;
    let body = form::body(&form::of_votes([90, 50, 30], 4));
    let stored = officer.put(&stations()[0], 0, &body).await.expect_status(201);
    let index = stored.json()["receipt"]["index"].as_u64().unwrap();

    for path in
        ["0", "31", "3101", "310101", "3101011001"].map(|code| format!("/api/v1/results/{CONTEST}/{code}"))
    {
        for answer in cluster.everywhere(&path, index).await {
            assert_eq!(answer["totals"]["votes"]["100025"], 90, "{path}: {answer}");
            assert_eq!(answer["totals"]["invalid"], 4, "{path}: {answer}");
            assert!(answer["as_of"]["index"].as_u64().unwrap() <= index, "{path}: {answer}");
        }
    }
    let village = &cluster.everywhere(&format!("/api/v1/results/{CONTEST}/3101011001"), index).await[1];
    let rows = village["children"].as_array().unwrap();
    assert_eq!(rows.len(), 40, "{village}");
    assert_eq!((rows[0]["state"].as_str(), rows[1]["state"].as_str()), (Some("reported"), Some("absent")));
    assert!(rows[1]["totals"].is_null(), "a station that did not report contributes nothing: {}", rows[1]);

    for node in 0..3 {
        let page = wait::until("a page with the votes", async || {
            let page = cluster.public(node, &format!("/{CONTEST}/0")).await;
            (page.status == 200 && page.text.contains("90")).then_some(page)
        })
        .await;
        assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
        assert!(page.text.contains("lang=\"id\"") && page.text.contains("PASANGAN 1"), "{}", page.text);
        assert!(page.text.contains(&format!("/{CONTEST}/31")), "the page leads down: {}", page.text);
        let station = cluster.public(node, &format!("/tps/{}", stations()[0])).await;
        assert_eq!(station.status, 200, "{station:?}");
    }
}

#[tokio::test]
async fn answers_say_how_old_they_are_and_can_be_cached() {
    let cluster = Cluster::with_register().await;
    let path = format!("/api/v1/results/{CONTEST}/31");
    let mut tags = Vec::new();
    for node in 0..3 {
        let answer = wait::until("results of a province", async || {
            let answer = cluster.public(node, &path).await;
            (answer.status == 200).then_some(answer)
        })
        .await;
        for header in ["rakit-node", "rakit-index", "rakit-leader-age-ms", "request-id", "etag"] {
            assert!(!answer.header(header).is_empty(), "{header} is missing: {answer:?}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let tag = answer.header("etag").to_owned();
        let url = format!("{}{path}", cluster.nodes()[node].public);
        let again = send(cluster.http().get(&url).header("If-None-Match", &tag)).await.unwrap();
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{again:?}");
        let head = send(cluster.http().head(&url)).await.unwrap();
        assert_eq!(
            (head.status, head.header("etag"), head.text.as_str()),
            (200, tag.as_str(), ""),
            "{head:?}"
        );
        tags.push(tag);
    }
    assert!(tags.iter().all(|tag| *tag == tags[0]), "one content, one tag, on every node: {tags:?}");
}

#[tokio::test]
async fn nothing_can_be_changed_from_outside() {
    let cluster = Cluster::with_register().await;
    let base = &cluster.nodes()[0].public;
    for path in
        [format!("/api/v1/tallies/{CONTEST}/{}", stations()[0]), "/api/v1/session".to_owned(), "/".to_owned()]
    {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = send(cluster.http().request(method.clone(), format!("{base}{path}")).body("{}"))
                .await
                .unwrap();
            assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
        }
    }
    for (path, status) in [
        ("/api/v1/results/ppwp/99999".to_owned(), 404),
        ("/api/v1/results/tidak-ada/0".to_owned(), 404),
        ("/api/v1/stations/3101011001999".to_owned(), 404),
        (format!("/api/v1/results/{CONTEST}/0?consistency=baru"), 400),
        (format!("/api/v1/results/{CONTEST}/0?min_index=x"), 400),
        (format!("/api/v1/results/{CONTEST}/0?sesuatu=1"), 200),
    ] {
        assert_eq!(cluster.public(0, &path).await.status, status, "{path}");
    }
}
