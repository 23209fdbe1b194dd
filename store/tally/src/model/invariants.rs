//! What is true of every state, checked over all rows.
//!
//! Invariant: each promise that rows can break has one [`Violation`], and a state without violations keeps
//! them all: sums hold at every level (P5), history is complete (P7), requests are remembered once (P2).

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::account::{Account, Role};
use crate::aggregate::Aggregate;
use crate::contest::Contest;
use crate::digest::form_digest;
use crate::ids::{AccountId, ContestId, RequestKey};
use crate::neighbourhood::{NeighbourForm, Neighbourhood};
use crate::region::{Region, RegionCode, StationCode};
use crate::row::{Change, Ledger, RememberedAnswer, RequestRecord, Row, RowKey};
use crate::station::{Event, EventKind, Tally};

use super::Rows;
use super::complaints;
use super::recount::{Recount, RegionCounts, add_sums};
pub use super::violation::Violation;

/// Rows by key, wherever they are kept.
pub trait Source {
    /// The row under a key; `None` also for one that cannot be read: whoever walks over all rows reports it.
    fn row(&self, key: &RowKey) -> Option<Cow<'_, Row>>;
}

impl Source for Rows {
    fn row(&self, key: &RowKey) -> Option<Cow<'_, Row>> {
        self.get(key).map(Cow::Borrowed)
    }
}

/// All violations; none if all is well.
#[must_use]
pub fn violations(rows: &Rows) -> Vec<Violation> {
    let mut check = Check::new(rows);
    for (key, row) in rows {
        check.row(key, row);
    }
    check.finish()
}

/// The check of a whole state, shown row by row in the order of the keys: sums come after what they are of. It
/// keeps the sums of one contest's regions and a number for each accepted form, never the rows.
pub struct Check<'a, S: Source> {
    rows: &'a S,
    ledger: Ledger,
    recount: Recount,
    /// Kept sums of regions that have regions below, and the sums of those.
    kept: BTreeMap<(ContestId, RegionCode), (Aggregate, Aggregate)>,
    /// Kept counts of regions.
    regions: BTreeMap<RegionCode, RegionCounts>,
    leaves: Vec<u64>,
    accounts: u64,
    super_admins: u64,
    requests: u64,
    /// Forms, less those that stand beside others of their village.
    alone: i64,
    /// Where the queue of requests goes on, while it has no gap.
    queue_next: Option<u64>,
    found: Vec<Violation>,
}

impl<'a, S: Source> Check<'a, S> {
    /// A check that looks further rows up in `rows`.
    pub fn new(rows: &'a S) -> Self {
        let ledger = match rows.row(&RowKey::Ledger).as_deref() {
            Some(Row::Ledger(ledger)) => ledger.clone(),
            _ => Ledger::default(),
        };
        let queue_next = Some(ledger.requests_first);
        Self {
            rows,
            ledger,
            recount: Recount::default(),
            kept: BTreeMap::new(),
            regions: BTreeMap::new(),
            leaves: Vec::new(),
            accounts: 0,
            super_admins: 0,
            requests: 0,
            alone: 0,
            queue_next,
            found: Vec::new(),
        }
    }

    /// What was found since the last call.
    pub fn take_found(&mut self) -> Vec<Violation> {
        core::mem::take(&mut self.found)
    }

    /// What can only be told when all rows were shown, and what was not taken before.
    #[must_use]
    pub fn finish(mut self) -> Vec<Violation> {
        for (contest, region) in core::mem::take(&mut self.recount.aggregates).into_keys() {
            self.found.push(Violation::Sums(contest, region));
        }
        for ((contest, region), (kept, mut below)) in core::mem::take(&mut self.kept) {
            below.totals.votes.resize(kept.totals.votes.len().max(below.totals.votes.len()), 0);
            self.must(below == kept, Violation::Children(contest, region));
        }
        let counted = core::mem::take(&mut self.recount.regions);
        let kept = core::mem::take(&mut self.regions);
        for (code, counts) in &kept {
            self.must(counted.get(code).copied().unwrap_or_default() == *counts, Violation::Region(*code));
        }
        for code in counted.keys() {
            self.must(kept.contains_key(code), Violation::RegionMissing(*code));
        }
        // Accepted revisions are numbered without a gap, each number once.
        self.leaves.sort_unstable();
        let numbered = self.leaves.iter().copied().eq(0..self.ledger.leaves);
        self.must(numbered, Violation::Ledger("leaves"));
        self.must(self.alone == 0, Violation::Neighbours);
        self.counters();
        self.found
    }

    fn must(&mut self, holds: bool, violation: Violation) {
        if !holds {
            self.found.push(violation);
        }
    }

    fn has(&self, key: &RowKey) -> bool {
        self.rows.row(key).is_some()
    }

