//! A disk in memory: files and databases that go back to their durable state in a crash.
//!
//! Invariant: what [`Disk`] calls durable survives [`MemoryDisk::crash`]; all else is gone after it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::engine::disk::Space;
use crate::engine::memory::{MemoryEngine, locked};
use crate::engine::memory_faults::Plant;
use crate::engine::{Direction, Disk, EngineError, OpenMode, Purpose, Reader};

/// The only file of a checkpoint in memory; its name ends as those of shared table files do.
const ROWS_FILE: &str = "rows.sst";

#[derive(Clone, Debug, Default)]
struct File {
    content: Vec<u8>,
    durable: Option<Vec<u8>>,
}

impl File {
    /// What a crash leaves when that many bytes of the newest content reached the disk.
    fn torn(&self, bytes: usize) -> Option<Vec<u8>> {
        let mut left = self.durable.clone();
        if bytes > 0 {
            let newest = self.content.get(..bytes.min(self.content.len())).unwrap_or_default();
            let left = left.get_or_insert_default();
            let kept = left.len().max(newest.len());
            left.resize(kept, 0);
            left.iter_mut().zip(newest).for_each(|(old, new)| *old = *new);
        }
        left
    }
}

#[derive(Debug, Default)]
struct Contents {
    files: BTreeMap<String, File>,
    databases: BTreeMap<String, MemoryEngine>,
    /// Faults for databases whose name begins so.
    plants: Vec<(String, Plant)>,
    /// Files whose flushes say that they are done and do nothing.
    lying: Vec<String>,
}

impl Contents {
    fn planted(&self, path: &str, engine: MemoryEngine) -> MemoryEngine {
        let wanted = self.plants.iter().filter(|(begin, _)| path.starts_with(begin.as_str()));
        wanted.for_each(|(_, plant)| engine.plant(plant.clone()));
        engine
    }
}

/// See the module. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct MemoryDisk {
    contents: Arc<Mutex<Contents>>,
    space: Arc<Mutex<Space>>,
    owned: Arc<AtomicBool>,
}

/// Holds a [`MemoryDisk`] for one owner.
#[derive(Debug)]
pub struct MemoryLock {
    owned: Arc<AtomicBool>,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.owned.store(false, Ordering::Release);
    }
}

fn inside<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    path.strip_prefix(directory)?.strip_prefix('/')
}

fn missing(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, path.to_owned())
}

fn refused(operation: &'static str, path: &str, why: &str) -> EngineError {
    EngineError { operation, message: format!("{path}: {why}") }
}

impl Default for MemoryDisk {
    fn default() -> Self {
        const PLENTY: Space = Space { free_bytes: 1 << 40, total_bytes: 1 << 41 };
        Self { contents: Arc::default(), space: Arc::new(Mutex::new(PLENTY)), owned: Arc::default() }
    }
}

impl MemoryDisk {
    /// Says how much room there is from now on. Nothing is refused: only what is told changes.
    pub fn set_space(&self, space: Space) {
        *locked(&self.space) = space;
    }

    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A power loss: files and databases go back to what was durable. Stores on it must be dropped before.
    pub fn crash(&self) {
        let mut contents = locked(&self.contents);
        contents.files.retain(|_, file| file.durable.is_some());
        for file in contents.files.values_mut() {
            file.content = file.durable.clone().unwrap_or_default();
        }
        contents.databases.values().for_each(MemoryEngine::crash);
    }

    /// The same contents for a new owner: the one before died without letting go.
    #[must_use]
    pub fn after_power_loss(&self) -> Self {
        Self { contents: Arc::clone(&self.contents), space: Arc::clone(&self.space), owned: Arc::default() }
    }

    /// A copy of what is durable, as a power loss would leave it; from then on the two go their own ways.
    #[must_use]
    pub fn copy(&self) -> Self {
        self.copy_with(&mut |_, _| 0)
    }

