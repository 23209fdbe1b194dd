//! The lines between nodes: one door in front of each node's peer listener, which knows who comes in and does to each
//! direction what it is told.
//!
//! Invariant: what passes, passes whole and in order, as TCP gives it; a cut line keeps what was sent and hands it on
//! when it is healed, as retransmission does, unless its connections are reset. A line is known by both ends: one whose
//! caller cannot be found is not carried at all.

mod caller;
mod carry;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Trouble, harness};

/// Pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What one direction of a line does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Way {
    /// Nothing passes.
    pub(super) cut: bool,
    /// How much later things arrive.
    pub(super) delay: Duration,
    /// Most that passes in a second; all of it with none.
    pub(super) bytes_per_second: Option<u32>,
}

/// From whom to whom, by their places.
pub(super) type Pair = (usize, usize);

/// What all lines do.
#[derive(Clone, Debug, Default)]
struct Orders {
    ways: BTreeMap<Pair, Way>,
    /// How often the connections of a line were reset.
    resets: BTreeMap<Pair, u64>,
}

impl Orders {
    fn way(&self, pair: Pair) -> Way {
        self.ways.get(&pair).copied().unwrap_or_default()
    }

    /// Resets of a line, whoever of both ends called.
    fn resets(&self, pair: Pair) -> u64 {
        let of = |pair: Pair| self.resets.get(&pair).copied().unwrap_or_default();
        of(pair).saturating_add(of((pair.1, pair.0)))
    }
}

/// Processes by their place; a node that starts anew is another process.
pub(super) type Processes = Arc<Mutex<BTreeMap<usize, u32>>>;

/// See the module.
pub(super) struct Links {
    orders: Option<watch::Sender<Orders>>,
    processes: Processes,
    thread: Option<JoinHandle<()>>,
}

/// A door: the place of the node behind it, the port it is at, and where the node listens.
#[derive(Clone, Debug)]
pub(super) struct Door {
    /// Place of the node.
    pub(super) node: usize,
    /// Port on loopback.
    pub(super) port: u16,
    /// Where the node listens.
    pub(super) target: String,
}

impl Links {
    /// Opens the doors. They are served by a thread of their own, so that they do not slow the officers down.
    pub(super) fn open(doors: Vec<Door>) -> Result<Self, Trouble> {
        let mut listeners = Vec::new();
        for door in doors {
            let listener = std::net::TcpListener::bind(("127.0.0.1", door.port)).map_err(harness)?;
            listener.set_nonblocking(true).map_err(harness)?;
            listeners.push((door, listener));
        }
        let (orders, told) = watch::channel(Orders::default());
        let processes = Processes::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(harness)?;
        let known = Arc::clone(&processes);
        let serve = move || runtime.block_on(serve(listeners, known, told));
        let thread = std::thread::Builder::new().name("lines".to_owned()).spawn(serve).map_err(harness)?;
        Ok(Self { orders: Some(orders), processes, thread: Some(thread) })
    }

    /// From now on that process is the node of that place.
    pub(super) fn is_process(&self, node: usize, process: u32) {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner).insert(node, process);
    }

    /// Orders something of directions.
    pub(super) fn set(&self, pairs: impl IntoIterator<Item = Pair>, way: Way) {
        self.order(|orders| orders.ways.extend(pairs.into_iter().map(|pair| (pair, way))));
    }

    /// All lines as they were made. What waited in a cut one is handed on.
    pub(super) fn heal(&self) {
        self.order(|orders| orders.ways.clear());
    }

    /// Ends every connection of a line.
    pub(super) fn reset(&self, pair: Pair) {
        self.order(|orders| {
            let resets = orders.resets.entry(pair).or_default();
            *resets = resets.saturating_add(1);
        });
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        if let Some(orders) = &self.orders {
            orders.send_modify(change);
        }
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        // Without anybody to take orders from the thread ends.
        self.orders = None;
        drop(self.thread.take().map(JoinHandle::join));
    }
}

