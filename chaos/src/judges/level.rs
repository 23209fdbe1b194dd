//! The feature level and log time never go back, on no node and along no log.

use std::collections::BTreeMap;

use super::Complaint;

/// Levels and log times seen, by index.
#[derive(Clone, Debug, Default)]
pub struct Levels(BTreeMap<u64, (u32, u64)>);

impl Levels {
    /// A node at an index has that level and log time.
    pub fn saw(&mut self, node: u64, index: u64, level: u32, log_time_ms: u64) -> Option<Complaint> {
        let now = (level, log_time_ms);
        let first = *self.0.entry(index).or_insert(now);
        let before = self.0.range(..index).next_back().map(|(_, seen)| *seen).unwrap_or_default();
        let after =
            self.0.range(index.saturating_add(1)..).next().map_or((u32::MAX, u64::MAX), |(_, seen)| *seen);
        let ordered =
            before.0 <= level && before.1 <= log_time_ms && level <= after.0 && log_time_ms <= after.1;
        (first != now || !ordered).then(|| {
            format!("at index {index} node {node} is at level and log time {now:?}; {before:?} came before, {after:?} after")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Levels;

    #[test]
    fn neither_goes_back() {
        let mut levels = Levels::default();
        assert_eq!(levels.saw(1, 5, 1, 100), None);
        assert_eq!(levels.saw(2, 9, 2, 100), None);
        assert_eq!(levels.saw(3, 7, 1, 100), None);
        assert!(levels.saw(3, 10, 1, 100).is_some());
        let mut levels = Levels::default();
        assert_eq!(levels.saw(1, 5, 1, 100), None);
        assert!(levels.saw(1, 6, 1, 99).is_some());
        assert!(levels.saw(2, 5, 1, 101).is_some());
    }
}
