//! Every key of both databases, in byte order, once. Integers are big-endian, so that byte order is number order.
//!
//! Invariant: the first byte is the family. Families from [`ROWS_FIRST`] on are hashed rows of the state (see
//! `machine::hash`); family 0 is about this node and is not. A retired family's number is never used again.

use tally::ids::{AccountId, AttachmentId, CONTEST_ID_BYTES_MAX, ContestId, RequestKey, SessionId};
use tally::region::{Level, RegionCode, StationCode};
use tally::row::RowKey;

/// Both databases: format of the data.
pub(crate) const FORMAT: [u8; 2] = [0x00, 0x01];
/// Both databases: whose data it is.
pub(crate) const IDENTITY: [u8; 2] = [0x00, 0x02];
/// Log: the vote.
pub(crate) const VOTE: [u8; 2] = [0x00, 0x03];
/// Log: last entry known to be committed.
pub(crate) const COMMITTED: [u8; 2] = [0x00, 0x04];
/// Log: last entry purged.
pub(crate) const PURGED: [u8; 2] = [0x00, 0x05];
/// State: last entry applied, membership, running hash.
pub(crate) const APPLIED: [u8; 2] = [0x00, 0x06];
/// State: sums at an index, 8 bytes more.
pub(crate) const HASH_POINT: [u8; 2] = [0x00, 0x07];
/// State: after the last hash point.
pub(crate) const HASH_POINT_END: [u8; 2] = SUMS;
/// State: running sums by bucket.
pub(crate) const SUMS: [u8; 2] = [0x00, 0x08];
/// Log: entries, 8 bytes more.
const ENTRY: u8 = 0x01;

/// First family of hashed rows.
pub(crate) const ROWS_FIRST: [u8; 1] = [LEDGER];
/// After the last family of hashed rows.
pub(crate) const ROWS_END: [u8; 1] = [0x80];

/// First key of the contests.
pub(crate) const CONTESTS_FIRST: [u8; 1] = [CONTEST];
/// After the last key of the contests.
pub(crate) const CONTESTS_END: [u8; 1] = [CONTEST + 1];

/// First key of the sessions.
pub(crate) const SESSIONS_FIRST: [u8; 1] = [SESSION];
/// After the last key of the sessions.
pub(crate) const SESSIONS_END: [u8; 1] = [SESSION + 1];

const LEDGER: u8 = 0x10;
const REGION: u8 = 0x11;
const STATION: u8 = 0x12;
const CONTEST: u8 = 0x13;
const ACCOUNT: u8 = 0x14;
const USERNAME: u8 = 0x15;
const SESSION: u8 = 0x16;
const TALLY: u8 = 0x17;
const EVENT: u8 = 0x18;
const AGGREGATE: u8 = 0x19;
const CHANGE: u8 = 0x1a;
const REQUEST: u8 = 0x1b;
const REQUEST_QUEUE: u8 = 0x1c;
const ATTACHMENT: u8 = 0x1d;
const NEIGHBOURHOOD: u8 = 0x1e;
const AUDIT: u8 = 0x1f;
const EPOCH: u8 = 0x20;
const COMPLAINT: u8 = 0x21;
const COMPLAINTS: u8 = 0x22;

/// Bytes of a key by family; a user name takes as many as it has.
const fn length(family: u8) -> Option<usize> {
    const CODE: usize = 8;
    const REGION_CODE: usize = 1 + CODE;
    match family {
        LEDGER => Some(1),
        REGION => Some(1 + REGION_CODE),
        STATION | ACCOUNT | REQUEST_QUEUE | EPOCH => Some(1 + CODE),
        CONTEST => Some(1 + CONTEST_ID_BYTES_MAX),
        SESSION => Some(1 + 16),
        TALLY | COMPLAINTS => Some(1 + CONTEST_ID_BYTES_MAX + CODE),
        EVENT | COMPLAINT => Some(1 + CONTEST_ID_BYTES_MAX + CODE + 4),
        AGGREGATE | NEIGHBOURHOOD => Some(1 + CONTEST_ID_BYTES_MAX + REGION_CODE),
        AUDIT => Some(1 + CODE + 2 + 4),
        CHANGE => Some(1 + CODE + 2),
        REQUEST => Some(1 + CODE + 16),
        ATTACHMENT => Some(1 + 32),
        _ => None,
    }
}

