//! A node's memory is bounded, whatever happens around it.

use super::Complaint;

/// Most memory that a node with this little data may hold at any moment: its caches and buffers at their bounds, and as
/// much again. In runs of half a minute it holds some 110 MiB.
pub const RESIDENT_KIB_MAX: u64 = 768 * 1024;

/// A node was seen to hold that much.
#[must_use]
pub fn judge(node: u64, resident_kib: u64) -> Option<Complaint> {
    let mib = |kib: u64| kib.div_euclid(1024);
    (resident_kib > RESIDENT_KIB_MAX).then(|| {
        format!("node {node} holds {} MiB, must be at most {}", mib(resident_kib), mib(RESIDENT_KIB_MAX))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_bound_is_too_much() {
        assert_eq!(judge(1, RESIDENT_KIB_MAX), None);
        assert!(judge(1, RESIDENT_KIB_MAX + 1).is_some());
    }
}
