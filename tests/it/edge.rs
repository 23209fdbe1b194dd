//! A node that only reads: it serves the public and nobody else, also when all who vote are gone.
//!
//! Invariant: as in the module above. What an edge says of its age is compared with what it said before, never with a clock.

use std::net::TcpStream;

use futures_util::StreamExt as _;
use reqwest::header::LINK;
use tests::client::{Answer, send};
use tests::cluster::Cluster;
use tests::form;
use tests::guest::Guest;
use tests::program::rakit;
use tests::register::{CONTEST, stations};
use tests::wait;

use super::joining::{Host, join};

/// A cluster of three that vote, and one edge.
struct World {
    cluster: Cluster,
    edge: Guest,
}

impl World {
    async fn new() -> Self {
        let cluster = Cluster::with_register().await;
        let invitation = cluster.folder().join("invitation.json");
        let mut host = Host::invite(&cluster, &invitation, &["--edge"]).await;
        let mut edge = Guest::edge(&cluster, "edge");
        drop(join(&edge, &invitation, &[]).await.expect_code(0));
        assert_eq!(host.guest().await, 4);
        edge.serve();
        let world = Self { cluster, edge };
        world.shows(0).await;
        world
    }

    /// GET at the edge.
    async fn get(&self, path: &str) -> Answer {
        send(self.cluster.http().get(format!("{}{path}", self.edge.public()))).await.expect("an answer")
    }

    /// Waits until the edge shows so many votes for the first option.
    async fn shows(&self, votes: u64) {
        let url = format!("{}/api/v1/results/{CONTEST}/0", self.edge.public());
        wait::until("the edge to show what the others have", async || {
            let answer = send(self.cluster.http().get(&url)).await.ok()?;
            (answer.json()["totals"]["votes"]["100025"].as_u64()? == votes).then_some(())
        })
        .await;
    }

    async fn readiness(&self, path: &str) -> Option<Answer> {
        send(self.cluster.http().get(format!("{}{path}", self.edge.ops()))).await.ok()
    }
}

fn age_ms(answer: &Answer) -> i64 {
    answer.header("rakit-leader-age-ms").parse().unwrap_or_else(|_| panic!("no age: {answer:?}"))
}

/// Every kind of thing that the public reads.
async fn serves_everything(world: &World) {
    for path in [
        "/",
        "/ppwp/31",
        "/tps/3101011001001",
        "/cari?q=3101011001",
        "/tentang",
        "/status",
        "/api/v1/contests",
        "/api/v1/search?q=3101011001",
        "/api/v1/stations/3101011001001/ppwp",
        "/api/v1/exports/ppwp/3101.csv",
        "/api/v1/changes",
        "/pemilu/hhcw/ppwp.json",
    ] {
        let answer =
            wait::until(path, async || Some(world.get(path).await).filter(|answer| answer.status == 200));
        assert_eq!(answer.await.header("rakit-node"), "4", "{path}");
    }
    let events = format!("{}/api/v1/events?contest={CONTEST}&region=0", world.edge.public());
    let mut events = world.cluster.http().get(events).send().await.expect("an answer").bytes_stream();
    let mut text = String::new();
    while !text.contains("event: result") {
        let piece = events.next().await.expect("more").expect("bytes");
        text.push_str(&String::from_utf8_lossy(&piece));
    }
}

#[tokio::test]
async fn an_edge_serves_the_public_and_nobody_else() {
    let world = World::new().await;
    let officer = world.cluster.admin(0).await;
    let body = form::body(&form::of_votes([30, 20, 10], 1));
    let stored = officer.put(&stations()[0], 0, &body).await.expect_status(201);
    let index = stored.json()["receipt"]["index"].as_u64().unwrap();
    world.shows(30).await;
    serves_everything(&world).await;
    let results = format!("/api/v1/results/{CONTEST}/0");
    let reached = world.get(&format!("{results}?min_index={index}")).await.expect_status(200);
    assert!(age_ms(&reached) >= 0, "{reached:?}");
    drop(world.get(&format!("{results}?consistency=linearizable")).await.expect_status(200));

    // Nobody listens for officers, and whoever asks is told so.
    assert!(TcpStream::connect(world.edge.officer_address()).is_err());
    let ready = wait::until("the edge to be ready", async || {
        world.readiness("/readyz").await.filter(|answer| answer.status == 200)
    });
    drop(ready.await);
    let officers = world.readiness("/readyz/officer").await.expect("an answer");
    assert!(officers.status == 503 && officers.text.contains("[-]role"), "{officers:?}");
    let status = world.get("/api/v1/status").await.json();
    let own = status["nodes"].as_array().unwrap().iter().find(|node| node["id"] == 4);
    assert_eq!(own.unwrap()["role"], "edge", "{status}");

    // An index that is not here: where it may be is said.
    let beyond = world.get(&format!("{results}?min_index={}", index + 1_000_000)).await;
    beyond.expect_problem(503, "stale");
    let link = beyond.headers.get(LINK).and_then(|link| link.to_str().ok()).unwrap_or_default();
    let voters: Vec<&str> = world.cluster.nodes().iter().map(|node| node.public.as_str()).collect();
    assert!(voters.iter().any(|url| link == format!("<{url}>; rel=\"alternate\"")), "{link} of {voters:?}");

    // With all gone who vote it goes on, and says how old that is.
    for node in 0..3 {
        world.cluster.kill(node).await;
    }
    let mut before = age_ms(&world.get(&results).await.expect_status(200));
    for _ in 0..3 {
        let later = wait::until("an age that has grown", async || {
            Some(world.get(&results).await.expect_status(200)).filter(|answer| age_ms(answer) > before)
        })
        .await;
        assert_eq!(later.json()["totals"]["votes"]["100025"], 30);
        before = age_ms(&later);
    }
    serves_everything(&world).await;
    world.get(&format!("{results}?consistency=bounded&max_age_ms=0")).await.expect_problem(503, "stale");
    world.get(&format!("{results}?consistency=linearizable")).await.expect_problem(503, "no-leader");
}

#[tokio::test]
async fn a_node_that_votes_must_serve_officers() {
    let cluster = Cluster::empty().await;
    let invitation = cluster.folder().join("invitation.json");
    let _host = Host::invite(&cluster, &invitation, &[]).await;
    let guest = Guest::edge(&cluster, "guest");
    let refused = join(&guest, &invitation, &[]).await.expect_code(2);
    assert!(refused.stderr.contains("listeners.officer"), "{refused:?}");
    assert!(!guest.dir().join("tls").exists());
    // A file without them is valid: only its certificates say what the node is.
    drop(rakit(["config", "check", guest.settings().to_str().unwrap()]).await.expect_code(0));
}
