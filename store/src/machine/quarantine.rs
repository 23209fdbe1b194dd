//! A state that is known to be wrong (design 9.5).
//!
//! Invariant: once a state was found to differ it stays so over every restart, until another state that was
//! recomputed takes its place. A file says so rather than a new comparison at each start: recomputing takes
//! longer than a start may, and what memory got wrong would be forgotten.

use std::sync::Arc;

use crate::engine::{Disk, Engine};
use crate::{Machine, StoreError};

/// Name of the file, beside the databases.
pub(crate) const FILE: &str = "QUARANTINE";
/// What stands before the reason.
const WORDS: &str = "rakit quarantine 1\n";

/// Reads why the state of a directory is not to be used. A file that cannot be understood is a reason as well.
pub(crate) fn read<D: Disk>(disk: &D) -> Result<Option<String>, StoreError> {
    let text = disk.read(FILE).map_err(StoreError::file(format!("reading {FILE}")))?;
    Ok(text.map(|text| {
        let text = String::from_utf8_lossy(&text);
        text.strip_prefix(WORDS).unwrap_or(&text).trim().to_owned()
    }))
}

impl<E: Engine> Machine<E> {
    /// Why this state is not to be shown, sent or led with; `None` while nothing is known against it.
    #[must_use]
    pub fn quarantine(&self) -> Option<Arc<String>> {
        self.shared.quarantine.load_full()
    }

    /// Sets the state apart, durably. The first reason stays.
    pub fn set_quarantine(&self, reason: &str) -> Result<(), StoreError> {
        if self.shared.quarantine.load().is_some() {
            return Ok(());
        }
        // Memory first: a disk that refuses the file must not let the state be served.
        self.shared.quarantine.store(Some(Arc::new(reason.to_owned())));
        let text = format!("{WORDS}{reason}\n");
        self.disk().write_whole(FILE, text.as_bytes()).map_err(StoreError::file(format!("writing {FILE}")))
    }

    /// Another state has taken the place of the wrong one.
    pub(crate) fn end_quarantine(&self) -> Result<(), StoreError> {
        self.disk().remove_tree(FILE).map_err(StoreError::file(format!("removing {FILE}")))?;
        self.shared.quarantine.store(None);
        Ok(())
    }
}
