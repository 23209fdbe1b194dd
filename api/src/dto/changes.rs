//! The change feed on the wire.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tally::contest::Contest;
use tally::ids::{ContestId, hex};
use utoipa::ToSchema;

use super::form::Form;
use super::text::time;
use crate::ports::{ChangePage, ReadError, StateView};

/// Answer of `/changes`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Changes {
    /// Epoch of this history.
    pub epoch: u64,
    /// Events in log order; a page never splits an index.
    pub changes: Vec<Change>,
    /// Last log index scanned: the next `after`.
    pub next_after: u64,
}

/// One event.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Change {
    /// Log index.
    pub index: u64,
    /// Log time.
    pub at: String,
    /// The contest.
    pub contest: String,
    /// The station.
    pub station: String,
    /// Revision after it.
    pub revision: u32,
    /// What happened.
    pub kind: String,
    /// The form at that revision.
    pub form: Form,
    /// Its digest, hexadecimal.
    pub digest: String,
}

/// Words a page of the feed.
pub fn render(view: &dyn StateView, page: ChangePage) -> Result<Changes, ReadError> {
    let mut contests: BTreeMap<ContestId, Arc<Contest>> = BTreeMap::new();
    let mut changes = Vec::with_capacity(page.changes.len());
    for entry in page.changes {
        let contest = match contests.get(&entry.contest) {
            Some(contest) => Arc::clone(contest),
            None => match view.contest(&entry.contest)? {
                Some(contest) => Arc::clone(contests.entry(entry.contest).or_insert(contest)),
                None => return Err(ReadError::Store(format!("no contest {} for an event", entry.contest))),
            },
        };
        changes.push(Change {
            index: entry.event.index,
            at: time(entry.event.at),
            contest: entry.contest.to_string(),
            station: entry.station.to_string(),
            revision: entry.event.revision,
            kind: entry.event.kind.name().to_owned(),
            form: Form::of(&entry.form, &contest),
            digest: hex(&entry.event.digest.0),
        });
    }
    Ok(Changes { epoch: view.ledger()?.epoch, changes, next_after: page.next_after })
}
