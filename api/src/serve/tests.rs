//! The accept loop over real sockets, with limits small enough to be met at once.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::{
    Accept, Accepted, Counters, Limits, Plain, Protocol, Ready, ReadyRequest, RemoteAddress, RequestBody,
    Server,
};

mod shares;

const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(40);

/// Limits that no test meets by accident.
fn patient() -> Limits {
    Limits {
        handshake_timeout: LONG,
        header_timeout: LONG,
        idle_timeout: LONG,
        request_timeout: LONG,
        body_timeout: LONG,
        write_timeout: LONG,
        shutdown_timeout: LONG,
        ..Limits::public()
    }
}

struct Running {
    address: SocketAddr,
    counters: Arc<Counters>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

/// What the service under test does with a path.
#[derive(Clone, Default)]
struct Gate {
    entered: Arc<Notify>,
    release: Arc<Notify>,
}

fn start(limits: Limits, accept: Arc<dyn Accept>, gate: Gate) -> Running {
    start_with(limits, accept, gate, |server| server)
}

fn start_with(
    limits: Limits,
    accept: Arc<dyn Accept>,
    gate: Gate,
    more: impl FnOnce(Server) -> Server,
) -> Running {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = more(Server::new(listener, accept, limits));
    let counters = server.counters();
    let service = tower::service_fn(move |request: Request<RequestBody>| answer(request, gate.clone()));
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server.run(service, async {
        // A test that is over drops the sender.
        drop(stopped.await);
    }));
    Running { address, counters, stop, task }
}

async fn answer(request: Request<RequestBody>, gate: Gate) -> Result<Response<Full<Bytes>>, Infallible> {
    let remote = request.extensions().get::<RemoteAddress>().copied();
    let mut response = Response::new(Full::new(Bytes::from(format!("{remote:?}"))));
    let path = request.uri().path().to_owned();
    if path == "/wait" {
        gate.entered.notify_one();
        gate.release.notified().await;
    }
    if path == "/body" && request.into_body().collect().await.is_err() {
        *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    }
    Ok(response)
}

async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.address).await.unwrap()
}

/// Everything until the other side closes, within a deadline that only a broken loop meets.
async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is cut may end in a reset: what came before counts.
    drop(tokio::time::timeout(LONG, stream.read_to_end(&mut bytes)).await.unwrap());
    String::from_utf8(bytes).unwrap()
}

/// One answer head on a connection that stays open.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with("\r\n\r\n") {
        let count = tokio::time::timeout(LONG, stream.read(&mut byte)).await.unwrap().unwrap();
        assert_eq!(count, 1, "closed after {text}");
        text.push(char::from(byte[0]));
    }
    text
}

async fn get(stream: &mut TcpStream, path: &str, more: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: rakit\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

async fn wait_until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap();
}

async fn end(running: Running) {
    running.stop.send(()).unwrap();
    tokio::time::timeout(LONG, running.task).await.unwrap().unwrap().unwrap();
    assert_eq!(running.counters.counts().open, 0);
}

#[tokio::test]
async fn a_request_is_answered_and_knows_its_sender() {
    let running = start(patient(), Arc::new(Plain), Gate::default());
    let mut client = connect(&running).await;
    let own = client.local_addr().unwrap();
    get(&mut client, "/", "Connection: close\r\n").await;
    let text = read_all(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.contains(&own.to_string()), "{text}");
    end(running).await;
}

#[tokio::test]
async fn a_head_that_is_begun_and_not_ended_closes_the_connection() {
    let limits = Limits { header_timeout: SHORT, ..patient() };
    let running = start(limits, Arc::new(Plain), Gate::default());
    let mut client = connect(&running).await;
    client.write_all(b"GET / HTTP/1.1\r\nHos").await.unwrap();
    let text = read_all(&mut client).await;
    assert!(!text.contains("200"), "{text}");
    assert_eq!(running.counters.counts().requests, 0);
    end(running).await;
}

