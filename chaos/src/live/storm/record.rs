//! What everybody saw during a run, in the units of the judges.
//!
//! Invariant: shared by the futures of one thread; a write is noted when its end is known, a broken promise when it is
//! seen, and nothing is changed afterwards.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::judges::acknowledged::{Place, Written};
use crate::judges::age;
use crate::judges::audit::{Act, Said};
use crate::judges::equality::States;
use crate::judges::exactly_once::Sent;
use crate::judges::linearizability::{self, Action};
use crate::judges::memory;
use crate::live::country;
use crate::report::{Ended, Operation};

/// Complaints of one judge that are kept.
const COMPLAINTS_MAX: usize = 5;

/// What became of a write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// It is that revision, at that place of the log.
    Accepted(u32, u64),
    /// Another revision was there.
    Stale(u32),
    /// Nobody knows.
    Unknown,
}

/// See the module.
pub(super) struct Record {
    began: Instant,
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    operations: Vec<Operation>,
    stations: BTreeMap<u64, Vec<linearizability::Operation>>,
    acknowledged: BTreeMap<Place, Written>,
    sent: Sent,
    revisions: BTreeMap<u64, u32>,
    forms: u64,
    writes: u64,
    index: u64,
    by_time: age::Acknowledged,
    states: States,
    complaints: BTreeMap<&'static str, Vec<String>>,
    looked: BTreeMap<&'static str, u64>,
    memory: BTreeMap<u64, u64>,
    excused: Vec<&'static str>,
    acts: Vec<Act>,
    /// Names that were refused a session, and how often at least and at most.
    refused: BTreeMap<String, (u64, u64)>,
    /// Until when a clock was wrong.
    clocks_wrong_us: u64,
}

/// Who asks about what, and since when.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) client: String,
    pub(super) station: u64,
    pub(super) called_us: u64,
}

