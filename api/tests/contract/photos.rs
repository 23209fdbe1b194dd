//! A store, a quarantine and a scanner in memory, with faults to order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use api::ports::{
    AttachmentError, AttachmentInfo, AttachmentReader, AttachmentScan, AttachmentUpload, Attachments,
    Content, Finding, MediaType, Scanner, ScannerError, Scratch, ScratchFile,
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};
use tally::ids::AttachmentId;

/// What the scanner of the tests finds.
pub(crate) const BAD: &[u8] = b"jahat sekali";

type Stored = Arc<Mutex<BTreeMap<AttachmentId, (AttachmentInfo, Bytes)>>>;

/// See the module.
#[derive(Default)]
pub(crate) struct Photos {
    pub(crate) stored: Stored,
    /// Whether the scanner gives no verdict.
    pub(crate) scanner_gone: AtomicBool,
    pub(crate) disk_full: AtomicBool,
    /// How many are in quarantine now.
    pub(crate) waiting: Arc<AtomicUsize>,
}

impl Photos {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Puts one there as if it had been stored before scanners knew it.
    pub(crate) fn put(&self, bytes: &[u8]) -> AttachmentInfo {
        put(&self.stored, MediaType::Jpeg, Bytes::copy_from_slice(bytes), None)
    }
}

fn put(stored: &Stored, media_type: MediaType, bytes: Bytes, scan: Option<AttachmentScan>) -> AttachmentInfo {
    let id = AttachmentId(Sha256::digest(&bytes).into());
    let info = AttachmentInfo { id, size: u64::try_from(bytes.len()).unwrap(), media_type, scan };
    stored.lock().unwrap().insert(id, (info.clone(), bytes));
    info
}

fn part(bytes: &[u8], offset: u64, length: usize) -> Bytes {
    let first = usize::try_from(offset).unwrap().min(bytes.len());
    Bytes::copy_from_slice(&bytes[first..first.saturating_add(length).min(bytes.len())])
}

struct Upload(Stored, Vec<u8>);

impl AttachmentUpload for Upload {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), AttachmentError>> {
        self.1.extend_from_slice(bytes);
        async { Ok(()) }.boxed()
    }

    fn finish(
        self: Box<Self>,
        media_type: MediaType,
        scan: Option<AttachmentScan>,
    ) -> BoxFuture<'static, Result<AttachmentInfo, AttachmentError>> {
        async move { Ok(put(&self.0, media_type, self.1.into(), scan)) }.boxed()
    }
}

struct Reader(AttachmentInfo, Bytes);

impl Content for Reader {
    fn read(&self, offset: u64, length: usize) -> BoxFuture<'_, Result<Bytes, AttachmentError>> {
        async move { Ok(part(&self.1, offset, length)) }.boxed()
    }
}

impl AttachmentReader for Reader {
    fn info(&self) -> AttachmentInfo {
        self.0.clone()
    }
}

struct Waiting(Vec<u8>, Arc<AtomicUsize>);

impl Content for Waiting {
    fn read(&self, offset: u64, length: usize) -> BoxFuture<'_, Result<Bytes, AttachmentError>> {
        async move { Ok(part(&self.0, offset, length)) }.boxed()
    }
}

impl ScratchFile for Waiting {
    fn write(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), AttachmentError>> {
        self.0.extend_from_slice(&bytes);
        async { Ok(()) }.boxed()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Scratch for Photos {
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn ScratchFile>, AttachmentError>> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting: Box<dyn ScratchFile> = Box::new(Waiting(Vec::new(), Arc::clone(&self.waiting)));
        async { Ok(waiting) }.boxed()
    }
}

impl Scanner for Photos {
    fn scan<'a>(&'a self, content: &'a dyn Content) -> BoxFuture<'a, Result<Finding, ScannerError>> {
        async move {
            if self.scanner_gone.load(Ordering::Relaxed) {
                return Err(ScannerError("gone".to_owned()));
            }
            let bytes = content.read(0, 20_000_000).await.map_err(|error| ScannerError(error.to_string()))?;
            let bad = bytes.windows(BAD.len()).any(|window| window == BAD);
            Ok(Finding { engine: "Uji 1.0".to_owned(), found: bad.then(|| "Uji.Jahat".to_owned()) })
        }
        .boxed()
    }
}

impl Attachments for Photos {
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn AttachmentUpload>, AttachmentError>> {
        async {
            if self.disk_full.load(Ordering::Relaxed) {
                return Err(AttachmentError::DiskFull);
            }
            let upload: Box<dyn AttachmentUpload> = Box::new(Upload(Arc::clone(&self.stored), Vec::new()));
            Ok(upload)
        }
        .boxed()
    }

    fn open(&self, id: AttachmentId) -> BoxFuture<'_, Result<Box<dyn AttachmentReader>, AttachmentError>> {
        let found = self.stored.lock().unwrap().get(&id).cloned();
        async move {
            let (info, bytes) = found.ok_or(AttachmentError::Unknown)?;
            let reader: Box<dyn AttachmentReader> = Box::new(Reader(info, bytes));
            Ok(reader)
        }
        .boxed()
    }

    fn describe(
        &self,
        ids: Vec<AttachmentId>,
    ) -> BoxFuture<'_, Result<Vec<Option<AttachmentInfo>>, AttachmentError>> {
        let stored = self.stored.lock().unwrap();
        let known = ids.iter().map(|id| stored.get(id).map(|(info, _)| info.clone())).collect();
        async { Ok(known) }.boxed()
    }

    fn list(
        &self,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AttachmentId>, AttachmentError>> {
        let stored = self.stored.lock().unwrap();
        let later = stored.keys().filter(|id| after.is_none_or(|after| **id > after));
        let page = later.take(limit).copied().collect();
        async { Ok(page) }.boxed()
    }

    fn rescanned(&self, info: AttachmentInfo) -> BoxFuture<'_, Result<bool, AttachmentError>> {
        let mut stored = self.stored.lock().unwrap();
        let known = stored.get_mut(&info.id).map(|(known, _)| *known = info);
        async move { Ok(known.is_some()) }.boxed()
    }
}
