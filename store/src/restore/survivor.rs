//! A node's data directory, looked at while nobody serves it.
//!
//! Invariant: it is locked while it is looked at, and only read. What it holds is judged entry by entry and row
//! by row: a survivor with a fault is never the one to go on from.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use tally::command::{Command, log_time};
use tally::ids::{LogTime, NodeId};
use tally::row::Ledger;

use super::{copy, find_ledger};
use crate::engine::{Direction, Disk, Engine, OpenMode, Purpose, Reader};
use crate::machine::{Sums, read_applied, sums};
use crate::snapshot::incidental;
use crate::{Identity, LogEntry, LogId, Payload, StoreError, Vote, codec, keys, log, machine, version};

/// Entries read or applied at once.
const ROUND_ENTRIES_MAX: usize = 1_024;
/// Bytes of them at which a round ends.
const ROUND_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a survivor has.
#[derive(Clone, Debug)]
pub struct SurvivorReport {
    /// Whose data it is.
    pub identity: Identity,
    /// Name of the cluster.
    pub name: String,
    /// Log time of the last entry.
    pub log_time: LogTime,
    /// Next node number after the last entry.
    pub next_node: NodeId,
    /// The vote.
    pub vote: Option<Vote>,
    /// Last entry of the log.
    pub last: LogId,
    /// Last entry known to be committed.
    pub committed: LogId,
    /// Last entry in the state.
    pub applied: LogId,
    /// State hash there, from the rows.
    pub hash: u128,
    /// The last membership it holds, committed or not, as the cluster layer encoded it.
    pub membership: Bytes,
    /// Why it must not be gone on from; empty when all is well.
    pub faults: Vec<String>,
}

/// See the module.
pub struct Survivor<D: Disk> {
    disk: D,
    state: String,
    log: D::Engine,
    /// First entry that is not in the state.
    first: u64,
    report: SurvivorReport,
    _lock: Arc<D::Lock>,
}

impl<D: Disk> Survivor<D> {
    /// Looks at a data directory that no node serves.
    pub fn examine(disk: D) -> Result<Self, StoreError> {
        let lock = version::lock_existing(&disk)?;
        let (identity, state) = version::look(&disk)?;
        let log_engine = disk.open(version::LOG, Purpose::Log, OpenMode::ReadOnly)?;
        let rows = disk.open(&state, Purpose::State, OpenMode::ReadOnly)?;
        let found = log::look(&log_engine, &disk)?.0;
        let record = read_applied(&rows)?;
        // Of a node that died young the state may hold nothing yet: all is in the log then.
        let mut ledger = find_ledger(&rows)?.unwrap_or_default();
        let mut faults = Vec::new();
        faults.extend(found.broken.map(|detail| format!("its log lost what was flushed: {detail}")));
        let hash = sums(&rows)?.state;
        if hash != record.hash {
            faults.push("its rows do not have the hash that was kept with them".to_owned());
        }
        let applied = record.id.unwrap_or_default();
        let last = found.last.unwrap_or_default().max(applied);
        if found.purged.is_some_and(|purged| purged.index > applied.index) {
            faults.push("its log begins after the end of its state".to_owned());
        }
        let mut membership = record.membership.unwrap_or_default();
        // A log begins at 0 or 1, whoever founded it.
        let first = match record.id {
            Some(id) => id.index.saturating_add(1),
            None => first_index(&log_engine)?,
        };
        let walked = walk(&log_engine, first, last.index, |round| {
            for entry in round {
                match entry.payload {
                    Payload::Blank => {}
                    Payload::Membership(frame) => membership = frame,
                    Payload::Proposal(frame) => note(&mut ledger, entry.id.index, &frame)?,
                }
            }
            Ok(())
        });
        if let Err(error) = walked {
            faults.push(error.to_string());
        }
        if ledger.epoch == 0 {
            faults.push("it belongs to no cluster: it was never founded".to_owned());
        }
        let committed = log_engine.get(&keys::COMMITTED)?.map(|value| codec::decode_log_id(&value));
        let committed = committed
            .transpose()
            .map_err(|source| StoreError::Damaged { what: "committed mark".to_owned(), source })?;
        let report = SurvivorReport {
            identity,
            name: ledger.name,
            log_time: ledger.log_time,
            next_node: ledger.next_node,
            vote: found.vote,
            last,
            committed: committed.unwrap_or_default().max(applied).min(last),
            applied,
            hash,
            membership,
            faults,
        };
        Ok(Self { disk, state, log: log_engine, first, report, _lock: lock })
    }