impl Record {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), inner: RefCell::default() }
    }

    /// Microseconds since the begin.
    pub(super) fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// A form that was never used; its number is the value that is written.
    pub(super) fn next_form(&self) -> u64 {
        let mut inner = self.inner.borrow_mut();
        inner.forms = inner.forms.saturating_add(1);
        inner.forms
    }

    /// The highest revision of a station that anybody saw.
    pub(super) fn revision(&self, station: u64) -> u32 {
        self.inner.borrow().revisions.get(&station).copied().unwrap_or_default()
    }

    /// Writes acknowledged so far.
    pub(super) fn writes(&self) -> u64 {
        self.inner.borrow().writes
    }

    /// The highest place in the log that an answer named.
    pub(super) fn index(&self) -> u64 {
        self.inner.borrow().index
    }

    /// A write has come to its end, or is given up.
    pub(super) fn wrote(&self, call: &Call, seen: u32, value: u64, fate: Fate) {
        self.wrote_as("write", call, (seen, value), fate);
    }

    /// The same for a write of some kind.
    pub(super) fn wrote_as(&self, kind: &'static str, call: &Call, (seen, value): (u32, u64), fate: Fate) {
        let now = self.now_us();
        let mut inner = self.inner.borrow_mut();
        let (told, shown, revision, index) = match fate {
            Fate::Accepted(revision, index) => {
                let place = (call.station, revision);
                inner.acknowledged.insert(place, Written { value, index });
                inner.by_time.wrote(now, index);
                inner.sent.accepted.insert(value, place);
                inner.writes = inner.writes.saturating_add(1);
                (linearizability::Ended::Accepted(revision), Ended::Done, revision, index)
            }
            Fate::Stale(revision) => {
                inner.sent.refused.insert(value);
                (linearizability::Ended::Stale(revision), Ended::Refused, revision, 0)
            }
            Fate::Unknown => {
                inner.sent.unknown.insert(value);
                (linearizability::Ended::Unknown, Ended::Unknown, seen, 0)
            }
        };
        let returned = (fate != Fate::Unknown).then_some(now);
        let action = Action::Write { seen, value, ended: told };
        inner.judge(call, returned, action);
        inner.note(call, kind, now, (shown, revision, index));
    }

    /// A write was refused before anybody looked at what it says, or must have been: it has no effect.
    pub(super) fn barred(&self, value: u64) {
        self.inner.borrow_mut().sent.refused.insert(value);
    }

    /// A linearizable read was answered.
    pub(super) fn read(&self, call: &Call, revision: u32, value: u64, index: u64) {
        let now = self.now_us();
        let mut inner = self.inner.borrow_mut();
        inner.judge(call, Some(now), Action::Read { revision, value });
        inner.note(call, "read-linearizable", now, (Ended::Done, revision, index));
    }

    /// Another read was answered, or was not.
    pub(super) fn looked(&self, call: &Call, kind: &'static str, seen: (Ended, u32, u64)) {
        let now = self.now_us();
        self.inner.borrow_mut().note(call, kind, now, seen);
    }

    /// Something that is about no station has ended: who did what to what, and since when.
    pub(super) fn did(
        &self,
        (client, object, called_us): (String, String, u64),
        kind: &'static str,
        (ended, revision, index): (Ended, u64, u64),
    ) {
        let ended_us = self.now_us();
        let operation = Operation { client, kind, object, called_us, ended_us, ended, revision, index };
        self.inner.borrow_mut().operations.push(operation);
    }

    /// Something was done to an account or a session since then, or perhaps was.
    pub(super) fn acted(&self, said: Said, called_us: u64, known: bool) {
        let ended_us = known.then(|| self.now_us());
        self.inner.borrow_mut().acts.push(Act { said, called_us, ended_us });
    }

    /// All of that.
    pub(super) fn acts(&self) -> Vec<Act> {
        self.inner.borrow().acts.clone()
    }

    /// A credential was refused, or perhaps was.
    pub(super) fn refused(&self, name: &str, known: bool) {
        let mut inner = self.inner.borrow_mut();
        let (least, most) = inner.refused.entry(name.to_owned()).or_default();
        *least = least.saturating_add(u64::from(known));
        *most = most.saturating_add(1);
    }

    /// Names that were refused a session, and how often at least and at most.
    pub(super) fn refusals(&self) -> BTreeMap<String, (u64, u64)> {
        self.inner.borrow().refused.clone()
    }

    /// From now on a clock is wrong, or is right again.
    pub(super) fn clocks(&self, wrong: bool) {
        self.inner.borrow_mut().clocks_wrong_us = if wrong { u64::MAX } else { self.now_us() };
    }

    /// Whether no clock was wrong since then.
    pub(super) fn clocks_right_since(&self, since_us: u64) -> bool {
        self.inner.borrow().clocks_wrong_us <= since_us
    }

    /// A judge has looked once more, and may have something to say.
    pub(super) fn judged(&self, judge: &'static str, complaint: Option<String>) {
        let mut inner = self.inner.borrow_mut();
        let looked = inner.looked.entry(judge).or_default();
        *looked = looked.saturating_add(1);
        let complaints = inner.complaints.entry(judge).or_default();
        complaints.extend(complaint);
        complaints.truncate(COMPLAINTS_MAX);
    }

    /// A judge has nothing to look at on this machine.
    pub(super) fn excuse(&self, judge: &'static str) {
        self.inner.borrow_mut().excused.push(judge);
    }

    /// Whether it has not.
    pub(super) fn excused(&self, judge: &str) -> bool {
        self.inner.borrow().excused.contains(&judge)
    }

    /// A node's state was looked at.
    pub(super) fn state(&self, node: u64, index: u64, hash: u128) {
        let complaint = self.inner.borrow_mut().states.saw(node, index, hash);
        self.judged("equality", complaint);
    }

    /// A node was asked then, and said to show an index that is so old.
    pub(super) fn age(&self, node: u64, shown: (u64, i64), asked_us: u64) {
        let complaint = self.inner.borrow().by_time.judge(node, shown, asked_us);
        self.judged("age", complaint);
    }

    /// A node held that much memory.
    pub(super) fn memory(&self, node: u64, resident_kib: u64) {
        let mut inner = self.inner.borrow_mut();
        let most = inner.memory.entry(node).or_default();
        *most = (*most).max(resident_kib);
        drop(inner);
        self.judged("memory", memory::judge(node, resident_kib));
    }

    /// The most memory that each node was seen to hold, in KiB.
    pub(super) fn most_memory(&self) -> BTreeMap<u64, u64> {
        self.inner.borrow().memory.clone()
    }

    /// How often a judge has looked, and what it has to say.
    pub(super) fn said(&self, judge: &str) -> (u64, Vec<String>) {
        let inner = self.inner.borrow();
        let looked = inner.looked.get(judge).copied().unwrap_or_default();
        (looked, inner.complaints.get(judge).cloned().unwrap_or_default())
    }

    /// What was acknowledged, by station and revision.
    pub(super) fn acknowledged(&self) -> BTreeMap<Place, Written> {
        self.inner.borrow().acknowledged.clone()
    }

    /// What became of every value.
    pub(super) fn sent(&self) -> Sent {
        self.inner.borrow().sent.clone()
    }

    /// Operations by station, for the judge of their order.
    pub(super) fn stations(&self) -> BTreeMap<u64, Vec<linearizability::Operation>> {
        self.inner.borrow().stations.clone()
    }

    /// Everything for the report.
    pub(super) fn take_operations(&self) -> Vec<Operation> {
        std::mem::take(&mut self.inner.borrow_mut().operations)
    }
}

impl Inner {
    fn judge(&mut self, call: &Call, returned: Option<u64>, action: Action) {
        let operation = linearizability::Operation { called: call.called_us, returned, action };
        self.stations.entry(call.station).or_default().push(operation);
    }

    fn note(
        &mut self,
        call: &Call,
        kind: &'static str,
        ended_us: u64,
        (ended, revision, index): (Ended, u32, u64),
    ) {
        let seen = self.revisions.entry(call.station).or_default();
        if ended != Ended::Unknown {
            *seen = (*seen).max(revision);
        }
        self.index = self.index.max(index);
        let Call { client, station, called_us } = call.clone();
        let (object, revision) = (country::station(station), u64::from(revision));
        self.operations.push(Operation { client, kind, object, called_us, ended_us, ended, revision, index });
    }
}
