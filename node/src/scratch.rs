//! Where bytes wait that are not to stay: uploads until they were looked at, results as files. Files without names.
//!
//! Invariant: such a file is gone with its last handle, so also when this process is killed; nothing else ever opens
//! one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::ports::{AttachmentError, Content, Scratch, ScratchFile};
use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::failure::Failure;

/// Below the data directory.
const DIRECTORY: &str = "scratch";
/// Largest part that is read at once, in bytes.
const PART_BYTES_MAX: usize = 1024 * 1024;

/// See the module.
#[derive(Debug)]
pub struct ScratchFolder {
    directory: PathBuf,
}

struct Unnamed {
    file: Arc<File>,
    size: u64,
}

impl ScratchFolder {
    /// Makes the directory below a data directory; what a file system without nameless files left there goes.
    pub fn open(data: &Path) -> Result<Self, Failure> {
        let directory = data.join(DIRECTORY);
        let failed = |error: io::Error| {
            let shown = directory.display();
            Failure::precondition(format!("{shown}: {error}"))
        };
        match std::fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        std::fs::create_dir(&directory).map_err(failed)?;
        Ok(Self { directory })
    }
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, AttachmentError> {
    let failed = |error: &dyn std::fmt::Display| AttachmentError::Store(error.to_string());
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| failed(&error))?;
    done.map_err(|error| {
        let full = error.kind() == io::ErrorKind::StorageFull;
        if full { AttachmentError::DiskFull } else { failed(&error) }
    })
}

impl Scratch for ScratchFolder {
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn ScratchFile>, AttachmentError>> {
        Box::pin(async {
            let directory = self.directory.clone();
            let file = on_disk(move || tempfile::tempfile_in(directory)).await?;
            let waiting: Box<dyn ScratchFile> = Box::new(Unnamed { file: Arc::new(file), size: 0 });
            Ok(waiting)
        })
    }
}

impl ScratchFile for Unnamed {
    fn write(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), AttachmentError>> {
        Box::pin(async move {
            let (file, place) = (Arc::clone(&self.file), self.size);
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            on_disk(move || file.write_all_at(&bytes, place)).await?;
            self.size = place.saturating_add(length);
            Ok(())
        })
    }
}

impl Content for Unnamed {
    fn read(&self, offset: u64, length: usize) -> BoxFuture<'_, Result<Bytes, AttachmentError>> {
        let file = Arc::clone(&self.file);
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = length.min(PART_BYTES_MAX).min(left);
        Box::pin(on_disk(move || {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(Bytes::from(bytes))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_written_is_read_and_leaves_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let left_over = folder.path().join(DIRECTORY).join("left-over");
        std::fs::create_dir_all(&left_over).unwrap();
        let scratch = ScratchFolder::open(folder.path()).unwrap();
        let mut waiting = scratch.begin().await.unwrap();
        waiting.write(Bytes::from_static(b"ab")).await.unwrap();
        waiting.write(Bytes::from_static(b"cde")).await.unwrap();
        assert_eq!(waiting.read(1, 3).await.unwrap(), &b"bcd"[..]);
        assert_eq!(waiting.read(3, 100).await.unwrap(), &b"de"[..]);
        assert_eq!(waiting.read(5, 100).await.unwrap(), &b""[..]);
        let names = std::fs::read_dir(folder.path().join(DIRECTORY)).unwrap().count();
        assert_eq!(names, 0, "neither the old one nor this one has a name");
    }
}
