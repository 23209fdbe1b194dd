//! The directory of versions: one that is shown, some before it, at most one that is being made.
//!
//! Invariant: `current` is a link that is only ever replaced as a whole, by a version that was flushed before. What is
//! found half made, or made and never shown, is removed by whoever holds the lock next. Nothing is removed but what
//! publishing has made.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock, syncfs};

use crate::durable::sync_directory;
use crate::failure::Failure;
use crate::text;

const CURRENT: &str = "current";
const VERSIONS: &str = "versions";
const PARTIAL: &str = ".partial";
const NEXT: &str = ".current";
const LOCK: &str = ".lock";
/// Digits of a version's name, so that names sort as their numbers do.
const DIGITS: usize = 10;

/// See the module. Locked for as long as it lives.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    _lock: File,
}

/// What went wrong at a place, and that its former contents are untouched.
pub(super) fn disk(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    Failure::failed(text!(
        "{shown}: {error}; versi yang tampil tidak berubah",
        "{shown}: {error}; the version that is shown is unchanged"
    ))
}

fn unusable(path: &Path, fault: &str) -> Failure {
    let shown = path.display();
    Failure::precondition(format!("{shown}: {fault}"))
}

fn name(number: u64) -> String {
    format!("{number:0DIGITS$}")
}

fn number(name: &str) -> Option<u64> {
    let digits = name.len() >= DIGITS && name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|_| digits)
}

fn gone(removed: io::Result<()>, path: &Path) -> Result<(), Failure> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

