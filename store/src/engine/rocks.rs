//! The engine on `RocksDB`. With `rocks_options` the only file that names it.
//!
//! Invariant: the log database is written with a write-ahead log, the state database never is.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rocksdb::checkpoint::Checkpoint;
use rocksdb::{DB, DBAccess, DBRawIteratorWithThreadMode, ReadOptions, Snapshot, WriteBatch, WriteOptions};

use crate::engine::disk::Space;
use crate::engine::files::{FileLock, Files};
use crate::engine::rocks_options::{self, Shared};
use crate::engine::{Batch, Change, Direction, Disk, Engine, EngineError, OpenMode, Purpose, Reader, Visit};

/// Makes an error of the library ours.
fn failed(operation: &'static str) -> impl Fn(rocksdb::Error) -> EngineError {
    move |error| EngineError { operation, message: error.into_string() }
}

/// See the module. Clones are the same database.
#[derive(Clone)]
pub struct RocksEngine {
    database: Arc<DB>,
    purpose: Purpose,
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
    rows.status().map_err(failed("scan"))
}

impl Reader for RocksEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.database.get(key).map_err(failed("get"))?.map(Bytes::from))
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
        walk(self.database.raw_iterator_opt(bounds(lower, upper)), direction, visit)
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

    fn snapshot(&self) -> RocksSnapshot {
        RocksSnapshot(Pinned::new(Arc::clone(&self.database), |database| database.snapshot()))
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
pub struct RocksSnapshot(Pinned);

impl Reader for RocksSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let value = self.0.with_dependent(|_, snapshot| snapshot.get(key));
        Ok(value.map_err(failed("get"))?.map(Bytes::from))
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
        self.0.with_dependent(|_, snapshot| {
            walk(snapshot.raw_iterator_opt(bounds(lower, upper)), direction, visit)
        })
    }
}

/// A directory with databases in it, which share one cache.
#[derive(Clone)]
pub struct RocksDisk {
    files: Files,
    shared: Arc<Shared>,
}

impl RocksDisk {
    /// The disk under a directory; nothing is touched yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { files: Files::new(root), shared: Arc::new(Shared::new()) }
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
        Ok(RocksEngine { database: Arc::new(opened.map_err(failed("open"))?), purpose })
    }

    fn checkpoint(&self, engine: &RocksEngine, path: &str) -> Result<(), EngineError> {
        let checkpoint = Checkpoint::new(&engine.database).map_err(failed("checkpoint"))?;
        checkpoint.create_checkpoint(self.path(path)).map_err(failed("checkpoint"))
    }
}
