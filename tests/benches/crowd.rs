//! A crowd that means no good, in a process of its own: everything that keeps a server busy without being of use.
//!
//! Invariant: every part goes on until the time is up, from addresses of its own, whatever the server does; nothing is
//! waited for longer than a moment, so that what is offered does not fall with what is answered.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::wire::Line;

/// Those who ask for one page over and over on a connection they keep.
const KEEPERS: u32 = 384;
/// Those who send requests without reading what comes back first: what they want has no end, and costs them little.
const PILERS: u32 = 48;
/// Requests that they send at a time.
const PILE: usize = 200;
/// Those who connect anew for each page.
const CHURNERS: u32 = 64;
/// Those who ask for what nobody asked before.
const ASKERS: u32 = 64;
/// Sockets that send a byte of a head now and then.
const SLOW: u32 = 5_000;
/// Lines of events that somebody wants.
const HOARDERS: u32 = 3_000;
/// Those who begin TLS with officers' side and go away.
const SHAKERS: u32 = 16;
/// Longest wait for anything.
const MOMENT: Duration = Duration::from_secs(5);
/// Between two bytes of a slow head.
const SLOW_PACE: Duration = Duration::from_secs(3);
/// After a refusal.
const AGAIN: Duration = Duration::from_millis(100);

/// What the crowd did.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Done {
    /// Pages asked for, and those of them that were answered 200.
    pub(crate) asked: u64,
    pub(crate) answered: u64,
    /// Answers that said to come later.
    pub(crate) put_off: u64,
    /// Requests sent without waiting, and answers to them.
    pub(crate) piled: u64,
    pub(crate) pile_answers: u64,
    /// Connections that were wanted and not had, or cut.
    pub(crate) refused: u64,
    /// Handshakes begun.
    pub(crate) handshakes: u64,
    /// Slow sockets and lines of events open in the end.
    pub(crate) slow_open: u64,
    pub(crate) hoarded: u64,
}

#[derive(Default)]
struct Counts {
    asked: Cell<u64>,
    answered: Cell<u64>,
    put_off: Cell<u64>,
    piled: Cell<u64>,
    pile_answers: Cell<u64>,
    refused: Cell<u64>,
    handshakes: Cell<u64>,
    slow_open: Cell<u64>,
    hoarded: Cell<u64>,
}

fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

/// Where heads end in a stream of them.
#[derive(Default)]
struct Ends {
    line_is_empty: bool,
}

impl Ends {
    /// Whether a head ends with this byte.
    fn pass(&mut self, byte: u8) -> bool {
        let ends = byte == b'\n' && self.line_is_empty;
        if byte != b'\r' {
            self.line_is_empty = byte == b'\n';
        }
        ends
    }
}

struct Crowd {
    public: Vec<SocketAddr>,
    officers: Vec<SocketAddr>,
    ends: Instant,
    counts: Counts,
}

/// Asks until the time is up.
pub(crate) async fn run(public: &[String], officers: &[String], duration: Duration) -> Done {
    let parsed = |texts: &[String]| texts.iter().map(|text| text.parse().expect("an address")).collect();
    let crowd = Crowd {
        public: parsed(public),
        officers: parsed(officers),
        ends: Instant::now() + duration,
        counts: Counts::default(),
    };
    let crowd = &crowd;
    tokio::join!(
        join_all((0..KEEPERS).map(|number| crowd.keeps(number))),
        join_all((0..PILERS).map(|number| crowd.piles(number))),
        join_all((0..CHURNERS).map(|number| crowd.churns(number))),
        join_all((0..ASKERS).map(|number| crowd.asks(number))),
        join_all((0..SLOW).map(|number| crowd.dawdles(number))),
        join_all((0..HOARDERS).map(|number| crowd.hoards(number))),
        join_all((0..SHAKERS).map(|number| crowd.shakes(number))),
    );
    let counts = &crowd.counts;
    Done {
        asked: counts.asked.get(),
        answered: counts.answered.get(),
        put_off: counts.put_off.get(),
        piled: counts.piled.get(),
        pile_answers: counts.pile_answers.get(),
        refused: counts.refused.get(),
        handshakes: counts.handshakes.get(),
        slow_open: counts.slow_open.get(),
        hoarded: counts.hoarded.get(),
    }
}

