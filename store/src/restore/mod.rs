//! Data for a new epoch: made from a backup, or from a node that outlived its majority.
//!
//! Invariant: what it is made from is only read. The rows of the count are taken over as they are; replaced are
//! the ledger's names and counters, sessions are dropped, and a record says where the history comes from. Last
//! index, term and node numbers leap ahead, so that nothing old ever names anything new (9.2). The marker that
//! makes a directory whole is written last: a crash leaves a directory that no node serves.

mod survivor;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tally::epoch::EpochRecord;
use tally::ids::NodeId;
use tally::row::{Ledger, Row, RowKey};

use crate::backup::{BackupDirectory, ObjectKind, Verified};
use crate::codec::{self, AppliedRecord};
use crate::engine::{Batch, Disk, Engine, OpenMode, Purpose, Reader};
use crate::machine::{Sums, recompute, sums};
use crate::snapshot::CHUNK_BYTES_MAX;
use crate::{Identity, LogId, StoreError, Vote, keys, log, version};

pub use survivor::{Survivor, SurvivorReport};

/// How far the last index of a new epoch is above that of the old one.
pub const INDEX_LEAP: u64 = 1_000_000_000;
/// How far its term is.
pub const TERM_LEAP: u64 = 1_000;
/// How far its first node number is.
pub const NODE_LEAP: u64 = 1_000;

/// What a new epoch is like.
#[derive(Clone, Debug)]
pub struct Succession {
    /// Whose data is made.
    pub identity: Identity,
    /// Name of the cluster.
    pub name: String,
    /// Next node number.
    pub next_node: NodeId,
    /// The members, as the cluster layer encoded them.
    pub membership: Bytes,
    /// Where the history comes from.
    pub record: EpochRecord,
}

/// Data that was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Established {
    /// Where the new log begins: all up to here is in the state.
    pub position: LogId,
    /// Hashes and counts of the rows as they are now.
    pub sums: Sums,
}

/// Where a history goes on that ended with an entry.
#[must_use]
pub const fn leap(last: LogId) -> LogId {
    LogId { term: last.term.saturating_add(TERM_LEAP), index: last.index.saturating_add(INDEX_LEAP) }
}

/// Makes data on an empty disk from a backup that was verified.
pub fn restore<D: Disk>(
    disk: &D,
    backup: &BackupDirectory<D>,
    verified: &Verified,
    succession: &Succession,
) -> Result<Established, StoreError> {
    establish(disk, succession, |state, _| {
        for object in &verified.manifest.objects {
            match object.kind {
                ObjectKind::State => {
                    let path = format!("{state}/{}", object.name);
                    let from = crate::backup::object_path(&object.sha256);
                    if copy(backup.disk(), &from, disk, &path)? != object.sha256 {
                        let why = format!("{from} ({}) changed since it was verified", object.name);
                        return Err(StoreError::BackupRefused(why));
                    }
                }
            }
        }
        Ok(verified.sums)
    })
}

/// Makes data on an empty disk from what a survivor has: its state and all of its log.
pub fn recover<D: Disk>(
    disk: &D,
    survivor: &Survivor<D>,
    succession: &Succession,
) -> Result<Established, StoreError> {
    establish(disk, succession, |state, lock| survivor.bring(disk, state, lock))
}

/// `fill` puts a state database into a directory and answers what its rows come to.
fn establish<D: Disk>(
    disk: &D,
    succession: &Succession,
    fill: impl FnOnce(&str, &std::sync::Arc<D::Lock>) -> Result<Sums, StoreError>,
) -> Result<Established, StoreError> {
    if !version::contents(disk)?.is_empty() {
        return Err(StoreError::NotEmpty { dir: disk.root().display().to_string() });
    }
    let held = version::lock(disk)?;
    let state = version::state_directory(1);
    disk.make_directory(&state).map_err(StoreError::file(format!("making {state}")))?;
    let before = fill(&state, &held)?;
    let record = EpochRecord { hash: before.state, ..succession.record.clone() };
    let position = leap(LogId { term: record.term, index: record.index });
    let engine = disk.open(&state, Purpose::State, OpenMode::Open)?;
    let sums = rewrite(&engine, succession, record, position)?;
    if sums.content != before.content || sums.forms != before.forms {
        let why = "the rows of the count changed while they were taken over".to_owned();
        return Err(StoreError::BackupRefused(why));
    }
    let vote = Vote { term: position.term, node: succession.identity.node, committed: false };
    let log_engine = disk.open(version::LOG, Purpose::Log, OpenMode::Create)?;
    log::create_at(&log_engine, disk, &succession.identity, (vote, position))?;
    version::complete(disk, &state, &succession.identity)?;
    Ok(Established { position, sums })
}

