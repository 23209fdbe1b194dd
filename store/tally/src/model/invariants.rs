//! What is true of every state, checked over all rows.
//!
//! Invariant: each promise that rows can break has one [`Violation`], and a state without violations keeps
//! them all: sums hold at every level (P5), history is complete (P7), requests are remembered once (P2).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::account::Role;
use crate::aggregate::{Aggregate, Totals};
use crate::contest::Contest;
use crate::digest::form_digest;
use crate::ids::{AccountId, ContestId, RequestKey, SessionId};
use crate::region::{RegionCode, StationCode};
use crate::row::{Change, Ledger, RememberedAnswer, RequestRecord, Row, RowKey};
use crate::station::{Event, EventKind, Tally};

use super::Rows;
use super::recount::{Recount, RegionCounts, recount};

/// Something that must not be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Violation {
    /// The kept sums differ from those counted anew.
    #[error("sums of {0} in {1} are not those of its forms")]
    Sums(ContestId, RegionCode),
    /// The kept sums differ from the sum of the regions below.
    #[error("sums of {0} in {1} are not those of the regions below")]
    Children(ContestId, RegionCode),
    /// The counts of a region differ from its stations.
    #[error("counts of region {0} are not those of its stations")]
    Region(RegionCode),
    /// A region's parent or a station's village is not defined.
    #[error("region {0} is needed but not defined")]
    RegionMissing(RegionCode),
    /// A form stands where there is no contest or station for it.
    #[error("{0} at {1} has a form but is not held there")]
    NotHeld(ContestId, StationCode),
    /// A form and its history differ, or history has a gap.
    #[error("history of {0} at {1} does not lead to its form")]
    History(ContestId, StationCode),
    /// A digest is not that of the form.
    #[error("digest of {0} at {1} is not that of its form")]
    Digest(ContestId, StationCode),
    /// The change feed and the events differ.
    #[error("the change feed differs from the history of {0} at {1}")]
    Change(ContestId, StationCode),
    /// A counter of the ledger is wrong.
    #[error("the ledger's {0} are wrong")]
    Ledger(&'static str),
    /// Names and accounts differ.
    #[error("account {0:?} and its name differ")]
    Account(AccountId),
    /// A session of nobody.
    #[error("session {0:?} belongs to no account")]
    Session(SessionId),
    /// The request queue and the requests differ at a sequence.
    #[error("remembered request {0} and its place in the queue differ")]
    Request(u64),
    /// A row stands under a key of another kind.
    #[error("a row of another kind stands under {0:?}")]
    Kind(RowKey),
}

/// All violations, in the order of the checks; none if all is well.
#[must_use]
pub fn violations(rows: &Rows) -> Vec<Violation> {
    let recount = recount(rows);
    let mut check = Check { rows, ledger: ledger(rows), found: Vec::new() };
    check.sums(&recount);
    check.regions(&recount);
    check.leaves();
    for (key, row) in rows {
        check.row(key, row);
    }
    check.counters();
    check.found
}

fn ledger(rows: &Rows) -> Ledger {
    match rows.get(&RowKey::Ledger) {
        Some(Row::Ledger(ledger)) => ledger.clone(),
        _ => Ledger::default(),
    }
}

struct Check<'a> {
    rows: &'a Rows,
    ledger: Ledger,
    found: Vec<Violation>,
}

