//! The state hash (design 9.5): the sum, modulo 2 to the 128th, of XXH3-128 over key and value of each row; and
//! the low halves of it by bucket, so that a difference can be traced to a part of the country.
//!
//! Invariant: sums depend on the rows alone, not on the order or the rounds in which they came to be, so they
//! are kept by taking away what a row was and adding what it is. The buckets together make the low half of the
//! hash.

use std::ops::ControlFlow;

use tally::region::{Level, RegionCode};
use tally::row::RowKey;

use crate::StoreError;
use crate::engine::{Direction, Reader};
use crate::keys;

/// Hashes remembered.
pub(super) const POINTS_MAX: usize = 64;
/// Parts of the state with a sum of their own.
pub const BUCKETS: usize = 64;
/// Buckets of rows that belong to no regency: small tables, change feed, requests, nation and provinces.
const BUCKETS_BEFORE_REGENCIES: u64 = 4;
/// Buckets that the regencies share, by their number modulo this.
const REGENCY_BUCKETS: u64 = 60;

const _: () = assert!(BUCKETS_BEFORE_REGENCIES + REGENCY_BUCKETS == 64 && BUCKETS == 64);

/// The state hash at an index.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HashPoint {
    /// Index of the last entry applied.
    pub index: u64,
    /// The hash.
    pub hash: u128,
}

/// The sums over all rows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StateSums {
    /// The state hash.
    pub hash: u128,
    /// The low half of it by bucket.
    pub buckets: [u64; BUCKETS],
}

impl Default for StateSums {
    fn default() -> Self {
        Self { hash: 0, buckets: [0; BUCKETS] }
    }
}

fn low_half(hash: u128) -> u64 {
    u64::try_from(hash & u128::from(u64::MAX)).unwrap_or_default()
}

impl StateSums {
    /// Takes away what a row counted and adds what it counts now.
    pub(super) fn exchange(&mut self, bucket: usize, before: u128, after: u128) {
        self.hash = self.hash.wrapping_sub(before).wrapping_add(after);
        if let Some(sum) = self.buckets.get_mut(bucket) {
            *sum = sum.wrapping_sub(low_half(before)).wrapping_add(low_half(after));
        }
    }

    /// Whether the buckets make the hash, as far as they can say.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.buckets.iter().fold(0_u64, |sum, bucket| sum.wrapping_add(*bucket)) == low_half(self.hash)
    }

    /// The buckets in which two states differ.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<usize> {
        let pairs = self.buckets.iter().zip(&other.buckets).enumerate();
        pairs.filter(|(_, (one, two))| one != two).map(|(bucket, _)| bucket).collect()
    }
}

/// The sums at a remembered index.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SumsPoint {
    /// Index of the last entry applied.
    pub index: u64,
    /// The sums.
    pub sums: StateSums,
}

impl SumsPoint {
    /// Index and hash alone.
    #[must_use]
    pub const fn hash_point(&self) -> HashPoint {
        HashPoint { index: self.index, hash: self.sums.hash }
    }
}

/// The bucket that counts a row: `docs/data-format.md` has the table.
pub(crate) fn bucket_of(key: &RowKey) -> usize {
    let bucket = match key {
        RowKey::Ledger
        | RowKey::Contest(_)
        | RowKey::Account(_)
        | RowKey::Username(_)
        | RowKey::Session(_)
        | RowKey::Epoch(_) => 0,
        RowKey::Change(..) | RowKey::Attachment(_) | RowKey::Audit(..) => 1,
        RowKey::Request(..) | RowKey::RequestQueue(_) => 2,
        RowKey::Region(region) | RowKey::Aggregate(_, region) | RowKey::Neighbourhood(_, region) => {
            bucket_of_region(*region)
        }
        RowKey::Station(station)
        | RowKey::Tally(_, station)
        | RowKey::Event(_, station, _)
        | RowKey::Complaint(_, station, _)
        | RowKey::Complaints(station, _) => bucket_of_region(station.village()),
    };
    usize::try_from(bucket).unwrap_or_default()
}

fn bucket_of_region(region: RegionCode) -> u64 {
    let regency = region.ancestry().find(|region| region.level() == Level::Regency);
    regency.map_or(BUCKETS_BEFORE_REGENCIES.saturating_sub(1), |regency| {
        BUCKETS_BEFORE_REGENCIES.saturating_add(regency.number() % REGENCY_BUCKETS)
    })
}

