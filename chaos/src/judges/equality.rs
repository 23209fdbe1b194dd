//! P6: the same index, the same state, on every node, whenever somebody looks.

use std::collections::BTreeMap;

use super::Complaint;

/// The states seen so far, by index, with who had them first.
#[derive(Clone, Debug, Default)]
pub struct States(BTreeMap<u64, (u128, u64)>);

impl States {
    /// A node has applied up to an index and its state has that hash.
    pub fn saw(&mut self, node: u64, index: u64, hash: u128) -> Option<Complaint> {
        let (first, other) = *self.0.entry(index).or_insert((hash, node));
        let differs = first != hash;
        differs.then(|| {
            format!("at index {index} the state of node {node} is {hash:032x}, that of node {other} is {first:032x}")
        })
    }

    /// Indexes at which somebody looked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody looked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::States;

    #[test]
    fn one_index_has_one_state() {
        let mut states = States::default();
        assert_eq!(states.saw(1, 5, 9), None);
        assert_eq!(states.saw(2, 5, 9), None);
        assert_eq!(states.saw(2, 6, 8), None);
        assert!(states.saw(3, 6, 9).is_some());
    }
}