impl Crowd {
    fn over(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// A connection from one of many addresses.
    async fn connect(&self, to: SocketAddr, number: u32) -> Option<TcpStream> {
        let [_, _, third, fourth] = (number % 1_000).to_be_bytes();
        let from = SocketAddrV4::new(Ipv4Addr::new(127, 88, third, fourth.max(1)), 0);
        let socket = TcpSocket::new_v4().ok()?;
        socket.bind(from.into()).ok()?;
        let connected = timeout(MOMENT, socket.connect(to)).await;
        let stream = connected.ok().and_then(Result::ok);
        if stream.is_none() {
            count(&self.counts.refused);
            sleep(AGAIN).await;
        }
        stream
    }

    fn node(&self, number: u32) -> SocketAddr {
        self.public[usize::try_from(number).expect("small") % self.public.len()]
    }

    /// Asks once; whether the connection can be used again.
    async fn ask(&self, line: &mut Line, path: &str) -> bool {
        count(&self.counts.asked);
        match timeout(MOMENT, line.ask(path)).await.ok().flatten() {
            Some(200) => count(&self.counts.answered),
            Some(429 | 503) => {
                count(&self.counts.put_off);
                sleep(AGAIN).await;
            }
            Some(_) => {}
            None => {
                count(&self.counts.refused);
                return false;
            }
        }
        true
    }

    async fn line(&self, number: u32) -> Option<Line> {
        self.connect(self.node(number), number).await.map(Line::new)
    }

    async fn keeps(&self, number: u32) {
        while !self.over() {
            let Some(mut line) = self.line(number).await else { continue };
            while !self.over() && self.ask(&mut line, "/").await {}
        }
    }

    async fn piles(&self, number: u32) {
        let pile = b"GET / HTTP/1.1\r\nHost: rakit\r\nIf-None-Match: *\r\n\r\n".repeat(PILE);
        let mut buffer = vec![0; 64 * 1024];
        while !self.over() {
            let Some(mut stream) = self.connect(self.node(number), number).await else { continue };
            let (mut reads, mut writes) = stream.split();
            let left = self.ends.saturating_duration_since(Instant::now());
            let writing = async {
                while writes.write_all(&pile).await.is_ok() {
                    self.counts.piled.set(self.counts.piled.get() + u64::try_from(PILE).expect("small"));
                }
            };
            let reading = async {
                // An answer that nothing has changed is a head: its last line is the only empty one.
                let mut ends = Ends::default();
                while let Ok(read @ 1..) = reads.read(&mut buffer).await {
                    let answers = buffer[..read].iter().filter(|byte| ends.pass(**byte)).count();
                    let answers = u64::try_from(answers).expect("small");
                    self.counts.pile_answers.set(self.counts.pile_answers.get() + answers);
                }
            };
            drop(timeout(left, async { tokio::join!(writing, reading) }).await);
        }
    }

    async fn churns(&self, number: u32) {
        while !self.over() {
            let Some(mut line) = self.line(number).await else { continue };
            self.ask(&mut line, "/ppwp/33").await;
        }
    }

    async fn asks(&self, number: u32) {
        let mut turn = u64::from(number);
        while !self.over() {
            let Some(mut line) = self.line(number).await else { continue };
            let mut goes_on = true;
            while goes_on && !self.over() {
                turn += u64::from(ASKERS);
                let path = match turn % 4 {
                    0 => format!("/?acak={turn}"),
                    1 => format!("/cari?q=wilayah%20{turn}"),
                    2 => format!("/api/v1/search?q=wilayah%20{turn}"),
                    _ => format!("/api/v1/results/ppwp/{turn}?acak={turn}"),
                };
                goes_on = self.ask(&mut line, &path).await;
            }
        }
    }

    async fn dawdles(&self, number: u32) {
        while !self.over() {
            let Some(mut stream) = self.connect(self.node(number), number).await else { continue };
            count(&self.counts.slow_open);
            let mut open = stream.write_all(b"GET / HTTP/1.1\r\nHost: rakit\r\nX-A: ").await.is_ok();
            while open && !self.over() {
                let mut byte = [0];
                // What the server says ends it.
                open = timeout(SLOW_PACE, stream.read(&mut byte)).await.is_err()
                    && stream.write_all(b"a").await.is_ok();
            }
            if !self.over() {
                self.counts.slow_open.set(self.counts.slow_open.get().saturating_sub(1));
                sleep(AGAIN).await;
            }
        }
    }

    async fn hoards(&self, number: u32) {
        let mut buffer = [0; 1_024];
        while !self.over() {
            let Some(mut stream) = self.connect(self.node(number), number).await else { continue };
            let asked = b"GET /api/v1/events?contest=ppwp&region=0 HTTP/1.1\r\nHost: rakit\r\n\r\n";
            if stream.write_all(asked).await.is_err() {
                continue;
            }
            let first = timeout(MOMENT, stream.read(&mut buffer)).await;
            let begun = matches!(first, Ok(Ok(read)) if buffer[..read].starts_with(b"HTTP/1.1 200"));
            if !begun {
                count(&self.counts.put_off);
                sleep(Duration::from_secs(1)).await;
                continue;
            }
            count(&self.counts.hoarded);
            let left = self.ends.saturating_duration_since(Instant::now());
            let end =
                timeout(left, async { while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {} });
            if end.await.is_ok() {
                self.counts.hoarded.set(self.counts.hoarded.get().saturating_sub(1));
            }
        }
    }

    async fn shakes(&self, number: u32) {
        // Fails only when it was installed before, which is as good.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let settings =
            ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(settings));
        let place = usize::try_from(number).expect("small") % self.officers.len();
        while !self.over() {
            let Some(stream) = self.connect(self.officers[place], number).await else { continue };
            count(&self.counts.handshakes);
            let name = ServerName::try_from("localhost").expect("a name");
            // The certificate is no one's we trust: the server has done its work by then.
            drop(timeout(MOMENT, connector.connect(name, stream)).await);
        }
    }
}