#[tokio::test]
async fn a_second_head_that_is_not_ended_closes_the_connection_too() {
    let limits = Limits { header_timeout: SHORT, ..patient() };
    let running = start(limits, Arc::new(Plain), Gate::default());
    let mut client = connect(&running).await;
    get(&mut client, "/", "").await;
    read_head(&mut client).await;
    client.write_all(b"GET /").await.unwrap();
    read_all(&mut client).await;
    assert_eq!(running.counters.counts().requests, 1);
    end(running).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let limits = Limits { idle_timeout: SHORT, ..patient() };
    let running = start(limits, Arc::new(Plain), Gate::default());
    let (mut silent, mut idle) = (connect(&running).await, connect(&running).await);
    get(&mut idle, "/", "").await;
    assert_eq!(read_all(&mut silent).await, "");
    assert!(read_all(&mut idle).await.starts_with("HTTP/1.1 200 OK"));
    end(running).await;
}

#[tokio::test]
async fn one_connection_too_many_is_shed_and_room_is_given_back() {
    let limits = Limits { connections_max: 1, ..patient() };
    let running = start(limits, Arc::new(Plain), Gate::default());
    let mut first = connect(&running).await;
    get(&mut first, "/", "").await;
    read_head(&mut first).await;
    let mut second = connect(&running).await;
    assert_eq!(read_all(&mut second).await, "");
    assert_eq!(running.counters.counts().shed, 1);
    drop(first);
    wait_until(|| running.counters.counts().open == 0).await;
    let mut third = connect(&running).await;
    get(&mut third, "/", "Connection: close\r\n").await;
    assert!(read_all(&mut third).await.starts_with("HTTP/1.1 200 OK"));
    end(running).await;
}

#[tokio::test]
async fn a_slow_answer_becomes_a_refusal_in_time() {
    let limits = Limits { request_timeout: SHORT, ..patient() };
    let running = start(limits, Arc::new(Plain), Gate::default());
    let mut client = connect(&running).await;
    get(&mut client, "/wait", "Connection: close\r\n").await;
    let text = read_all(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 503 "), "{text}");
    assert!(text.contains("application/problem+json") && text.contains("retry-after: 1"), "{text}");
    assert_eq!(running.counters.counts().requests_late, 1);
    end(running).await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let limits = Limits { body_timeout: SHORT, header_timeout: SHORT, ..patient() };
    let running = start(limits, Arc::new(Plain), Gate::default());
    let mut client = connect(&running).await;
    let request = b"POST /body HTTP/1.1\r\nHost: rakit\r\nContent-Length: 9\r\n\r\nabc";
    client.write_all(request).await.unwrap();
    let text = read_all(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    end(running).await;
}

#[tokio::test]
async fn stopping_finishes_what_is_at_work_and_closes_the_rest() {
    let gate = Gate::default();
    let running = start(patient(), Arc::new(Plain), gate.clone());
    let (mut busy, mut idle, mut silent) =
        (connect(&running).await, connect(&running).await, connect(&running).await);
    get(&mut idle, "/", "").await;
    read_head(&mut idle).await;
    get(&mut busy, "/wait", "").await;
    gate.entered.notified().await;
    wait_until(|| running.counters.counts().open == 3).await;
    running.stop.send(()).unwrap();
    read_all(&mut idle).await;
    assert_eq!(read_all(&mut silent).await, "");
    assert!(TcpStream::connect(running.address).await.is_err(), "the listener is closed");
    assert!(!running.task.is_finished(), "a request is at work");
    gate.release.notify_one();
    assert!(read_all(&mut busy).await.starts_with("HTTP/1.1 200 OK"));
    running.task.await.unwrap().unwrap();
    assert_eq!(running.counters.counts().open, 0);
}

#[tokio::test]
async fn stopping_cuts_what_does_not_end() {
    let gate = Gate::default();
    let limits = Limits { shutdown_timeout: SHORT, ..patient() };
    let running = start(limits, Arc::new(Plain), gate.clone());
    let mut client = connect(&running).await;
    get(&mut client, "/wait", "").await;
    gate.entered.notified().await;
    end(running).await;
    assert_eq!(read_all(&mut client).await, "");
}

#[tokio::test]
async fn http2_by_guess_is_refused() {
    let running = start(patient(), Arc::new(Plain), Gate::default());
    let mut client = connect(&running).await;
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let text = read_all(&mut client).await;
    assert!(!text.contains("200"), "{text}");
    assert_eq!(running.counters.counts().requests, 0);
    end(running).await;
}

/// Says HTTP/2 as a TLS handshake with ALPN would; or never ends.
struct Negotiated {
    ends: bool,
}

impl Accept for Negotiated {
    fn accept(&self, connection: TcpStream, _remote: SocketAddr) -> BoxFuture<'static, io::Result<Accepted>> {
        if !self.ends {
            return Box::pin(async move {
                let _open = connection;
                std::future::pending().await
            });
        }
        let stream = Box::new(connection);
        let peer = http::Extensions::new();
        Box::pin(async { Ok(Accepted { stream, protocol: Protocol::Http2, peer }) })
    }
}

#[tokio::test]
async fn http2_is_served_where_it_was_agreed_and_idle_ones_are_closed() {
    let limits = Limits { idle_timeout: SHORT, ..patient() };
    let running = start(limits, Arc::new(Negotiated { ends: true }), Gate::default());
    let stream = TokioIo::new(connect(&running).await);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::get("http://rakit/").body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("127.0.0.1"));
    // Nothing is asked any more: the server ends the connection by itself.
    drop(tokio::time::timeout(LONG, connection).await.unwrap());
    end(running).await;
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up() {
    let limits = Limits { handshake_timeout: SHORT, ..patient() };
    let running = start(limits, Arc::new(Negotiated { ends: false }), Gate::default());
    let mut client = connect(&running).await;
    assert_eq!(read_all(&mut client).await, "");
    assert_eq!(running.counters.counts().handshakes_failed, 1);
    end(running).await;
}

/// Has `/small` and `/large` ready.
struct Shelf;

impl Ready for Shelf {
    fn answer(&self, request: &ReadyRequest<'_>, head: &mut Vec<u8>) -> Option<Bytes> {
        let length = match request.path {
            "/small" => 5,
            "/large" => 100_000,
            _ => return None,
        };
        head.extend_from_slice(
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nshelf: 1\r\n\r\n").as_bytes(),
        );
        Some(Bytes::from(vec![b'x'; length]))
    }
}

fn shelved(limits: Limits) -> Running {
    start_with(limits, Arc::new(Plain), Gate::default(), |server| server.with_ready(Arc::new(Shelf)))
}

#[tokio::test]
async fn what_is_ready_is_answered_in_order_however_it_arrives() {
    let running = shelved(patient());
    let mut stream = connect(&running).await;
    let many = "GET /small HTTP/1.1\r\nHost: a\r\n\r\nHEAD /large?q HTTP/1.1\r\nHost: a\r\n\r\nGET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for part in many.as_bytes().chunks(7) {
        stream.write_all(part).await.unwrap();
        tokio::task::yield_now().await;
    }
    let text = read_all(&mut stream).await;
    let heads: Vec<&str> = text.split("HTTP/1.1 200 OK\r\n").skip(1).collect();
    assert_eq!(heads.len(), 4, "{} bytes", text.len());
    assert!(heads[0].ends_with("\r\n\r\nxxxxx") && heads[1].ends_with("shelf: 1\r\n\r\n"));
    assert_eq!(heads[2].matches('x').count(), 100_000);
    assert!(!heads[3].contains("shelf") && heads[3].contains("RemoteAddress"), "{}", heads[3]);
    assert_eq!(running.counters.counts().requests, 4);
}

