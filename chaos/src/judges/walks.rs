//! Walks from page to page: whoever follows the cursors, at whichever nodes, meets everything that is there throughout, and
//! nothing twice.
//!
//! Invariant: what comes and goes during a walk may be met or not; in any case the walk goes one way, in the order of codes.

use std::collections::BTreeSet;

use super::Complaint;

/// One walk.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// Where it has come to.
    cursor: String,
    met: BTreeSet<String>,
}

impl Walk {
    /// How many were met.
    #[must_use]
    pub fn len(&self) -> usize {
        self.met.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.met.is_empty()
    }

    /// A page of at most `limit` codes, and where to go on.
    pub fn page(&mut self, limit: u64, codes: &[String], next: Option<&str>) -> Option<Complaint> {
        let mut complaint = None;
        let count = u64::try_from(codes.len()).unwrap_or(u64::MAX);
        if count > limit {
            complaint = Some(format!("{limit} were asked for, {count} came"));
        }
        for code in codes {
            if *code <= self.cursor {
                let cursor = &self.cursor;
                complaint.get_or_insert_with(|| format!("{code} comes where the walk is at {cursor}"));
            }
            self.met.insert(code.clone());
            self.cursor.clone_from(code);
        }
        let Some(next) = next else { return complaint };
        if *next < *self.cursor {
            let cursor = &self.cursor;
            complaint.get_or_insert_with(|| format!("the walk is at {cursor} and shall go on at {next}"));
        }
        next.clone_into(&mut self.cursor);
        complaint
    }

    /// The walk is over. What of that which was there throughout was not met.
    pub fn end<'c>(&self, mut throughout: impl Iterator<Item = &'c String>) -> Option<Complaint> {
        let lost = throughout.find(|code| !self.met.contains(*code))?;
        Some(format!("{lost} is there throughout and was not met, {} others were", self.met.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(codes: &[&str]) -> Vec<String> {
        codes.iter().map(|code| (*code).to_owned()).collect()
    }

    #[test]
    fn a_walk_in_order_meets_all() {
        let mut walk = Walk::default();
        assert_eq!(walk.page(2, &codes(&["a", "c"]), Some("c")), None);
        assert_eq!(walk.page(2, &[], Some("d")), None, "a page may be empty and go on");
        assert_eq!(walk.page(2, &codes(&["e"]), None), None);
        assert_eq!(walk.end(codes(&["a", "e"]).iter()), None);
        assert_eq!(walk.len(), 3);
        assert!(walk.end(codes(&["a", "b"]).iter()).unwrap().contains("b is there"));
    }

    #[test]
    fn repeats_and_steps_back_are_noticed() {
        let begun = || {
            let mut walk = Walk::default();
            assert_eq!(walk.page(9, &codes(&["b", "c"]), Some("c")), None);
            walk
        };
        assert!(begun().page(9, &codes(&["c", "d"]), None).is_some());
        assert!(begun().page(9, &codes(&["a"]), None).is_some());
        assert!(begun().page(9, &codes(&["e", "d"]), None).is_some());
        assert!(begun().page(9, &codes(&["e"]), Some("d")).is_some());
        assert!(begun().page(1, &codes(&["d", "e"]), None).unwrap().contains("1 were asked for"));
    }
}
