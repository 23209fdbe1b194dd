//! Bytes at the officers' door that no client of good will sends: over a TLS line that is not ours, byte by byte.
//!
//! Invariant: whatever a sender means, two readers can cut a stream in one way only, or the line is closed: nothing that
//! stands in the body of a request is ever answered as a request. Who is slow is cut off; the others notice nothing.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tests::client::{Answer, send};
use tests::cluster::Cluster;
use tests::program::run;
use tests::wait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;

/// A head must be whole within 10 s, a body within 30 s (`api::serve::limits`); and some time on a busy machine.
const HEAD_PATIENCE: Duration = Duration::from_secs(25);
const BODY_PATIENCE: Duration = Duration::from_secs(50);
/// What others wait at most while somebody is slow.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);
/// More than any head may have: a node's buffer is 64 KiB, and what comes with one read may go beyond it.
const HEAD_BYTES: usize = 256 * 1024;
/// Lines of slow senders at once.
const SLOW_LINES: usize = 12;

/// The officers' door of the only node.
struct Door {
    address: String,
    authority: String,
}

impl Door {
    fn of(cluster: &Cluster) -> Self {
        let address =
            cluster.nodes()[0].officer.trim_start_matches("https://").trim_end_matches('/').to_owned();
        Self { address, authority: cluster.authority_path().display().to_string() }
    }

    fn client(&self) -> Command {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &self.address, "-CAfile", &self.authority]);
        command
    }

    /// A line over which HTTP/1.1 is spoken.
    fn line(&self) -> Line {
        let mut command = self.client();
        command.args(["-quiet", "-verify_return_error", "-alpn", "http/1.1"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("openssl starts");
        let mut output = child.stdout.take().expect("piped");
        let input = child.stdin.take().expect("piped");
        // To its end: that of the line.
        let said = tokio::spawn(async move {
            let mut said = Vec::new();
            output.read_to_end(&mut said).await.expect("what the node says");
            String::from_utf8_lossy(&said).into_owned()
        });
        Line { input, said, _child: child }
    }
}

/// See [`Door::line`].
struct Line {
    input: ChildStdin,
    said: JoinHandle<String>,
    _child: Child,
}

impl Line {
    /// Sends bytes; a line that was closed takes none.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        self.input.write_all(bytes).await.is_ok() && self.input.flush().await.is_ok()
    }

    /// All that came until the node closed the line.
    async fn closed(self, patience: Duration, what: &str) -> String {
        let said = tokio::time::timeout(patience, self.said).await;
        said.unwrap_or_else(|_| panic!("not closed after {} s: {what}", patience.as_secs()))
            .expect("no panic")
    }
}

/// The statuses of all answers in what a node said.
fn statuses(said: &str) -> Vec<u16> {
    let heads = said.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head.get(..3).and_then(|status| status.parse().ok()).unwrap_or(0)).collect()
}

/// What must never be answered: it stands in a body.
const HIDDEN: &str = "GET /api/v1/hidden HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A request without credentials, with these lines in its head.
fn head(lines: &str) -> String {
    format!("POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{lines}\r\n")
}

/// Streams that readers might cut in different ways. Each must be refused, and the line closed.
fn refused_streams() -> Vec<(&'static str, Vec<u8>)> {
    let length = HIDDEN.len();
    let stream =
        |what, lines: String, body: &str| (what, [head(&lines), body.to_owned()].concat().into_bytes());
    let chunked = |sizes: &str| format!("{sizes}\r\n{HIDDEN}\r\n0\r\n\r\n");
    vec![
        stream("two lengths", format!("Content-Length: 0\r\nContent-Length: {length}\r\n"), HIDDEN),
        stream("a list of lengths", format!("Content-Length: 0, {length}\r\n"), HIDDEN),
        stream("a length with a sign", format!("Content-Length: +{length}\r\n"), HIDDEN),
        stream("a length in another base", format!("Content-Length: 0x{length:x}\r\n"), HIDDEN),
        stream("a negative length", "Content-Length: -1\r\n".to_owned(), HIDDEN),
        stream("a space before the colon", format!("Content-Length : {length}\r\n"), HIDDEN),
        stream("a folded line", format!("X: a\r\n b\r\nContent-Length: {length}\r\n"), HIDDEN),
        stream("a folded length", format!("Content-Length:\r\n {length}\r\n"), HIDDEN),
        stream("a zero byte", "X: a\0b\r\nContent-Length: 0\r\n".to_owned(), ""),
        stream("a lone return", format!("X: a\rContent-Length: {length}\r\nContent-Length: 0\r\n"), HIDDEN),
        stream("an unknown coding", "Transfer-Encoding: xchunked\r\n".to_owned(), HIDDEN),
        stream("chunked and more", "Transfer-Encoding: chunked, identity\r\n".to_owned(), HIDDEN),
        stream(
            "both lengths",
            format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
            &format!("0\r\n\r\n{HIDDEN}"),
        ),
        stream(
            "both lengths, the other way round",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n".to_owned(),
            &chunked(&format!("{length:x}")),
        ),
        stream("a chunk of no size", "Transfer-Encoding: chunked\r\n".to_owned(), &chunked("")),
        stream(
            "a chunk of a huge size",
            "Transfer-Encoding: chunked\r\n".to_owned(),
            &chunked("fffffffffffffffff"),
        ),
        stream(
            "a chunk with a sign",
            "Transfer-Encoding: chunked\r\n".to_owned(),
            &chunked(&format!("+{length:x}")),
        ),
        stream(
            "a chunk's extension with a bare line feed",
            "Transfer-Encoding: chunked\r\n".to_owned(),
            &chunked(&format!("{length:x};a\nb")),
        ),
        (
            "chunks for an old client",
            format!("POST /api/v1/session HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}")
                .into_bytes(),
        ),
    ]
}

