//! Certificates that change while the node runs: new ones before old ones expire, a new authority beside the old one.
//!
//! Invariant: what is in use was read and checked as a whole and names this node. Files that do not fit together, or
//! name another node, change nothing; the next look may find them whole.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};

use super::NodeTls;
use crate::failure::Failure;
use crate::settings;
use crate::text;

/// Between two looks at the files.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// See the module.
pub struct LiveTls {
    files: settings::Tls,
    current: ArcSwap<NodeTls>,
    /// Hash of the files that were looked at last, fit or not.
    seen: Mutex<[u8; 32]>,
}

impl std::fmt::Debug for LiveTls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LiveTls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl LiveTls {
    /// Reads and checks the files of `[tls]`.
    pub fn load(files: &settings::Tls) -> Result<Arc<Self>, Failure> {
        let seen = Mutex::new(hash(files));
        let current = ArcSwap::from_pointee(NodeTls::load(files)?);
        Ok(Arc::new(Self { files: files.clone(), current, seen }))
    }

    /// What is in use now.
    #[must_use]
    pub fn now(&self) -> Arc<NodeTls> {
        self.current.load_full()
    }

    /// Looks at the files once more; answers whether something else is in use from now on.
    pub fn refresh(&self) -> Result<bool, Failure> {
        let found = hash(&self.files);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == found {
                return Ok(false);
            }
            *seen = found;
        }
        let fresh = NodeTls::load(&self.files)?;
        let (found, expected) = (fresh.name, self.now().name);
        if (found.cluster, found.node) != (expected.cluster, expected.node) {
            return Err(Failure::precondition(text!(
                "sertifikat baru menyebut {found}, simpul ini {expected}; yang lama tetap dipakai",
                "the new certificate names {found}, this node is {expected}; the old one stays in use"
            )));
        }
        self.current.store(Arc::new(fresh));
        Ok(true)
    }
}

/// Hash of all files; one that is not there counts as empty.
fn hash(files: &settings::Tls) -> [u8; 32] {
    let always: [&PathBuf; 5] =
        [&files.ca, &files.peer_certificate, &files.peer_key, &files.server_certificate, &files.server_key];
    let mut hasher = Sha256::new();
    let mut add = |path: &Path| {
        let content = std::fs::read(path).unwrap_or_default();
        hasher.update(u64::try_from(content.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(&content);
    };
    for path in always.into_iter().chain(&files.crl) {
        add(path);
    }
    hasher.finalize().into()
}
