//! What nodes write about themselves: nothing panics, and every line that calls itself an error has a cause.
//!
//! Invariant: a line is explained by a fault of its run, as the table of causes has it, or it is a complaint.

use super::Complaint;

/// A line that may stand there.
struct Cause {
    /// Words of the line.
    words: &'static str,
    /// Words of the fault's name.
    fault: &'static str,
}

/// Nothing else is an error: kills, pauses, hand-overs and whatever is done to lines are the nodes' daily bread.
const CAUSES: [Cause; 11] = [
    // A disk that goes before its process: the first flush that fails must end the process, which says so.
    Cause { words: "the disk failed; this process ends now", fault: "power loss" },
    Cause { words: "the state could not be flushed", fault: "power loss" },
    // Readers notice it too, before the next flush does; they are told to go elsewhere.
    Cause { words: "the store could not be read", fault: "power loss" },
    // A disk without room fails the same way.
    Cause { words: "the disk failed; this process ends now", fault: "full disk" },
    Cause { words: "the state could not be flushed", fault: "full disk" },
    // Photos are on the same disk; whoever hands one in is told to go elsewhere.
    Cause { words: "the attachment store failed", fault: "power loss" },
    Cause { words: "the attachment store failed", fault: "full disk" },
    Cause { words: "an attachment could not be read to its end", fault: "power loss" },
    // One that takes no more writes and does not say so.
    Cause { words: "a write waited too long for the disk; this node ends", fault: "hangs" },
    // Looked at while they were copied, they do not fit together yet; the next look finds them whole.
    Cause { words: "new certificates are not used", fault: "new authority" },
    // The operator is meant to read this.
    Cause { words: "this node's clock is wrong", fault: "clock" },
];

/// Lines of a node that no fault of the run explains.
#[must_use]
pub fn judge(node: u64, lines: &str, faults: &[&str]) -> Option<Complaint> {
    let mut wrong = lines.lines().filter(|line| is_wrong(line, faults));
    let first = wrong.next()?;
    let more = wrong.count();
    Some(format!("node {node} wrote: {first} (and {more} more such lines)"))
}

fn is_wrong(line: &str, faults: &[&str]) -> bool {
    if line.contains("panicked") {
        return true;
    }
    // A line begins with its time and its level.
    let is_error = line.split_whitespace().nth(1) == Some("ERROR");
    let happened = |fault: &str| faults.iter().any(|name| name.contains(fault));
    is_error && !CAUSES.iter().any(|cause| line.contains(cause.words) && happened(cause.fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: &str = "2026-01-01T00:00:00.000000Z  INFO node: ready
2026-01-01T00:00:01.000000Z  WARN cluster::rpc: an ERROR of the peer
Error: not one of ours
";

    #[test]
    fn calm_words_are_nothing_to_complain_of() {
        assert_eq!(judge(1, CALM, &[]), None);
    }

    #[test]
    fn a_panic_is_never_explained() {
        let panic = "thread 'tokio-runtime-worker' panicked at store/src/log/mod.rs:10:5:";
        assert!(judge(1, &format!("{CALM}{panic}"), &["power loss of one"]).is_some());
        let caught = "2026-01-01T00:00:02.000000Z ERROR api::routes::envelope: a handler panicked request=7";
        assert!(judge(1, caught, &["power loss of one"]).is_some());
    }

    #[test]
    fn an_error_needs_a_cause() {
        let error = "2026-01-01T00:00:02.000000Z ERROR cluster::equality: the state of a node differs\n";
        let complaint = judge(2, &format!("{error}{CALM}{error}"), &["disk of the leader hangs"]).unwrap();
        assert!(complaint.contains("node 2") && complaint.contains("1 more"), "{complaint}");
        let error = "2026-01-01T00:00:02.000000Z ERROR cluster::watchdog: a write waited too long for the disk; this node ends\n";
        assert!(judge(2, error, &["kill of one", "power loss of all"]).is_some());
        assert_eq!(judge(2, error, &["kill of one", "disk of the leader hangs"]), None);
    }
}
