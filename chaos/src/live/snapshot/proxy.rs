//! A door in front of a node's peer listener, which counts what goes in, stops it at a mark, and can be slammed.
//!
//! Invariant: bytes are counted when they are handed on to the node, and nothing of them is read: peers speak TLS. No byte
//! beyond the mark goes in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::live::{Trouble, harness};

/// Bytes handed on at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// What the door is told: slammed so often, open up to that many bytes.
#[derive(Clone, Copy, Debug)]
struct Orders {
    slammed: u64,
    mark: u64,
}

/// See the module.
pub(super) struct Proxy {
    passed: Arc<AtomicU64>,
    orders: Option<watch::Sender<Orders>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A door at `port`, to `target`. It runs on a thread of its own, so that it does not slow the officers down.
    pub(super) fn new(port: u16, target: String) -> Result<Self, Trouble> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).map_err(harness)?;
        listener.set_nonblocking(true).map_err(harness)?;
        let passed: Arc<AtomicU64> = Arc::default();
        let (orders, told) = watch::channel(Orders { slammed: 0, mark: u64::MAX });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(harness)?;
        let counted = Arc::clone(&passed);
        let serve = move || runtime.block_on(serve(listener, target, counted, told));
        let thread = std::thread::Builder::new().name("door".to_owned()).spawn(serve).map_err(harness)?;
        Ok(Self { passed, orders: Some(orders), thread: Some(thread) })
    }

    /// Bytes that went in.
    pub(super) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Nothing goes in beyond so many bytes in all.
    pub(super) fn set_mark(&self, mark: u64) {
        if let Some(orders) = &self.orders {
            orders.send_modify(|orders| orders.mark = mark);
        }
    }

    /// Ends every connection.
    pub(super) fn slam(&self) {
        if let Some(orders) = &self.orders {
            orders.send_modify(|orders| orders.slammed = orders.slammed.saturating_add(1));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Without anybody to take orders from the thread ends.
        self.orders = None;
        drop(self.thread.take().map(JoinHandle::join));
    }
}

async fn serve(
    listener: std::net::TcpListener,
    target: String,
    passed: Arc<AtomicU64>,
    mut told: watch::Receiver<Orders>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            changed = told.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let Ok((outside, _)) = accepted else { continue };
        let (target, passed, told) = (target.clone(), Arc::clone(&passed), told.clone());
        connections.spawn(async move { hand_on(outside, &target, &passed, told).await });
        // Those that have ended.
        while connections.try_join_next().is_some() {}
    }
}

/// One connection, until either side ends it or the door is slammed.
async fn hand_on(outside: TcpStream, target: &str, passed: &AtomicU64, mut told: watch::Receiver<Orders>) {
    let slammed = told.borrow_and_update().slammed;
    let Ok(inside) = TcpStream::connect(target).await else { return };
    drop((outside.set_nodelay(true), inside.set_nodelay(true)));
    let (mut from_peer, mut to_peer) = outside.into_split();
    let (mut from_node, mut to_node) = inside.into_split();
    let mut orders = told.clone();
    let inwards = async {
        let mut buffer = vec![0; BUFFER_BYTES];
        while let Ok(length @ 1..) = from_peer.read(&mut buffer).await {
            let length_bytes = u64::try_from(length).unwrap_or(u64::MAX);
            let fits = |orders: &Orders| passed.load(Ordering::Relaxed) < orders.mark;
            if orders.wait_for(fits).await.is_err() {
                return;
            }
            let Some(bytes) = buffer.get(..length) else { return };
            if to_node.write_all(bytes).await.is_err() {
                return;
            }
            passed.fetch_add(length_bytes, Ordering::Relaxed);
        }
    };
    let outwards = async { drop(tokio::io::copy(&mut from_node, &mut to_peer).await) };
    let slam = async { drop(told.wait_for(|orders| orders.slammed != slammed).await) };
    tokio::select! {
        () = inwards => {}
        () = outwards => {}
        () = slam => {}
    }
}
