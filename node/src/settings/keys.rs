//! Every key of the settings file by its dotted name, and the environment variable that goes before it.
//!
//! Invariant: the list is the file's shape exactly; a test compares it with a serialised [`super::Settings`].

/// Every settings key, in the order of the file. Its variable is `RAKIT_` and the name in capitals with `_` for `.`.
pub const KEYS: [&str; 38] = [
    "node.name",
    "node.data",
    "listeners.public.address",
    "listeners.public.url",
    "listeners.public.proxies",
    "listeners.public.proxy_protocol",
    "listeners.officer.address",
    "listeners.officer.url",
    "listeners.officer.proxies",
    "listeners.officer.proxy_protocol",
    "listeners.peer.address",
    "listeners.peer.advertised",
    "listeners.ops.address",
    "listeners.ops.url",
    "tls.ca",
    "tls.peer_certificate",
    "tls.peer_key",
    "tls.server_certificate",
    "tls.server_key",
    "tls.public",
    "tls.crl",
    "timers.profile",
    "limits.public_connections",
    "limits.officer_connections",
    "limits.ops_connections",
    "limits.public_threads",
    "limits.drain_ms",
    "log.entries_kept",
    "log.bytes_kept",
    "scrub.interval_s",
    "scrub.rows_per_second",
    "attachments.pull_bytes_per_second",
    "attachments.scrub_bytes_per_second",
    "scanner.address",
    "scanner.deadline_ms",
    "scanner.scans_max",
    "telemetry.format",
    "telemetry.filter",
];

/// The environment variable of a key.
#[must_use]
pub(super) fn variable(key: &str) -> String {
    format!("RAKIT_{}", key.replace('.', "_").to_uppercase())
}

/// The known word nearest to a wrong one, if any is near enough to be what was meant.
#[must_use]
pub(super) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |word: &str| distance(wrong, word);
    let (best, steps) = known.into_iter().map(|word| (word, near(word))).min_by_key(|(_, steps)| *steps)?;
    let tolerated = wrong.chars().count().div_ceil(3).max(1);
    (steps <= tolerated).then_some(best)
}

/// Letters to insert, drop or change to make one word of the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.chars().enumerate() {
        let mut current = vec![row.saturating_add(1)];
        for (other, pair) in right.iter().zip(previous.windows(2)) {
            let (&[diagonal, above], Some(&before)) = (pair, current.last()) else {
                break;
            };
            let change = diagonal.saturating_add(usize::from(*other != letter));
            current.push(change.min(above.saturating_add(1)).min(before.saturating_add(1)));
        }
        previous = current;
    }
    previous.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("adress", "address"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("adress", ["url", "address"]), Some("address"));
        assert_eq!(nearest("colour", ["url", "address"]), None);
    }
}
