//! The next version while it is made: what is new is written at once, what is unchanged is linked at the end.
//!
//! Invariant: a file of an earlier version is never written to: what differs is a new file, and a link is made only to
//! a file that has the size its manifest says.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::address::SitePath;
use super::directory::{Directory, disk};
use super::manifest::{self, Entries, Entry, Manifest, Neighbour, Shown, State};
use super::packed::{Content, Packing, sha256};
use crate::failure::Failure;

/// The version that is shown, which the next one is made from.
#[derive(Clone, Debug)]
pub struct Base {
    /// Where it lies.
    pub folder: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
}

impl Base {
    /// The version that is shown; `None` where there is none, or where its manifest is none of this release.
    pub fn load(directory: &Directory) -> Result<Option<Self>, Failure> {
        let Some(number) = directory.current()? else { return Ok(None) };
        let folder = directory.version(number);
        let manifest = fs::read(folder.join(manifest::FILE)).ok();
        let manifest = manifest.and_then(|bytes| Manifest::decode(&bytes));
        Ok(manifest.map(|manifest| Self { folder, manifest }))
    }
}

/// How a file was seen at a node.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Log index at which it was so.
    pub index: u64,
    /// Whether the node had not heard of a leader for long.
    pub late: bool,
    /// The tag of its bytes.
    pub etag: Option<String>,
}

/// See the module.
pub struct Draft<'d> {
    directory: &'d Directory,
    base: Option<&'d Base>,
    entries: Entries,
    /// Those that are written already.
    fresh: BTreeSet<SitePath>,
}

impl<'d> Draft<'d> {
    /// A draft that holds all of the base, or nothing yet.
    pub fn new(directory: &'d Directory, base: Option<&'d Base>, all: bool) -> Result<Self, Failure> {
        directory.discard()?;
        let entries = base.filter(|_| all).map(|base| base.manifest.entries.clone()).unwrap_or_default();
        Ok(Self { directory, base, entries, fresh: BTreeSet::new() })
    }

    /// The files in it.
    #[must_use]
    pub const fn entries(&self) -> &Entries {
        &self.entries
    }

    /// How many files are new.
    #[must_use]
    pub fn fresh(&self) -> usize {
        self.fresh.len()
    }

    fn known(&self, path: &SitePath) -> Option<&Entry> {
        self.entries.get(path).or_else(|| self.base?.manifest.entries.get(path))
    }

    /// Where a file lies now.
    fn place(&self, path: &SitePath) -> Option<PathBuf> {
        if self.fresh.contains(path) {
            return Some(self.directory.partial().join(path.file()));
        }
        Some(self.base?.folder.join(path.file()))
    }

    /// Whether a file is here whole, with its neighbours.
    fn is_whole(&self, path: &SitePath) -> bool {
        let Some((entry, place)) = self.known(path).zip(self.place(path)) else { return false };
        let has = |place: &Path, size: u64| fs::metadata(place).is_ok_and(|found| found.len() == size);
        let packed = |packing: Packing| {
            entry.neighbour(packing).is_none_or(|neighbour| has(&beside(&place, packing), neighbour.size))
        };
        has(&place, entry.size) && Packing::ALL.into_iter().all(packed)
    }

    /// The tag of a file that is here whole.
    #[must_use]
    pub fn tag(&self, path: &SitePath) -> Option<String> {
        self.known(path)?.etag.clone().filter(|_| self.is_whole(path))
    }

    /// The bytes of a file, as far as it is here.
    #[must_use]
    pub fn body(&self, path: &SitePath) -> Option<Vec<u8>> {
        self.known(path)?;
        fs::read(self.place(path)?).ok()
    }

    /// The file is as it was.
    pub fn keep(&mut self, path: &SitePath, sight: &Sight) {
        let Some(mut entry) = self.known(path).cloned() else { return };
        (entry.index, entry.late) = (sight.index, sight.late);
        self.entries.insert(path.clone(), entry);
    }

    /// The file has these bytes.
    pub fn put(&mut self, path: &SitePath, content: &Content, sight: &Sight) -> Result<(), Failure> {
        let entry = entry(content, sight);
        let former = self.known(path);
        let same = former.is_some_and(|former| (former.size, &former.sha256) == (entry.size, &entry.sha256));
        if !same || !self.is_whole(path) {
            self.write(path, content)?;
        }
        self.entries.insert(path.clone(), entry);
        Ok(())
    }

