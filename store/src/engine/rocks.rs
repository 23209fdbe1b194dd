//! The engine on `RocksDB`. With `rocks_options` the only file that names it.
//!
//! Invariant: the log database is written with a write-ahead log, the state database never is.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use rocksdb::checkpoint::Checkpoint;
use rocksdb::{
    DB, DBAccess, DBRawIteratorWithThreadMode, ErrorKind, ReadOptions, Snapshot, WriteBatch, WriteOptions,
};

use crate::engine::disk::Space;
use crate::engine::files::{FileLock, Files};
use crate::engine::rocks_options::{self, Shared};
use crate::engine::{Batch, Change, Direction, Disk, Engine, EngineError, OpenMode, Purpose, Reader, Visit};

/// Makes an error of the library ours.
fn failed(operation: &'static str) -> impl Fn(rocksdb::Error) -> EngineError {
    move |error| EngineError { operation, message: error.into_string() }
}

/// The first damage that any reader of a disk met, for whoever has to stop the node: the reader itself, a
/// visitor perhaps, only gets no answer.
#[derive(Clone, Default)]
struct Damage(Arc<OnceLock<String>>);

impl Damage {
    /// [`failed`], and notes what will not go away by itself.
    fn failed(&self, operation: &'static str) -> impl Fn(rocksdb::Error) -> EngineError {
        let noted = Arc::clone(&self.0);
        move |error| {
            if matches!(error.kind(), ErrorKind::Corruption | ErrorKind::IOError | ErrorKind::NotFound) {
                noted.get_or_init(|| format!("{operation}: {}", error.as_ref()));
            }
            failed(operation)(error)
        }
    }
}

/// Bytes read ahead by a survey.
const SURVEY_READAHEAD_BYTES: usize = 2 * 1024 * 1024;

/// See the module. Clones are the same database.
#[derive(Clone)]
pub struct RocksEngine {
    database: Arc<DB>,
    purpose: Purpose,
    damage: Damage,
}

fn bounds(lower: &[u8], upper: &[u8]) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_iterate_lower_bound(lower);
    options.set_iterate_upper_bound(upper);
    options
}

fn walk<D: DBAccess>(
    mut rows: DBRawIteratorWithThreadMode<'_, D>,
    direction: Direction,
    damage: &Damage,
    visit: Visit<'_>,
) -> Result<(), EngineError> {
    match direction {
        Direction::Forward => rows.seek_to_first(),
        Direction::Reverse => rows.seek_to_last(),
    }
    while let Some((key, value)) = rows.item() {
        if visit(key, value) == ControlFlow::Break(()) {
            return Ok(());
        }
        match direction {
            Direction::Forward => rows.next(),
            Direction::Reverse => rows.prev(),
        }
    }
    // The end of the rows and an unreadable row look the same until asked.
    rows.status().map_err(damage.failed("scan"))
}

impl Reader for RocksEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.database.get(key).map_err(self.damage.failed("get"))?.map(Bytes::from))
    }

    fn scan(
        &self,
        lower: &[u8],
        upper: &[u8],
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), EngineError> {
        if lower >= upper {
            return Ok(());
        }
        walk(self.database.raw_iterator_opt(bounds(lower, upper)), direction, &self.damage, visit)
    }
}

impl Engine for RocksEngine {
    type Disk = RocksDisk;
    type Snapshot = RocksSnapshot;

    fn write(&self, batch: &Batch) -> Result<(), EngineError> {
        let mut rows = WriteBatch::default();
        for change in batch.changes() {
            match change {
                Change::Put(key, value) => rows.put(key, value),
                Change::Delete(key) => rows.delete(key),
                Change::DeleteRange(first, end) if first < end => rows.delete_range(first, end),
                Change::DeleteRange(..) => {}
            }
        }
        let mut options = WriteOptions::default();
        options.disable_wal(self.purpose == Purpose::State);
        self.database.write_opt(&rows, &options).map_err(failed("write"))
    }

    fn sync(&self) -> Result<(), EngineError> {
        match self.purpose {
            Purpose::Log => self.database.flush_wal(true).map_err(failed("sync")),
            Purpose::State => self.flush(),
        }
    }

    fn flush(&self) -> Result<(), EngineError> {
        self.database.flush().map_err(failed("flush"))
    }

    fn survey(&self, lower: &[u8], upper: &[u8], visit: Visit<'_>) -> Result<(), EngineError> {
        let mut options = bounds(lower, upper);
        options.fill_cache(false);
        options.set_readahead_size(SURVEY_READAHEAD_BYTES);
        walk(self.database.raw_iterator_opt(options), Direction::Forward, &self.damage, visit)
    }

