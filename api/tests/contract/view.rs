//! A view of the model's rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::ports::{
    AuditPlace, ChangeEntry, ChangePage, ComplaintPlace, Confirmed, OpenComplaints, ReadError, StateView,
};
use tally::account::{Account, Session};
use tally::aggregate::Aggregate;
use tally::audit::AuditRecord;
use tally::complaint::{Complaint, Complaints};
use tally::contest::Contest;
use tally::ids::{AccountId, AttachmentId, ContestId, RequestKey, SessionId};
use tally::region::{Region, RegionCode, StationCode};
use tally::row::{Ledger, RequestRecord, Row, RowKey};
use tally::station::{Event, Station, Tally};

/// The rows at one index.
pub(crate) struct View {
    pub(crate) rows: BTreeMap<RowKey, Row>,
    pub(crate) index: u64,
}

macro_rules! row {
    ($self:ident, $key:expr, $kind:ident) => {
        match $self.rows.get(&$key) {
            Some(Row::$kind(row)) => Some(row.clone()),
            _ => None,
        }
    };
}

impl StateView for View {
    fn index(&self) -> u64 {
        self.index
    }

    fn confirmed(&self) -> Confirmed {
        Confirmed::by(|| 42)
    }

    fn ledger(&self) -> Result<Ledger, ReadError> {
        Ok(row!(self, RowKey::Ledger, Ledger).unwrap_or_default())
    }

    fn contests(&self) -> Result<Vec<Arc<Contest>>, ReadError> {
        let contests = self.rows.values().filter_map(|row| match row {
            Row::Contest(contest) => Some(Arc::new(contest.clone())),
            _ => None,
        });
        Ok(contests.collect())
    }

    fn contest(&self, contest: &ContestId) -> Result<Option<Arc<Contest>>, ReadError> {
        Ok(row!(self, RowKey::Contest(*contest), Contest).map(Arc::new))
    }

    fn region(&self, region: RegionCode) -> Result<Option<Region>, ReadError> {
        Ok(row!(self, RowKey::Region(region), Region))
    }

    fn regions_below(&self, region: RegionCode) -> Result<Vec<Region>, ReadError> {
        let below = self.rows.values().filter_map(|row| match row {
            Row::Region(row) if row.code.parent() == Some(region) => Some(row.clone()),
            _ => None,
        });
        Ok(below.collect())
    }

    fn station(&self, station: StationCode) -> Result<Option<Station>, ReadError> {
        Ok(row!(self, RowKey::Station(station), Station))
    }

    fn stations_of(&self, village: RegionCode) -> Result<Vec<Station>, ReadError> {
        let stations = self.rows.values().filter_map(|row| match row {
            Row::Station(station) if station.code.village() == village => Some(station.clone()),
            _ => None,
        });
        Ok(stations.collect())
    }

    fn tally(&self, contest: &ContestId, station: StationCode) -> Result<Option<Tally>, ReadError> {
        Ok(row!(self, RowKey::Tally(*contest, station), Tally))
    }

    fn tallies_of(
        &self,
        contest: &ContestId,
        village: RegionCode,
    ) -> Result<Vec<(StationCode, Tally)>, ReadError> {
        let tallies = self.rows.iter().filter_map(|(key, row)| match (key, row) {
            (RowKey::Tally(of, station), Row::Tally(tally))
                if of == contest && station.village() == village =>
            {
                Some((*station, tally.clone()))
            }
            _ => None,
        });
        Ok(tallies.collect())
    }

    fn events(&self, contest: &ContestId, station: StationCode) -> Result<Vec<Event>, ReadError> {
        let events = self.rows.iter().filter_map(|(key, row)| match (key, row) {
            (RowKey::Event(of, at, _), Row::Event(event)) if of == contest && *at == station => {
                Some(event.clone())
            }
            _ => None,
        });
        Ok(events.collect())
    }

    fn event(
        &self,
        contest: &ContestId,
        station: StationCode,
        event: u32,
    ) -> Result<Option<Event>, ReadError> {
        Ok(row!(self, RowKey::Event(*contest, station, event), Event))
    }

    fn aggregate(&self, contest: &ContestId, region: RegionCode) -> Result<Option<Aggregate>, ReadError> {
        Ok(row!(self, RowKey::Aggregate(*contest, region), Aggregate))
    }

    fn aggregates_below(
        &self,
        contest: &ContestId,
        region: RegionCode,
    ) -> Result<Vec<(RegionCode, Aggregate)>, ReadError> {
        let below = self.rows.iter().filter_map(|(key, row)| match (key, row) {
            (RowKey::Aggregate(of, code), Row::Aggregate(sums))
                if of == contest && code.parent() == Some(region) =>
            {
                Some((*code, sums.clone()))
            }
            _ => None,
        });
        Ok(below.collect())
    }