// The table of docs/data-format.md; a change here is a new data format.
const _: () = {
    assert!(matches!(length(REGION), Some(10)));
    assert!(matches!(length(STATION), Some(9)));
    assert!(matches!(length(CONTEST), Some(25)));
    assert!(matches!(length(SESSION), Some(17)));
    assert!(matches!(length(TALLY), Some(33)));
    assert!(matches!(length(EVENT), Some(37)));
    assert!(matches!(length(AGGREGATE), Some(34)));
    assert!(matches!(length(CHANGE), Some(11)));
    assert!(matches!(length(REQUEST), Some(25)));
    assert!(matches!(length(ATTACHMENT), Some(33)));
    assert!(matches!(length(NEIGHBOURHOOD), Some(34)));
    assert!(matches!(length(AUDIT), Some(15)));
    assert!(matches!(length(COMPLAINT), Some(37)));
    assert!(matches!(length(COMPLAINTS), Some(33)));
    assert!(LEDGER > ENTRY && ATTACHMENT < NEIGHBOURHOOD && AUDIT < EPOCH);
    assert!(EPOCH < COMPLAINT && COMPLAINT < COMPLAINTS && COMPLAINTS < ROWS_END[0]);
};

/// A key in the making.
struct Key(Vec<u8>);

impl Key {
    fn of(family: u8) -> Self {
        let mut bytes = Vec::with_capacity(length(family).unwrap_or(1 + 64));
        bytes.push(family);
        Self(bytes)
    }

    fn with(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(part);
        self
    }

    fn number(self, number: u64) -> Self {
        self.with(&number.to_be_bytes())
    }

    fn region(self, region: RegionCode) -> Self {
        self.with(&[region.level().number()]).number(region.number())
    }
}

/// The key of a log entry.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    Key::of(ENTRY).number(index).0
}

/// The key after that of the last possible log entry.
pub(crate) const ENTRIES_END: [u8; 1] = [ENTRY + 1];

/// The index in the key of a log entry.
pub(crate) fn entry_index(key: &[u8]) -> Option<u64> {
    let (family, index) = key.split_first()?;
    (*family == ENTRY).then_some(u64::from_be_bytes(index.try_into().ok()?))
}

/// The key of the hash at an index.
pub(crate) fn hash_point(index: u64) -> Vec<u8> {
    let mut key = HASH_POINT.to_vec();
    key.extend_from_slice(&index.to_be_bytes());
    key
}

/// The index in the key of a hash.
pub(crate) fn hash_point_index(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.strip_prefix(&HASH_POINT)?.try_into().ok()?))
}

/// The key of a row.
pub(crate) fn row(key: &RowKey) -> Vec<u8> {
    let key = match key {
        RowKey::Ledger => Key::of(LEDGER),
        RowKey::Region(code) => Key::of(REGION).region(*code),
        RowKey::Station(code) => Key::of(STATION).number(code.number()),
        RowKey::Contest(id) => Key::of(CONTEST).with(id.bytes()),
        RowKey::Account(id) => Key::of(ACCOUNT).number(id.0),
        RowKey::Username(name) => Key::of(USERNAME).with(name.as_bytes()),
        RowKey::Session(id) => Key::of(SESSION).with(&id.0),
        RowKey::Tally(contest, station) => Key::of(TALLY).with(contest.bytes()).number(station.number()),
        RowKey::Event(contest, station, event) => {
            Key::of(EVENT).with(contest.bytes()).number(station.number()).with(&event.to_be_bytes())
        }
        RowKey::Aggregate(contest, region) => Key::of(AGGREGATE).with(contest.bytes()).region(*region),
        RowKey::Change(index, item) => Key::of(CHANGE).number(*index).with(&item.to_be_bytes()),
        RowKey::Request(account, key) => Key::of(REQUEST).number(account.0).with(&key.0),
        RowKey::RequestQueue(sequence) => Key::of(REQUEST_QUEUE).number(*sequence),
        RowKey::Attachment(id) => Key::of(ATTACHMENT).with(&id.0),
        RowKey::Neighbourhood(contest, village) => {
            Key::of(NEIGHBOURHOOD).with(contest.bytes()).region(*village)
        }
        RowKey::Audit(index, item, number) => {
            Key::of(AUDIT).number(*index).with(&item.to_be_bytes()).with(&number.to_be_bytes())
        }
        RowKey::Epoch(epoch) => Key::of(EPOCH).number(*epoch),
        RowKey::Complaint(contest, station, number) => {
            Key::of(COMPLAINT).with(contest.bytes()).number(station.number()).with(&number.to_be_bytes())
        }
        RowKey::Complaints(station, contest) => {
            Key::of(COMPLAINTS).number(station.number()).with(contest.bytes())
        }
    };
    key.0
}

/// What is left of a key while it is read.
struct Parts<'a>(&'a [u8]);

impl Parts<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (part, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*part)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn region(&mut self) -> Option<RegionCode> {
        let [level] = self.take()?;
        RegionCode::new(Level::from_number(level)?, self.number()?)
    }

    fn station(&mut self) -> Option<StationCode> {
        StationCode::new(self.number()?)
    }

    fn contest(&mut self) -> Option<ContestId> {
        ContestId::from_bytes(self.take()?)
    }
}