/// The ledger of a state database that belongs to a cluster.
pub(crate) fn ledger<R: Reader>(rows: &R) -> Result<Ledger, StoreError> {
    let unfounded = || StoreError::BackupRefused("it belongs to no cluster: it was never founded".to_owned());
    find_ledger(rows)?.ok_or_else(unfounded)
}

/// The ledger of a state database; none before the first entry.
fn find_ledger<R: Reader>(rows: &R) -> Result<Option<Ledger>, StoreError> {
    let value = rows.get(&keys::row(&RowKey::Ledger))?;
    let row = value.map(|value| codec::decode_row(&RowKey::Ledger, &value)).transpose();
    let row = row.map_err(|source| StoreError::Damaged { what: "the ledger".to_owned(), source })?;
    Ok(if let Some(Row::Ledger(ledger)) = row { Some(ledger) } else { None })
}

/// Replaces what a new epoch does not take over.
fn rewrite<E: Engine>(
    engine: &E,
    succession: &Succession,
    record: EpochRecord,
    position: LogId,
) -> Result<Sums, StoreError> {
    let Succession { identity, name, next_node, membership, .. } = succession;
    let ledger = Ledger {
        cluster: identity.cluster,
        epoch: identity.epoch,
        name: name.clone(),
        next_node: *next_node,
        ..ledger(engine)?
    };
    let mut batch = Batch::new();
    let mut put = |key: &RowKey, row: &Row| batch.put(keys::row(key), codec::encode_row(row));
    put(&RowKey::Ledger, &Row::Ledger(ledger));
    put(&RowKey::Epoch(identity.epoch), &Row::Epoch(record));
    batch.delete_range(keys::SESSIONS_FIRST, keys::SESSIONS_END);
    batch.delete_range(keys::HASH_POINT, keys::HASH_POINT_END);
    batch.put(keys::IDENTITY, codec::encode_identity(identity));
    engine.write(&batch)?;
    let sums = sums(engine)?;
    let applied = AppliedRecord {
        id: Some(position),
        membership_id: Some(position),
        membership: Some(membership.clone()),
        hash: sums.state,
    };
    let mut batch = Batch::new();
    batch.put(keys::APPLIED, codec::encode_applied(&applied));
    batch.put(keys::SUMS, codec::encode_sums(&recompute(engine)?));
    engine.write(&batch)?;
    engine.flush()?;
    Ok(sums)
}

/// Copies a file from one disk to another, durably; answers its SHA-256.
fn copy<D: Disk>(from: &D, source: &str, to: &D, path: &str) -> Result<[u8; 32], StoreError> {
    let reading = || StoreError::file(format!("reading {source}"));
    let writing = || StoreError::file(format!("writing {path}"));
    let size = from.size(source).map_err(reading())?;
    let mut hasher = Sha256::new();
    let mut offset = 0;
    to.write_at(path, 0, &[]).map_err(writing())?;
    while offset < size {
        let chunk = from.read_at(source, offset, CHUNK_BYTES_MAX).map_err(reading())?;
        if chunk.is_empty() {
            break;
        }
        hasher.update(&chunk);
        to.write_at(path, offset, &chunk).map_err(writing())?;
        offset = offset.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }
    to.sync_file(path).map_err(writing())?;
    Ok(hasher.finalize().into())
}