    fn changes(&self, after: u64, limit: usize) -> Result<ChangePage, ReadError> {
        let mut changes = Vec::new();
        let mut last = None;
        let mut next_after = self.index;
        for (key, row) in &self.rows {
            let (RowKey::Change(index, _), Row::Change(change)) = (key, row) else { continue };
            if *index <= after {
                continue;
            }
            if changes.len() >= limit && last != Some(*index) {
                next_after = last.unwrap_or(after);
                break;
            }
            last = Some(*index);
            let events = self.events(&change.contest, change.station)?;
            let upto = &events[..usize::try_from(change.event).expect("small")];
            let form = upto.iter().rev().find_map(|event| event.form.clone()).expect("a form");
            let event = upto.last().cloned().expect("an event");
            changes.push(ChangeEntry { contest: change.contest, station: change.station, event, form });
        }
        Ok(ChangePage { changes, next_after })
    }

    fn account(&self, account: AccountId) -> Result<Option<Account>, ReadError> {
        Ok(row!(self, RowKey::Account(account), Account))
    }

    fn account_named(&self, username: &str) -> Result<Option<Account>, ReadError> {
        let id = row!(self, RowKey::Username(username.to_owned()), Username);
        Ok(id.and_then(|id| row!(self, RowKey::Account(id), Account)))
    }

    fn accounts_named(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<Account>, ReadError> {
        let named = self.rows.values().filter_map(|row| match row {
            Row::Account(account) => Some(account.clone()),
            _ => None,
        });
        let mut named: Vec<Account> = named
            .filter(|account| account.username.starts_with(prefix) && account.username.as_str() > after)
            .collect();
        named.sort_by(|left, right| left.username.cmp(&right.username));
        named.truncate(limit);
        Ok(named)
    }

    fn sessions(&self, after: Option<SessionId>, limit: usize) -> Result<Vec<Session>, ReadError> {
        let sessions = self.rows.values().filter_map(|row| match row {
            Row::Session(session) if after.is_none_or(|after| session.id > after) => Some(*session),
            _ => None,
        });
        Ok(sessions.take(limit).collect())
    }

    fn audit(
        &self,
        after: Option<AuditPlace>,
        limit: usize,
    ) -> Result<Vec<(AuditPlace, AuditRecord)>, ReadError> {
        let records = self.rows.iter().filter_map(|(key, row)| match (key, row) {
            (RowKey::Audit(index, item, number), Row::Audit(record)) => {
                let place = AuditPlace { index: *index, item: *item, number: *number };
                (after.is_none_or(|after| place > after)).then(|| (place, record.clone()))
            }
            _ => None,
        });
        Ok(records.take(limit).collect())
    }

    fn session(&self, session: SessionId) -> Result<Option<Session>, ReadError> {
        Ok(row!(self, RowKey::Session(session), Session))
    }

    fn request(&self, account: AccountId, key: RequestKey) -> Result<Option<RequestRecord>, ReadError> {
        Ok(row!(self, RowKey::Request(account, key), Request))
    }

    fn complaints(
        &self,
        contest: &ContestId,
        station: StationCode,
    ) -> Result<Vec<(u32, Complaint)>, ReadError> {
        let complaints = self.rows.iter().filter_map(|(key, row)| match (key, row) {
            (RowKey::Complaint(of, at, number), Row::Complaint(complaint))
                if of == contest && *at == station =>
            {
                Some((*number, complaint.clone()))
            }
            _ => None,
        });
        Ok(complaints.collect())
    }

    fn complaint_counts(&self, contest: &ContestId, station: StationCode) -> Result<Complaints, ReadError> {
        Ok(row!(self, RowKey::Complaints(station, *contest), Complaints).unwrap_or_default())
    }

    fn open_complaints(
        &self,
        region: RegionCode,
        after: Option<ComplaintPlace>,
        limit: usize,
    ) -> Result<OpenComplaints, ReadError> {
        let mut found = OpenComplaints::default();
        let mut last = None;
        for key in self.rows.keys() {
            let RowKey::Complaints(station, contest) = key else { continue };
            let place = ComplaintPlace { station: *station, contest: *contest };
            if !region.contains(station.village()) || after.is_some_and(|after| place <= after) {
                continue;
            }
            if found.complaints.len() >= limit {
                found.next = last;
                break;
            }
            last = Some(place);
            let waiting = self.complaints(contest, *station)?.into_iter();
            let waiting = waiting.filter(|(_, complaint)| complaint.answer.is_none());
            found.complaints.extend(waiting.map(|(number, complaint)| (place, number, complaint)));
        }
        Ok(found)
    }

    fn names_attachment(&self, id: AttachmentId) -> Result<bool, ReadError> {
        Ok(self.rows.contains_key(&RowKey::Attachment(id)))
    }
}