    fn snapshot(&self) -> RocksSnapshot {
        let pinned = Pinned::new(Arc::clone(&self.database), |database| database.snapshot());
        RocksSnapshot { pinned, damage: self.damage.clone() }
    }

    fn sequence(&self) -> u64 {
        self.database.latest_sequence_number()
    }
}

self_cell::self_cell!(
    struct Pinned {
        owner: Arc<DB>,
        #[not_covariant]
        dependent: Snapshot,
    }
);

/// A moment of a [`RocksEngine`]; keeps the database open.
pub struct RocksSnapshot {
    pinned: Pinned,
    damage: Damage,
}

impl Reader for RocksSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let value = self.pinned.with_dependent(|_, snapshot| snapshot.get(key));
        Ok(value.map_err(self.damage.failed("get"))?.map(Bytes::from))
    }

    fn scan(
        &self,
        lower: &[u8],
        upper: &[u8],
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), EngineError> {
        if lower >= upper {
            return Ok(());
        }
        self.pinned.with_dependent(|_, snapshot| {
            walk(snapshot.raw_iterator_opt(bounds(lower, upper)), direction, &self.damage, visit)
        })
    }
}

/// A directory with databases in it, which share one cache.
#[derive(Clone)]
pub struct RocksDisk {
    files: Files,
    shared: Arc<Shared>,
    damage: Damage,
}

impl RocksDisk {
    /// The disk under a directory; nothing is touched yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { files: Files::new(root), shared: Arc::new(Shared::new()), damage: Damage::default() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.files.path(path)
    }
}

impl Disk for RocksDisk {
    type Engine = RocksEngine;
    type Lock = FileLock;

    fn root(&self) -> &Path {
        self.files.root()
    }

    fn lock(&self) -> io::Result<Option<FileLock>> {
        self.files.lock()
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        self.files.list(directory)
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        self.files.exists(path)
    }

    fn read(&self, path: &str) -> io::Result<Option<Bytes>> {
        self.files.read(path)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        self.files.size(path)
    }

    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Bytes> {
        self.files.read_at(path, offset, length)
    }

    fn make_directory(&self, path: &str) -> io::Result<()> {
        self.files.make_directory(path)
    }

    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.files.write_whole(path, bytes)
    }

    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.files.write_at(path, offset, bytes)
    }

    fn sync_file(&self, path: &str) -> io::Result<()> {
        self.files.sync_file(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.files.rename(from, to)
    }

    fn duplicate(&self, from: &str, to: &str) -> io::Result<()> {
        self.files.duplicate(from, to)
    }

    fn space(&self) -> io::Result<Space> {
        self.files.space()
    }

    fn reserve(&self, path: &str, bytes: u64) -> io::Result<()> {
        self.files.reserve(path, bytes)
    }

    fn refer(&self, path: &str, other: &Self, other_path: &str) -> io::Result<()> {
        self.files.refer(path, &other.files, other_path)
    }

    fn remove_tree(&self, path: &str) -> io::Result<()> {
        self.files.remove_tree(path)
    }

    fn damage(&self) -> Option<String> {
        self.damage.0.get().cloned()
    }

    fn open(&self, path: &str, purpose: Purpose, mode: OpenMode) -> Result<RocksEngine, EngineError> {
        let create = mode == OpenMode::Create;
        let options = match purpose {
            Purpose::Log => rocks_options::log(&self.shared, create),
            Purpose::State => rocks_options::state(&self.shared, create),
        };
        let opened = match mode {
            OpenMode::ReadOnly => DB::open_for_read_only(&options, self.path(path), false),
            OpenMode::Create | OpenMode::Open => DB::open(&options, self.path(path)),
        };
        let database = Arc::new(opened.map_err(failed("open"))?);
        // What is only looked at is not this node's state: its damage is for whoever looks.
        let damage = if mode == OpenMode::ReadOnly { Damage::default() } else { self.damage.clone() };
        Ok(RocksEngine { database, purpose, damage })
    }

    fn checkpoint(&self, engine: &RocksEngine, path: &str) -> Result<(), EngineError> {
        let checkpoint = Checkpoint::new(&engine.database).map_err(failed("checkpoint"))?;
        checkpoint.create_checkpoint(self.path(path)).map_err(failed("checkpoint"))
    }
}