impl Directory {
    /// Opens a directory, made where it is missing, and removes what was left half made.
    pub fn open(root: &Path) -> Result<Self, Failure> {
        let versions = root.join(VERSIONS);
        fs::create_dir_all(&versions).map_err(|error| unusable(&versions, &error.to_string()))?;
        let lock = root.join(LOCK);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock);
        let file = file.map_err(|error| unusable(&lock, &error.to_string()))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            let fault = text!(
                "sedang dipakai `rakit publish` lain; hentikan dulu atau pilih direktori lain",
                "another `rakit publish` is at work here; stop it or choose another directory"
            );
            unusable(root, &fault)
        })?;
        let directory = Self { root: root.to_owned(), _lock: file };
        directory.clean()?;
        Ok(directory)
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Number of the version that is shown.
    pub fn current(&self) -> Result<Option<u64>, Failure> {
        let link = self.root.join(CURRENT);
        let target = match fs::read_link(&link) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&link, &error.to_string())),
        };
        let below = target.strip_prefix(VERSIONS).ok().and_then(Path::to_str);
        let shown = below.and_then(number).ok_or_else(|| {
            let fault = text!(
                "bukan tautan buatan `rakit publish`; pindahkan atau pilih direktori lain",
                "not a link made by `rakit publish`; move it away or choose another directory"
            );
            unusable(&link, &fault)
        })?;
        Ok(Some(shown))
    }

    /// Where a version lies.
    #[must_use]
    pub fn version(&self, number: u64) -> PathBuf {
        self.root.join(VERSIONS).join(name(number))
    }

    /// Where the next version is made.
    #[must_use]
    pub fn partial(&self) -> PathBuf {
        self.root.join(PARTIAL)
    }

    /// Removes the version that is being made.
    pub fn discard(&self) -> Result<(), Failure> {
        let partial = self.partial();
        gone(fs::remove_dir_all(&partial), &partial)
    }

    /// Flushes what was made and shows it; answers its number.
    pub fn show(&self) -> Result<u64, Failure> {
        let next = self.current()?.unwrap_or(0).saturating_add(1);
        let (partial, version) = (self.partial(), self.version(next));
        // One flush of the file system in place of one for each of many thousand files.
        let flushed = File::open(&partial).and_then(|partial| Ok(syncfs(&partial)?));
        flushed.map_err(|error| disk(&partial, &error))?;
        fs::rename(&partial, &version).map_err(|error| disk(&version, &error))?;
        let versions = self.root.join(VERSIONS);
        sync_directory(&versions).map_err(|error| disk(&versions, &error))?;
        let (link, beside) = (self.root.join(CURRENT), self.root.join(NEXT));
        gone(fs::remove_file(&beside), &beside)?;
        let switched = symlink(Path::new(VERSIONS).join(name(next)), &beside)
            .and_then(|()| fs::rename(&beside, &link))
            .and_then(|()| sync_directory(&self.root));
        switched.map_err(|error| disk(&link, &error))?;
        Ok(next)
    }

    /// Removes all versions but the newest so many; answers their names.
    pub fn prune(&self, keep: usize) -> Result<Vec<String>, Failure> {
        let mut numbers = self.numbers()?;
        numbers.sort_unstable();
        let old = numbers.len().saturating_sub(keep.max(1));
        let mut removed = Vec::new();
        for number in numbers.into_iter().take(old) {
            let version = self.version(number);
            gone(fs::remove_dir_all(&version), &version)?;
            removed.push(name(number));
        }
        Ok(removed)
    }

    fn numbers(&self) -> Result<Vec<u64>, Failure> {
        let versions = self.root.join(VERSIONS);
        let entries = fs::read_dir(&versions).map_err(|error| disk(&versions, &error))?;
        Ok(entries.flatten().filter_map(|entry| number(entry.file_name().to_str()?)).collect())
    }

    /// Removes what a publisher that died has left: a version half made, or made and not shown.
    fn clean(&self) -> Result<(), Failure> {
        self.discard()?;
        let beside = self.root.join(NEXT);
        gone(fs::remove_file(&beside), &beside)?;
        let shown = self.current()?.unwrap_or(0);
        for number in self.numbers()?.into_iter().filter(|number| *number > shown) {
            let version = self.version(number);
            gone(fs::remove_dir_all(&version), &version)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(directory: &Directory, text: &str) -> u64 {
        let partial = directory.partial();
        fs::create_dir_all(&partial).expect("a folder");
        crate::durable::write(&partial.join("x"), text.as_bytes(), crate::durable::Access::Everyone)
            .expect("a file");
        directory.show().expect("shown")
    }

    fn shown(root: &Path) -> String {
        fs::read_to_string(root.join(CURRENT).join("x")).expect("a version")
    }

    #[test]
    fn the_newest_is_shown_and_the_oldest_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = Directory::open(folder.path()).expect("opens");
        assert_eq!(directory.current(), Ok(None));
        for text in ["a", "b", "c"] {
            make(&directory, text);
            assert_eq!(shown(folder.path()), text);
        }
        assert_eq!(directory.prune(2), Ok(vec!["0000000001".to_owned()]));
        assert_eq!(directory.prune(2), Ok(vec![]));
        assert_eq!(make(&directory, "d"), 4);
    }

    #[test]
    fn what_was_never_shown_is_removed_and_what_was_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = Directory::open(folder.path()).expect("opens");
        make(&directory, "a");
        drop(directory);
        for left in [".partial/ppwp/31", "versions/0000000002/ppwp", "versions/keep-me"] {
            fs::create_dir_all(folder.path().join(left)).expect("a folder");
        }
        symlink("versions/0000000002", folder.path().join(NEXT)).expect("a link");
        let directory = Directory::open(folder.path()).expect("opens");
        assert_eq!((directory.current(), shown(folder.path()).as_str()), (Ok(Some(1)), "a"));
        for (path, there) in [
            (".partial", false),
            (".current", false),
            ("versions/0000000002", false),
            ("versions/keep-me", true),
        ] {
            assert_eq!(folder.path().join(path).symlink_metadata().is_ok(), there, "{path}");
        }
    }

    #[test]
    fn a_directory_has_one_publisher_and_only_links_of_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = Directory::open(folder.path()).expect("opens");
        let failure = Directory::open(folder.path()).expect_err("locked");
        assert_eq!(failure.exit, crate::failure::Exit::Precondition);
        drop(directory);
        symlink("/etc", folder.path().join(CURRENT)).expect("a link");
        let failure = Directory::open(folder.path()).expect_err("a foreign link");
        assert_eq!(failure.exit, crate::failure::Exit::Precondition);
    }
}
