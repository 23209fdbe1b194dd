//! P10: when all is well again there is a leader soon, and everybody catches up.

use super::Complaint;

/// Longest until something is written again, in milliseconds.
pub const WRITE_MS_MAX: u64 = 3_000;
/// Longest until all nodes have applied the same, in milliseconds.
pub const CATCH_UP_MS_MAX: u64 = 20_000;

/// How long it took from the end of all faults; `None` for not within the time that was watched.
#[must_use]
pub fn judge(written_ms: Option<u64>, caught_up_ms: Option<u64>) -> Option<Complaint> {
    if written_ms.is_none_or(|took_ms| took_ms > WRITE_MS_MAX) {
        return Some(format!(
            "nothing was written within {WRITE_MS_MAX} ms of the end of all faults: {written_ms:?}"
        ));
    }
    let late = caught_up_ms.is_none_or(|took_ms| took_ms > CATCH_UP_MS_MAX);
    late.then(|| {
        format!(
            "not all nodes had caught up {CATCH_UP_MS_MAX} ms after the end of all faults: {caught_up_ms:?}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn late_is_late() {
        assert_eq!(judge(Some(2_000), Some(9_000)), None);
        assert!(judge(Some(3_001), Some(9_000)).is_some());
        assert!(judge(None, Some(9_000)).is_some());
        assert!(judge(Some(1), None).is_some());
    }
}
