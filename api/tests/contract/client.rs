//! The typed client over the routers, with nodes that fail.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use api::client::{Client, ClientError, ClientSettings, Transport, TransportError};
use api::dto::batch::{BatchBody, BatchItem};
use api::dto::submission::TallyBody;
use api::ports::SubmitError;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::world::{FAR, PASSWORD, SECOND, STATION, World, form, tally};

/// One router under many names, some of which do not answer; time passes only in pauses.
struct Wires {
    router: Router,
    dead: Mutex<Vec<String>>,
    now_ms: Arc<AtomicU64>,
    sent: Mutex<Vec<String>>,
}

impl Transport for Wires {
    fn send(
        &self,
        base: &str,
        request: Request<Bytes>,
    ) -> BoxFuture<'static, Result<Response<Bytes>, TransportError>> {
        self.sent.lock().unwrap().push(base.to_owned());
        if self.dead.lock().unwrap().iter().any(|dead| dead == base) {
            return async { Err(TransportError("connection refused".to_owned())) }.boxed();
        }
        let router = self.router.clone();
        async move {
            let response = router.oneshot(request.map(Body::from)).await.expect("an answer");
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.map_err(|error| TransportError(error.to_string()))?.to_bytes();
            Ok(Response::from_parts(parts, bytes))
        }
        .boxed()
    }

    fn pause(&self, milliseconds: u64) -> BoxFuture<'static, ()> {
        let now_ms = Arc::clone(&self.now_ms);
        // Attempts are limited by a pause that must not end at once; the others only move the clock.
        if milliseconds > 4_000 {
            return std::future::pending().boxed();
        }
        async move {
            now_ms.fetch_add(milliseconds, Ordering::Relaxed);
        }
        .boxed()
    }

    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn random(&self) -> u64 {
        3
    }
}

fn client(router: &Router) -> (Client<Wires>, Arc<Wires>) {
    let wires = Arc::new(Wires {
        router: router.clone(),
        dead: Mutex::default(),
        now_ms: Arc::default(),
        sent: Mutex::default(),
    });
    let endpoints = vec!["http://one".to_owned(), "http://two/".to_owned(), "http://three".to_owned()];
    (Client::new(Arc::clone(&wires), ClientSettings::new(endpoints)), wires)
}

fn body() -> TallyBody {
    serde_json::from_value(tally(&form())).expect("the shape of a body")
}

#[tokio::test]
async fn a_client_signs_in_writes_and_reads() {
    let world = World::new().await;
    let (client, _) = client(&world.officer);
    let signed_in = client.sign_in("petugas", PASSWORD).await.expect("a session");
    assert_eq!(signed_in.value.account.role, "officer");
    let key = Uuid::new_v4();
    let first = client.put_tally(("ppwp", STATION), 0, key, &body()).await.expect("accepted");
    assert_eq!((first.status, first.replay, first.node), (201, false, Some(7)));
    let again = client.put_tally(("ppwp", STATION), 0, key, &body()).await.expect("a replay");
    assert!(again.replay && again.value == first.value);
    let refusal = client.put_tally(("ppwp", FAR), 0, Uuid::new_v4(), &body()).await.expect_err("refused");
    assert_eq!(refusal.code(), Some("forbidden"));
    let item = |key: Uuid, station: &str| BatchItem {
        key: key.to_string(),
        contest: "ppwp".to_owned(),
        station: station.to_owned(),
        if_revision: 0,
        form: body().form,
        confirm: Vec::new(),
        reason: None,
        attachments: Vec::new(),
        observed_at: None,
        count_kind: None,
    };
    let batch = BatchBody { items: vec![item(Uuid::new_v4(), SECOND), item(Uuid::new_v4(), FAR)] };
    let results = client.batch(Uuid::new_v4(), &batch).await.expect("results").value.results;
    assert_eq!((results[0].status, results[1].status), (201, 403));
    let nation = client.results("ppwp", "0").await.expect("results").value;
    assert_eq!(nation.totals.votes.of("100025"), Some(82));
    assert_eq!(client.contests().await.expect("contests").value.contests.len(), 2);
    assert_eq!(client.tally(STATION, "ppwp").await.expect("a form").value.revision, 1);
    assert_eq!(client.changes(0, 10, 0).await.expect("changes").value.changes.len(), 2);
    client.sign_out(Uuid::new_v4()).await.expect("signed out");
    assert!(client.token().is_none());
}

#[tokio::test]
async fn a_client_goes_on_with_the_next_node_and_stays_there() {
    let world = World::new().await;
    let (client, wires) = client(&world.public);
    wires.dead.lock().unwrap().push("http://one".to_owned());
    let answer = client.contests().await.expect("contests");
    assert_eq!((answer.attempts, wires.now_ms()), (2, 0), "at once, without a pause");
    wires.sent.lock().unwrap().clear();
    client.contests().await.expect("contests");
    assert_eq!(*wires.sent.lock().unwrap(), ["http://two"]);

    wires.dead.lock().unwrap().clear();
    wires.sent.lock().unwrap().clear();
    client.begin_at(0);
    client.contests().await.expect("contests");
    assert_eq!(*wires.sent.lock().unwrap(), ["http://one"], "until it is told to go back");
}

#[tokio::test]
async fn a_client_gives_up_at_its_deadline_and_says_what_was_last() {
    let world = World::new().await;
    let (client, wires) = client(&world.public);
    *wires.dead.lock().unwrap() = ["http://one", "http://two", "http://three"].map(str::to_owned).to_vec();
    let error = client.contests().await.expect_err("nobody answers");
    let ClientError::Unavailable { attempts, last } = error else { panic!("{error:?}") };
    assert!(attempts > 10 && last.contains("connection refused"), "{attempts} {last}");
    assert!(wires.now_ms() <= 30_000);
}

#[tokio::test]
async fn a_client_waits_as_long_as_it_was_told_and_sends_the_same_key() {
    let world = World::new().await;
    let (client, wires) = client(&world.officer);
    client.sign_in("petugas", PASSWORD).await.expect("a session");
    world.node.fault_after_effect.store(true, Ordering::Relaxed);
    *world.node.submit_fault.lock().unwrap() = Some(SubmitError::Overloaded { retry_after_s: 3 });
    wires.sent.lock().unwrap().clear();
    let key = Uuid::new_v4();
    let error = client.put_tally(("ppwp", STATION), 0, key, &body()).await.expect_err("never answered");
    assert!(matches!(error, ClientError::Unavailable { .. }), "{error}");
    let sent = wires.sent.lock().unwrap().len();
    assert!((27..=33).contains(&sent), "each of three nodes every three seconds: {sent}");
    *world.node.submit_fault.lock().unwrap() = None;
    let found = client.put_tally(("ppwp", STATION), 0, key, &body()).await.expect("found by its key");
    assert_eq!((found.status, found.replay), (201, true));
}