    /// Notes which state of its region a file of results shows.
    pub fn mark(&mut self, path: &SitePath, shown: Shown) {
        if let Some(entry) = self.entries.get_mut(path) {
            entry.results = Some(shown);
        }
    }

    fn write(&mut self, path: &SitePath, content: &Content) -> Result<(), Failure> {
        let place = self.directory.partial().join(path.file());
        create(&place, &content.plain)?;
        for packing in Packing::ALL {
            let place = beside(&place, packing);
            match content.packed(packing) {
                Some(bytes) => create(&place, bytes)?,
                None => absent(&place)?,
            }
        }
        self.fresh.insert(path.clone());
        Ok(())
    }

    /// Whether it has the very files of the base.
    #[must_use]
    pub fn unchanged(&self) -> bool {
        let Some(base) = self.base else { return false };
        self.fresh.is_empty() && self.entries.keys().eq(base.manifest.entries.keys())
    }

    /// Links what is unchanged, writes the manifest and shows the version; answers its number and what it is.
    pub fn finish(mut self, state: State) -> Result<(u64, Base), Failure> {
        let partial = self.directory.partial();
        fs::create_dir_all(&partial).map_err(|error| disk(&partial, &error))?;
        if let Some(base) = self.base {
            let kept = self.entries.iter().filter(|(path, _)| !self.fresh.contains(*path));
            link_all(kept, &base.folder, &partial)?;
        }
        let manifest = Manifest { state, entries: std::mem::take(&mut self.entries) };
        let bytes = manifest.encode().map_err(|error| Failure::failed(error.to_string()))?;
        create(&partial.join(manifest::FILE), &bytes)?;
        let number = self.directory.show()?;
        Ok((number, Base { folder: self.directory.version(number), manifest }))
    }

    /// What it holds, where it is not worth a version of its own.
    #[must_use]
    pub fn into_entries(self) -> Entries {
        self.entries
    }
}

fn entry(content: &Content, sight: &Sight) -> Entry {
    let size = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let neighbour = |packing: Packing| {
        content.packed(packing).map(|bytes| Neighbour { size: size(bytes), sha256: sha256(bytes) })
    };
    Entry {
        size: size(&content.plain),
        sha256: sha256(&content.plain),
        etag: sight.etag.clone(),
        index: sight.index,
        late: sight.late,
        results: None,
        gzip: neighbour(Packing::Gzip),
        brotli: neighbour(Packing::Brotli),
    }
}

/// A packed neighbour's place.
fn beside(place: &Path, packing: Packing) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(packing.ending());
    PathBuf::from(name)
}

fn absent(place: &Path) -> Result<(), Failure> {
    match fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(place, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A new file; never written into one that is there, which may be a link to an earlier version's.
fn create(place: &Path, bytes: &[u8]) -> Result<(), Failure> {
    absent(place)?;
    let written = place
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(place))
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| disk(place, &error))
}

/// Links files and their neighbours from one folder into another.
fn link_all<'e>(
    entries: impl Iterator<Item = (&'e SitePath, &'e Entry)>,
    from: &Path,
    to: &Path,
) -> Result<(), Failure> {
    let mut folders = BTreeSet::new();
    for (path, entry) in entries {
        let file = path.file();
        let (from, to) = (from.join(&file), to.join(&file));
        let folder = to.parent().map(Path::to_owned).unwrap_or_default();
        if !folders.contains(&folder) {
            fs::create_dir_all(&folder).map_err(|error| disk(&folder, &error))?;
            folders.insert(folder);
        }
        link(&from, &to)?;
        let packed = Packing::ALL.into_iter().filter(|packing| entry.neighbour(*packing).is_some());
        for packing in packed {
            link(&beside(&from, packing), &beside(&to, packing))?;
        }
    }
    Ok(())
}

/// The same file under another name; its bytes once more where the file system has no such links.
fn link(from: &Path, to: &Path) -> Result<(), Failure> {
    let linked = match fs::hard_link(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => fs::copy(from, to).map(drop),
        linked => linked,
    };
    linked.map_err(|error| disk(to, &error))
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
