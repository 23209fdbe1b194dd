//! The change feed: events in log order.
//!
//! Invariant: a page never splits a log index, so a reader that goes on after `next_after` misses nothing and
//! sees nothing twice.

use std::ops::ControlFlow;

use tally::form::Form;
use tally::ids::ContestId;
use tally::region::StationCode;
use tally::row::{Change, Row, RowKey};
use tally::station::Event;

use super::View;
use crate::StoreError;
use crate::codec::CodecError;
use crate::engine::Engine;

/// One event of the change feed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChangeEntry {
    /// The contest.
    pub contest: ContestId,
    /// The station.
    pub station: StationCode,
    /// What happened.
    pub event: Event,
    /// The form at the event's revision.
    pub form: Form,
}

/// One page of the change feed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ChangePage {
    /// In log order.
    pub changes: Vec<ChangeEntry>,
    /// Last log index that was looked at: where the next page goes on.
    pub next_after: u64,
}

impl<E: Engine> View<E> {
    /// Events after a log index: as many whole indexes as fit into `limit` events, at least one if there is any.
    pub fn changes(&self, after: u64, limit: usize) -> Result<ChangePage, StoreError> {
        let mut found: Vec<(u64, Change)> = Vec::new();
        let first = RowKey::Change(after.saturating_add(1), 0);
        let mut cut = None;
        if after < u64::MAX {
            self.rows(&first, &RowKey::Change(u64::MAX, u16::MAX), |key, row| {
                let (RowKey::Change(index, _), Row::Change(change)) = (key, row) else {
                    return ControlFlow::Continue(());
                };
                let begins_another = found.last().is_some_and(|(last, _)| *last != index);
                // Full, and a new index begins: what is found so far is whole.
                if begins_another && found.len() >= limit {
                    cut = found.last().map(|(last, _)| *last);
                    return ControlFlow::Break(());
                }
                found.push((index, change));
                ControlFlow::Continue(())
            })?;
        }
        drop_overflow(&mut found, limit, &mut cut);
        let next_after = cut.unwrap_or_else(|| self.index().max(after));
        let changes = found.into_iter().map(|(_, change)| self.entry(change)).collect::<Result<_, _>>()?;
        Ok(ChangePage { changes, next_after })
    }

    fn entry(&self, change: Change) -> Result<ChangeEntry, StoreError> {
        let Change { contest, station, event: sequence } = change;
        let event = self.change_event(&contest, station, sequence)?;
        let mut form = event.form.clone();
        let mut earlier = sequence;
        while form.is_none() {
            earlier = earlier.checked_sub(1).ok_or_else(|| missing(&contest, station, sequence))?;
            form = self.change_event(&contest, station, earlier)?.form;
        }
        Ok(ChangeEntry { contest, station, event, form: form.unwrap_or_default() })
    }

    fn change_event(
        &self,
        contest: &ContestId,
        station: StationCode,
        event: u32,
    ) -> Result<Event, StoreError> {
        self.event(contest, station, event)?.ok_or_else(|| missing(contest, station, event))
    }
}

/// Takes a last index off that went over the limit, unless it is the only one.
fn drop_overflow(found: &mut Vec<(u64, Change)>, limit: usize, cut: &mut Option<u64>) {
    if found.len() <= limit {
        return;
    }
    let Some(last) = found.last().map(|(index, _)| *index) else { return };
    let whole = found.partition_point(|(index, _)| *index < last);
    if whole > 0 {
        found.truncate(whole);
        *cut = found.last().map(|(index, _)| *index);
    }
}

fn missing(contest: &ContestId, station: StationCode, event: u32) -> StoreError {
    let what = format!("the history of station {station} in {contest} at event {event}");
    StoreError::Damaged { what, source: CodecError::Value("change without its event") }
}
