//! P5: a region's sums are those of its children, down to the stations.

use std::collections::BTreeMap;

use tally::aggregate::Totals;
use tally::region::{RegionCode, StationCode};

use super::Complaint;

/// What is counted for a region or a station: forms, and what they say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Count {
    /// Forms.
    pub reported: u64,
    /// Their sums; held forms say nothing.
    pub totals: Totals,
}

impl Count {
    fn add(&mut self, other: &Self) {
        let sum = |one: &mut u64, two: u64| *one = one.saturating_add(two);
        sum(&mut self.reported, other.reported);
        if self.totals.votes.len() < other.totals.votes.len() {
            self.totals.votes.resize(other.totals.votes.len(), 0);
        }
        for (one, two) in self.totals.votes.iter_mut().zip(&other.totals.votes) {
            sum(one, *two);
        }
        sum(&mut self.totals.valid, other.totals.valid);
        sum(&mut self.totals.invalid, other.totals.invalid);
        sum(&mut self.totals.total, other.totals.total);
        sum(&mut self.totals.registered, other.totals.registered);
        sum(&mut self.totals.turnout, other.totals.turnout);
    }
}

/// Compares what is kept for regions with what their stations say.
#[must_use]
pub fn judge(
    node: u64,
    index: u64,
    kept: &BTreeMap<RegionCode, Count>,
    stations: &BTreeMap<StationCode, Count>,
) -> Option<Complaint> {
    let mut counted: BTreeMap<RegionCode, Count> = BTreeMap::new();
    for (station, count) in stations {
        for region in station.village().ancestry() {
            counted.entry(region).or_default().add(count);
        }
    }
    let wrong = kept.iter().find(|(region, count)| counted.get(*region) != Some(*count));
    let wrong = wrong.map(|(region, count)| (*region, Some(count), counted.get(region)));
    let missing = || {
        let missing = counted.iter().find(|(region, _)| !kept.contains_key(*region));
        missing.map(|(region, count)| (*region, None, Some(count)))
    };
    let (region, has, should) = wrong.or_else(missing)?;
    Some(format!(
        "node {node} at index {index}: region {region} has {has:?}, its stations sum up to {should:?}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_is_off_by_one_is_noticed() {
        let count = |reported: u64| Count {
            reported,
            totals: Totals { votes: vec![reported; 3], total: reported, ..Totals::default() },
        };
        let station = |number: u64| StationCode::new(1_101_012_001_000 + number).unwrap();
        let stations = BTreeMap::from([(station(1), count(1)), (station(2), count(1))]);
        let village = station(1).village();
        let mut kept: BTreeMap<_, _> = village.ancestry().map(|region| (region, count(2))).collect();
        assert_eq!(judge(1, 9, &kept, &stations), None);
        kept.insert(RegionCode::NATION, count(3));
        assert!(judge(1, 9, &kept, &stations).is_some());
        kept.remove(&RegionCode::NATION);
        assert!(judge(1, 9, &kept, &stations).is_some());
    }
}
