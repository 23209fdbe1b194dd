//! The files that Sirekap had: a region's add up, and have numbers that the count came to; a station's shows a form that the
//! station had.
//!
//! Invariant: these files name no index, so that the numbers themselves must lead to one. When nobody writes they are those
//! of the end.

use super::Complaint;
use crate::course::{Course, Sums};

/// What a file shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sheet {
    /// Of a region.
    Region {
        /// Its sums.
        sums: Sums,
        /// Votes of what lies below it, line by line.
        below: Vec<Vec<u64>>,
        /// Stations below it with a form, where its lines are stations.
        reported: Option<u64>,
    },
    /// Of a station: votes, none without a form.
    Station(Option<Vec<u64>>),
}

/// A file that somebody read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    /// Where.
    pub whence: String,
    /// Of which region or station.
    pub code: String,
    /// What it showed.
    pub sheet: Sheet,
}

impl File {
    /// What is wrong with it by itself.
    #[must_use]
    pub fn judge(&self) -> Option<Complaint> {
        let Sheet::Region { sums, below, reported } = &self.sheet else { return None };
        let mut parts = Sums { reported: sums.reported, votes: Vec::new() };
        for line in below {
            parts.votes.resize(parts.votes.len().max(line.len()), 0);
            parts.votes.iter_mut().zip(line).for_each(|(sum, votes)| *sum = sum.saturating_add(*votes));
        }
        parts.reported = reported.unwrap_or(parts.reported);
        let (parts, sums) = (parts.trimmed(), sums.clone().trimmed());
        (parts != sums).then(|| format!("{}, {}: {sums:?}, its lines make {parts:?}", self.whence, self.code))
    }

    /// Whether the count ever was what it shows, or was in the end.
    #[must_use]
    pub fn end(&self, course: &Course, at_rest: bool) -> Option<Complaint> {
        let (whence, code) = (&self.whence, &self.code);
        match &self.sheet {
            Sheet::Region { sums, .. } => {
                let sums = sums.clone().trimmed();
                let known = if at_rest {
                    course.last(code) == sums
                } else {
                    course.indexes(code, &sums).next().is_some()
                };
                (!known).then(|| format!("{whence}: {code} has {sums:?}, which the count did not come to"))
            }
            Sheet::Station(None) if at_rest => {
                let row = course.row(code, u64::MAX);
                (row.revision > 0).then(|| format!("{whence}: {code} has no form, and reported {row:?}"))
            }
            Sheet::Station(None) => None,
            Sheet::Station(Some(votes)) => {
                let known = if at_rest {
                    course.row(code, u64::MAX).votes == *votes
                } else {
                    course.had(code, votes)
                };
                (!known).then(|| format!("{whence}: {code} has {votes:?}, which it did not report"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::tests::some;

    fn region(reported: u64, votes: &[u64], below: &[&[u64]], lines: Option<u64>) -> File {
        let below = below.iter().map(|line| line.to_vec()).collect();
        let sums = Sums { reported, votes: votes.to_vec() };
        let sheet = Sheet::Region { sums, below, reported: lines };
        File { whence: "node 1".to_owned(), code: "3101011001".to_owned(), sheet }
    }

    fn station(votes: Option<&[u64]>) -> File {
        let sheet = Sheet::Station(votes.map(<[u64]>::to_vec));
        File { whence: "node 1".to_owned(), code: "3101011001001".to_owned(), sheet }
    }

    #[test]
    fn what_the_count_came_to_is_right() {
        let file = region(2, &[30, 2, 0], &[&[10, 1, 0], &[20, 1, 0]], Some(2));
        assert_eq!((file.judge(), file.end(&some(), false)), (None, None));
        assert!(file.end(&some(), true).is_some(), "in the end it came to something else");
        let file = region(2, &[36, 2, 0], &[&[11, 1, 0], &[25, 1, 0]], None);
        assert_eq!((file.judge(), file.end(&some(), true)), (None, None));
        let nothing = region(0, &[0, 0, 0], &[&[], &[]], Some(0));
        assert_eq!((nothing.judge(), nothing.end(&some(), false)), (None, None));
    }

    #[test]
    fn other_numbers_are_noticed() {
        assert!(region(2, &[31, 2, 0], &[&[10, 1, 0], &[20, 1, 0]], Some(2)).judge().is_some());
        assert!(region(2, &[30, 2, 0], &[&[10, 1, 0], &[20, 1, 0]], Some(1)).judge().is_some());
        let wrong = region(2, &[30, 3, 0], &[&[10, 1, 0], &[20, 2, 0]], Some(2));
        assert_eq!(wrong.judge(), None);
        assert!(wrong.end(&some(), false).unwrap().contains("did not come to"));
        assert!(region(1, &[30, 2, 0], &[&[30, 2, 0]], None).end(&some(), false).is_some());
    }

    #[test]
    fn a_station_shows_what_it_reported() {
        assert_eq!(station(Some(&[10, 1, 0])).end(&some(), false), None);
        assert_eq!(station(Some(&[11, 1, 0])).end(&some(), true), None);
        assert!(station(Some(&[10, 1, 0])).end(&some(), true).is_some());
        assert!(station(Some(&[12, 1, 0])).end(&some(), false).is_some());
        assert_eq!(station(None).end(&some(), false), None);
        assert!(station(None).end(&some(), true).unwrap().contains("reported"));
    }
}