/// Reads the key of a row; `None` when it is not one.
pub(crate) fn parse_row(bytes: &[u8]) -> Option<RowKey> {
    let (family, rest) = bytes.split_first()?;
    if *family != USERNAME && length(*family)? != bytes.len() {
        return None;
    }
    let mut parts = Parts(rest);
    Some(match *family {
        LEDGER => RowKey::Ledger,
        REGION => RowKey::Region(parts.region()?),
        STATION => RowKey::Station(parts.station()?),
        CONTEST => RowKey::Contest(parts.contest()?),
        ACCOUNT => RowKey::Account(AccountId(parts.number()?)),
        USERNAME => RowKey::Username(String::from_utf8(rest.to_vec()).ok()?),
        SESSION => RowKey::Session(SessionId(parts.take()?)),
        TALLY => RowKey::Tally(parts.contest()?, parts.station()?),
        EVENT => RowKey::Event(parts.contest()?, parts.station()?, u32::from_be_bytes(parts.take()?)),
        AGGREGATE => RowKey::Aggregate(parts.contest()?, parts.region()?),
        CHANGE => RowKey::Change(parts.number()?, u16::from_be_bytes(parts.take()?)),
        REQUEST => RowKey::Request(AccountId(parts.number()?), RequestKey(parts.take()?)),
        REQUEST_QUEUE => RowKey::RequestQueue(parts.number()?),
        ATTACHMENT => RowKey::Attachment(AttachmentId(parts.take()?)),
        NEIGHBOURHOOD => RowKey::Neighbourhood(parts.contest()?, parts.region()?),
        AUDIT => RowKey::Audit(
            parts.number()?,
            u16::from_be_bytes(parts.take()?),
            u32::from_be_bytes(parts.take()?),
        ),
        EPOCH => RowKey::Epoch(parts.number()?),
        COMPLAINT => RowKey::Complaint(parts.contest()?, parts.station()?, u32::from_be_bytes(parts.take()?)),
        COMPLAINTS => RowKey::Complaints(parts.station()?, parts.contest()?),
        _ => return None,
    })
}

/// Whether a row says what was counted: all but the ledger, the sessions and the records of epochs, which a
/// restored or recovered history replaces.
pub(crate) fn is_content(key: &[u8]) -> bool {
    key.first().is_some_and(|family| ![LEDGER, SESSION, EPOCH].contains(family))
}

/// Whether the row is the current form of a station.
pub(crate) fn is_tally(key: &[u8]) -> bool {
    key.first() == Some(&TALLY)
}

/// The end of a range that includes a key: the key with a zero byte more.
pub(crate) fn after(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One key of each family, in the order of the enumeration.
    fn samples() -> Vec<RowKey> {
        let contest = ContestId::parse("pdpr-3101").unwrap();
        let station = StationCode::parse("3175091001087").unwrap();
        let region = RegionCode::parse("317509").unwrap();
        vec![
            RowKey::Ledger,
            RowKey::Region(region),
            RowKey::Station(station),
            RowKey::Contest(contest),
            RowKey::Account(AccountId(7)),
            RowKey::Username("petugas.1".to_owned()),
            RowKey::Session(SessionId([9; 16])),
            RowKey::Tally(contest, station),
            RowKey::Event(contest, station, 3),
            RowKey::Aggregate(contest, region),
            RowKey::Change(70, 2),
            RowKey::Request(AccountId(7), RequestKey([4; 16])),
            RowKey::RequestQueue(12),
            RowKey::Attachment(AttachmentId([3; 32])),
            RowKey::Neighbourhood(contest, RegionCode::parse("3175091001").unwrap()),
            RowKey::Audit(70, 2, 5),
            RowKey::Epoch(2),
            RowKey::Complaint(contest, station, 3),
            RowKey::Complaints(station, contest),
        ]
    }

    #[test]
    fn keys_read_back_and_sort_as_the_vocabulary_does() {
        let encoded: Vec<Vec<u8>> = samples().iter().map(row).collect();
        assert!(encoded.is_sorted());
        for (key, bytes) in samples().iter().zip(&encoded) {
            assert_eq!(parse_row(bytes).as_ref(), Some(key));
            assert!(bytes.as_slice() >= ROWS_FIRST.as_slice() && bytes.as_slice() < ROWS_END.as_slice());
            let longer = after(bytes.clone());
            assert_ne!(parse_row(&longer).as_ref(), Some(key), "left-over bytes are refused");
        }
    }

    #[test]
    fn numbers_sort_as_numbers() {
        assert!(entry(255) < entry(256));
        assert!(entry(u64::MAX).as_slice() < ENTRIES_END.as_slice());
        assert_eq!(entry_index(&entry(77)), Some(77));
        assert_eq!(hash_point_index(&hash_point(3_000)), Some(3_000));
    }
}
