//! P4: no node says to be younger than it is: what it shows has every write that was acknowledged before.

use super::Complaint;

/// A node says that it is `said_ms` old (-1 for never), and nobody can have told it anything for `silent_ms`.
#[must_use]
pub fn judge(node: u64, said_ms: i64, silent_ms: u64) -> Option<Complaint> {
    let silent_ms = i64::try_from(silent_ms).unwrap_or(i64::MAX);
    let too_young = said_ms >= 0 && said_ms < silent_ms;
    too_young.then(|| {
        format!("node {node} says that it is {said_ms} ms old; nothing reached it for {silent_ms} ms")
    })
}

/// What had been acknowledged when.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    /// Times in microseconds, rising, with the highest place in the log until then.
    highest: Vec<(u64, u64)>,
}

impl Acknowledged {
    /// A write at a place in the log was acknowledged; later than all before.
    pub fn wrote(&mut self, at_us: u64, index: u64) {
        let before = self.highest.last().map_or(0, |(_, index)| *index);
        if index > before {
            self.highest.push((at_us, index));
        }
    }

    fn until(&self, at_us: u64) -> u64 {
        let count = self.highest.partition_point(|(time, _)| *time < at_us);
        count.checked_sub(1).and_then(|last| self.highest.get(last)).map_or(0, |(_, index)| *index)
    }

    /// A node that was asked then shows what it had at an index and says that this is `said_ms` old (-1 for never).
    #[must_use]
    pub fn judge(&self, node: u64, (index, said_ms): (u64, i64), asked_us: u64) -> Option<Complaint> {
        let before = u64::try_from(said_ms).ok()?.saturating_mul(1_000);
        let must = self.until(asked_us.checked_sub(before)?);
        (must > index).then(|| {
            format!(
                "node {node} shows index {index} and says that it is {said_ms} ms old; {must} had been acknowledged \
                 before that"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_below_the_silence_is_a_lie() {
        assert_eq!(judge(1, -1, 500), None);
        assert_eq!(judge(1, 500, 500), None);
        assert!(judge(1, 499, 500).is_some());
    }

    #[test]
    fn what_had_been_acknowledged_must_be_there() {
        let mut acknowledged = Acknowledged::default();
        acknowledged.wrote(100_000, 7);
        acknowledged.wrote(150_000, 6);
        acknowledged.wrote(200_000, 9);
        let judge = |index, said_ms, asked_ms: u64| acknowledged.judge(1, (index, said_ms), asked_ms * 1_000);
        assert_eq!(judge(6, 50, 150), None, "as old as the write itself");
        assert!(judge(6, 49, 150).is_some());
        assert_eq!(judge(7, 49, 150), None);
        assert_eq!(judge(0, -1, 9_000), None, "it never heard of anybody");
        assert_eq!(judge(0, 9_001, 9_000), None, "older than the run");
        assert!(judge(8, 10, 300).is_some());
        assert_eq!(judge(9, 0, 300), None);
    }
}
