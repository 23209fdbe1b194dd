//! The change feed: who follows it sees every change once and in the order of the log, whichever nodes are asked.
//!
//! Invariant: a reader is judged by what it was told alone, so that a gap shows at once: the feed is complete from the
//! beginning, therefore the revisions of a station come one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::acknowledged::{Place, Written};
use super::exactly_once::{self, Sent};
use super::{Complaint, acknowledged};

/// What one reader has seen.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    after: u64,
    seen: BTreeMap<Place, Written>,
    revisions: BTreeMap<u64, u32>,
    /// Stations and places in the log of what is no form of its own.
    steps: BTreeSet<(u64, u64)>,
}

impl Feed {
    /// Where to read on.
    #[must_use]
    pub const fn after(&self) -> u64 {
        self.after
    }

    /// Changes seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// A page was answered to whoever asked for what comes after [`Self::after`].
    pub fn saw(&mut self, changes: &[(Place, Written)], next_after: u64) -> Option<Complaint> {
        let asked = self.after;
        let mut last = asked.saturating_add(1);
        let mut complaint = None;
        for ((station, revision), written) in changes {
            let index = written.index;
            if index < last {
                complaint.get_or_insert_with(|| {
                    format!("asked for what comes after {asked}: {index} comes where {last} or more should")
                });
            }
            last = last.max(index);
            if let Some(before) = self.seen.insert((*station, *revision), *written) {
                complaint.get_or_insert_with(|| {
                    format!("station {station}, revision {revision} comes twice: {before:?}, {written:?}")
                });
            }
            let newest = self.revisions.entry(*station).or_default();
            if newest.saturating_add(1) != *revision {
                complaint.get_or_insert_with(|| {
                    format!("station {station}: revision {revision} comes after {newest}, at index {index}")
                });
            }
            *newest = (*newest).max(*revision);
        }
        let floor = if changes.is_empty() { asked } else { last };
        if next_after < floor {
            complaint.get_or_insert_with(|| format!("reading on at {next_after} goes back behind {floor}"));
        }
        self.after = next_after.max(floor);
        complaint
    }

    /// The page that is seen next tells also of steps on forms, in its order: station and place in the log.
    pub fn stepped(&mut self, steps: &[(u64, u64)]) -> Option<Complaint> {
        let mut last = self.after.saturating_add(1);
        let mut complaint = None;
        for (station, index) in steps {
            if *index < last {
                complaint.get_or_insert_with(|| {
                    format!("station {station}: a step at {index} comes after {last}")
                });
            }
            last = last.max(*index);
            self.steps.insert((*station, *index));
        }
        complaint
    }

    /// A step that was acknowledged and that the reader, who has read past it, was never told of.
    #[must_use]
    pub fn lacks(&self, steps: &[(u64, u64)]) -> Option<Complaint> {
        let lost = steps
            .iter()
            .find(|(station, index)| *index <= self.after && !self.steps.contains(&(*station, *index)));
        lost.map(|(station, index)| format!("was not told of the step on station {station} at {index}"))
    }

    /// The reader has read past everything that was acknowledged.
    #[must_use]
    pub fn end(&self, reader: u64, told: &BTreeMap<Place, Written>, sent: &Sent) -> Option<Complaint> {
        let effects: Vec<(Place, u64)> =
            self.seen.iter().map(|(place, written)| (*place, written.value)).collect();
        let complaint = acknowledged::missing(told, &self.seen)
            .map(|lost| format!("was not told of what was acknowledged: {lost}"))
            .or_else(|| exactly_once::judge(sent, &effects));
        complaint.map(|said| format!("feed reader {reader}, at {}: {said}", self.after))
    }

