//! The newest entries, in memory: replication reads them from here.
//!
//! Invariant: the entries are contiguous and end with the last of the log, or there are none; their payloads
//! take no more than the limit, but for a single larger one.

use std::collections::VecDeque;

use crate::LogEntry;

/// See the module.
#[derive(Debug)]
pub(super) struct Tail {
    entries: VecDeque<LogEntry>,
    bytes: usize,
    bytes_max: usize,
}

/// Memory an entry takes beside its payload, about, in bytes: empty entries count too.
const ENTRY_BYTES: usize = 64;

fn size(entry: &LogEntry) -> usize {
    entry.payload.size().saturating_add(ENTRY_BYTES)
}

impl Tail {
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, bytes_max }
    }

    /// Index of the first entry held.
    pub(super) fn first(&self) -> Option<u64> {
        self.entries.front().map(|entry| entry.id.index)
    }

    pub(super) fn holds(&self, index: u64) -> bool {
        let last = self.entries.back().map(|entry| entry.id.index);
        self.first().is_some_and(|first| first <= index) && last.is_some_and(|last| index <= last)
    }

    pub(super) fn push(&mut self, entry: LogEntry) {
        if self.entries.back().is_some_and(|last| last.id.index.checked_add(1) != Some(entry.id.index)) {
            self.entries.clear();
            self.bytes = 0;
        }
        self.bytes = self.bytes.saturating_add(size(&entry));
        self.entries.push_back(entry);
        while self.bytes > self.bytes_max && self.entries.len() > 1 {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes = self.bytes.saturating_sub(size(&entry));
        }
    }

    /// Drops the entries from an index on.
    pub(super) fn cut_from(&mut self, index: u64) {
        while self.entries.back().is_some_and(|entry| entry.id.index >= index) {
            if let Some(entry) = self.entries.pop_back() {
                self.bytes = self.bytes.saturating_sub(size(&entry));
            }
        }
    }

    /// Drops the entries up to and including an index.
    pub(super) fn cut_through(&mut self, index: u64) {
        while self.entries.front().is_some_and(|entry| entry.id.index <= index) {
            self.drop_first();
        }
    }

    /// Entries from `first` to before `end`, up to `bytes_max` of payload but at least one.
    pub(super) fn read(&self, first: u64, end: u64, bytes_max: usize) -> Vec<LogEntry> {
        let Some(offset) = self.first().and_then(|held| first.checked_sub(held)) else { return Vec::new() };
        let mut bytes: usize = 0;
        let mut found = Vec::new();
        for entry in self.entries.iter().skip(usize::try_from(offset).unwrap_or(usize::MAX)) {
            bytes = bytes.saturating_add(entry.payload.size());
            if entry.id.index >= end || (bytes > bytes_max && !found.is_empty()) {
                break;
            }
            found.push(entry.clone());
        }
        found
    }
}
