//! P1: what was acknowledged is on every node once all have caught up, as it was acknowledged.

use std::collections::BTreeMap;

use super::Complaint;

/// A write as it was acknowledged: station, revision.
pub type Place = (u64, u32);

/// What was written there: the value, and the index of its entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Written {
    /// The value.
    pub value: u64,
    /// The entry's index.
    pub index: u64,
}

/// Compares what was acknowledged with what a node holds.
#[must_use]
pub fn judge(
    node: u64,
    acknowledged: &BTreeMap<Place, Written>,
    held: &BTreeMap<Place, Written>,
) -> Option<Complaint> {
    let lost = missing(acknowledged, held)?;
    Some(format!("node {node} lost what was acknowledged: {lost}"))
}

/// What of the acknowledged is not there as it was acknowledged.
pub(super) fn missing(
    acknowledged: &BTreeMap<Place, Written>,
    held: &BTreeMap<Place, Written>,
) -> Option<Complaint> {
    let lost = |(place, _): &(&Place, &Written)| !held.contains_key(*place);
    let missing = acknowledged.iter().filter(lost).count();
    let first = acknowledged.iter().find(|(place, written)| held.get(*place) != Some(*written))?;
    let ((station, revision), written) = first;
    Some(format!(
        "station {station}, revision {revision}: {written:?} was acknowledged, {:?} is there; {missing} of {} \
         are missing",
        held.get(first.0),
        acknowledged.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_or_changed_write_is_noticed() {
        let written = |value| Written { value, index: 10 };
        let told = BTreeMap::from([((1, 1), written(5)), ((1, 2), written(6))]);
        assert_eq!(judge(1, &told, &told), None);
        let mut held = told.clone();
        held.insert((2, 1), written(9));
        assert_eq!(judge(1, &told, &held), None);
        held.insert((1, 2), written(7));
        assert!(judge(1, &told, &held).is_some());
        held.remove(&(1, 2));
        assert!(judge(1, &told, &held).unwrap().contains("1 of 2"));
    }
}
