//! What every answer has.

use std::sync::atomic::Ordering;

use super::world::{STATION, World, call, form, refused, tally};

#[tokio::test]
async fn every_answer_says_which_node_gave_it_and_at_which_index() {
    let world = World::new().await;
    let index = world.node.index().to_string();
    for (router, path) in [
        (&world.public, "/api/v1/contests"),
        (&world.public, "/nothing"),
        (&world.officer, "/api/v1/contests"),
        (&world.ops, "/livez"),
    ] {
        let reply = call(router, "GET", path, &[], None).await;
        assert_eq!(reply.header("rakit-node"), "7", "{path}");
        assert_eq!(reply.header("rakit-index"), index, "{path}");
        assert_eq!(reply.header("rakit-leader-age-ms"), "42");
        let id = uuid::Uuid::parse_str(reply.header("request-id")).expect("a UUID");
        assert_eq!(id.get_version_num(), 7);
    }
    let public = world.get("/api/v1/contests").await;
    assert_eq!(public.header("access-control-allow-origin"), "*");
    assert!(public.header("cache-control").contains("stale-if-error"));
    let officer = call(&world.officer, "GET", "/api/v1/contests", &[], None).await;
    assert!(!officer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn an_address_that_is_nothing_is_a_page_for_browsers_and_a_problem_for_programs() {
    let world = World::new().await;
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    for (router, headers, path, kind) in [
        (&world.public, &browser[..], "/tidak-ada", "text/html; charset=utf-8"),
        (&world.officer, &browser, "/tidak-ada", "text/html; charset=utf-8"),
        (&world.public, &[], "/tidak-ada", "application/problem+json"),
        (&world.public, &[("accept", "*/*")], "/tidak-ada", "application/problem+json"),
        (&world.public, &browser, "/api/v1/tidak-ada", "application/problem+json"),
    ] {
        let reply = call(router, "GET", path, headers, None).await;
        assert_eq!((reply.status, reply.header("content-type")), (404, kind), "{headers:?} {path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn the_index_is_of_the_pinned_view_not_of_the_moment() {
    let world = World::new().await;
    world.node.lag();
    let then = world.node.index().to_string();
    let token = world.token("petugas").await;
    world.put(&token, STATION, 0, &tally(&form())).await;
    let reply = world.get("/api/v1/results/ppwp/0").await;
    assert_eq!(
        (reply.header("rakit-index"), &reply.body["progress"]["reported"]),
        (then.as_str(), &0.into())
    );
}

#[tokio::test]
async fn tags_follow_the_content_and_make_304() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let path = "/api/v1/results/ppwp/0";
    let first = world.get(path).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 20);
    for wanted in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let reply = call(&world.public, "GET", path, &[("if-none-match", &wanted)], None).await;
        assert_eq!((reply.status, reply.text.as_str(), reply.header("etag")), (304, "", tag.as_str()));
        assert_eq!(reply.header("rakit-node"), "7");
    }
    assert_eq!(call(&world.public, "GET", path, &[("if-none-match", "\"x\"")], None).await.status, 200);
    let officer = world.by(&token, "GET", path, &[], None).await;
    assert_eq!(officer.header("etag"), tag, "equal content, equal tag");
    world.put(&token, STATION, 0, &tally(&form())).await;
    let reply = call(&world.public, "GET", path, &[("if-none-match", &tag)], None).await;
    assert_eq!(reply.status, 200);
    assert_ne!(reply.header("etag"), tag);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let world = World::new().await;
    let get = world.get("/api/v1/contests").await;
    let head = call(&world.public, "HEAD", "/api/v1/contests", &[], None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("etag"), get.header("etag"));
    let missing = call(&world.public, "HEAD", "/nothing", &[], None).await;
    assert_eq!((missing.status, missing.text.as_str()), (404, ""));
}

#[tokio::test]
async fn a_panic_ends_its_request_only() {
    let world = World::new().await;
    world.node.panicking.store(true, Ordering::Relaxed);
    refused(&world.get("/api/v1/status").await, 500, "internal");
    world.node.panicking.store(false, Ordering::Relaxed);
    assert_eq!(world.get("/api/v1/status").await.status, 200);
}
