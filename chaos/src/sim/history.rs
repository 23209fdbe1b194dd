//! What clients did and were told.
//!
//! Invariant: an operation is written down with the moment before it was sent and the moment after it was answered;
//! one that was given up stays without an end.

use std::collections::BTreeMap;

use crate::judges::acknowledged::{Place, Written};
use crate::judges::age;
use crate::judges::exactly_once::Sent;
use crate::judges::linearizability::{Action, Ended, Operation};
use crate::judges::readings::Step;
use crate::steps::Sheet;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct History {
    /// By station.
    pub(super) operations: BTreeMap<u64, Vec<Operation>>,
    pub(super) sent: Sent,
    pub(super) acknowledged: BTreeMap<Place, Written>,
    pub(super) by_time: age::Acknowledged,
    pub(super) counts: Counts,
    /// What was done to forms that are read a second time, by station, and what is known of those forms.
    pub(super) steps: BTreeMap<u64, Vec<Step>>,
    pub(super) sheets: BTreeMap<u64, Sheet>,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) acknowledged: u64,
    pub(super) stale: u64,
    pub(super) unknown: u64,
    pub(super) retried: u64,
    pub(super) reads: u64,
    pub(super) session_reads: u64,
    pub(super) failed_reads: u64,
    pub(super) steps: u64,
}

/// How a write ended for its client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Told {
    Accepted {
        revision: u32,
        index: u64,
    },
    Stale {
        revision: u32,
    },
    /// It is certain that nothing was written.
    Nothing,
    Unknown,
}

/// A write, with when it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write {
    pub(super) station: u64,
    pub(super) seen: u32,
    pub(super) value: u64,
    pub(super) called_us: u64,
}

impl History {
    /// A write ended.
    pub(super) fn wrote(&mut self, write: Write, told: Told, returned_us: u64) {
        let Write { station, seen, value, called_us } = write;
        let ended = match told {
            Told::Accepted { revision, index } => {
                self.counts.acknowledged = self.counts.acknowledged.saturating_add(1);
                self.sent.accepted.insert(value, (station, revision));
                self.by_time.wrote(returned_us, index);
                self.acknowledged.insert((station, revision), Written { value, index });
                Ended::Accepted(revision)
            }
            Told::Stale { revision } => {
                self.counts.stale = self.counts.stale.saturating_add(1);
                self.sent.refused.insert(value);
                Ended::Stale(revision)
            }
            Told::Nothing => {
                self.sent.refused.insert(value);
                return;
            }
            Told::Unknown => {
                self.counts.unknown = self.counts.unknown.saturating_add(1);
                self.sent.unknown.insert(value);
                Ended::Unknown
            }
        };
        let returned = (ended != Ended::Unknown).then_some(returned_us);
        let operation =
            Operation { called: called_us, returned, action: Action::Write { seen, value, ended } };
        self.operations.entry(station).or_default().push(operation);
    }

    /// A linearizable read ended.
    pub(super) fn read(
        &mut self,
        station: u64,
        called_us: u64,
        returned_us: u64,
        (revision, value): (u32, u64),
    ) {
        self.counts.reads = self.counts.reads.saturating_add(1);
        let action = Action::Read { revision, value };
        let operation = Operation { called: called_us, returned: Some(returned_us), action };
        self.operations.entry(station).or_default().push(operation);
    }
}