impl Check<'_> {
    fn must(&mut self, holds: bool, violation: Violation) {
        if !holds {
            self.found.push(violation);
        }
    }

    /// P5, twice: against the forms, and each level against the one below it.
    fn sums(&mut self, recount: &Recount) {
        let mut kept = BTreeSet::new();
        for (key, row) in self.rows {
            let (RowKey::Aggregate(contest, region), Row::Aggregate(aggregate)) = (key, row) else {
                continue;
            };
            kept.insert((*contest, *region));
            let counted = recount.aggregates.get(&(*contest, *region));
            self.must(counted == Some(aggregate), Violation::Sums(*contest, *region));
            if let Some(below) = self.children(*contest, *region, aggregate.totals.votes.len()) {
                self.must(below == *aggregate, Violation::Children(*contest, *region));
            }
        }
        for (contest, region) in recount.aggregates.keys().filter(|place| !kept.contains(place)) {
            self.found.push(Violation::Sums(*contest, *region));
        }
    }

    /// The sums of the regions right below; `None` for a village.
    fn children(&self, contest: ContestId, region: RegionCode, options: usize) -> Option<Aggregate> {
        let (first, last) = region.children()?;
        let range = RowKey::Aggregate(contest, first)..=RowKey::Aggregate(contest, last);
        let mut sum = Aggregate { totals: Totals::zero(options), ..Aggregate::default() };
        for (_, row) in self.rows.range(range) {
            if let Row::Aggregate(child) = row {
                add(&mut sum, child);
            }
        }
        Some(sum)
    }

    fn regions(&mut self, recount: &Recount) {
        for (key, row) in self.rows {
            let (RowKey::Region(code), Row::Region(region)) = (key, row) else {
                continue;
            };
            let counted = recount.regions.get(code).copied().unwrap_or_default();
            let kept = RegionCounts {
                stations: region.stations,
                registered: region.registered,
                stations_registered: region.stations_registered,
            };
            self.must(counted == kept && region.code == *code, Violation::Region(*code));
        }
        for code in recount.regions.keys() {
            self.must(self.rows.contains_key(&RowKey::Region(*code)), Violation::RegionMissing(*code));
        }
    }

    /// Accepted revisions are numbered without a gap, each number once.
    fn leaves(&mut self) {
        let mut leaves = Vec::new();
        for row in self.rows.values() {
            if let Row::Event(event) = row
                && accepting(event.kind)
            {
                leaves.push(event.leaf_index);
            }
        }
        leaves.sort_unstable();
        let numbered = leaves.iter().copied().eq(0..self.ledger.leaves);
        self.must(numbered, Violation::Ledger("leaves"));
    }

    fn row(&mut self, key: &RowKey, row: &Row) {
        match (key, row) {
            (RowKey::Ledger, Row::Ledger(_))
            | (RowKey::Contest(_), Row::Contest(_))
            | (RowKey::Epoch(_), Row::Epoch(_))
            | (RowKey::Aggregate(..), Row::Aggregate(_)) => {}
            (RowKey::Region(code), Row::Region(_)) => {
                if let Some(parent) = code.parent() {
                    let defined = self.rows.contains_key(&RowKey::Region(parent));
                    self.must(defined, Violation::RegionMissing(parent));
                }
            }
            (RowKey::Station(code), Row::Station(station)) => {
                self.must(station.code == *code, Violation::Kind(key.clone()));
            }
            (RowKey::Tally(contest, station), Row::Tally(tally)) => self.tally(*contest, *station, tally),
            (RowKey::Event(contest, station, sequence), Row::Event(event)) => {
                let change = Change { contest: *contest, station: *station, event: *sequence };
                self.event(change, event);
            }
            (RowKey::Change(..), Row::Change(change)) => {
                let event = RowKey::Event(change.contest, change.station, change.event);
                let known = self.rows.contains_key(&event);
                self.must(known, Violation::Change(change.contest, change.station));
            }
            (RowKey::Account(id), Row::Account(account)) => {
                let named = self.rows.get(&RowKey::Username(account.username.clone()));
                let numbered = account.id == *id && (1..=self.ledger.accounts).contains(&id.0);
                self.must(numbered && named == Some(&Row::Username(*id)), Violation::Account(*id));
            }
            (RowKey::Username(name), Row::Username(id)) => {
                let account = self.rows.get(&RowKey::Account(*id));
                let known = matches!(account, Some(Row::Account(account)) if account.username == *name);
                self.must(known, Violation::Account(*id));
            }
            (RowKey::Session(id), Row::Session(session)) => {
                let owned = self.rows.contains_key(&RowKey::Account(session.account));
                self.must(owned && session.id == *id, Violation::Session(*id));
            }
            (RowKey::Request(account, request), Row::Request(record)) => {
                self.request(*account, *request, record);
            }
            (RowKey::RequestQueue(sequence), Row::RequestQueue(queued)) => {
                let record = self.rows.get(&RowKey::Request(queued.account, queued.key));
                let known = matches!(record, Some(Row::Request(record)) if record.sequence == *sequence);
                self.must(known, Violation::Request(*sequence));
            }
            _ => self.found.push(Violation::Kind(key.clone())),
        }
    }

    /// An event is in the change feed under its place in the log, and its form knows of it.
    fn event(&mut self, told: Change, event: &Event) {
        let Change { contest, station, event: sequence } = told;
        let change = self.rows.get(&RowKey::Change(event.index, event.item));
        self.must(change == Some(&Row::Change(told)), Violation::Change(contest, station));
        let tally = self.rows.get(&RowKey::Tally(contest, station));
        let known = matches!(tally, Some(Row::Tally(tally)) if (1..=tally.events).contains(&sequence));
        self.must(known, Violation::History(contest, station));
    }

    /// A request stands in the queue, and the event it was answered with is there.
    fn request(&mut self, account: AccountId, key: RequestKey, record: &RequestRecord) {
        let queued = self.rows.get(&RowKey::RequestQueue(record.sequence));
        let placed = matches!(queued, Some(Row::RequestQueue(queued))
            if (queued.account, queued.key) == (account, key));
        let answered = match &record.answer {
            RememberedAnswer::Outcome(_) => true,
            RememberedAnswer::Event(change) => {
                self.rows.contains_key(&RowKey::Event(change.contest, change.station, change.event))
            }
        };
        self.must(placed && answered, Violation::Request(record.sequence));
    }

    fn tally(&mut self, contest: ContestId, station: StationCode, tally: &Tally) {
        let defined = match self.rows.get(&RowKey::Contest(contest)) {
            Some(Row::Contest(contest)) if contest.held_at(station) => Some(contest),
            _ => None,
        };
        let held = defined.is_some() && self.rows.contains_key(&RowKey::Station(station));
        self.must(held, Violation::NotHeld(contest, station));
        let digest = defined.map(|contest: &Contest| form_digest(&tally.form, contest));
        self.must(digest == Some(tally.digest), Violation::Digest(contest, station));
        let history = self.history(contest, station, tally).is_some();
        self.must(history, Violation::History(contest, station));
    }

    /// Walks the history; `None` at the first line that does not follow from the one before it, or if the
    /// last line does not say what the current row says.
    fn history(&self, contest: ContestId, station: StationCode, tally: &Tally) -> Option<()> {
        let mut revision = 0_u32;
        let mut place = (0, 0);
        let mut leaf_index = None;
        for sequence in 1..=tally.events {
            let Some(Row::Event(event)) = self.rows.get(&RowKey::Event(contest, station, sequence)) else {
                return None;
            };
            let accepted = accepting(event.kind);
            if accepted {
                leaf_index = Some(event.leaf_index);
            }
            revision = revision.checked_add(u32::from(accepted))?;
            let first = (event.kind == EventKind::Report) == (sequence == 1);
            let later = place < (event.index, event.item);
            let numbered = event.revision == revision && leaf_index == Some(event.leaf_index);
            if !numbered || !first || !later || accepted != event.form.is_some() {
                return None;
            }
            place = (event.index, event.item);
            let last = sequence == tally.events;
            let same = (event.revision, event.state, event.digest, event.index, event.at)
                == (tally.revision, tally.state, tally.digest, tally.index, tally.at);
            if last && !same {
                return None;
            }
        }
        (tally.events > 0).then_some(())
    }

    fn counters(&mut self) {
        let mut accounts = 0_u64;
        let mut super_admins = 0_u64;
        let mut requests = 0_u64;
        for row in self.rows.values() {
            if let Row::Account(account) = row {
                accounts = accounts.saturating_add(1);
                let counts = account.active && account.role == Role::SuperAdmin;
                super_admins = super_admins.saturating_add(u64::from(counts));
            }
            requests = requests.saturating_add(u64::from(matches!(row, Row::Request(_))));
        }
        let queue = RowKey::RequestQueue(0)..=RowKey::RequestQueue(u64::MAX);
        let queued = self.rows.range(queue).filter_map(|(key, _)| {
            if let RowKey::RequestQueue(sequence) = key { Some(*sequence) } else { None }
        });
        let contiguous = queued.eq(self.ledger.requests_first..self.ledger.requests_next);
        let remembered = self.ledger.requests_next.checked_sub(self.ledger.requests_first) == Some(requests);
        self.must(accounts == self.ledger.accounts, Violation::Ledger("accounts"));
        self.must(super_admins == self.ledger.super_admins, Violation::Ledger("super admins"));
        self.must(contiguous && remembered, Violation::Ledger("requests"));
    }
}

/// Whether an event accepts a form and so gives it a revision and a leaf.
const fn accepting(kind: EventKind) -> bool {
    matches!(kind, EventKind::Report | EventKind::Correction)
}

/// Adds the sums of a region to those of the region above it.
fn add(sum: &mut Aggregate, child: &Aggregate) {
    let plus = |sum: &mut u64, count: u64| *sum = sum.saturating_add(count);
    for (sum, votes) in sum.totals.votes.iter_mut().zip(&child.totals.votes) {
        plus(sum, *votes);
    }
    plus(&mut sum.totals.valid, child.totals.valid);
    plus(&mut sum.totals.invalid, child.totals.invalid);
    plus(&mut sum.totals.total, child.totals.total);
    plus(&mut sum.totals.registered, child.totals.registered);
    plus(&mut sum.totals.turnout, child.totals.turnout);
    plus(&mut sum.reported, child.reported);
    plus(&mut sum.held, child.held);
    plus(&mut sum.flagged, child.flagged);
    plus(&mut sum.partial, child.partial);
    plus(&mut sum.certified, child.certified);
    plus(&mut sum.version, child.version);
    sum.index = sum.index.max(child.index);
    sum.updated_at = sum.updated_at.max(child.updated_at);
}
