//! Following a region by server-sent events.

use api::limits::ClientAddress;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::world::{SECOND, STATION, World, form, refused, tally};

const NATION: &str = "/api/v1/events?contest=ppwp&region=0";

/// A connection that events come over.
struct Stream(Body);

impl Stream {
    async fn open(world: &World, path: &str, seen: Option<u64>) -> Self {
        let mut request = Request::get(path);
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen.to_string());
        }
        let response = world.public.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let mut stream = Self(response.into_body());
        assert_eq!(stream.chunk().await.as_deref(), Some("retry: 3000\n\n"));
        stream
    }

    async fn chunk(&mut self) -> Option<String> {
        let frame = self.0.frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    }

    /// The next event: its identifier and what it says.
    async fn event(&mut self) -> Option<(u64, Value)> {
        loop {
            let chunk = self.chunk().await?;
            if chunk == ":\n\n" {
                continue;
            }
            let mut lines = chunk.lines();
            let mut field = |name: &str| lines.next().unwrap().strip_prefix(name).unwrap().to_owned();
            let (id, kind, data) = (field("id: "), field("event: "), field("data: "));
            assert_eq!(kind, "result");
            return Some((id.parse().unwrap(), serde_json::from_str(&data).unwrap()));
        }
    }
}

#[tokio::test]
async fn the_state_comes_at_once_and_again_when_it_changes() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    world.publisher.round().unwrap();
    let mut stream = Stream::open(&world, NATION, None).await;
    let (id, first) = stream.event().await.unwrap();
    assert_eq!((id, &first["progress"]["reported"]), (0, &0.into()));
    assert!(first.get("children").is_none());
    assert_eq!(world.put(&token, STATION, 0, &tally(&form())).await.status, 201);
    assert_eq!(world.put(&token, SECOND, 0, &tally(&form())).await.status, 201);
    world.publisher.round().unwrap();
    let (id, event) = stream.event().await.unwrap();
    let results = world.get("/api/v1/results/ppwp/0").await.body;
    assert_eq!(id, results["as_of"]["index"].as_u64().unwrap());
    for part in ["contest", "region", "as_of", "progress", "totals"] {
        assert_eq!(event[part], results[part], "{part}");
    }
    assert_eq!(world.publisher.followed(), 1);
}

#[tokio::test]
async fn whoever_comes_back_is_shown_nothing_older() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    assert_eq!(world.put(&token, STATION, 0, &tally(&form())).await.status, 201);
    let mut stream = Stream::open(&world, NATION, None).await;
    let (seen, _) = stream.event().await.unwrap();
    drop(stream);
    let (again, _) = Stream::open(&world, NATION, Some(seen)).await.event().await.unwrap();
    assert_eq!(again, seen, "the same state is shown again, so that nothing is missed");
    // What another node showed is newer than what this one has.
    let mut ahead = Stream::open(&world, NATION, Some(seen + 1)).await;
    assert_eq!(world.put(&token, SECOND, 0, &tally(&form())).await.status, 201);
    world.publisher.round().unwrap();
    let (next, _) = ahead.event().await.unwrap();
    assert!(next > seen, "{next} after {seen}");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_connection_is_kept_open_and_ends_after_an_hour() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, NATION, None).await;
    assert!(stream.chunk().await.is_some_and(|event| event.starts_with("id: 0\n")));
    let mut comments = 0;
    while let Some(chunk) = stream.chunk().await {
        assert_eq!(chunk, ":\n\n");
        comments += 1;
    }
    assert_eq!(comments, 60 * 60 / 15 - 1);
}

#[tokio::test]
async fn what_cannot_be_followed_is_told() {
    let world = World::new().await;
    for query in ["", "?contest=ppwp", "?region=0", "?contest=ppwp&region=0&region=1"] {
        refused(&world.get(&format!("/api/v1/events{query}")).await, 400, "bad-request");
    }
    for query in [
        "contest=x&region=0",
        "contest=ppwp&region=99",
        "contest=pdpr-3201&region=31",
        "contest=ppwp&region=x",
    ] {
        refused(&world.get(&format!("/api/v1/events?{query}")).await, 404, "not-found");
    }
    let wrong = super::world::call(&world.public, "GET", NATION, &[("last-event-id", "x")], None).await;
    refused(&wrong, 400, "bad-request");
}

#[tokio::test]
async fn one_address_has_so_many_lines_and_others_have_theirs() {
    const MOST: usize = 256;
    let world = World::new().await;
    let ask = async |address: &str| {
        let client = ClientAddress(address.parse().unwrap());
        let request = Request::get(NATION).extension(client).body(Body::empty()).unwrap();
        world.public.clone().oneshot(request).await.unwrap()
    };
    let mut lines = Vec::new();
    for _ in 0..MOST {
        let response = ask("192.0.2.1").await;
        assert_eq!(response.status(), 200);
        lines.push(response);
    }
    let refused = ask("192.0.2.1").await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(ask("192.0.2.2").await.status(), 200);
    drop(lines.pop());
    assert_eq!(ask("192.0.2.1").await.status(), 200, "a line that ended gives its place back");
}
