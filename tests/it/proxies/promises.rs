//! What the files of `docs/deploy` promise, one function each; the README beside them has the list.
//!
//! Invariant: each looks at the proxy from outside, as a visitor does, and at nodes not at all.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use reqwest::{Client, Response};
use tests::client::{Officer, send, trusting, trusting_from};
use tests::cluster::Cluster;
use tests::form;
use tests::register::{CONTEST, stations};
use tests::{process, wait};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{NODES, Proxy, page};

/// Requests for one page, fewer than the burst that is let pass.
const REQUESTS: usize = 200;
/// Requests at the same moment.
const CROWD: usize = 50;
/// Clients that read while a node dies, and answers each wants after that.
const READERS: usize = 2;
const ANSWERS_AFTER: usize = 40;
/// Older than anything that nodes let be shown while they are well: their `stale-while-revalidate` for data is 15 s.
const OUTLIVED_S: u64 = 18;
/// How browsers say that they unpack Brotli.
const ENCODINGS: [&str; 4] =
    ["br", "gzip, deflate, br", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8, *;q=0.1"];

/// Nodes are asked for a page once in two seconds, whatever is added to its address and however a browser words what it
/// unpacks.
pub(super) async fn a_page_is_asked_for_once(http: &Client, proxy: &Proxy) {
    let began = Instant::now();
    let mut asked = BTreeSet::new();
    for turn in 0..REQUESTS {
        let query = if turn % 2 == 0 { String::new() } else { format!("?acak={}&q={turn}", Uuid::new_v4()) };
        let request = http.get(proxy.url(&format!("{}{query}", page())));
        let words = ENCODINGS[turn / 2 % ENCODINGS.len()];
        let answer = send(request.header("Accept-Encoding", words)).await.expect("an answer");
        asked.insert(answer.expect_status(200).header("request-id").to_owned());
    }
    // Clocks of proxies have a grain of a second; one more is fetched while an older one is shown.
    let most = began.elapsed().as_secs() + 2;
    let asked = u64::try_from(asked.len()).expect("fewer than requests");
    assert!(asked <= most, "{asked} answers of nodes for {REQUESTS} requests, at most {most} expected");
}

/// Those who want a page at the same moment cost nodes one answer.
pub(super) async fn a_crowd_is_one(http: &Client, proxy: &Proxy) {
    let page = format!("/{CONTEST}/32");
    let answers = join_all((0..CROWD).map(|_| proxy.get(http, &page))).await;
    let asked = answers.into_iter().map(|answer| answer.expect_status(200).header("request-id").to_owned());
    let asked: BTreeSet<String> = asked.collect();
    // A second one when the first has grown old meanwhile.
    assert!(asked.len() <= 2, "{CROWD} at once were {asked:?}");
}

/// What could change something ends here, with the words of the contract.
pub(super) async fn nothing_but_reading_passes(http: &Client, proxy: &Proxy) {
    for request in [http.post(proxy.url("/api/v1/session")), http.delete(proxy.url(&page()))] {
        let answer = send(request.body("{}")).await.expect("an answer");
        assert_eq!(answer.header("allow"), "GET, HEAD", "{answer:?}");
        answer.expect_problem(405, "method-not-allowed");
    }
}

/// Results come as they happen.
pub(super) async fn events_come_at_once(cluster: &Cluster, proxy: &Proxy) {
    let path = format!("/api/v1/events?contest={CONTEST}&region=0");
    let mut stream = cluster.http().get(proxy.url(&path)).send().await.expect("an answer");
    assert_eq!(stream.status().as_u16(), 200, "{stream:?}");
    let kind = stream.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    assert!(kind.starts_with("text/event-stream"), "{stream:?}");
    let mut said = String::new();
    said_until(&mut stream, &mut said, "event: result").await;

    let officer = cluster.admin(0).await;
    let body = form::body(&form::of_votes([90, 50, 30], 4));
    drop(officer.put(&stations()[0], 0, &body).await.expect_status(201));
    said_until(&mut stream, &mut said, &format!("\"{}\":90", form::OPTIONS[0])).await;
}

/// Reads on until those words have come.
async fn said_until(stream: &mut Response, said: &mut String, words: &str) {
    while !said.contains(words) {
        let part = timeout(wait::PATIENCE, stream.chunk()).await;
        let part = part.unwrap_or_else(|_| panic!("no {words} in {said}"));
        let part = part.expect("a line that holds").unwrap_or_else(|| panic!("no {words} in {said}"));
        said.push_str(&String::from_utf8_lossy(&part));
    }
}

/// Officers speak TLS with the node itself; what it says, nobody else could.
pub(super) async fn officers_reach_nodes(cluster: &Cluster, proxy: &Proxy) {
    let base = proxy.officers();
    let refused = Officer::try_login(cluster.http(), &base, "tidak-ada", "sandi-salah").await;
    refused.expect("an answer").expect_problem(401, "unauthenticated");
    let (username, password) = cluster.admin_credentials();
    let officer = Officer::login(cluster.http(), &base, username, password).await;
    let body = form::body(&form::of_votes([20, 30, 40], 1));
    drop(officer.put(&stations()[1], 0, &body).await.expect_status(201));
    // Each of these on a connection of its own: sessions belong to no node, and none of them is a dead one.
    let authority = std::fs::read(cluster.authority_path()).expect("the authority's certificate");
    for _ in 0..2 * NODES {
        drop(officer.over(trusting(&authority)).get("/api/v1/me").await.expect_status(200));
    }
}

/// Nodes count wrong passwords by who sends them: the proxy says who that is.
pub(super) async fn visitors_are_told_apart(cluster: &Cluster, proxy: &Proxy) {
    let authority = std::fs::read(cluster.authority_path()).expect("the authority's certificate");
    let stranger = trusting_from(&authority, IpAddr::from([127, 0, 0, 5]));
    let (username, password) = cluster.admin_credentials();
    let base = proxy.officers();
    wait::until("a stranger to be refused", async || {
        let answer = Officer::try_login(&stranger, &base, username, "sandi-salah").await.expect("an answer");
        (answer.status == 429).then_some(())
    })
    .await;
    drop(Officer::login(cluster.http(), &base, username, password).await);
}

/// A node that is killed takes what it was answering with it, and nothing else.
pub(super) async fn one_dead_is_not_noticed(cluster: &Cluster, proxy: &Proxy, node: usize) {
    let (killed, before) = (AtomicBool::new(false), AtomicUsize::new(0));
    let reading =
        join_all((0..READERS).map(|reader| read_on(cluster.http(), proxy, reader, (&killed, &before))));
    let killing = async {
        wait::until("readers to be under way", async || {
            (before.load(Ordering::Relaxed) >= READERS * 10).then_some(())
        })
        .await;
        cluster.kill(node).await;
        killed.store(true, Ordering::Relaxed);
    };
    tokio::join!(reading, killing);
}

/// Reads pages that nobody read before, one after the other; none may fail that was asked for after the kill.
async fn read_on(http: &Client, proxy: &Proxy, reader: usize, (killed, before): (&AtomicBool, &AtomicUsize)) {
    let stations = stations();
    let mut pages = stations.iter().skip(reader).step_by(READERS).cycle();
    let mut after = 0;
    wait::until("answers after the death of a node", async || {
        let dead = killed.load(Ordering::Relaxed);
        let path = format!("/tps/{}", pages.next()?);
        let answer = send(http.get(proxy.url(&path))).await;
        if dead {
            let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
            drop(answer.expect_status(200));
            after += 1;
        } else {
            before.fetch_add(1, Ordering::Relaxed);
        }
        (after >= ANSWERS_AFTER).then_some(())
    })
    .await;
}

/// What was read goes on being shown, as old as it says, when no node is left; for the rest there are words.
pub(super) async fn kept_pages_outlive_all_nodes(cluster: &Cluster, proxy: &Proxy) {
    let http = cluster.http();
    let paths = [page(), "/api/v1/contests".to_owned()];
    for path in &paths {
        drop(proxy.get(http, path).await.expect_status(200));
    }
    kill_all(cluster).await;
    let mut kept = Vec::new();
    for path in &paths {
        let answer = proxy.get(http, path).await.expect_status(200);
        let age_s = proxy.age_s(http, &answer).await;
        kept.push((answer.header("request-id").to_owned(), age_s));
    }
    wait::until("pages older than nodes would let them become", async || {
        let mut youngest_s = u64::MAX;
        for (path, (id, first_s)) in paths.iter().zip(&kept) {
            let answer = proxy.get(http, path).await.expect_status(200);
            assert_eq!(answer.header("request-id"), id, "{answer:?}");
            let age_s = proxy.age_s(http, &answer).await;
            assert!(age_s >= *first_s, "{age_s} s after {first_s} s: {answer:?}");
            youngest_s = youngest_s.min(age_s);
        }
        (youngest_s >= OUTLIVED_S).then_some(())
    })
    .await;
    nothing_kept_is_said(http, proxy).await;
}

/// Who asks for what nobody can answer is told so, and when to come again.
pub(super) async fn nothing_kept_is_said(http: &Client, proxy: &Proxy) {
    let answer = wait::until("an answer that there is none", async || {
        let answer = proxy.get(http, &format!("/{CONTEST}/3201011002")).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(answer.header("retry-after"), "2", "{answer:?}");
    assert!(answer.text.contains("lang=\"id\""), "{answer:?}");
}

/// Kills every node that lives.
pub(super) async fn kill_all(cluster: &Cluster) {
    for node in 0..NODES {
        if cluster.pid(node).is_some_and(process::runs) {
            cluster.kill(node).await;
        }
    }
}
