//! Photos of forms: what an acknowledged form names is at every node, byte for byte, and what was refused is nowhere.
//!
//! Invariant: a photo is known by the SHA-256 of its bytes; the judge compares names and never trusts an answer's.

use std::collections::{BTreeMap, BTreeSet};

use super::Complaint;

/// SHA-256 of a photo's bytes, hexadecimal.
pub type Name = String;

/// What a node answered to whoever asked for a photo.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Shown {
    /// There is none of that name.
    Nothing,
    /// Bytes that have this name.
    Bytes(Name),
    /// The node did not answer, or said to come again: this says why.
    NoAnswer(String),
}

/// What became of all that was handed in.
#[derive(Clone, Debug, Default)]
pub struct Photos {
    /// Photos, and the station and revision that name them.
    named: BTreeMap<Name, (u64, u32)>,
    refused: BTreeSet<Name>,
}

impl Photos {
    /// An acknowledged form names it.
    pub fn named(&mut self, name: Name, place: (u64, u32)) {
        self.named.entry(name).or_insert(place);
    }

    /// It was refused, or must be.
    pub fn refused(&mut self, name: Name) {
        self.refused.insert(name);
    }

    /// Something that must be refused was taken in under a name.
    #[must_use]
    pub fn taken_in(&self, name: &str) -> Option<Complaint> {
        Some(format!("a file with a virus in it was taken in as {name}"))
    }

    /// All that must be everywhere.
    pub fn all_named(&self) -> impl Iterator<Item = &Name> {
        self.named.keys()
    }

    /// All that must be nowhere.
    pub fn all_refused(&self) -> impl Iterator<Item = &Name> {
        self.refused.iter()
    }

    /// A node was asked under load, at an index at which it knows of the name.
    #[must_use]
    pub fn looked(&self, node: u64, name: &str, shown: &Shown) -> Option<Complaint> {
        match shown {
            Shown::NoAnswer(_) => None,
            Shown::Nothing | Shown::Bytes(_) => self.at_rest(node, name, shown),
        }
    }

    /// A node was asked when all had come to rest: it must answer.
    #[must_use]
    pub fn at_rest(&self, node: u64, name: &str, shown: &Shown) -> Option<Complaint> {
        if self.refused.contains(name) {
            let served = matches!(shown, Shown::Bytes(_));
            return served.then(|| format!("node {node} serves {name}, which was refused"));
        }
        let (station, revision) = self.named.get(name)?;
        let form = format!("revision {revision} of station {station} names {name}");
        match shown {
            Shown::Bytes(found) if found == name => None,
            Shown::Bytes(found) => Some(format!("{form}: node {node} serves other bytes, {found}")),
            Shown::Nothing => Some(format!("{form}: node {node} has nothing of that name")),
            Shown::NoAnswer(why) => Some(format!("{form}: node {node} does not serve it: {why}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photos() -> Photos {
        let mut photos = Photos::default();
        photos.named("aa".to_owned(), (7, 2));
        photos.refused("bb".to_owned());
        photos
    }

    #[test]
    fn a_named_photo_is_itself_everywhere() {
        let photos = photos();
        assert_eq!(photos.at_rest(1, "aa", &Shown::Bytes("aa".to_owned())), None);
        let wrong = [Shown::Bytes("cc".to_owned()), Shown::Nothing, Shown::NoAnswer("503".to_owned())];
        for shown in wrong {
            let complaint = photos.at_rest(2, "aa", &shown).unwrap();
            assert!(complaint.contains("station 7") && complaint.contains("node 2"), "{complaint}");
        }
        assert_eq!(
            photos.looked(2, "aa", &Shown::NoAnswer("503".to_owned())),
            None,
            "under load it may wait"
        );
        assert!(photos.looked(2, "aa", &Shown::Nothing).is_some());
    }

    #[test]
    fn a_refused_one_is_nowhere() {
        let photos = photos();
        for shown in [Shown::Nothing, Shown::NoAnswer("503".to_owned())] {
            assert_eq!(photos.at_rest(1, "bb", &shown), None);
        }
        assert!(photos.at_rest(3, "bb", &Shown::Bytes("bb".to_owned())).unwrap().contains("node 3"));
        assert!(photos.taken_in("bb").is_some());
    }
}
