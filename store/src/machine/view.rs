//! Reading one moment of the state.
//!
//! Invariant: every answer of a view is about the same index. No method waits for a lock that applying holds.

use std::ops::ControlFlow;
use std::sync::Arc;

use tally::account::{Account, Session};
use tally::aggregate::Aggregate;
use tally::audit::AuditRecord;
use tally::contest::Contest;
use tally::epoch::EpochRecord;
use tally::ids::{AccountId, AttachmentId, ContestId, RequestKey, SessionId};
use tally::region::{Region, RegionCode, StationCode};
use tally::row::{Change, Ledger, RequestRecord, Row, RowKey};
use tally::station::{Event, Station, Tally};

use super::hot::Contests;
use super::{Applied, Core, HashPoint, Points, StateSums};
use crate::engine::{Direction, Engine, Reader};
use crate::{StoreError, codec, keys};

/// Where a line of the audit log stands: log index, item, number.
type AuditPlace = (u64, u16, u32);

/// One moment: a snapshot of the database and what memory knew of it.
pub(super) struct Moment<E: Engine> {
    pub(super) snapshot: E::Snapshot,
    pub(super) applied: Applied,
    pub(super) hash: HashPoint,
    pub(super) points: Points,
    pub(super) sums: StateSums,
    contests: Contests,
}

impl<E: Engine> Moment<E> {
    pub(super) fn of(core: &Core<E>) -> Arc<Self> {
        let index = core.applied.id.map_or(0, |id| id.index);
        Arc::new(Self {
            snapshot: core.engine.snapshot(),
            applied: Applied::of(&core.applied),
            hash: HashPoint { index, hash: core.sums.hash },
            points: Arc::clone(&core.points),
            sums: core.sums.clone(),
            contests: Arc::clone(&core.hot.contests),
        })
    }
}

/// A consistent view of the state. Keeps the database's old versions while it lives: hold it for one request.
pub struct View<E: Engine> {
    moment: Arc<Moment<E>>,
}

impl<E: Engine> Clone for View<E> {
    fn clone(&self) -> Self {
        Self { moment: Arc::clone(&self.moment) }
    }
}

/// Shows the decoded rows between two keys; the first that cannot be read ends it.
pub(super) fn rows_between<R: Reader>(
    reader: &R,
    lower: &[u8],
    upper: &[u8],
    mut visit: impl FnMut(RowKey, Row) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let mut broken = None;
    reader.scan(lower, upper, Direction::Forward, &mut |key, value| {
        let Some(parsed) = keys::parse_row(key) else {
            let source = codec::CodecError::Value("key");
            broken = Some(StoreError::Damaged { what: format!("the key {key:02x?}"), source });
            return ControlFlow::Break(());
        };
        match codec::decode_row(&parsed, value) {
            Ok(row) => visit(parsed, row),
            Err(source) => {
                broken = Some(StoreError::Damaged { what: format!("row {parsed:?}"), source });
                ControlFlow::Break(())
            }
        }
    })?;
    broken.map_or(Ok(()), Err)
}

/// Takes a row out of its kind; another kind under the key cannot come out of [`codec::decode_row`].
macro_rules! of_kind {
    ($row:expr, $kind:ident) => {
        match $row {
            Some(Row::$kind(row)) => Some(row),
            _ => None,
        }
    };
}

impl<E: Engine> View<E> {
    pub(super) fn of(moment: Arc<Moment<E>>) -> Self {
        Self { moment }
    }

    pub(super) fn row(&self, key: &RowKey) -> Result<Option<Row>, StoreError> {
        let value = self.moment.snapshot.get(&keys::row(key))?;
        let row = value.map(|value| codec::decode_row(key, &value)).transpose();
        row.map_err(|source| StoreError::Damaged { what: format!("row {key:?}"), source })
    }

