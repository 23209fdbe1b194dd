//! Reading the rows of a working set by their kind.
//!
//! Invariant: a row of another kind than its key's is as bad as a missing one, and said so.

use alloc::borrow::ToOwned;

use crate::account::{Account, Session};
use crate::aggregate::Aggregate;
use crate::complaint::{Complaint, Complaints};
use crate::contest::Contest;
use crate::ids::{AccountId, AttachmentId, ContestId, RequestKey, SessionId};
use crate::neighbourhood::Neighbourhood;
use crate::region::{Region, RegionCode, StationCode};
use crate::row::{Change, Ledger, MissingRow, QueuedRequest, RequestRecord, Row, RowKey, WorkingSet};
use crate::station::{Event, Station, Tally};

/// Looks a row up and takes it apart; `None` where there is no row.
macro_rules! row_of {
    ($rows:expr, $key:expr, $kind:ident) => {{
        let key = $key;
        match $rows.get(&key)? {
            None => Ok(None),
            Some(Row::$kind(row)) => Ok(Some(row)),
            Some(_) => Err(MissingRow(key)),
        }
    }};
}

impl WorkingSet {
    /// The ledger; of a new history the default.
    pub(crate) fn ledger(&self) -> Result<Ledger, MissingRow> {
        row_of!(self, RowKey::Ledger, Ledger)
            .map(|ledger: Option<&Ledger>| ledger.cloned().unwrap_or_default())
    }

    pub(crate) fn region(&self, code: RegionCode) -> Result<Option<&Region>, MissingRow> {
        row_of!(self, RowKey::Region(code), Region)
    }

    pub(crate) fn station(&self, code: StationCode) -> Result<Option<&Station>, MissingRow> {
        row_of!(self, RowKey::Station(code), Station)
    }

    pub(crate) fn contest(&self, id: ContestId) -> Result<Option<&Contest>, MissingRow> {
        row_of!(self, RowKey::Contest(id), Contest)
    }

    pub(crate) fn account(&self, id: AccountId) -> Result<Option<&Account>, MissingRow> {
        row_of!(self, RowKey::Account(id), Account)
    }

    pub(crate) fn username(&self, name: &str) -> Result<Option<AccountId>, MissingRow> {
        row_of!(self, RowKey::Username(name.to_owned()), Username).map(|id: Option<&AccountId>| id.copied())
    }

    pub(crate) fn session(&self, id: SessionId) -> Result<Option<&Session>, MissingRow> {
        row_of!(self, RowKey::Session(id), Session)
    }

    pub(crate) fn tally(
        &self,
        contest: ContestId,
        station: StationCode,
    ) -> Result<Option<&Tally>, MissingRow> {
        row_of!(self, RowKey::Tally(contest, station), Tally)
    }

    pub(crate) fn event(
        &self,
        contest: ContestId,
        station: StationCode,
        sequence: u32,
    ) -> Result<Option<&Event>, MissingRow> {
        row_of!(self, RowKey::Event(contest, station, sequence), Event)
    }

    pub(crate) fn aggregate(
        &self,
        contest: ContestId,
        region: RegionCode,
    ) -> Result<Option<&Aggregate>, MissingRow> {
        row_of!(self, RowKey::Aggregate(contest, region), Aggregate)
    }

    pub(crate) fn request(
        &self,
        account: AccountId,
        key: RequestKey,
    ) -> Result<Option<&RequestRecord>, MissingRow> {
        row_of!(self, RowKey::Request(account, key), Request)
    }

    pub(crate) fn attachment(&self, id: AttachmentId) -> Result<Option<&Change>, MissingRow> {
        row_of!(self, RowKey::Attachment(id), Attachment)
    }

    pub(crate) fn neighbourhood(
        &self,
        contest: ContestId,
        village: RegionCode,
    ) -> Result<Option<&Neighbourhood>, MissingRow> {
        row_of!(self, RowKey::Neighbourhood(contest, village), Neighbourhood)
    }

    pub(crate) fn complaint(
        &self,
        contest: ContestId,
        station: StationCode,
        number: u32,
    ) -> Result<Option<&Complaint>, MissingRow> {
        row_of!(self, RowKey::Complaint(contest, station, number), Complaint)
    }

    pub(crate) fn complaints(
        &self,
        station: StationCode,
        contest: ContestId,
    ) -> Result<Option<Complaints>, MissingRow> {
        let counts: Option<&Complaints> = row_of!(self, RowKey::Complaints(station, contest), Complaints)?;
        Ok(counts.copied())
    }

    pub(crate) fn queued_request(&self, sequence: u64) -> Result<Option<&QueuedRequest>, MissingRow> {
        row_of!(self, RowKey::RequestQueue(sequence), RequestQueue)
    }
}