#[tokio::test]
async fn whatever_is_not_plain_goes_on_elsewhere() {
    for request in [
        "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "GET /small HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
        "GET /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "GET /small HTTP/1.0\r\n\r\n",
        "GET http://a/small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ] {
        let running = shelved(patient());
        let mut stream = connect(&running).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let text = read_all(&mut stream).await;
        assert!(text.starts_with("HTTP/1.") && !text.contains("shelf"), "{request}: {text}");
    }
    let running = shelved(patient());
    let mut stream = connect(&running).await;
    stream.write_all(b"GET /small HTTP/1.1\r\nHost\x00: a\r\n\r\n").await.unwrap();
    let text = read_all(&mut stream).await;
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 400 "), "as hyper ends it: {text}");
}

#[tokio::test]
async fn a_head_that_does_not_end_and_an_idle_connection_are_closed() {
    for begun in [&b"GET /sm"[..], b"", b"GET /small HTTP/1.1\r\nHost: a\r\n\r\nGET"] {
        let limits = Limits { header_timeout: SHORT, idle_timeout: SHORT, ..patient() };
        let running = shelved(limits);
        let mut stream = connect(&running).await;
        stream.write_all(begun).await.unwrap();
        assert!(!read_all(&mut stream).await.contains(" 4"), "{begun:?}");
        wait_until(|| running.counters.counts().open == 0).await;
    }
}
