//! The store's view as `api` reads it.

use std::sync::Arc;

use api::ports::{self, Confirmed, ReadError, StateView};
use cluster::Cluster;
use store::{RocksEngine, StoreError, View};
use tally::account::{Account, Session};
use tally::aggregate::Aggregate;
use tally::audit::AuditRecord;
use tally::complaint::{Complaint, Complaints};
use tally::contest::Contest;
use tally::ids::{AccountId, AttachmentId, ContestId, RequestKey, SessionId};
use tally::region::{Region, RegionCode, StationCode};
use tally::row::{Ledger, RequestRecord};
use tally::station::{Event, Station, Tally};

/// One moment of the state on this node.
pub(super) struct NodeView {
    view: View<RocksEngine>,
    confirmed: Confirmed,
}

impl NodeView {
    /// What is applied now. The age is taken first: what is applied in between makes the view younger than it says.
    pub(super) fn pin(cluster: &Cluster<RocksEngine>) -> Self {
        let confirmed = Confirmed::by(|| cluster.leader_age_ms());
        Self { view: cluster.view(), confirmed }
    }
}

fn failed(error: &StoreError) -> ReadError {
    // The whole chain is for the log; whoever asked is told that it failed.
    tracing::error!(%error, "the store could not be read");
    ReadError::Store(error.to_string())
}

impl StateView for NodeView {
    fn index(&self) -> u64 {
        self.view.index()
    }

    fn confirmed(&self) -> Confirmed {
        self.confirmed
    }

    fn ledger(&self) -> Result<Ledger, ReadError> {
        self.view.ledger().map_err(|error| failed(&error))
    }

    fn contests(&self) -> Result<Vec<Arc<Contest>>, ReadError> {
        self.view.contests().map_err(|error| failed(&error))
    }

    fn contest(&self, contest: &ContestId) -> Result<Option<Arc<Contest>>, ReadError> {
        self.view.contest(contest).map_err(|error| failed(&error))
    }

    fn region(&self, region: RegionCode) -> Result<Option<Region>, ReadError> {
        self.view.region(region).map_err(|error| failed(&error))
    }

    fn regions_below(&self, region: RegionCode) -> Result<Vec<Region>, ReadError> {
        self.view.regions_below(region).map_err(|error| failed(&error))
    }

    fn station(&self, station: StationCode) -> Result<Option<Station>, ReadError> {
        self.view.station(station).map_err(|error| failed(&error))
    }

    fn stations_of(&self, village: RegionCode) -> Result<Vec<Station>, ReadError> {
        self.view.stations_of(village).map_err(|error| failed(&error))
    }

    fn tally(&self, contest: &ContestId, station: StationCode) -> Result<Option<Tally>, ReadError> {
        self.view.tally(contest, station).map_err(|error| failed(&error))
    }

    fn tallies_of(
        &self,
        contest: &ContestId,
        village: RegionCode,
    ) -> Result<Vec<(StationCode, Tally)>, ReadError> {
        self.view.tallies_of(contest, village).map_err(|error| failed(&error))
    }

    fn events(&self, contest: &ContestId, station: StationCode) -> Result<Vec<Event>, ReadError> {
        self.view.events(contest, station).map_err(|error| failed(&error))
    }

    fn event(
        &self,
        contest: &ContestId,
        station: StationCode,
        event: u32,
    ) -> Result<Option<Event>, ReadError> {
        self.view.event(contest, station, event).map_err(|error| failed(&error))
    }

    fn aggregate(&self, contest: &ContestId, region: RegionCode) -> Result<Option<Aggregate>, ReadError> {
        self.view.aggregate(contest, region).map_err(|error| failed(&error))
    }

    fn aggregates_below(
        &self,
        contest: &ContestId,
        region: RegionCode,
    ) -> Result<Vec<(RegionCode, Aggregate)>, ReadError> {
        self.view.aggregates_below(contest, region).map_err(|error| failed(&error))
    }

    fn changes(&self, after: u64, limit: usize) -> Result<ports::ChangePage, ReadError> {
        let page = self.view.changes(after, limit).map_err(|error| failed(&error))?;
        let changes = page.changes.into_iter().map(|change| ports::ChangeEntry {
            contest: change.contest,
            station: change.station,
            event: change.event,
            form: change.form,
        });
        Ok(ports::ChangePage { changes: changes.collect(), next_after: page.next_after })
    }

    fn account(&self, account: AccountId) -> Result<Option<Account>, ReadError> {
        self.view.account(account).map_err(|error| failed(&error))
    }

    fn account_named(&self, username: &str) -> Result<Option<Account>, ReadError> {
        self.view.account_named(username).map_err(|error| failed(&error))
    }

    fn accounts_named(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<Account>, ReadError> {
        self.view.accounts_named(prefix, after, limit).map_err(|error| failed(&error))
    }

    fn sessions(&self, after: Option<SessionId>, limit: usize) -> Result<Vec<Session>, ReadError> {
        self.view.sessions(after, limit).map_err(|error| failed(&error))
    }

    fn audit(
        &self,
        after: Option<ports::AuditPlace>,
        limit: usize,
    ) -> Result<Vec<(ports::AuditPlace, AuditRecord)>, ReadError> {
        let after = after.map(|place| (place.index, place.item, place.number));
        let records = self.view.audit(after, limit).map_err(|error| failed(&error))?;
        let placed = records
            .into_iter()
            .map(|((index, item, number), record)| (ports::AuditPlace { index, item, number }, record));
        Ok(placed.collect())
    }

    fn session(&self, session: SessionId) -> Result<Option<Session>, ReadError> {
        self.view.session(session).map_err(|error| failed(&error))
    }

    fn request(&self, account: AccountId, key: RequestKey) -> Result<Option<RequestRecord>, ReadError> {
        self.view.request(account, key).map_err(|error| failed(&error))
    }

    fn complaints(
        &self,
        contest: &ContestId,
        station: StationCode,
    ) -> Result<Vec<(u32, Complaint)>, ReadError> {
        self.view.complaints(contest, station).map_err(|error| failed(&error))
    }

    fn complaint_counts(&self, contest: &ContestId, station: StationCode) -> Result<Complaints, ReadError> {
        self.view.complaint_counts(contest, station).map_err(|error| failed(&error))
    }

    fn open_complaints(
        &self,
        region: RegionCode,
        after: Option<ports::ComplaintPlace>,
        limit: usize,
    ) -> Result<ports::OpenComplaints, ReadError> {
        let after = after.map(|after| (after.station, after.contest));
        let found = self.view.open_complaints(region, after, limit).map_err(|error| failed(&error))?;
        let place = |(station, contest)| ports::ComplaintPlace { station, contest };
        let complaints = found.complaints.into_iter().map(|(at, number, row)| (place(at), number, row));
        Ok(ports::OpenComplaints { complaints: complaints.collect(), next: found.next.map(place) })
    }

    fn names_attachment(&self, id: AttachmentId) -> Result<bool, ReadError> {
        self.view.attachment(id).map(|named| named.is_some()).map_err(|error| failed(&error))
    }
}
