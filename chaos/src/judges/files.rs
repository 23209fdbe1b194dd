//! Files of results: every station of the region once, and all rows of one index of the log, the one that the file names
//! where it names one.
//!
//! Invariant: a file is judged by the whole count, row for row. That its sums are right is not enough: two wrong rows may
//! make up for each other.

use std::collections::BTreeSet;

use super::Complaint;
use crate::course::{Course, Row, Sums};

/// A file as it was read.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// What it is, and where from.
    pub whence: String,
    /// Code of the region.
    pub region: String,
    /// The last index that changed the region, where the file says it.
    pub index: Option<u64>,
    /// Codes of stations with their forms, in the order of the file.
    pub rows: Vec<(String, Row)>,
}

impl File {
    /// Whether every station of its region is in it, once and in order.
    #[must_use]
    pub fn whole(&self, stations: &BTreeSet<String>) -> Option<Complaint> {
        let should = stations.iter().filter(|code| self.region == "0" || code.starts_with(&self.region));
        let has = self.rows.iter().map(|(code, _)| code);
        (!should.clone().eq(has.clone())).then(|| {
            let known: BTreeSet<&String> = has.collect();
            let lost = should.clone().find(|code| !known.contains(code));
            let (rows, stations) = (self.rows.len(), should.count());
            format!("{} has {rows} rows for {stations} stations; lost: {lost:?}", self.whence)
        })
    }

    /// The index that all its rows are of.
    #[must_use]
    pub fn judge(&self, course: &Course) -> Option<Complaint> {
        let sums = Sums::of(self.rows.iter().map(|(_, row)| row));
        let wrong =
            |index: u64| self.rows.iter().find(|(station, row)| !is_same(row, &course.row(station, index)));
        if let Some(index) = self.index {
            let (station, row) = wrong(index)?;
            let should = course.row(station, index);
            let whence = &self.whence;
            return Some(format!(
                "{whence} is of {index}: station {station} is {row:?}, should be {should:?}"
            ));
        }
        let mut nearest = None;
        for index in course.indexes(&self.region, &sums) {
            nearest = wrong(index);
            nearest?;
        }
        Some(match nearest {
            Some((station, row)) => {
                let whence = &self.whence;
                format!("{whence} is of no index: its sums are known, station {station} is {row:?}")
            }
            None => format!("{} is of no index: its rows make {sums:?}", self.whence),
        })
    }
}

/// Whether two rows say the same; that a form is held is said by its state.
fn is_same(one: &Row, two: &Row) -> bool {
    (one.revision, one.held) == (two.revision, two.held) && one.votes == two.votes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::tests::some;

    const STATIONS: [&str; 3] = ["3101011001001", "3101011001002", "3101021001001"];

    /// The nation's file as it was at an index.
    fn file(index: u64) -> File {
        let rows = STATIONS.map(|station| (station.to_owned(), some().row(station, index))).into();
        File { whence: "file".to_owned(), region: "0".to_owned(), index: None, rows }
    }

    #[test]
    fn a_file_of_any_index_is_right() {
        for index in [0, 5, 7, 8, 9, 11, 12, 13, 20] {
            assert_eq!(file(index).judge(&some()), None, "{index}");
            assert_eq!(File { index: Some(index), ..file(index) }.judge(&some()), None, "{index}");
        }
    }

    #[test]
    fn rows_of_two_indexes_are_noticed() {
        let mut mixed = file(11);
        mixed.rows[0] = file(7).rows[0].clone();
        assert!(mixed.judge(&some()).unwrap().contains("of no index"));
        assert!(File { index: Some(11), ..mixed }.judge(&some()).unwrap().contains("3101011001001"));
        // The same sums, and yet another form.
        let mut held = file(11);
        held.rows[1] = file(12).rows[1].clone();
        assert_eq!(held.judge(&some()), None, "that is index 12");
        held.rows[1].1.revision = 7;
        assert!(held.judge(&some()).unwrap().contains("sums are known"));
        // A file of another time than it names.
        assert!(File { index: Some(9), ..file(11) }.judge(&some()).is_some());
    }

    #[test]
    fn every_station_is_there_once() {
        let stations: BTreeSet<String> = STATIONS.map(str::to_owned).into();
        assert_eq!(file(9).whole(&stations), None);
        let village = File { region: "310102".to_owned(), rows: file(9).rows.split_off(2), ..file(9) };
        assert_eq!(village.whole(&stations), None);
        let mut wrong = file(9);
        wrong.rows.pop();
        assert!(wrong.whole(&stations).unwrap().contains("3101021001001"));
        let mut wrong = file(9);
        wrong.rows.swap(0, 1);
        assert!(wrong.whole(&stations).is_some());
        let mut wrong = file(9);
        wrong.rows.push(wrong.rows[2].clone());
        assert!(wrong.whole(&stations).is_some());
    }
}