    /// What it has.
    #[must_use]
    pub fn report(&self) -> &SurvivorReport {
        &self.report
    }

    /// Puts its state into a directory of another disk, with all of its log applied.
    pub(super) fn bring(&self, disk: &D, state: &str, lock: &Arc<D::Lock>) -> Result<Sums, StoreError> {
        let failed = StoreError::file(format!("reading {}", self.state));
        for name in self.disk.list(&self.state).map_err(failed)? {
            if !incidental(&name) {
                copy(&self.disk, &format!("{}/{name}", self.state), disk, &format!("{state}/{name}"))?;
            }
        }
        let engine = disk.open(state, Purpose::State, OpenMode::Open)?;
        let machine = machine::open(
            (engine, state.to_owned()),
            disk,
            self.report.identity,
            tally::LEVEL_NEWEST,
            Arc::clone(lock),
        )?;
        walk(&self.log, self.first, self.report.last.index, |round| machine.apply(round).map(drop))?;
        machine.flush()?;
        let sums = sums(&machine.engine())?;
        if sums.state != machine.state_hash().hash || machine.applied().id != Some(self.report.last) {
            let why = "the state does not come out of the log as it should".to_owned();
            return Err(StoreError::BackupRefused(why));
        }
        Ok(sums)
    }
}

/// Index of the first entry there is.
fn first_index<E: Engine>(log: &E) -> Result<u64, StoreError> {
    let mut found = 0;
    log.scan(&keys::entry(0), &keys::ENTRIES_END, Direction::Forward, &mut |key, _| {
        found = keys::entry_index(key).unwrap_or_default();
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// Takes note of what an entry will do to the ledger, as far as a report tells it.
fn note(ledger: &mut Ledger, index: u64, frame: &[u8]) -> Result<(), StoreError> {
    let proposal =
        codec::decode_proposal(frame).map_err(|source| StoreError::Undecodable { index, source })?;
    ledger.log_time = log_time(ledger.log_time, proposal.header.proposed_at);
    for item in proposal.items {
        if let Command::Found { name, epoch, next_node, .. } = item.command {
            if ledger.epoch == 0 {
                (ledger.name, ledger.epoch, ledger.next_node) = (name, epoch, next_node);
            }
        } else if matches!(item.command, Command::AllocateNode) {
            ledger.next_node.0 = ledger.next_node.0.saturating_add(1);
        }
    }
    Ok(())
}

/// Shows the entries from `first` to `last`, both included, in rounds; a hole or a damaged one is an error.
fn walk<E: Engine>(
    log: &E,
    first: u64,
    last: u64,
    mut show: impl FnMut(Vec<LogEntry>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut next = first;
    while next <= last {
        let mut round = Vec::new();
        let mut bytes: usize = 0;
        let mut broken = None;
        log.scan(
            &keys::entry(next),
            &keys::after(keys::entry(last)),
            Direction::Forward,
            &mut |key, value| match keys::entry_index(key) {
                Some(index) if index == next => {
                    match codec::decode_entry(index, &Bytes::copy_from_slice(value)) {
                        Ok(entry) => {
                            bytes = bytes.saturating_add(entry.payload.size());
                            round.push(entry);
                            next = next.saturating_add(1);
                        }
                        Err(source) => {
                            broken = Some(StoreError::Damaged { what: format!("log entry {index}"), source });
                        }
                    }
                    if broken.is_some() || round.len() >= ROUND_ENTRIES_MAX || bytes >= ROUND_BYTES_MAX {
                        return ControlFlow::Break(());
                    }
                    ControlFlow::Continue(())
                }
                _ => ControlFlow::Break(()),
            },
        )?;
        if let Some(broken) = broken {
            return Err(broken);
        }
        if round.is_empty() {
            return Err(StoreError::LogBroken { index: next, detail: "an entry is missing" });
        }
        show(round)?;
    }
    Ok(())
}