#[tokio::test]
async fn no_stream_can_be_cut_in_two_ways() {
    let cluster = Cluster::alone(Path::new("/tmp"), Vec::new()).await;
    let door = Door::of(&cluster);
    for (what, stream) in refused_streams() {
        let mut line = door.line();
        line.send(&stream).await;
        let said = line.closed(HEAD_PATIENCE, what).await;
        let statuses = statuses(&said);
        assert!(matches!(statuses.as_slice(), [] | [400]), "{what}: {said}");
        assert!(!said.contains("/api/v1/hidden"), "{what}: {said}");
    }
    well_formed(&door).await;
}

/// What looks odd and has one meaning only: each is read as one request, and the line serves the next one.
async fn well_formed(door: &Door) {
    let next = "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let length = HIDDEN.len();
    for (what, stream) in [
        (
            "a body that looks like a request",
            [&head(&format!("Content-Length: {length}\r\n")), HIDDEN].concat(),
        ),
        (
            "a chunk with an extension",
            [
                &head("Transfer-Encoding: chunked\r\n"),
                &format!("{length:x};a=b;c\r\n"),
                HIDDEN,
                "\r\n0\r\n\r\n",
            ]
            .concat(),
        ),
        (
            "trailers",
            [
                &head("Transfer-Encoding: chunked\r\n"),
                &format!("{length:x}\r\n"),
                HIDDEN,
                "\r\n0\r\nX: y\r\n\r\n",
            ]
            .concat(),
        ),
        (
            "bare line feeds",
            format!("GET /api/v1/me HTTP/1.1\nHost: x\nContent-Length: {length}\n\n{HIDDEN}"),
        ),
    ] {
        let mut line = door.line();
        line.send([&stream, next].concat().as_bytes()).await;
        let said = line.closed(HEAD_PATIENCE, what).await;
        let statuses = statuses(&said);
        assert_eq!(statuses.len(), 2, "{what}: {said}");
        assert_eq!(statuses.last(), Some(&401), "{what}: {said}");
    }
}

#[tokio::test]
async fn old_protocols_are_refused() {
    let cluster = Cluster::alone(Path::new("/tmp"), Vec::new()).await;
    let door = Door::of(&cluster);
    for old in ["-tls1", "-tls1_1"] {
        // Without that, this client would not speak them either.
        let ended = run(door.client().args([old, "-brief", "-cipher", "ALL:@SECLEVEL=0"])).await;
        assert!(ended.stderr.contains("alert"), "{old}: {ended:?}");
        assert!(!ended.stderr.contains("CONNECTION ESTABLISHED"), "{old}: {ended:?}");
    }
    for new in ["-tls1_2", "-tls1_3"] {
        let ended = run(door.client().args([new, "-brief", "-verify_return_error"])).await;
        assert!(ended.stderr.contains("CONNECTION ESTABLISHED"), "{new}: {ended:?}");
    }
    // What both sides could do but nobody should.
    for weak in ["NULL", "RC4", "3DES", "EXPORT", "kRSA", "ADH"] {
        let cipher = format!("{weak}:@SECLEVEL=0");
        let ended = run(door.client().args(["-tls1_2", "-brief", "-cipher", &cipher])).await;
        assert!(!ended.stderr.contains("CONNECTION ESTABLISHED"), "{weak}: {ended:?}");
    }
}

/// An answer for somebody who is not slow.
async fn served(cluster: &Cluster) -> Answer {
    let url = format!("{}/api/v1/me", cluster.nodes()[0].officer);
    let answer = tokio::time::timeout(ANSWER_PATIENCE, send(cluster.http().get(url))).await;
    answer.expect("an answer in time").expect("an answer")
}

