//! Who looks at the nodes while all goes on: what they are, how old they say they are, what their state sums up to.
//!
//! Invariant: looking changes nothing; a node that does not answer soon counts as silent at that moment.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use api::client::{Call, Client};
use api::dto::status::Status;
use http::Method;
use tokio::time::{Instant, sleep};

use super::record::Record;
use crate::judges;
use crate::live::transport::HttpTransport;
use crate::report::{Role, Stretch};

/// Between two looks at what nodes are.
const PACE: Duration = Duration::from_millis(50);
/// Looks between two of the state's sum and of memory.
const LOOKS_PER_HASH: u32 = 10;
/// What may still be on its way when a line is cut.
const ON_ITS_WAY_MS: u64 = 50;

/// Nodes that nothing reaches, since when.
#[derive(Default)]
pub(super) struct Silence {
    silent: RefCell<BTreeMap<usize, Instant>>,
    alone: Cell<Option<Alone>>,
    /// How often somebody has asked a node that was alone for everything.
    visits: Cell<u64>,
}

/// A node that is the only one alive: its place, and since when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Alone {
    pub(super) place: usize,
    pub(super) since: Instant,
}

impl Silence {
    pub(super) fn begins(&self, node: usize) {
        self.silent.borrow_mut().insert(node, Instant::now());
    }

    /// All others are dead.
    pub(super) fn leaves_alone(&self, place: usize) {
        self.begins(place);
        self.alone.set(self.since(place).map(|since| Alone { place, since }));
    }

    /// Who is alone now.
    pub(super) fn alone(&self) -> Option<Alone> {
        self.alone.get()
    }

    /// Somebody has asked it for everything, and it was alone throughout.
    pub(super) fn visited(&self) {
        self.visits.set(self.visits.get().saturating_add(1));
    }

    /// How often somebody has.
    pub(super) fn visits(&self) -> u64 {
        self.visits.get()
    }

    pub(super) fn ends(&self) {
        self.silent.borrow_mut().clear();
        self.alone.set(None);
    }

    fn since(&self, node: usize) -> Option<Instant> {
        self.silent.borrow().get(&node).copied()
    }
}

/// A node to look at: its number, its public side and its operators' side, both without patience, and its process.
pub(in crate::live) struct Looked {
    pub(in crate::live) id: u64,
    pub(in crate::live) public: Client<HttpTransport>,
    pub(in crate::live) ops: Client<HttpTransport>,
    pub(in crate::live) process: Arc<AtomicU32>,
}

impl Looked {
    /// What the process of the node holds in memory, in KiB; nothing while none runs.
    fn resident_kib(&self) -> Option<u64> {
        let process = self.process.load(Ordering::Relaxed);
        resident_kib(&std::fs::read_to_string(format!("/proc/{process}/status")).ok()?)
    }
}

/// The resident memory that the kernel tells of a process, if that is a node.
fn resident_kib(status: &str) -> Option<u64> {
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    // Before the program has become the node, it is the one that starts it.
    value("Name:").filter(|name| *name == "rakit")?;
    value("VmRSS:")?.strip_suffix("kB")?.trim().parse().ok()
}

/// Looks at one node until told to stop; answers what it was.
pub(super) async fn watch(
    (place, node): (usize, &Looked),
    record: &Record,
    silence: &Silence,
    stop: &Cell<bool>,
) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut looks: u32 = 0;
    while !stop.get() {
        let role = look((place, node), record, silence).await;
        let now_us = record.now_us();
        match stretches.last_mut() {
            Some(last) if last.role == role => last.to_us = now_us,
            Some(last) => {
                let from_us = last.to_us;
                stretches.push(Stretch { node: place, role, from_us, to_us: now_us });
            }
            None => stretches.push(Stretch { node: place, role, from_us: 0, to_us: now_us }),
        }
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(LOOKS_PER_HASH)
            && let Some(resident_kib) = node.resident_kib()
        {
            record.memory(node.id, resident_kib);
        }
        if role != Role::Silent
            && looks.is_multiple_of(LOOKS_PER_HASH)
            && let Ok(told) = node.ops.state_hash(None).await
            && let Ok(hash) = u128::from_str_radix(&told.value.hash, 16)
        {
            record.state(node.id, told.value.index, hash);
        }
        sleep(PACE).await;
    }
    stretches
}

/// One look. An age is judged only where nothing reached the node from before it was asked until after it answered.
async fn look((place, node): (usize, &Looked), record: &Record, silence: &Silence) -> Role {
    let since = silence.since(place);
    let (silent, asked_us) = (since.map(|since| since.elapsed()), record.now_us());
    let Ok((response, _)) = node.public.send(&Call::new(Method::GET, "/api/v1/status")).await else {
        return Role::Silent;
    };
    let told = |name: &str| response.headers().get(name)?.to_str().ok()?.parse::<i64>().ok();
    let age = told("rakit-leader-age-ms");
    if let (Some(age_ms), Some(index)) =
        (age, told("rakit-index").and_then(|index| u64::try_from(index).ok()))
    {
        record.age(node.id, (index, age_ms), asked_us);
    }
    if let (Some(age_ms), Some(silent)) = (age, silent)
        && silence.since(place) == since
    {
        let silent_ms = u64::try_from(silent.as_millis()).unwrap_or(u64::MAX).saturating_sub(ON_ITS_WAY_MS);
        record.judged("age", judges::age::judge(node.id, age_ms, silent_ms));
    }
    match serde_json::from_slice::<Status>(response.body()) {
        Ok(status) if status.leader == Some(node.id) => Role::Leader,
        Ok(_) => Role::Follower,
        Err(_) => Role::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::resident_kib;

    #[test]
    fn the_memory_is_that_of_the_node() {
        let status = |name: &str| format!("Name:\t{name}\nVmHWM:\t  90 kB\nVmRSS:\t    70 kB\nThreads:\t1\n");
        assert_eq!(resident_kib(&status("rakit")), Some(70));
        assert_eq!(resident_kib(&status("setpriv")), None);
        assert_eq!(resident_kib("Name:\trakit\n"), None);
    }
}
