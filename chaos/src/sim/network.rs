//! The network between the nodes: who reaches whom, and how long it takes.
//!
//! Invariant: a way that is cut carries nothing, in that direction; everything else arrives. What is lost on the way
//! is sent again by TCP, so that loss is delay.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, Weak};

use cluster::{BoxedIo, Dial, PeerIdentity, Purpose};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tally::ids::NodeId;

use super::moment::{now_ms, sleep_ms};
use super::stream::{Connection, Stream, connect, locked};
use super::trace::Trace;
use crate::chance::Chance;

/// Between two attempts of a system to open a connection.
const CONNECT_AGAIN_MS: u64 = 1_000;
/// A lost segment is sent again after this and up to twice as long.
const RETRANSMIT_MS: u64 = 200;

/// Takes a connection at a node.
pub(super) type Accept = Arc<dyn Fn(Stream, PeerIdentity) + Send + Sync>;

#[derive(Default)]
struct Ways {
    cut: BTreeMap<(u64, u64), u32>,
    down: BTreeSet<u64>,
    accepting: BTreeMap<u64, Accept>,
    connections: Vec<Weak<Mutex<Connection>>>,
    /// When something arrived at a node last.
    heard_ms: BTreeMap<u64, u64>,
    latency_ms: u64,
    loss_percent: u64,
    chance: Option<Chance>,
}

/// See the module. Clones are the same network.
#[derive(Clone)]
pub(super) struct Network {
    ways: Arc<Mutex<Ways>>,
    pub(super) trace: Trace,
}

impl Network {
    pub(super) fn new(chance: Chance, trace: Trace) -> Self {
        let ways = Ways { chance: Some(chance), latency_ms: 1, ..Ways::default() };
        Self { ways: Arc::new(Mutex::new(ways)), trace }
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut Ways, &mut Chance) -> T) -> T {
        let mut ways = locked(&self.ways);
        let mut chance = ways.chance.take().unwrap_or_else(|| Chance::new(0));
        let drawn = draw(&mut ways, &mut chance);
        ways.chance = Some(chance);
        drawn
    }

    /// Longest ordinary delay, and how many of a hundred segments are lost.
    pub(super) fn set_quality(&self, latency_ms: u64, loss_percent: u64) {
        let mut ways = locked(&self.ways);
        (ways.latency_ms, ways.loss_percent) = (latency_ms.max(1), loss_percent);
    }

    /// When something sent now arrives; `None` when the way is cut.
    pub(super) fn due_ms(&self, from: u64, to: u64) -> Option<u64> {
        if self.is_cut(from, to) {
            return None;
        }
        let delay_ms = self.draw(|ways, chance| {
            let ordinary = chance.between(1, ways.latency_ms);
            let mut lost_ms = 0_u64;
            let mut again_ms = RETRANSMIT_MS;
            while again_ms <= 1_600 && chance.percent(ways.loss_percent) {
                lost_ms = lost_ms.saturating_add(again_ms);
                again_ms = again_ms.saturating_mul(2);
            }
            ordinary.saturating_add(lost_ms)
        });
        Some(now_ms().saturating_add(delay_ms))
    }

    /// Something arrived at a node.
    pub(super) fn note_arrival(&self, at: u64) {
        locked(&self.ways).heard_ms.insert(at, now_ms());
    }

    /// For how long nothing has arrived at a node; `None` when nothing ever did.
    pub(super) fn silent_ms(&self, at: u64) -> Option<u64> {
        let heard_ms = locked(&self.ways).heard_ms.get(&at).copied()?;
        Some(now_ms().saturating_sub(heard_ms))
    }

    /// How long a system waits before it sends again what got lost.
    pub(super) fn retransmit_ms(&self) -> u64 {
        self.draw(|_, chance| chance.between(1, RETRANSMIT_MS.saturating_mul(2)))
    }

    /// Whether nothing gets from one to another.
    pub(super) fn is_cut(&self, from: u64, to: u64) -> bool {
        let ways = locked(&self.ways);
        ways.cut.contains_key(&(from, to)) || ways.down.contains(&from) || ways.down.contains(&to)
    }

    /// Cuts ways, each in one direction. A way may be cut several times and must be healed as often.
    pub(super) fn cut(&self, cuts: &BTreeSet<(u64, u64)>) {
        let mut ways = locked(&self.ways);
        for way in cuts {
            let count = ways.cut.entry(*way).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Takes cuts back.
    pub(super) fn heal(&self, cuts: &BTreeSet<(u64, u64)>) {
        {
            let mut ways = locked(&self.ways);
            for way in cuts {
                let left = ways.cut.get(way).copied().unwrap_or_default().saturating_sub(1);
                if left == 0 {
                    ways.cut.remove(way);
                } else {
                    ways.cut.insert(*way, left);
                }
            }
        }
        self.reopen();
    }

    /// Nothing is cut any more.
    pub(super) fn heal_all(&self) {
        locked(&self.ways).cut.clear();
        self.reopen();
    }

    /// Breaks all connections that stand.
    pub(super) fn reset_all(&self) {
        for connection in self.connections() {
            let mut connection = locked(&connection);
            connection.break_both();
        }
    }

    /// A node takes connections from now on.
    pub(super) fn open(&self, node: u64, accept: Accept) {
        {
            let mut ways = locked(&self.ways);
            ways.down.remove(&node);
            ways.accepting.insert(node, accept);
        }
        self.reopen();
    }

    /// A node's process is gone; with its power when `silently`.
    pub(super) fn close(&self, node: u64, silently: bool) {
        locked(&self.ways).accepting.remove(&node);
        for connection in self.connections() {
            locked(&connection).lose(node, silently, self);
        }
        if silently {
            locked(&self.ways).down.insert(node);
        }
    }

    fn reopen(&self) {
        for connection in self.connections() {
            locked(&connection).reopen(self);
        }
    }

    fn connections(&self) -> Vec<Arc<Mutex<Connection>>> {
        let mut ways = locked(&self.ways);
        ways.connections.retain(|connection| connection.strong_count() > 0);
        ways.connections.iter().filter_map(Weak::upgrade).collect()
    }

    /// A way out for a node.
    pub(super) fn dialer(&self, from: PeerIdentity) -> Arc<dyn Dial> {
        Arc::new(Dialer { network: self.clone(), from })
    }

    async fn dial(self, from: PeerIdentity, to: u64) -> io::Result<BoxedIo> {
        let here = from.node.0;
        loop {
            match (self.due_ms(here, to), self.due_ms(to, here)) {
                (Some(there_ms), Some(back_ms)) => {
                    sleep_ms(there_ms.max(back_ms).saturating_sub(now_ms())).await;
                    break;
                }
                _ => sleep_ms(CONNECT_AGAIN_MS).await,
            }
        }
        let accept = locked(&self.ways).accepting.get(&to).cloned();
        let accept = accept.ok_or(io::ErrorKind::ConnectionRefused)?;
        let (ours, theirs, shared) = connect(here, to, &self);
        locked(&self.ways).connections.push(Arc::downgrade(&shared));
        accept(theirs, from);
        let ours: BoxedIo = Box::new(ours);
        Ok(ours)
    }
}

struct Dialer {
    network: Network,
    from: PeerIdentity,
}

impl Dial for Dialer {
    fn dial(
        &self,
        peer: NodeId,
        _address: &str,
        _purpose: Purpose,
    ) -> BoxFuture<'static, io::Result<BoxedIo>> {
        self.network.clone().dial(self.from, peer.0).boxed()
    }
}
