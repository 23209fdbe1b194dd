//! Pages: one version of a region has one set of numbers, at whatever node, on the page and in its data.
//!
//! Invariant: nothing is said of versions that were seen once only; what is on a page also adds up within itself.

use std::collections::BTreeMap;

use super::Complaint;

/// The numbers that an answer shows for a region.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shown {
    /// Place in the log that it names.
    pub index: u64,
    /// Forms that came in.
    pub reported: u64,
    /// Stations.
    pub stations: u64,
    /// Votes of each option.
    pub votes: Vec<u64>,
    /// Sums beside the votes.
    pub sums: Vec<u64>,
    /// What lies below, in its order: votes of each option, and their sum.
    pub below: Vec<Vec<u64>>,
}

impl Shown {
    /// Whether the parts make up the whole.
    fn adds_up(&self) -> bool {
        let below = |column: usize| {
            let votes = self.below.iter().filter_map(|part| part.get(column));
            votes.fold(0, |sum: u64, votes| sum.saturating_add(*votes))
        };
        let all = self.votes.iter().fold(0, |sum: u64, votes| sum.saturating_add(*votes));
        let columns = self.votes.iter().copied().chain([all]);
        columns.enumerate().all(|(column, votes)| votes == below(column))
    }
}

/// All that was seen, by region and version, with where it was seen first.
#[derive(Clone, Debug, Default)]
pub struct Pages(BTreeMap<(String, u64), (Shown, String)>);

impl Pages {
    /// What was shown for a region at a version, if anything was.
    #[must_use]
    pub fn shown(&self, region: &str, version: u64) -> Option<&Shown> {
        self.0.get(&(region.to_owned(), version)).map(|(shown, _)| shown)
    }

    /// `whence` shows these numbers for a region at a version. Answers whether there was something to compare with.
    ///
    /// # Errors
    /// What is wrong.
    pub fn saw(&mut self, whence: &str, region: &str, version: u64, shown: Shown) -> Result<bool, Complaint> {
        if !shown.adds_up() {
            return Err(format!("{whence}: region {region} at version {version} does not add up: {shown:?}"));
        }
        let place = (region.to_owned(), version);
        let Some((first, other)) = self.0.get(&place) else {
            self.0.insert(place, (shown, whence.to_owned()));
            return Ok(false);
        };
        if *first == shown {
            return Ok(true);
        }
        Err(format!(
            "region {region} at version {version}: {whence} shows {shown:?}, {other} has shown {first:?}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(votes: u64) -> Shown {
        let below = vec![vec![votes, 1, votes.saturating_add(1)], vec![0, 2, 2]];
        Shown { index: 9, reported: 2, stations: 3, votes: vec![votes, 3], sums: vec![votes], below }
    }

    #[test]
    fn one_version_has_one_set_of_numbers() {
        let mut pages = Pages::default();
        assert_eq!(pages.saw("page at node 1", "31", 7, shown(5)), Ok(false));
        assert_eq!(pages.saw("data at node 2", "31", 7, shown(5)), Ok(true));
        assert_eq!((pages.shown("31", 7), pages.shown("31", 8)), (Some(&shown(5)), None));
        assert_eq!(pages.saw("page at node 2", "31", 8, shown(6)), Ok(false));
        assert_eq!(pages.saw("page at node 2", "32", 7, shown(6)), Ok(false));
        let complaint = pages.saw("page at node 3", "31", 7, shown(6)).unwrap_err();
        assert!(complaint.contains("page at node 3") && complaint.contains("page at node 1"), "{complaint}");
    }

    #[test]
    fn every_number_counts() {
        let mut pages = Pages::default();
        assert_eq!(pages.saw("page", "31", 7, shown(5)), Ok(false));
        for other in [
            Shown { index: 10, ..shown(5) },
            Shown { reported: 1, ..shown(5) },
            Shown { stations: 2, ..shown(5) },
            Shown { sums: vec![6], ..shown(5) },
            Shown { below: vec![vec![2, 1, 3], vec![3, 2, 5]], ..shown(5) },
        ] {
            assert!(pages.saw("data", "31", 7, other).is_err());
        }
    }

    #[test]
    fn a_page_whose_rows_are_not_its_sum_is_noticed_alone() {
        let mut pages = Pages::default();
        let mut wrong = shown(5);
        wrong.votes = vec![5, 4];
        assert!(pages.saw("page", "31", 7, wrong).is_err());
        // A row is missing.
        let mut wrong = shown(5);
        wrong.below.pop();
        assert!(pages.saw("page", "31", 7, wrong).is_err());
        // The rows' own sums are wrong.
        let mut wrong = shown(5);
        wrong.below = vec![vec![5, 1, 7], vec![0, 2, 2]];
        assert!(pages.saw("page", "31", 7, wrong).is_err());
    }
}
