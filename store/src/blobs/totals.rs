//! How many attachments there are and how large, without looking at all of them at each start.
//!
//! Invariant: the file says "exact" only while nothing has changed since it was written; a start that finds
//! anything else goes on with the last numbers and counts anew, directory by directory, in the background.

use std::sync::{Mutex, MutexGuard};

use super::files::BlobFiles;
use super::{SHARDS, TOTALS_FILE};
use crate::lock::locked;
use crate::{StoreError, codec};

/// Numbers over all attachments here.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether that is certain; otherwise it is being counted anew.
    pub exact: bool,
}

impl Totals {
    fn add(&mut self, change: Change) {
        match change {
            Change::Added(bytes) => {
                self.count = self.count.saturating_add(1);
                self.bytes = self.bytes.saturating_add(bytes);
            }
            Change::Removed(bytes) => {
                self.count = self.count.saturating_sub(1);
                self.bytes = self.bytes.saturating_sub(bytes);
            }
            Change::None => {}
        }
    }
}

/// What a step did to the numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Added(u64),
    Removed(u64),
    None,
}

struct State {
    shown: Totals,
    /// Whether the file says that the numbers are exact.
    saved_exact: bool,
    /// Changes under way, whose effect on the disk is not known yet.
    under_way: u32,
    /// The next directory to count and what was counted before it.
    recount: Option<(usize, Totals)>,
}

/// See the module.
pub(super) struct Book(Mutex<State>);

impl Book {
    pub(super) fn open<F: BlobFiles>(files: &F) -> Result<Self, StoreError> {
        let failed = || StoreError::file(format!("reading {TOTALS_FILE}"));
        let saved = files.read(TOTALS_FILE).map_err(failed())?;
        // Nothing was ever stored when there is neither file nor directory.
        let none = saved.is_none() && files.list(super::ROOT).map_err(failed())?.is_empty();
        let saved = saved.and_then(|frame| codec::decode_blob_totals(&frame).ok());
        let exact = none || saved.is_some_and(|totals| totals.exact);
        let shown = Totals { exact, ..saved.unwrap_or_default() };
        let recount = (!exact).then(|| (0, Totals::default()));
        Ok(Self(Mutex::new(State { shown, saved_exact: exact && !none, under_way: 0, recount })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.0)
    }

    pub(super) fn shown(&self) -> Totals {
        self.state().shown
    }

    /// Before a change: the file must not say "exact" any more. The first one writes it even where there is
    /// none, so that a crash is noticed.
    pub(super) fn begin<F: BlobFiles>(&self, files: &F) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.saved_exact || !files.exists(TOTALS_FILE).map_err(failed())? {
            save(files, Totals { exact: false, ..state.shown })?;
            state.saved_exact = false;
        }
        state.under_way = state.under_way.saturating_add(1);
        Ok(())
    }

    /// After it: what it did in that directory, or that nobody knows.
    pub(super) fn end(&self, shard: usize, change: Option<Change>) {
        let mut state = self.state();
        state.under_way = state.under_way.saturating_sub(1);
        let Some(change) = change else {
            state.shown.exact = false;
            state.recount = Some((0, Totals::default()));
            return;
        };
        state.shown.add(change);
        if let Some((next, counted)) = &mut state.recount
            && shard < *next
        {
            counted.add(change);
        }
    }

    /// Writes the numbers down, as exact ones when they are and nothing is under way.
    pub(super) fn save<F: BlobFiles>(&self, files: &F) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.saved_exact || !files.exists(TOTALS_FILE).map_err(failed())? {
            return Ok(());
        }
        let exact = state.shown.exact && state.under_way == 0;
        save(files, Totals { exact, ..state.shown })?;
        state.saved_exact = exact;
        Ok(())
    }

    /// The directory that is to be counted next, if any.
    pub(super) fn to_count(&self) -> Option<usize> {
        self.state().recount.as_ref().map(|(next, _)| *next)
    }

    /// A directory was counted, with nothing changing in it meanwhile.
    pub(super) fn counted(&self, shard: usize, count: u64, bytes: u64) {
        let mut state = self.state();
        let Some((next, counted)) = &mut state.recount else { return };
        if *next != shard {
            return;
        }
        counted.count = counted.count.saturating_add(count);
        counted.bytes = counted.bytes.saturating_add(bytes);
        *next = next.saturating_add(1);
        if *next >= SHARDS {
            let counted = *counted;
            state.shown = Totals { exact: true, ..counted };
            state.recount = None;
        }
    }
}

fn failed() -> impl FnOnce(std::io::Error) -> StoreError {
    StoreError::file(format!("writing {TOTALS_FILE}"))
}

fn save<F: BlobFiles>(files: &F, totals: Totals) -> Result<(), StoreError> {
    files.make_directory(super::ROOT).map_err(failed())?;
    files.write_whole(TOTALS_FILE, &codec::encode_blob_totals(&totals)).map_err(failed())
}
