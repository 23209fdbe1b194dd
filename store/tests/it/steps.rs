//! A disk on which the process dies before its n-th durable step, for every n.
//!
//! Invariant: steps are counted where something becomes durable; from the fatal one on nothing is written any more,
//! durable or not.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use store::engine::disk::Space;
use store::engine::{Batch, Direction, Disk, Engine, EngineError, OpenMode, Purpose, Reader, Visit};

/// What happens at the fatal step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Death {
    /// Every call fails from then on; the test then takes the power from the disk.
    Errors,
    /// `kill -9` of this process.
    Kill,
}

/// Durable steps until the end.
#[derive(Clone)]
pub(crate) struct Steps {
    taken: Arc<AtomicU64>,
    limit: Arc<AtomicU64>,
    death: Death,
}

impl Steps {
    pub(crate) fn new(limit: u64, death: Death) -> Self {
        let steps = Self { taken: Arc::default(), limit: Arc::default(), death };
        steps.arm(limit);
        steps
    }

    /// Dies before the step that comes after so many more. What was dead lives again.
    pub(crate) fn arm(&self, more: u64) {
        let limit = self.taken.load(Ordering::SeqCst).saturating_add(more);
        self.limit.store(limit, Ordering::SeqCst);
    }

    /// Whether the fatal step was reached.
    pub(crate) fn over(&self) -> bool {
        self.taken.load(Ordering::SeqCst) > self.limit.load(Ordering::SeqCst)
    }

    fn alive(&self) -> io::Result<()> {
        if self.over() { Err(io::Error::other("dead")) } else { Ok(()) }
    }

    fn step(&self) -> io::Result<()> {
        if self.taken.fetch_add(1, Ordering::SeqCst) < self.limit.load(Ordering::SeqCst) {
            return Ok(());
        }
        if let Death::Kill = self.death {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?;
        }
        Err(io::Error::other("dead"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn database(error: io::Error) -> EngineError {
    EngineError { operation: "step", message: error.to_string() }
}

/// See the module.
#[derive(Clone)]
pub(crate) struct StepDisk<D: Disk> {
    pub(crate) inner: D,
    pub(crate) steps: Steps,
}

#[derive(Clone)]
pub(crate) struct StepEngine<D: Disk> {
    inner: D::Engine,
    steps: Steps,
}

impl<D: Disk> Reader for StepEngine<D> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.inner.get(key)
    }

    fn scan(
        &self,
        lower: &[u8],
        upper: &[u8],
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), EngineError> {
        self.inner.scan(lower, upper, direction, visit)
    }
}

impl<D: Disk> Engine for StepEngine<D> {
    type Disk = StepDisk<D>;
    type Snapshot = <D::Engine as Engine>::Snapshot;

    fn write(&self, batch: &Batch) -> Result<(), EngineError> {
        self.steps.alive().map_err(database)?;
        self.inner.write(batch)
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.steps.step().map_err(database)?;
        self.inner.sync()
    }

    fn flush(&self) -> Result<(), EngineError> {
        self.steps.step().map_err(database)?;
        self.inner.flush()
    }

    fn snapshot(&self) -> Self::Snapshot {
        self.inner.snapshot()
    }

    fn sequence(&self) -> u64 {
        self.inner.sequence()
    }
}

impl<D: Disk> Disk for StepDisk<D> {
    type Engine = StepEngine<D>;
    type Lock = D::Lock;

    fn root(&self) -> &Path {
        self.inner.root()
    }

    fn lock(&self) -> io::Result<Option<D::Lock>> {
        self.inner.lock()
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        self.inner.list(directory)
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        self.inner.exists(path)
    }

    fn read(&self, path: &str) -> io::Result<Option<Bytes>> {
        self.inner.read(path)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        self.inner.size(path)
    }

    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Bytes> {
        self.inner.read_at(path, offset, length)
    }

    fn make_directory(&self, path: &str) -> io::Result<()> {
        self.steps.step()?;
        self.inner.make_directory(path)
    }

    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.steps.step()?;
        self.inner.write_whole(path, bytes)
    }

    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.steps.alive()?;
        self.inner.write_at(path, offset, bytes)
    }

    fn sync_file(&self, path: &str) -> io::Result<()> {
        self.steps.step()?;
        self.inner.sync_file(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.steps.step()?;
        self.inner.rename(from, to)
    }

    fn duplicate(&self, from: &str, to: &str) -> io::Result<()> {
        self.steps.step()?;
        self.inner.duplicate(from, to)
    }

    fn space(&self) -> io::Result<Space> {
        self.inner.space()
    }

    fn reserve(&self, path: &str, bytes: u64) -> io::Result<()> {
        self.steps.step()?;
        self.inner.reserve(path, bytes)
    }

    fn refer(&self, path: &str, other: &Self, other_path: &str) -> io::Result<()> {
        self.steps.step()?;
        self.inner.refer(path, &other.inner, other_path)
    }

    fn remove_tree(&self, path: &str) -> io::Result<()> {
        self.steps.step()?;
        self.inner.remove_tree(path)
    }

    fn open(&self, path: &str, purpose: Purpose, mode: OpenMode) -> Result<StepEngine<D>, EngineError> {
        if mode == OpenMode::Create {
            self.steps.step().map_err(database)?;
        }
        Ok(StepEngine { inner: self.inner.open(path, purpose, mode)?, steps: self.steps.clone() })
    }

    fn checkpoint(&self, engine: &StepEngine<D>, path: &str) -> Result<(), EngineError> {
        self.steps.step().map_err(database)?;
        self.inner.checkpoint(&engine.inner, path)
    }
}