    /// P5, twice: against the forms, and each level against the one below it.
    fn sums(&mut self, contest: ContestId, region: RegionCode, aggregate: &Aggregate) {
        let counted = self.recount.aggregates.remove(&(contest, region));
        self.must(counted.as_ref() == Some(aggregate), Violation::Sums(contest, region));
        if region.children().is_some() {
            self.kept.entry((contest, region)).or_default().0 = aggregate.clone();
        }
        if let Some(parent) = region.parent() {
            let (_, below) = self.kept.entry((contest, parent)).or_default();
            add_sums(below, aggregate);
        }
    }

    fn region(&mut self, code: RegionCode, region: &Region) {
        let kept = RegionCounts {
            stations: region.stations,
            registered: region.registered,
            stations_registered: region.stations_registered,
        };
        self.regions.insert(code, kept);
        self.must(region.code == code, Violation::Region(code));
        if let Some(parent) = code.parent() {
            let defined = self.has(&RowKey::Region(parent));
            self.must(defined, Violation::RegionMissing(parent));
        }
    }

    /// Looks at one row; every row of the state must be shown, in order.
    pub fn row(&mut self, key: &RowKey, row: &Row) {
        self.recount.count(key, row);
        match (key, row) {
            (RowKey::Ledger, Row::Ledger(_))
            | (RowKey::Contest(_), Row::Contest(_))
            | (RowKey::Audit(..), Row::Audit(_))
            | (RowKey::Epoch(_), Row::Epoch(_)) => {}
            (RowKey::Aggregate(contest, region), Row::Aggregate(aggregate)) => {
                self.sums(*contest, *region, aggregate);
            }
            (RowKey::Region(code), Row::Region(region)) => self.region(*code, region),
            (RowKey::Station(code), Row::Station(station)) => {
                self.must(station.code == *code, Violation::Kind(key.clone()));
            }
            (RowKey::Tally(contest, station), Row::Tally(tally)) => self.tally(*contest, *station, tally),
            (RowKey::Event(contest, station, sequence), Row::Event(event)) => {
                let change = Change { contest: *contest, station: *station, event: *sequence };
                self.event(change, event);
            }
            (RowKey::Change(..), Row::Change(change)) => {
                let known = self.has(&RowKey::Event(change.contest, change.station, change.event));
                self.must(known, Violation::Change(change.contest, change.station));
            }
            (RowKey::Account(id), Row::Account(account)) => self.account(*id, account),
            (RowKey::Username(name), Row::Username(id)) => {
                let account = self.rows.row(&RowKey::Account(*id));
                let known =
                    matches!(account.as_deref(), Some(Row::Account(account)) if account.username == *name);
                self.must(known, Violation::Account(*id));
            }
            (RowKey::Session(id), Row::Session(session)) => {
                let owned = self.has(&RowKey::Account(session.account));
                self.must(owned && session.id == *id, Violation::Session(*id));
            }
            (RowKey::Request(account, request), Row::Request(record)) => {
                self.request(*account, *request, record);
            }
            (RowKey::RequestQueue(sequence), Row::RequestQueue(queued)) => {
                let record = self.rows.row(&RowKey::Request(queued.account, queued.key));
                let known =
                    matches!(record.as_deref(), Some(Row::Request(record)) if record.sequence == *sequence);
                self.must(known, Violation::Request(*sequence));
                let follows = self.queue_next == Some(*sequence);
                self.queue_next = if follows { sequence.checked_add(1) } else { None };
            }
            (RowKey::Neighbourhood(contest, village), Row::Neighbourhood(neighbourhood)) => {
                self.neighbourhood(*contest, *village, neighbourhood);
            }
            (RowKey::Attachment(id), Row::Attachment(first)) => {
                let event = self.rows.row(&RowKey::Event(first.contest, first.station, first.event));
                let names =
                    matches!(event.as_deref(), Some(Row::Event(event)) if event.attachments.contains(id));
                self.must(names, Violation::Attachment(*id));
            }
            (RowKey::Complaint(contest, station, number), Row::Complaint(_)) => {
                let counted = complaints::is_counted(self.rows, *contest, *station, *number);
                self.must(counted, Violation::Complaints(*contest, *station));
            }
            (RowKey::Complaints(station, contest), Row::Complaints(counts)) => {
                let there = complaints::are_there(self.rows, *contest, *station, *counts);
                self.must(there, Violation::Complaints(*contest, *station));
            }
            _ => self.found.push(Violation::Kind(key.clone())),
        }
    }

    fn account(&mut self, id: AccountId, account: &Account) {
        let named = self.rows.row(&RowKey::Username(account.username.clone()));
        let numbered = account.id == id && (1..=self.ledger.accounts).contains(&id.0);
        let known = numbered && named.as_deref() == Some(&Row::Username(id));
        self.must(known, Violation::Account(id));
        self.accounts = self.accounts.saturating_add(1);
        let counts = account.active && account.role == Role::SuperAdmin;
        self.super_admins = self.super_admins.saturating_add(u64::from(counts));
    }

