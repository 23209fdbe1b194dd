//! Opening the log: what the database holds against what it had promised.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use super::mark::MarkFile;
use super::sync::Worker;
use super::tail::Tail;
use super::{Ends, Log, LogState, Shared, damaged};
use crate::codec::{self, Mark};
use crate::engine::{Batch, Direction, Disk, Engine};
use crate::version::Options;
use crate::{Identity, LogId, StoreError, Vote, keys};

/// Makes the log of a new node.
pub(crate) fn create<E: Engine>(engine: &E, identity: &Identity) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.put(keys::FORMAT, crate::version::DATA_FORMAT.to_be_bytes().to_vec());
    batch.put(keys::IDENTITY, codec::encode_identity(identity));
    engine.write(&batch)?;
    Ok(engine.sync()?)
}

/// Makes the log of a node whose state holds all up to a position already.
pub(crate) fn create_at<E: Engine>(
    engine: &E,
    identity: &Identity,
    vote: Vote,
    position: LogId,
) -> Result<(), StoreError> {
    create(engine, identity)?;
    let mut batch = Batch::new();
    batch.put(keys::VOTE, codec::encode_vote(&vote));
    batch.put(keys::PURGED, codec::encode_log_id(&position));
    batch.put(keys::COMMITTED, codec::encode_log_id(&position));
    engine.write(&batch)?;
    Ok(engine.sync()?)
}

/// What a log database holds.
pub(crate) struct Found {
    pub(crate) vote: Option<Vote>,
    pub(crate) purged: Option<LogId>,
    pub(crate) last: Option<LogId>,
    /// What was promised and is not there.
    pub(crate) broken: Option<String>,
}

/// Looks at a log database and at what it had promised.
pub(crate) fn look<E: Engine>(engine: &E, disk: &E::Disk) -> Result<(Found, MarkFile), StoreError> {
    let (file, mark) = MarkFile::open(disk).map_err(StoreError::file("reading SYNCED"))?;
    let vote = engine.get(&keys::VOTE)?.map(|value| codec::decode_vote(&value));
    let vote = vote.transpose().map_err(damaged("vote"))?;
    let purged = engine.get(&keys::PURGED)?.map(|value| codec::decode_log_id(&value));
    let purged = purged.transpose().map_err(damaged("purged mark"))?;
    let last = last_entry(engine, purged)?.or(purged);
    let broken = mark.and_then(|mark| missing(mark, engine.sequence(), vote, last));
    Ok((Found { vote, purged, last, broken }, file))
}

/// Opens the log on a database whose identity was checked.
pub(crate) fn open<E: Engine>(
    engine: E,
    disk: &E::Disk,
    identity: Identity,
    options: Options,
    lock: Arc<<E::Disk as Disk>::Lock>,
) -> Result<Log<E>, StoreError> {
    let (Found { vote, purged, last, broken }, file) = look(&engine, disk)?;
    if let Some(detail) = broken {
        let dir = disk.root().display().to_string();
        return Err(StoreError::AcknowledgedLost { dir, node: identity.node, detail });
    }
    let tail = Tail::new(options.tail_bytes_max);
    let ends = Mutex::new(Ends { state: LogState { purged, last }, vote, tail });
    let worker = Worker::new(file, options.fatal);
    Log::run(Shared { engine, disk: disk.clone(), identity, ends, worker, _lock: lock }, options.flusher)
}

/// What the mark promised and the database does not hold. A longer log, or another one after truncation, has
/// a larger sequence and is fine.
pub(crate) fn missing(mark: Mark, sequence: u64, vote: Option<Vote>, last: Option<LogId>) -> Option<String> {
    if sequence < mark.sequence {
        return Some(format!("change {sequence} is its last, {} were flushed", mark.sequence));
    }
    if vote < mark.vote {
        return Some(format!("vote {vote:?} is older than {:?}", mark.vote));
    }
    let shorter = sequence == mark.sequence && last < mark.last;
    shorter.then(|| format!("entry {last:?} is its last, {:?} was flushed", mark.last))
}

fn last_entry<E: Engine>(engine: &E, purged: Option<LogId>) -> Result<Option<LogId>, StoreError> {
    let lower = keys::entry(purged.map_or(0, |purged| purged.index.saturating_add(1)));
    let mut found = None;
    engine.scan(&lower, &keys::ENTRIES_END, Direction::Reverse, &mut |key, value| {
        found = keys::entry_index(key).map(|index| (index, bytes::Bytes::copy_from_slice(value)));
        ControlFlow::Break(())
    })?;
    let Some((index, value)) = found else { return Ok(None) };
    let entry = codec::decode_entry(index, &value).map_err(damaged(&format!("log entry {index}")))?;
    Ok(Some(entry.id))
}