    /// The same with some of what was not made durable: `luck` says how many of so many writes to a database, or
    /// bytes of a file, reached the disk all the same. Writes do so in their order.
    #[must_use]
    pub fn copy_with(&self, luck: &mut dyn FnMut(&str, usize) -> usize) -> Self {
        let contents = locked(&self.contents);
        let (plants, lying) = (contents.plants.clone(), contents.lying.clone());
        let mut copy = Contents { plants, lying, ..Contents::default() };
        for (path, file) in &contents.files {
            let lucky = if file.durable.as_ref() == Some(&file.content) {
                file.content.len()
            } else {
                luck(path, file.content.len())
            };
            let Some(content) = file.torn(lucky) else { continue };
            copy.files.insert(path.clone(), File { content: content.clone(), durable: Some(content) });
        }
        for (path, engine) in &contents.databases {
            let pending = engine.pending();
            let lucky = if pending == 0 { 0 } else { luck(path, pending) };
            copy.databases.insert(path.clone(), engine.copy(lucky));
        }
        let space = Arc::new(Mutex::new(*locked(&self.space)));
        Self { contents: Arc::new(Mutex::new(copy)), space, owned: Arc::default() }
    }

    /// Plants a fault into all databases, now and later, whose name begins so.
    pub fn plant(&self, begin: &str, plant: &Plant) {
        let mut contents = locked(&self.contents);
        contents.plants.push((begin.to_owned(), plant.clone()));
        let wanted = contents.databases.iter().filter(|(path, _)| path.starts_with(begin));
        wanted.for_each(|(_, engine)| engine.plant(plant.clone()));
    }

    /// Plants a fault into a file: after its first flush all others do nothing and say that they are done.
    pub fn plant_lying_file(&self, path: &str) {
        locked(&self.contents).lying.push(path.to_owned());
    }

    /// A database on this disk, for tests that let it fail.
    #[must_use]
    pub fn database(&self, path: &str) -> Option<MemoryEngine> {
        locked(&self.contents).databases.get(path).cloned()
    }

    fn parse_rows(bytes: &[u8]) -> Option<BTreeMap<Vec<u8>, Bytes>> {
        let mut rows = BTreeMap::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (key, after) = Self::parse_part(rest)?;
            let (value, after) = Self::parse_part(after)?;
            rows.insert(key.to_vec(), Bytes::copy_from_slice(value));
            rest = after;
        }
        Some(rows)
    }

    fn parse_part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
    }
}

impl Disk for MemoryDisk {
    type Engine = MemoryEngine;
    type Lock = MemoryLock;

    fn root(&self) -> &Path {
        Path::new("memory")
    }

    fn lock(&self) -> io::Result<Option<MemoryLock>> {
        let free = !self.owned.swap(true, Ordering::AcqRel);
        Ok(free.then(|| MemoryLock { owned: Arc::clone(&self.owned) }))
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let contents = locked(&self.contents);
        let paths = contents.files.keys().chain(contents.databases.keys());
        let child = |path: &String| {
            let rest = if directory.is_empty() { Some(path.as_str()) } else { inside(path, directory) }?;
            Some(rest.split('/').next()?.to_owned())
        };
        let mut names: Vec<String> = paths.filter_map(child).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        let contents = locked(&self.contents);
        let mut paths = contents.files.keys().chain(contents.databases.keys());
        Ok(paths.any(|found| found == path || inside(found, path).is_some()))
    }

    fn read(&self, path: &str) -> io::Result<Option<Bytes>> {
        Ok(locked(&self.contents).files.get(path).map(|file| Bytes::copy_from_slice(&file.content)))
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        let contents = locked(&self.contents);
        let file = contents.files.get(path).ok_or_else(|| missing(path))?;
        u64::try_from(file.content.len()).map_err(io::Error::other)
    }

    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Bytes> {
        let contents = locked(&self.contents);
        let file = contents.files.get(path).ok_or_else(|| missing(path))?;
        let first = usize::try_from(offset).map_err(io::Error::other)?.min(file.content.len());
        let end = first.saturating_add(length).min(file.content.len());
        Ok(Bytes::copy_from_slice(file.content.get(first..end).unwrap_or_default()))
    }