/// What a bucket counts, for people.
#[must_use]
pub fn bucket_name(bucket: usize) -> String {
    match bucket {
        0 => "ledger, contests, accounts, sessions and epochs".to_owned(),
        1 => "change feed, attachments and audit log".to_owned(),
        2 => "remembered requests".to_owned(),
        3 => "nation and provinces".to_owned(),
        _ => format!("regencies with number {} modulo {REGENCY_BUCKETS}", bucket.saturating_sub(4)),
    }
}

/// What one row adds. `scratch` saves an allocation.
pub(super) fn contribution(scratch: &mut Vec<u8>, key: &[u8], value: &[u8]) -> u128 {
    scratch.clear();
    scratch.extend_from_slice(key);
    scratch.extend_from_slice(value);
    xxhash_rust::xxh3::xxh3_128(scratch)
}

/// Sums in the making, row by row.
#[derive(Default)]
pub(crate) struct Summing {
    sums: StateSums,
    scratch: Vec<u8>,
}

impl Summing {
    /// Counts a row. One whose key cannot be read is counted with the small tables.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) {
        let counted = contribution(&mut self.scratch, key, value);
        let bucket = keys::parse_row(key).map_or(0, |key| bucket_of(&key));
        self.sums.exchange(bucket, 0, counted);
    }

    pub(crate) fn finish(self) -> StateSums {
        self.sums
    }
}

/// The sums over all rows, by reading them.
pub(crate) fn recompute<R: Reader>(rows: &R) -> Result<StateSums, StoreError> {
    let mut summing = Summing::default();
    rows.scan(&keys::ROWS_FIRST, &keys::ROWS_END, Direction::Forward, &mut |key, value| {
        summing.add(key, value);
        ControlFlow::Continue(())
    })?;
    Ok(summing.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tally::ids::ContestId;
    use tally::region::StationCode;

    #[test]
    fn a_regency_is_in_one_bucket_with_all_below_it() {
        let contest = ContestId::parse("ppwp").unwrap();
        let station = StationCode::parse("3175091001087").unwrap();
        let region = |code: &str| RegionCode::parse(code).unwrap();
        let below = ["3175", "317509", "3175091001"].map(region);
        let expected = 4 + 3175 % 60;
        for code in below {
            assert_eq!(bucket_of(&RowKey::Region(code)), expected);
            assert_eq!(bucket_of(&RowKey::Aggregate(contest, code)), expected);
        }
        assert_eq!(bucket_of(&RowKey::Tally(contest, station)), expected);
        assert_eq!(bucket_of(&RowKey::Event(contest, station, 3)), expected);
        assert_eq!(bucket_of(&RowKey::Region(region("31"))), 3);
        assert_eq!(bucket_of(&RowKey::Aggregate(contest, RegionCode::NATION)), 3);
        assert_eq!((bucket_of(&RowKey::Ledger), bucket_of(&RowKey::RequestQueue(1))), (0, 2));
    }

    #[test]
    fn buckets_make_the_hash() {
        let mut sums = StateSums::default();
        sums.exchange(7, 0, u128::MAX);
        sums.exchange(9, 0, 3 << 64 | 5);
        sums.exchange(7, u128::MAX, 11);
        assert!(sums.is_consistent());
        assert_eq!((sums.hash, sums.buckets[7], sums.buckets[9]), ((3 << 64) + 16, 11, 5));
        let other = StateSums { buckets: [0; BUCKETS], ..sums.clone() };
        assert_eq!(sums.differing(&other), [7, 9]);
        assert!(!other.is_consistent());
    }
}

/// What a walk over all rows finds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sums {
    /// The state hash.
    pub state: u128,
    /// The same without ledger, sessions and records of epochs: what a restored history keeps as it was.
    pub content: u128,
    /// Stations' current forms.
    pub forms: u64,
}

/// Both hashes and the number of forms, from the rows.
pub(crate) fn sums<R: Reader>(rows: &R) -> Result<Sums, StoreError> {
    let mut sums = Sums::default();
    let mut scratch = Vec::new();
    rows.scan(&keys::ROWS_FIRST, &keys::ROWS_END, Direction::Forward, &mut |key, value| {
        let added = contribution(&mut scratch, key, value);
        sums.state = sums.state.wrapping_add(added);
        if keys::is_content(key) {
            sums.content = sums.content.wrapping_add(added);
        }
        sums.forms = sums.forms.saturating_add(u64::from(keys::is_tally(key)));
        ControlFlow::Continue(())
    })?;
    Ok(sums)
}
