//! P4: a node that has heard of no leader for some time does not say that it has.

use super::Complaint;

/// A node says that a majority was known to follow the leader `said_ms` ago (-1 for never), and nobody can have told
/// it anything for `silent_ms`.
#[must_use]
pub fn judge(node: u64, said_ms: i64, silent_ms: u64) -> Option<Complaint> {
    let silent_ms = i64::try_from(silent_ms).unwrap_or(i64::MAX);
    let too_young = said_ms >= 0 && said_ms < silent_ms;
    too_young.then(|| {
        format!("node {node} says that it is {said_ms} ms old; nothing reached it for {silent_ms} ms")
    })
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn an_age_below_the_silence_is_a_lie() {
        assert_eq!(judge(1, -1, 500), None);
        assert_eq!(judge(1, 500, 500), None);
        assert!(judge(1, 499, 500).is_some());
    }
}
