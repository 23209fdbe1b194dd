//! P4: who asks with the index of what they saw last never goes back in time and sees their own writes.

use std::collections::BTreeMap;

use super::Complaint;

/// What one client has seen.
#[derive(Clone, Debug, Default)]
pub struct Session {
    index: u64,
    revisions: BTreeMap<u64, u32>,
}

impl Session {
    /// The index to ask with.
    #[must_use]
    pub const fn min_index(&self) -> u64 {
        self.index
    }

    /// The client's write was acknowledged.
    pub fn wrote(&mut self, station: u64, revision: u32, index: u64) {
        self.index = self.index.max(index);
        let seen = self.revisions.entry(station).or_default();
        *seen = (*seen).max(revision);
    }

    /// The client was answered, having asked with `asked`.
    pub fn saw(&mut self, asked: u64, index: u64, station: u64, revision: u32) -> Option<Complaint> {
        let seen = self.revisions.get(&station).copied().unwrap_or_default();
        let complaint = if index < asked {
            Some(format!("asked for index {asked}, was answered from {index}"))
        } else if asked == self.index && revision < seen {
            Some(format!("station {station} went back from revision {seen} to {revision} at index {index}"))
        } else {
            None
        };
        self.wrote(station, revision, index);
        complaint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_one_way() {
        let mut session = Session::default();
        session.wrote(1, 3, 50);
        assert_eq!(session.saw(50, 50, 1, 3), None);
        assert_eq!(session.saw(50, 60, 1, 4), None);
        assert!(session.saw(60, 59, 1, 4).is_some());
        assert!(session.saw(60, 61, 1, 3).is_some());
        assert_eq!(session.min_index(), 61);
    }
}