async fn serve(
    listeners: Vec<(Door, std::net::TcpListener)>,
    processes: Processes,
    mut told: watch::Receiver<Orders>,
) {
    let mut doors = JoinSet::new();
    for (door, listener) in listeners {
        let Ok(listener) = TcpListener::from_std(listener) else { continue };
        doors.spawn(attend(door, listener, Arc::clone(&processes), told.clone()));
    }
    // Everything ends with the one who gives orders.
    while told.changed().await.is_ok() {}
}

async fn attend(door: Door, listener: TcpListener, processes: Processes, told: watch::Receiver<Orders>) {
    let mut lines = JoinSet::new();
    loop {
        // What cannot be accepted now may be later; a door that closed for good would look like a cut.
        let Ok((outside, address)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Some(caller) = caller::of(address, &processes) else { continue };
        let (door, told) = (door.clone(), told.clone());
        lines.spawn(line(outside, (caller, door.node), door.target, told));
        // Those that have ended.
        while lines.try_join_next().is_some() {}
    }
}

/// One connection, until both ends have ended it or it is reset.
async fn line(outside: TcpStream, pair: Pair, target: String, mut told: watch::Receiver<Orders>) {
    let resets = told.borrow_and_update().resets(pair);
    // Nobody answers behind a cut line.
    if told.wait_for(|orders| !orders.way(pair).cut).await.is_err() {
        return;
    }
    if told.borrow().resets(pair) != resets {
        return;
    }
    let Ok(inside) = TcpStream::connect(target).await else { return };
    drop((outside.set_nodelay(true), inside.set_nodelay(true)));
    let (from_caller, to_caller) = outside.into_split();
    let (from_node, to_node) = inside.into_split();
    let there = carry::carry(from_caller, to_node, pair, told.clone());
    let back = carry::carry(from_node, to_caller, (pair.1, pair.0), told.clone());
    let reset = async { drop(told.wait_for(|orders| orders.resets(pair) != resets).await) };
    tokio::select! {
        ((), ()) = async { tokio::join!(there, back) } => {}
        () = reset => {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A node that answers what it hears, behind a door that knows this process as node 7.
    async fn answering() -> (Links, u16) {
        let node = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = node.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((stream, _)) = node.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.into_split();
                    drop(tokio::io::copy(&mut read, &mut write).await);
                });
            }
        });
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let links = Links::open(vec![Door { node: 1, port, target }]).unwrap();
        links.is_process(7, std::process::id());
        (links, port)
    }

    async fn say(stream: &mut TcpStream) -> [u8; 4] {
        stream.write_all(b"halo").await.unwrap();
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await.unwrap();
        heard
    }

    #[tokio::test]
    async fn what_is_said_on_a_whole_line_is_heard() {
        let (_links, port) = answering().await;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert_eq!(say(&mut stream).await, *b"halo");
    }

    #[tokio::test]
    async fn what_waits_in_a_line_that_is_cut_one_way_arrives_when_it_is_healed() {
        let (links, port) = answering().await;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert_eq!(say(&mut stream).await, *b"halo");
        links.set([(1, 7)], Way { cut: true, ..Way::default() });
        let mut other = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(b"satu").await.unwrap();
        other.write_all(b"dua.").await.unwrap();
        links.heal();
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, *b"satu");
        other.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, *b"dua.");
    }

    #[tokio::test]
    async fn a_reset_ends_the_connections_of_a_line() {
        let (links, port) = answering().await;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert_eq!(say(&mut stream).await, *b"halo");
        links.reset((1, 7));
        let mut heard = Vec::new();
        drop(stream.read_to_end(&mut heard).await);
        assert_eq!(heard, b"");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert_eq!(say(&mut stream).await, *b"halo");
    }

    #[tokio::test]
    async fn a_stranger_is_not_carried() {
        let (links, port) = answering().await;
        links.is_process(7, u32::MAX);
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut heard = Vec::new();
        drop(stream.write_all(b"halo").await);
        drop(stream.read_to_end(&mut heard).await);
        assert_eq!(heard, b"");
    }
}