    /// An event is in the change feed under its place in the log, and its form knows of it.
    fn event(&mut self, told: Change, event: &Event) {
        let Change { contest, station, event: sequence } = told;
        if accepting(event.kind) {
            self.leaves.push(event.leaf_index);
        }
        let change = self.rows.row(&RowKey::Change(event.index, event.item));
        let told = change.as_deref() == Some(&Row::Change(told));
        self.must(told, Violation::Change(contest, station));
        let tally = self.rows.row(&RowKey::Tally(contest, station));
        let known =
            matches!(tally.as_deref(), Some(Row::Tally(tally)) if (1..=tally.events).contains(&sequence));
        self.must(known, Violation::History(contest, station));
        for id in &event.attachments {
            let named = self.has(&RowKey::Attachment(*id));
            self.must(named, Violation::Attachment(*id));
        }
    }

    /// A request stands in the queue, and the event it was answered with is there.
    fn request(&mut self, account: AccountId, key: RequestKey, record: &RequestRecord) {
        self.requests = self.requests.saturating_add(1);
        let queued = self.rows.row(&RowKey::RequestQueue(record.sequence));
        let placed = matches!(queued.as_deref(), Some(Row::RequestQueue(queued))
            if (queued.account, queued.key) == (account, key));
        let answered = match &record.answer {
            RememberedAnswer::Outcome(_) => true,
            RememberedAnswer::Event(change) => {
                self.has(&RowKey::Event(change.contest, change.station, change.event))
            }
        };
        self.must(placed && answered, Violation::Request(record.sequence));
    }

    /// Each line is that of a form, and there are as many lines as forms.
    fn neighbourhood(&mut self, contest: ContestId, village: RegionCode, kept: &Neighbourhood) {
        let first = village.stations().map_or(0, |(first, _)| first.number());
        let same = |form: &NeighbourForm| {
            let station = StationCode::new(first.saturating_add(form.station.into()))?;
            let row = self.rows.row(&RowKey::Tally(contest, station))?;
            let Row::Tally(tally) = row.as_ref() else { return None };
            (NeighbourForm::of(station, &tally.form, &tally.digest) == *form).then_some(())
        };
        let sorted = kept.forms.is_sorted_by(|left, right| left.station < right.station);
        let all = sorted && kept.forms.iter().all(|form| same(form).is_some());
        let lines = i64::try_from(kept.forms.len()).unwrap_or(i64::MAX);
        self.alone = self.alone.saturating_sub(lines);
        self.must(all, Violation::Neighbourhood(contest, village));
    }

    fn tally(&mut self, contest: ContestId, station: StationCode, tally: &Tally) {
        self.alone = self.alone.saturating_add(1);
        self.must(tally.state == tally.state_of_facts(), Violation::History(contest, station));
        let row = self.rows.row(&RowKey::Contest(contest));
        let defined = match row.as_deref() {
            Some(Row::Contest(contest)) if contest.held_at(station) => Some(contest),
            _ => None,
        };
        let digest = defined.map(|contest: &Contest| form_digest(&tally.form, contest));
        let held = defined.is_some() && self.has(&RowKey::Station(station));
        self.must(held, Violation::NotHeld(contest, station));
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
            let row = self.rows.row(&RowKey::Event(contest, station, sequence))?;
            let Row::Event(event) = row.as_ref() else { return None };
            let accepted = accepting(event.kind);
            if accepted {
                leaf_index = Some(event.leaf_index);
            }
            revision = revision.checked_add(u32::from(accepted))?;
            let first = (event.kind == EventKind::Report) == (sequence == 1);
            let later = place < (event.index, event.item);
            let numbered = event.revision == revision && leaf_index == Some(event.leaf_index);
            let read = (event.kind == EventKind::Review) == event.reading.is_some();
            if !numbered || !first || !later || !read || accepted != event.form.is_some() {
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
        let contiguous = self.queue_next == Some(self.ledger.requests_next);
        let remembered = self.ledger.requests_next.checked_sub(self.ledger.requests_first);
        let whole = contiguous && remembered == Some(self.requests);
        self.must(self.accounts == self.ledger.accounts, Violation::Ledger("accounts"));
        self.must(self.super_admins == self.ledger.super_admins, Violation::Ledger("super admins"));
        self.must(whole, Violation::Ledger("requests"));
    }
}

/// Whether an event accepts a form and so gives it a revision and a leaf.
const fn accepting(kind: EventKind) -> bool {
    matches!(kind, EventKind::Report | EventKind::Correction)
}