#[tokio::test]
async fn who_is_slow_is_cut_off_and_nobody_else_notices() {
    let cluster = Cluster::alone(Path::new("/tmp"), Vec::new()).await;
    let door = Door::of(&cluster);
    let mut lines = Vec::new();
    for number in 0..SLOW_LINES {
        let mut line = door.line();
        let slow_head = number % 2 == 0;
        let begin = if slow_head {
            "GET /api/v1/me HTTP/1.1\r\nX: ".to_owned()
        } else {
            head("Content-Length: 5000\r\n")
        };
        assert!(line.send(begin.as_bytes()).await);
        lines.push((slow_head, line));
    }
    // A byte now and then, for as long as anybody takes it.
    wait::until_within(BODY_PATIENCE, "slow lines to be closed", async || {
        assert_eq!(served(&cluster).await.status, 401);
        for (_, line) in &mut lines {
            line.send(b"a").await;
        }
        lines.iter().all(|(_, line)| line.said.is_finished()).then_some(())
    })
    .await;
    for (slow_head, line) in lines {
        let said = line.closed(ANSWER_PATIENCE, "it is already").await;
        let allowed: &[u16] = if slow_head { &[408] } else { &[400, 401, 408] };
        assert!(statuses(&said).iter().all(|status| allowed.contains(status)), "{said}");
    }
}

#[tokio::test]
async fn heads_have_a_largest_size() {
    let cluster = Cluster::alone(Path::new("/tmp"), Vec::new()).await;
    let door = Door::of(&cluster);
    let long = format!("GET /api/v1/me HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(HEAD_BYTES));
    let many = format!("GET /api/v1/me HTTP/1.1\r\n{}\r\n", "X: a\r\n".repeat(500));
    let target = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(HEAD_BYTES));
    for (what, stream) in [("a long line", long), ("many lines", many), ("a long target", target)] {
        let mut line = door.line();
        line.send(stream.as_bytes()).await;
        let said = line.closed(HEAD_PATIENCE, what).await;
        assert!(matches!(statuses(&said).as_slice(), [] | [414 | 431]), "{what}: {said}");
    }
    // Over HTTP/2 as well; and whoever sends that is alone with it.
    let url = format!("{}/api/v1/me", cluster.nodes()[0].officer);
    match send(cluster.http().get(url).header("x", "a".repeat(40 * 1024))).await {
        Ok(answer) => assert_eq!(answer.status, 431, "{answer:?}"),
        Err(error) => assert!(!error.is_empty()),
    }
    assert_eq!(served(&cluster).await.status, 401);
}

#[tokio::test]
async fn every_kind_of_answer_says_how_it_may_be_used() {
    let cluster = Cluster::alone(Path::new("/tmp"), Vec::new()).await;
    let officer = cluster.admin(0).await;
    let node = &cluster.nodes()[0];
    let bare = |path: &str| cluster.http().get(format!("{}{path}", node.officer));
    let answers = [
        ("an answer", officer.get("/api/v1/me").await, 200),
        ("not signed in", send(bare("/api/v1/me")).await.unwrap(), 401),
        ("not there", officer.get("/api/v1/nothing").await, 404),
        ("not a page", send(bare("/nothing")).await.unwrap(), 404),
        (
            "not this way",
            send(cluster.http().delete(format!("{}/api/v1/me", node.officer))).await.unwrap(),
            401,
        ),
        ("malformed", officer.get("/api/v1/contests?limit=0&min_index=x").await, 400),
        ("no body", officer.post("/api/v1/batches", &serde_json::json!({})).await, 400),
        ("the app", send(bare("/entri/")).await.unwrap(), 200),
        ("the worker", send(bare("/entri/sw.js")).await.unwrap(), 200),
        ("the description", officer.get("/openapi.json").await, 200),
    ];
    for (what, answer, status) in &answers {
        assert_eq!(answer.status, *status, "{what}: {answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}: {answer:?}");
        assert!(!answer.header("cache-control").is_empty(), "{what}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{what}: {answer:?}");
        assert_eq!(answer.header("server"), "", "{what}: {answer:?}");
        if answer.header("content-type").starts_with("text/html") {
            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{what}: {policy}"
            );
        }
        if *status >= 400 {
            assert!(answer.header("cache-control").contains("no-store"), "{what}: {answer:?}");
        }
    }
    for path in ["/", "/ppwp/0", "/status", "/nothing", "/api/v1/status"] {
        let answer = cluster.public(0, path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}: {answer:?}");
        if answer.header("content-type").starts_with("text/html") {
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        }
    }
}
