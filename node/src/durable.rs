//! Files that are there whole or not at all, also after a power cut.
//!
//! Invariant: a name given here never shows half a file: written beside, flushed, renamed, directory flushed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Who may read a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Only the owner: keys, password hashes.
    Owner,
    /// Everybody.
    Everyone,
}

impl Access {
    const fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Everyone => 0o644,
        }
    }
}

/// Puts `bytes` under `path`, in place of what was there.
pub fn write(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.new", std::process::id()));
    let beside = directory.join(beside);
    let written = write_and_rename(&beside, path, bytes, access);
    if written.is_err() {
        // Best effort: the error that matters is the first one.
        drop(fs::remove_file(&beside));
    }
    written?;
    sync_directory(directory)
}

fn write_and_rename(beside: &Path, path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(access.mode()).open(beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, path)
}

/// Removes a file if it is there, durably.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_directory),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes a directory, and those above it, readable by the owner only. Fine if it is there.
pub fn create_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_directory)
}

/// Makes names created, renamed or removed in a directory survive a power cut.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("kunci.pem");
        write(&path, b"one", Access::Owner)?;
        write(&path, b"two", Access::Owner)?;
        assert_eq!(fs::read(&path)?, b"two");
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path())?.count(), 1);
        remove(&path)?;
        remove(&path)?;
        assert!(!path.exists());
        Ok(())
    }
}
