//! P2: each request has one effect at most; none when it was refused, one when it was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use super::Complaint;
use super::acknowledged::Place;

/// What became of the values that clients sent; each value was sent under one key.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// Acknowledged as written there.
    pub accepted: BTreeMap<u64, Place>,
    /// Refused for good.
    pub refused: BTreeSet<u64>,
    /// Nobody knows.
    pub unknown: BTreeSet<u64>,
}

/// Judges all effects on a node: where they are and what they wrote.
#[must_use]
pub fn judge(sent: &Sent, effects: &[(Place, u64)]) -> Option<Complaint> {
    let mut seen: BTreeMap<u64, Place> = BTreeMap::new();
    for (place, value) in effects {
        if let Some(before) = seen.insert(*value, *place) {
            return Some(format!("value {value} took effect twice: at {before:?} and at {place:?}"));
        }
        if sent.refused.contains(value) {
            return Some(format!("value {value} was refused and took effect at {place:?}"));
        }
        match sent.accepted.get(value) {
            Some(told) if told != place => {
                return Some(format!("value {value} was acknowledged at {told:?} and is at {place:?}"));
            }
            None if !sent.unknown.contains(value) => {
                return Some(format!("value {value} at {place:?} was never sent"));
            }
            Some(_) | None => {}
        }
    }
    let lost = sent.accepted.iter().find(|(value, _)| !seen.contains_key(*value));
    lost.map(|(value, place)| format!("value {value} was acknowledged at {place:?} and took no effect"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_effects_is_judged() {
        let sent = Sent {
            accepted: BTreeMap::from([(1, (7, 1))]),
            refused: BTreeSet::from([2]),
            unknown: BTreeSet::from([3]),
        };
        assert_eq!(judge(&sent, &[((7, 1), 1)]), None);
        assert_eq!(judge(&sent, &[((7, 1), 1), ((7, 2), 3)]), None);
        for effects in [
            vec![],
            vec![((7, 1), 1), ((7, 2), 1)],
            vec![((7, 2), 1)],
            vec![((7, 1), 1), ((7, 2), 2)],
            vec![((7, 1), 1), ((7, 2), 3), ((7, 3), 3)],
            vec![((7, 1), 1), ((7, 2), 4)],
        ] {
            assert!(judge(&sent, &effects).is_some(), "{effects:?}");
        }
    }
}
