//! The course of the count: what each station and each region came to, index by index, counted anew from the change feed.
//!
//! Invariant: made of what the feed tells alone, by sums of its own. A form that is held is reported and adds nothing.

use std::collections::BTreeMap;

/// Digits of the codes of regions below the nation.
const DIGITS: [usize; 4] = [2, 4, 6, 10];

/// Something that was done to a form, as the feed tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// Its place in the log.
    pub index: u64,
    /// Code of the station.
    pub station: String,
    /// Revision after it.
    pub revision: u32,
    /// What was done.
    pub kind: String,
    /// Votes on the form at that revision, in ballot order.
    pub votes: Vec<u64>,
}

/// The form of a station at some index; the default is none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Row {
    /// Its revision.
    pub revision: u32,
    /// Whether it is held.
    pub held: bool,
    /// Its votes, in ballot order; none without a form.
    pub votes: Vec<u64>,
}

/// What a region comes to; the default is nothing at all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sums {
    /// Stations with a form.
    pub reported: u64,
    /// Votes of those that are not held, in ballot order; none without a form.
    pub votes: Vec<u64>,
}

impl Sums {
    /// Of some forms.
    pub fn of<'r>(rows: impl Iterator<Item = &'r Row>) -> Self {
        let mut sums = Self::default();
        rows.for_each(|row| sums.shift(&Row::default(), row));
        sums.trimmed()
    }

    /// The same without options that nobody voted for at the end: nothing is nothing, however many options it is written for.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        while self.votes.last() == Some(&0) {
            self.votes.pop();
        }
        self
    }

    /// A form became another.
    fn shift(&mut self, before: &Row, after: &Row) {
        let is = |row: &Row| u64::from(row.revision > 0);
        self.reported = self.reported.saturating_sub(is(before)).saturating_add(is(after));
        let options = before.votes.len().max(after.votes.len());
        if self.votes.len() < options {
            self.votes.resize(options, 0);
        }
        let of = |row: &Row, option: usize| {
            if row.held { 0 } else { row.votes.get(option).copied().unwrap_or_default() }
        };
        for (option, votes) in self.votes.iter_mut().enumerate() {
            *votes = votes.saturating_sub(of(before, option)).saturating_add(of(after, option));
        }
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Course {
    stations: BTreeMap<String, Vec<(u64, Row)>>,
    regions: BTreeMap<String, Vec<(u64, Sums)>>,
}

/// Notes what holds from an index on: of what happens at one index the last counts.
fn note<V>(course: &mut Vec<(u64, V)>, index: u64, value: V) {
    if course.last().is_some_and(|(last, _)| *last == index) {
        course.pop();
    }
    course.push((index, value));
}

/// What holds at an index.
fn at<V>(course: Option<&Vec<(u64, V)>>, index: u64) -> Option<&V> {
    let course = course?;
    let count = course.partition_point(|(since, _)| *since <= index);
    course.get(count.checked_sub(1)?).map(|(_, value)| value)
}

impl Course {
    /// The next thing that was done, in the order of the log.
    pub fn tell(&mut self, told: &Told) {
        let station = self.stations.entry(told.station.clone()).or_default();
        let before = station.last().map(|(_, row)| row.clone()).unwrap_or_default();
        let mut after = before.clone();
        if told.revision > before.revision {
            (after.revision, after.votes) = (told.revision, told.votes.clone());
        }
        after.held = match told.kind.as_str() {
            "hold" => true,
            "release" => false,
            _ => before.held,
        };
        note(station, told.index, after.clone());
        let below = DIGITS.into_iter().filter_map(|digits| told.station.get(..digits));
        for region in std::iter::once("0").chain(below) {
            let region = self.regions.entry(region.to_owned()).or_default();
            let mut sums = region.last().map(|(_, sums)| sums.clone()).unwrap_or_default();
            sums.shift(&before, &after);
            note(region, told.index, sums.trimmed());
        }
    }

    /// What a region came to at an index.
    #[must_use]
    pub fn sums(&self, region: &str, index: u64) -> Sums {
        at(self.regions.get(region), index).cloned().unwrap_or_default()
    }

    /// What a region came to in the end.
    #[must_use]
    pub fn last(&self, region: &str) -> Sums {
        self.sums(region, u64::MAX)
    }

    /// The indexes from which on a region came to these sums.
    pub fn indexes<'c>(&'c self, region: &str, sums: &'c Sums) -> impl Iterator<Item = u64> + 'c {
        let course = self.regions.get(region).into_iter().flatten();
        let first = (*sums == Sums::default()).then_some(0);
        let same = move |(_, found): &&(u64, Sums)| found == sums;
        first.into_iter().chain(course.filter(same).map(|(index, _)| *index))
    }

    /// The form of a station at an index.
    #[must_use]
    pub fn row(&self, station: &str, index: u64) -> Row {
        at(self.stations.get(station), index).cloned().unwrap_or_default()
    }

    /// Whether a station's form ever had these votes.
    #[must_use]
    pub fn had(&self, station: &str, votes: &[u64]) -> bool {
        self.stations.get(station).into_iter().flatten().any(|(_, row)| row.votes == votes)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn told(index: u64, station: u64, revision: u32, kind: &str, votes: u64) -> Told {
        let (station, kind) = (station.to_string(), kind.to_owned());
        Told { index, station, revision, kind, votes: vec![votes, 1, 0] }
    }

    /// Two stations of one village and one of another: reported, corrected, held and released.
    pub(crate) fn some() -> Course {
        let mut course = Course::default();
        for told in [
            told(5, 3_101_011_001_001, 1, "report", 10),
            told(7, 3_101_011_001_002, 1, "report", 20),
            told(7, 3_101_021_001_001, 1, "report", 30),
            told(9, 3_101_011_001_001, 2, "correction", 11),
            told(11, 3_101_011_001_002, 1, "hold", 20),
            told(12, 3_101_011_001_002, 2, "correction", 25),
            told(13, 3_101_011_001_002, 2, "release", 25),
            told(14, 3_101_011_001_001, 2, "review", 99),
        ] {
            course.tell(&told);
        }
        course
    }

    fn sums(reported: u64, votes: &[u64]) -> Sums {
        Sums { reported, votes: votes.to_vec() }
    }

    #[test]
    fn each_index_has_its_sums() {
        let course = some();
        for (index, village, nation) in [
            (4, sums(0, &[]), sums(0, &[])),
            (5, sums(1, &[10, 1]), sums(1, &[10, 1])),
            (7, sums(2, &[30, 2]), sums(3, &[60, 3])),
            (8, sums(2, &[30, 2]), sums(3, &[60, 3])),
            (9, sums(2, &[31, 2]), sums(3, &[61, 3])),
            (11, sums(2, &[11, 1]), sums(3, &[41, 2])),
            (12, sums(2, &[11, 1]), sums(3, &[41, 2])),
            (13, sums(2, &[36, 2]), sums(3, &[66, 3])),
            (99, sums(2, &[36, 2]), sums(3, &[66, 3])),
        ] {
            assert_eq!(
                (course.sums("3101011001", index), course.sums("0", index)),
                (village, nation),
                "{index}"
            );
        }
        assert_eq!(course.last("310102"), sums(1, &[30, 1]));
        assert_eq!(course.last("32"), Sums::default());
    }

    #[test]
    fn rows_and_sums_lead_back_to_their_indexes() {
        let course = some();
        assert_eq!(course.row("3101011001002", 11), Row { revision: 1, held: true, votes: vec![20, 1, 0] });
        assert_eq!(course.row("3101011001002", 6), Row::default());
        assert_eq!(course.indexes("3101011001", &sums(2, &[11, 1])).collect::<Vec<_>>(), [11, 12]);
        assert_eq!(course.indexes("32", &Sums::default()).collect::<Vec<_>>(), [0]);
        assert_eq!(course.indexes("0", &sums(9, &[1])).count(), 0);
        assert!(course.had("3101011001001", &[10, 1, 0]) && !course.had("3101011001001", &[99, 1, 0]));
        let rows = ["3101011001001", "3101011001002"].map(|station| course.row(station, 13));
        assert_eq!(Sums::of(rows.iter()), course.sums("3101011001", 13));
    }
}
