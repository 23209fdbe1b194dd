//! Events: on a connection their identifiers rise; who comes back, to whichever node, is shown nothing older than before;
//! each has the numbers that its index makes.
//!
//! Invariant: a client is judged by what it was sent alone. On coming back it may be shown once more what it saw last, and
//! then with the same numbers: that is the state, not a change.

use super::Complaint;
use super::pages::Pages;
use crate::course::{Course, Sums};

/// The numbers of an event.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Said {
    /// Place in the log that they name.
    pub index: u64,
    /// Version of the region.
    pub version: u64,
    /// Forms that came in.
    pub reported: u64,
    /// Stations.
    pub stations: u64,
    /// Votes of each option.
    pub votes: Vec<u64>,
    /// Sums beside the votes: valid, invalid, all.
    pub sums: [u64; 3],
}

impl Said {
    fn adds_up(&self) -> bool {
        let [valid, invalid, all] = self.sums;
        let votes = self.votes.iter().fold(0, |sum: u64, votes| sum.saturating_add(*votes));
        votes == valid && valid.saturating_add(invalid) == all && self.reported <= self.stations
    }
}

/// What one client was sent about a region.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    seen: Vec<(u64, Said)>,
    /// The last identifier on the connection that is open.
    here: Option<u64>,
}

impl Stream {
    /// The last identifier, for coming back.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.seen.last().map(|(id, _)| *id)
    }

    /// All that was seen, in its order.
    #[must_use]
    pub fn seen(&self) -> &[(u64, Said)] {
        &self.seen
    }

    /// A connection begins.
    pub const fn connects(&mut self) {
        self.here = None;
    }

    /// An event came.
    pub fn saw(&mut self, id: u64, said: Said) -> Option<Complaint> {
        let complaint = self.judge(id, &said);
        self.here = Some(id);
        // What is judged by the count in the end is judged once.
        if self.last().is_none_or(|last| last < id) {
            self.seen.push((id, said));
        }
        complaint
    }

    fn judge(&self, id: u64, said: &Said) -> Option<Complaint> {
        if said.index != id {
            return Some(format!("event {id} has the numbers of index {}", said.index));
        }
        if !said.adds_up() {
            return Some(format!("event {id} does not add up: {said:?}"));
        }
        if let Some(here) = self.here.filter(|here| *here >= id) {
            return Some(format!("event {id} comes after {here} on one connection"));
        }
        let (last, shown) = self.seen.last()?;
        if id < *last {
            return Some(format!("{last} was seen, and whoever came back with it is shown {id}"));
        }
        (id == *last && said != shown).then(|| format!("event {id} says {said:?}, and said {shown:?} before"))
    }

    /// What is wrong with the numbers of all that was seen about a region, when the whole count is known; and how many of
    /// them `/results` showed as well.
    #[must_use]
    pub fn end(&self, region: &str, course: &Course, pages: &Pages) -> (Option<Complaint>, usize) {
        let mut met: usize = 0;
        for (id, said) in &self.seen {
            let sums = Sums { reported: said.reported, votes: said.votes.clone() }.trimmed();
            let should = course.sums(region, *id);
            if sums != should {
                return (Some(format!("event {id} says {sums:?}, the log makes {should:?}")), met);
            }
            let Some(shown) = pages.shown(region, said.version) else { continue };
            met = met.saturating_add(1);
            let event = (said.index, said.reported, said.stations, &said.votes);
            let page = (shown.index, shown.reported, shown.stations, &shown.votes);
            if event != page || !said.sums.iter().eq(shown.sums.iter().take(said.sums.len())) {
                let version = said.version;
                return (Some(format!("version {version}: event {id} says {said:?}, pages {shown:?}")), met);
            }
        }
        (None, met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::tests::some;
    use crate::judges::pages::Shown;

    fn said(index: u64, reported: u64, votes: [u64; 3]) -> Said {
        let valid = votes.iter().sum();
        Said { index, version: index, reported, stations: 3, votes: votes.to_vec(), sums: [valid, 0, valid] }
    }

    #[test]
    fn a_stream_that_goes_on_elsewhere_is_right() {
        let mut stream = Stream::default();
        for (back, id, votes) in
            [(true, 5, [10, 1, 0]), (false, 7, [30, 2, 0]), (true, 7, [30, 2, 0]), (false, 9, [31, 2, 0])]
        {
            if back {
                stream.connects();
            }
            assert_eq!(stream.saw(id, said(id, 2, votes)), None);
        }
        assert_eq!((stream.last(), stream.seen().len()), (Some(9), 3));
    }

    #[test]
    fn what_goes_back_or_comes_twice_is_noticed() {
        let mut stream = Stream::default();
        assert_eq!(stream.saw(7, said(7, 2, [30, 2, 0])), None);
        assert!(stream.saw(7, said(7, 2, [30, 2, 0])).unwrap().contains("one connection"));
        assert!(stream.saw(5, said(5, 1, [10, 1, 0])).unwrap().contains("one connection"));
        stream.connects();
        assert!(stream.saw(5, said(5, 1, [10, 1, 0])).unwrap().contains("is shown 5"));
        stream.connects();
        assert!(stream.saw(7, said(7, 2, [30, 3, 0])).unwrap().contains("said"));
    }

    #[test]
    fn numbers_that_do_not_belong_to_their_index_are_noticed() {
        let mut stream = Stream::default();
        assert!(stream.saw(7, said(5, 1, [10, 1, 0])).unwrap().contains("of index 5"));
        stream.connects();
        let wrong = Said { sums: [33, 0, 33], ..said(9, 2, [31, 2, 1]) };
        assert!(stream.saw(9, wrong).unwrap().contains("add up"));
        // Right in themselves, and not those of the count.
        let mut stream = Stream::default();
        assert_eq!(stream.saw(5, said(5, 1, [10, 1, 0])), None);
        assert_eq!(stream.saw(8, said(8, 2, [30, 2, 0])), None);
        let (course, pages) = (some(), Pages::default());
        assert_eq!(stream.end("3101011001", &course, &pages), (None, 0));
        assert_eq!(stream.saw(9, said(9, 2, [30, 2, 0])), None);
        assert!(stream.end("3101011001", &course, &pages).0.unwrap().contains("the log makes"));
    }

    #[test]
    fn an_event_and_a_page_of_one_version_say_the_same() {
        let mut stream = Stream::default();
        assert_eq!(stream.saw(5, said(5, 1, [10, 1, 0])), None);
        let page = |reported| Shown {
            index: 5,
            reported,
            stations: 3,
            votes: vec![10, 1, 0],
            sums: vec![11, 0, 11, 11, 250],
            below: vec![vec![10, 1, 0, 11]],
        };
        for (reported, right) in [(1, true), (2, false)] {
            let mut pages = Pages::default();
            assert_eq!(pages.saw("data", "3101011001", 5, page(reported)), Ok(false));
            let (complaint, met) = stream.end("3101011001", &some(), &pages);
            assert_eq!((complaint.is_none(), met), (right, 1));
        }
    }
}