    /// Shows the rows from one key to another, both included.
    pub(super) fn rows(
        &self,
        first: &RowKey,
        last: &RowKey,
        visit: impl FnMut(RowKey, Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        rows_between(&self.moment.snapshot, &keys::row(first), &keys::after(keys::row(last)), visit)
    }

    /// Log index of the view.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.moment.hash.index
    }

    /// How far the state was.
    #[must_use]
    pub fn applied(&self) -> &Applied {
        &self.moment.applied
    }

    /// Hash of the state at [`Self::index`].
    #[must_use]
    pub fn state_hash(&self) -> HashPoint {
        self.moment.hash
    }

    /// The ledger row; of a new history the default.
    pub fn ledger(&self) -> Result<Ledger, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Ledger)?, Ledger).unwrap_or_default())
    }

    /// How each epoch but the first began, by epoch.
    pub fn epochs(&self) -> Result<Vec<(u64, EpochRecord)>, StoreError> {
        let mut found = Vec::new();
        self.rows(&RowKey::Epoch(0), &RowKey::Epoch(u64::MAX), |key, row| {
            if let (RowKey::Epoch(epoch), Row::Epoch(record)) = (key, row) {
                found.push((epoch, record));
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// All contests, by id.
    pub fn contests(&self) -> Result<Vec<Arc<Contest>>, StoreError> {
        Ok(self.moment.contests.values().cloned().collect())
    }

    /// One contest.
    pub fn contest(&self, contest: &ContestId) -> Result<Option<Arc<Contest>>, StoreError> {
        Ok(self.moment.contests.get(contest).cloned())
    }

    /// One region.
    pub fn region(&self, region: RegionCode) -> Result<Option<Region>, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Region(region))?, Region))
    }

    /// The regions right below, by code.
    pub fn regions_below(&self, region: RegionCode) -> Result<Vec<Region>, StoreError> {
        let Some((first, last)) = region.children() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        self.rows(&RowKey::Region(first), &RowKey::Region(last), |_, row| {
            found.extend(of_kind!(Some(row), Region));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// One station.
    pub fn station(&self, station: StationCode) -> Result<Option<Station>, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Station(station))?, Station))
    }

    /// The stations of a village, by code.
    pub fn stations_of(&self, village: RegionCode) -> Result<Vec<Station>, StoreError> {
        let Some((first, last)) = village.stations() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        self.rows(&RowKey::Station(first), &RowKey::Station(last), |_, row| {
            found.extend(of_kind!(Some(row), Station));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// The current form of a station.
    pub fn tally(&self, contest: &ContestId, station: StationCode) -> Result<Option<Tally>, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Tally(*contest, station))?, Tally))
    }

    /// The current forms of a village's stations, by code.
    pub fn tallies_of(
        &self,
        contest: &ContestId,
        village: RegionCode,
    ) -> Result<Vec<(StationCode, Tally)>, StoreError> {
        let Some((first, last)) = village.stations() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        self.rows(&RowKey::Tally(*contest, first), &RowKey::Tally(*contest, last), |key, row| {
            if let (RowKey::Tally(_, station), Row::Tally(tally)) = (key, row) {
                found.push((station, tally));
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// The history of a form, oldest first.
    pub fn events(&self, contest: &ContestId, station: StationCode) -> Result<Vec<Event>, StoreError> {
        let mut found = Vec::new();
        let first = RowKey::Event(*contest, station, 0);
        self.rows(&first, &RowKey::Event(*contest, station, u32::MAX), |_, row| {
            found.extend(of_kind!(Some(row), Event));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// One event of a form, from 1.
    pub fn event(
        &self,
        contest: &ContestId,
        station: StationCode,
        event: u32,
    ) -> Result<Option<Event>, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Event(*contest, station, event))?, Event))
    }

    /// The sums of a region; `None` while nothing was reported below it.
    pub fn aggregate(
        &self,
        contest: &ContestId,
        region: RegionCode,
    ) -> Result<Option<Aggregate>, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Aggregate(*contest, region))?, Aggregate))
    }

    /// The sums of the regions right below, by code; regions without forms are left out.
    pub fn aggregates_below(
        &self,
        contest: &ContestId,
        region: RegionCode,
    ) -> Result<Vec<(RegionCode, Aggregate)>, StoreError> {
        let Some((first, last)) = region.children() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        self.rows(&RowKey::Aggregate(*contest, first), &RowKey::Aggregate(*contest, last), |key, row| {
            if let (RowKey::Aggregate(_, below), Row::Aggregate(aggregate)) = (key, row) {
                found.push((below, aggregate));
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// The event that named an attachment first; `None` while no accepted form names it.
    pub fn attachment(&self, id: AttachmentId) -> Result<Option<Change>, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Attachment(id))?, Attachment))
    }

    /// Attachments that accepted forms name, in order, beginning after one; at most `limit`.
    pub fn attachments(
        &self,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<AttachmentId>, StoreError> {
        let mut found = Vec::new();
        let first = after.unwrap_or_default();
        self.rows(&RowKey::Attachment(first), &RowKey::Attachment(AttachmentId([0xff; 32])), |key, _| {
            if found.len() >= limit {
                return ControlFlow::Break(());
            }
            if let RowKey::Attachment(id) = key
                && after != Some(id)
            {
                found.push(id);
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// An account by number.
    pub fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Account(account))?, Account))
    }

    /// An account by name.
    pub fn account_named(&self, username: &str) -> Result<Option<Account>, StoreError> {
        match of_kind!(self.row(&RowKey::Username(username.to_owned()))?, Username) {
            Some(account) => self.account(account),
            None => Ok(None),
        }
    }

    /// Accounts whose name begins with a prefix, by name, beginning after one; at most `limit`.
    pub fn accounts_named(
        &self,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let mut names = Vec::new();
        let first = RowKey::Username(prefix.max(after).to_owned());
        // Above every byte that a name can have.
        let last = RowKey::Username(format!("{prefix}~"));
        self.rows(&first, &last, |key, row| {
            if names.len() >= limit {
                return ControlFlow::Break(());
            }
            if let (RowKey::Username(name), Row::Username(id)) = (key, row)
                && name != after
            {
                names.push(id);
            }
            ControlFlow::Continue(())
        })?;
        let accounts = names.into_iter().map(|id| self.account(id));
        accounts.filter_map(Result::transpose).collect()
    }

    /// Sessions in the order of their identifiers, beginning after one; at most `limit`.
    pub fn sessions(&self, after: Option<SessionId>, limit: usize) -> Result<Vec<Session>, StoreError> {
        let mut found = Vec::new();
        let first = RowKey::Session(after.unwrap_or_default());
        self.rows(&first, &RowKey::Session(SessionId([0xff; 16])), |_, row| {
            if found.len() >= limit {
                return ControlFlow::Break(());
            }
            if let Row::Session(session) = row
                && after != Some(session.id)
            {
                found.push(session);
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Lines of the audit log by place (index, item, number), beginning after one; at most `limit`.
    pub fn audit(
        &self,
        after: Option<AuditPlace>,
        limit: usize,
    ) -> Result<Vec<(AuditPlace, AuditRecord)>, StoreError> {
        let mut found = Vec::new();
        let (index, item, number) = after.unwrap_or_default();
        let last = RowKey::Audit(u64::MAX, u16::MAX, u32::MAX);
        self.rows(&RowKey::Audit(index, item, number), &last, |key, row| {
            if found.len() >= limit {
                return ControlFlow::Break(());
            }
            if let (RowKey::Audit(index, item, number), Row::Audit(record)) = (key, row)
                && after != Some((index, item, number))
            {
                found.push(((index, item, number), record));
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// A session.
    pub fn session(&self, session: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Session(session))?, Session))
    }

    /// What was answered to a request.
    pub fn request(&self, account: AccountId, key: RequestKey) -> Result<Option<RequestRecord>, StoreError> {
        Ok(of_kind!(self.row(&RowKey::Request(account, key))?, Request))
    }
}