    fn make_directory(&self, _path: &str) -> io::Result<()> {
        Ok(())
    }

    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let file = File { content: bytes.to_vec(), durable: Some(bytes.to_vec()) };
        locked(&self.contents).files.insert(path.to_owned(), file);
        Ok(())
    }

    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut contents = locked(&self.contents);
        let file = contents.files.entry(path.to_owned()).or_default();
        let first = usize::try_from(offset).map_err(io::Error::other)?;
        let end = first.checked_add(bytes.len()).ok_or_else(|| io::Error::other("file too large"))?;
        if file.content.len() < end {
            file.content.resize(end, 0);
        }
        if let Some(part) = file.content.get_mut(first..end) {
            part.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn sync_file(&self, path: &str) -> io::Result<()> {
        let mut contents = locked(&self.contents);
        let lies = contents.lying.iter().any(|lying| lying == path);
        let file = contents.files.get_mut(path).ok_or_else(|| missing(path))?;
        if !lies || file.durable.is_none() {
            file.durable = Some(file.content.clone());
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut contents = locked(&self.contents);
        let moved = |path: &str| {
            if path == from { Some(to.to_owned()) } else { Some(format!("{to}/{}", inside(path, from)?)) }
        };
        let files: Vec<(String, String)> =
            contents.files.keys().filter_map(|path| Some((path.clone(), moved(path)?))).collect();
        for (old, new) in files {
            if let Some(file) = contents.files.remove(&old) {
                contents.files.insert(new, file);
            }
        }
        let databases: Vec<(String, String)> =
            contents.databases.keys().filter_map(|path| Some((path.clone(), moved(path)?))).collect();
        for (old, new) in databases {
            if let Some(database) = contents.databases.remove(&old) {
                contents.databases.insert(new, database);
            }
        }
        Ok(())
    }

    fn duplicate(&self, from: &str, to: &str) -> io::Result<()> {
        let mut contents = locked(&self.contents);
        let copies: Vec<(String, File)> = contents
            .files
            .iter()
            .filter_map(|(path, file)| Some((format!("{to}/{}", inside(path, from)?), file.clone())))
            .collect();
        for (path, file) in copies {
            let durable = Some(file.content.clone());
            contents.files.insert(path, File { content: file.content, durable });
        }
        Ok(())
    }

    fn space(&self) -> io::Result<Space> {
        Ok(*locked(&self.space))
    }

    fn reserve(&self, path: &str, _bytes: u64) -> io::Result<()> {
        if !self.exists(path)? {
            self.write_whole(path, b"reserve")?;
        }
        Ok(())
    }

    fn refer(&self, path: &str, other: &Self, other_path: &str) -> io::Result<()> {
        let content = other.read(other_path)?.ok_or_else(|| missing(other_path))?;
        self.write_whole(path, &content)
    }

    fn remove_tree(&self, path: &str) -> io::Result<()> {
        let mut contents = locked(&self.contents);
        contents.files.retain(|found, _| found != path && inside(found, path).is_none());
        contents.databases.retain(|found, _| found != path && inside(found, path).is_none());
        Ok(())
    }

    fn open(&self, path: &str, _purpose: Purpose, mode: OpenMode) -> Result<MemoryEngine, EngineError> {
        let mut contents = locked(&self.contents);
        let found = contents.databases.get(path).cloned();
        if mode == OpenMode::Create {
            if found.is_some() {
                return Err(refused("create", path, "is there already"));
            }
            let engine = contents.planted(path, MemoryEngine::default());
            contents.databases.insert(path.to_owned(), engine.clone());
            return Ok(engine);
        }
        if let Some(engine) = found {
            return Ok(engine);
        }
        let rows_path = format!("{path}/{ROWS_FILE}");
        let file = contents.files.get(&rows_path).ok_or_else(|| refused("open", path, "is not there"))?;
        let rows = Self::parse_rows(&file.content).ok_or_else(|| refused("open", path, "is damaged"))?;
        let engine = contents.planted(path, MemoryEngine::holding(rows));
        if mode == OpenMode::Open {
            contents.databases.insert(path.to_owned(), engine.clone());
        }
        Ok(engine)
    }

    fn checkpoint(&self, engine: &MemoryEngine, path: &str) -> Result<(), EngineError> {
        let mut bytes = Vec::new();
        let mut part = |data: &[u8]| {
            let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(data);
        };
        let plants = engine.plants();
        engine.scan(&[], &[0xff; 64], Direction::Forward, &mut |key, value| {
            if !plants.omits(key) {
                part(key);
                part(value);
            }
            std::ops::ControlFlow::Continue(())
        })?;
        self.write_whole(&format!("{path}/{ROWS_FILE}"), &bytes)
            .map_err(|error| refused("checkpoint", path, &error.to_string()))
    }
}
