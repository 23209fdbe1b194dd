//! The store's view as `api` reads it.

use std::sync::Arc;

use api::ports::{self, ReadError, StateView};
use store::{RocksEngine, StoreError, View};
use tally::account::{Account, Session};
use tally::aggregate::Aggregate;
use tally::contest::Contest;
use tally::ids::{AccountId, ContestId, RequestKey, SessionId};
use tally::region::{Region, RegionCode, StationCode};
use tally::row::{Ledger, RequestRecord};
use tally::station::{Event, Station, Tally};

/// One moment of the state on this node.
pub(super) struct NodeView(pub(super) View<RocksEngine>);

fn failed(error: &StoreError) -> ReadError {
    // The whole chain is for the log; whoever asked is told that it failed.
    tracing::error!(%error, "the store could not be read");
    ReadError::Store(error.to_string())
}

impl StateView for NodeView {
    fn index(&self) -> u64 {
        self.0.index()
    }

    fn ledger(&self) -> Result<Ledger, ReadError> {
        self.0.ledger().map_err(|error| failed(&error))
    }

    fn contests(&self) -> Result<Vec<Arc<Contest>>, ReadError> {
        self.0.contests().map_err(|error| failed(&error))
    }

    fn contest(&self, contest: &ContestId) -> Result<Option<Arc<Contest>>, ReadError> {
        self.0.contest(contest).map_err(|error| failed(&error))
    }

    fn region(&self, region: RegionCode) -> Result<Option<Region>, ReadError> {
        self.0.region(region).map_err(|error| failed(&error))
    }

    fn regions_below(&self, region: RegionCode) -> Result<Vec<Region>, ReadError> {
        self.0.regions_below(region).map_err(|error| failed(&error))
    }

    fn station(&self, station: StationCode) -> Result<Option<Station>, ReadError> {
        self.0.station(station).map_err(|error| failed(&error))
    }

    fn stations_of(&self, village: RegionCode) -> Result<Vec<Station>, ReadError> {
        self.0.stations_of(village).map_err(|error| failed(&error))
    }

    fn tally(&self, contest: &ContestId, station: StationCode) -> Result<Option<Tally>, ReadError> {
        self.0.tally(contest, station).map_err(|error| failed(&error))
    }

    fn tallies_of(
        &self,
        contest: &ContestId,
        village: RegionCode,
    ) -> Result<Vec<(StationCode, Tally)>, ReadError> {
        self.0.tallies_of(contest, village).map_err(|error| failed(&error))
    }

    fn events(&self, contest: &ContestId, station: StationCode) -> Result<Vec<Event>, ReadError> {
        self.0.events(contest, station).map_err(|error| failed(&error))
    }

    fn event(
        &self,
        contest: &ContestId,
        station: StationCode,
        event: u32,
    ) -> Result<Option<Event>, ReadError> {
        self.0.event(contest, station, event).map_err(|error| failed(&error))
    }

    fn aggregate(&self, contest: &ContestId, region: RegionCode) -> Result<Option<Aggregate>, ReadError> {
        self.0.aggregate(contest, region).map_err(|error| failed(&error))
    }

    fn aggregates_below(
        &self,
        contest: &ContestId,
        region: RegionCode,
    ) -> Result<Vec<(RegionCode, Aggregate)>, ReadError> {
        self.0.aggregates_below(contest, region).map_err(|error| failed(&error))
    }

    fn changes(&self, after: u64, limit: usize) -> Result<ports::ChangePage, ReadError> {
        let page = self.0.changes(after, limit).map_err(|error| failed(&error))?;
        let changes = page.changes.into_iter().map(|change| ports::ChangeEntry {
            contest: change.contest,
            station: change.station,
            event: change.event,
            form: change.form,
        });
        Ok(ports::ChangePage { changes: changes.collect(), next_after: page.next_after })
    }

    fn account(&self, account: AccountId) -> Result<Option<Account>, ReadError> {
        self.0.account(account).map_err(|error| failed(&error))
    }

    fn account_named(&self, username: &str) -> Result<Option<Account>, ReadError> {
        self.0.account_named(username).map_err(|error| failed(&error))
    }

    fn session(&self, session: SessionId) -> Result<Option<Session>, ReadError> {
        self.0.session(session).map_err(|error| failed(&error))
    }

    fn request(&self, account: AccountId, key: RequestKey) -> Result<Option<RequestRecord>, ReadError> {
        self.0.request(account, key).map_err(|error| failed(&error))
    }
}