    /// Two readers saw the same, as far as both have read.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> Option<Complaint> {
        let both = self.after.min(other.after);
        let unknown = |one: &Self, two: &Self| {
            let far = one.seen.iter().filter(|(_, written)| written.index <= both);
            let mut differs = far.filter(|(place, written)| two.seen.get(*place) != Some(*written));
            differs.next().map(|(place, written)| (*place, *written))
        };
        let (place, written) = unknown(self, other).or_else(|| unknown(other, self))?;
        Some(format!("two feed readers at {both} differ: only one of them was told {place:?}: {written:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(station: u64, revision: u32, value: u64, index: u64) -> (Place, Written) {
        ((station, revision), Written { value, index })
    }

    /// A feed that was answered these pages.
    fn after(pages: &[(&[(Place, Written)], u64)]) -> (Feed, Option<Complaint>) {
        let mut feed = Feed::default();
        let mut complaint = None;
        for (changes, next_after) in pages {
            let said = feed.saw(changes, *next_after);
            complaint = complaint.or(said);
        }
        (feed, complaint)
    }

    #[test]
    fn a_feed_in_order_and_without_gaps_is_right() {
        let batch = [change(1, 1, 10, 5), change(2, 1, 11, 5)];
        let (feed, complaint) = after(&[(&[], 3), (&batch, 5), (&[], 5), (&[change(1, 2, 12, 9)], 9)]);
        assert_eq!((complaint, feed.after(), feed.len()), (None, 9, 3));
    }

    #[test]
    fn repeats_gaps_and_steps_back_are_noticed() {
        let one = [change(1, 1, 10, 5)];
        // The same page again, as of a node that does not honour the cursor.
        assert!(after(&[(&one, 5), (&one, 5)]).1.is_some());
        // The same change at another place.
        assert!(after(&[(&one, 5), (&[change(1, 1, 10, 8)], 8)]).1.is_some());
        // A revision was skipped.
        assert!(after(&[(&one, 5), (&[change(1, 3, 12, 9)], 9)]).1.is_some());
        assert!(after(&[(&[change(1, 2, 12, 9)], 9)]).1.is_some());
        // Not in the order of the log.
        assert!(after(&[(&[change(2, 1, 11, 6), change(1, 1, 10, 5)], 6)]).1.is_some());
        // The cursor goes back, or stays before what was shown.
        assert!(after(&[(&one, 5), (&[], 4)]).1.is_some());
        assert!(after(&[(&one, 4)]).1.is_some());
    }

    #[test]
    fn steps_on_forms_are_told_in_order_and_none_is_left_out() {
        let mut feed = Feed::default();
        assert_eq!(feed.stepped(&[(7, 3), (8, 3), (7, 4)]), None);
        assert_eq!(feed.saw(&[], 4), None);
        assert_eq!(feed.lacks(&[(7, 3), (8, 3), (7, 4), (9, 5)]), None, "5 was not read yet");
        assert!(feed.lacks(&[(8, 4)]).is_some());
        assert!(feed.stepped(&[(7, 4)]).is_some());
        assert!(feed.stepped(&[(7, 9), (7, 8)]).is_some());
    }

    #[test]
    fn what_was_acknowledged_must_have_come() {
        let (feed, complaint) = after(&[(&[change(1, 1, 10, 5), change(2, 1, 11, 6)], 6)]);
        assert_eq!(complaint, None);
        let told = |changes: &[(Place, Written)]| changes.iter().copied().collect::<BTreeMap<_, _>>();
        let sent = |accepted: &[(u64, Place)], unknown: &[u64]| Sent {
            accepted: accepted.iter().copied().collect(),
            refused: BTreeSet::new(),
            unknown: unknown.iter().copied().collect(),
        };
        let one = [change(1, 1, 10, 5)];
        assert_eq!(feed.end(0, &told(&one), &sent(&[(10, (1, 1))], &[11])), None);
        // Never told.
        let lost = told(&[change(3, 1, 12, 4)]);
        assert!(feed.end(0, &lost, &sent(&[(12, (3, 1))], &[10, 11])).is_some());
        // Told with another form, or at another place.
        assert!(feed.end(0, &told(&[change(1, 1, 13, 5)]), &sent(&[(13, (1, 1))], &[10, 11])).is_some());
        assert!(feed.end(0, &told(&[change(1, 1, 10, 4)]), &sent(&[(10, (1, 1))], &[11])).is_some());
        // Told what nobody wrote.
        assert!(feed.end(0, &told(&one), &sent(&[(10, (1, 1))], &[])).is_some());
    }

    #[test]
    fn two_readers_see_the_same() {
        let (one, _) = after(&[(&[change(1, 1, 10, 5), change(2, 1, 11, 6)], 6)]);
        let (behind, _) = after(&[(&[change(1, 1, 10, 5)], 5)]);
        assert_eq!((one.agrees(&behind), behind.agrees(&one)), (None, None));
        let (lacks, _) = after(&[(&[change(1, 1, 10, 5)], 6)]);
        assert!(one.agrees(&lacks).is_some() && lacks.agrees(&one).is_some());
    }
}
