//! What nodes write about themselves: nothing panics, and every line that calls itself an error has a cause.
//!
//! Invariant: a line is explained by the table of causes, which says why it may stand there, or it is a complaint.

use super::Complaint;

/// Words of lines that may stand there whatever is done to processes and lines between them, each with its reason.
const CAUSES: [&str; 0] = [];

/// Lines of a node that nothing explains.
#[must_use]
pub fn judge(node: u64, lines: &str) -> Option<Complaint> {
    let mut wrong = lines.lines().filter(|line| is_wrong(line));
    let first = wrong.next()?;
    let more = wrong.count();
    Some(format!("node {node} wrote: {first} (and {more} more such lines)"))
}

fn is_wrong(line: &str) -> bool {
    if line.contains("panicked") {
        return true;
    }
    // A line begins with its time and its level.
    let is_error = line.split_whitespace().nth(1) == Some("ERROR");
    is_error && !CAUSES.iter().any(|words| line.contains(words))
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
        assert_eq!(judge(1, CALM), None);
    }

    #[test]
    fn a_panic_is_never_explained() {
        let panic = "thread 'tokio-runtime-worker' panicked at store/src/log/mod.rs:10:5:";
        assert!(judge(1, &format!("{CALM}{panic}")).is_some());
        let caught = "2026-01-01T00:00:02.000000Z ERROR api::routes::envelope: a handler panicked request=7";
        assert!(judge(1, caught).is_some());
    }

    #[test]
    fn an_error_needs_a_cause() {
        let error = "2026-01-01T00:00:02.000000Z ERROR cluster::equality: the state of a node differs\n";
        let complaint = judge(2, &format!("{error}{CALM}{error}")).unwrap();
        assert!(complaint.contains("node 2") && complaint.contains("1 more"), "{complaint}");
    }
}
