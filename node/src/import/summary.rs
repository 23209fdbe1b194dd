//! What an import did, row by row.
//!
//! Invariant: `read = skipped + accepted + confirmed + held + unchanged + refused`: every row read ends in exactly
//! one of them. A row that is held counts as held, also when it was confirmed.

use std::collections::BTreeMap;

use serde::Serialize;

/// Where one row ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Ending {
    /// It has no votes.
    Skipped,
    /// Stored and counted.
    Accepted,
    /// Stored and counted after a confirmation.
    Confirmed,
    /// Stored, not counted until released.
    Held,
    /// The station had this form already.
    Unchanged,
    /// Not stored.
    Refused,
}

/// How many rows broke a rule, by where they ended.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct RuleCounts {
    /// Stored and counted, with a note.
    pub accepted: u64,
    /// Stored and counted after a confirmation.
    pub confirmed: u64,
    /// Held.
    pub held: u64,
    /// Not stored.
    pub refused: u64,
}

/// The closing summary.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Rows read.
    pub read: u64,
    /// Rows without all votes.
    pub skipped: u64,
    /// Rows stored and counted.
    pub accepted: u64,
    /// Rows stored and counted after a confirmation.
    pub confirmed: u64,
    /// Rows stored and held.
    pub held: u64,
    /// Rows whose form was there already.
    pub unchanged: u64,
    /// Rows not stored.
    pub refused: u64,
    /// Rows not stored, by the code of `api.md`. Adds up to `refused`.
    pub by_code: BTreeMap<String, u64>,
    /// Rows that broke a rule, by rule. A row can break several.
    pub by_rule: BTreeMap<String, RuleCounts>,
    /// Longest time between two acknowledged batches, in milliseconds.
    pub longest_gap_ms: u64,
    /// Seconds from the first row to the last answer.
    pub seconds: f64,
}

impl Summary {
    /// Counts one row: where it ended, for a refused one the code, and the rules that it broke.
    pub fn count<R: ToString>(
        &mut self,
        ending: Ending,
        code: Option<&str>,
        rules: impl IntoIterator<Item = R>,
    ) {
        add(&mut self.read);
        add(match ending {
            Ending::Skipped => &mut self.skipped,
            Ending::Accepted => &mut self.accepted,
            Ending::Confirmed => &mut self.confirmed,
            Ending::Held => &mut self.held,
            Ending::Unchanged => &mut self.unchanged,
            Ending::Refused => &mut self.refused,
        });
        if ending == Ending::Refused {
            add(self.by_code.entry(code.unwrap_or("failed").to_owned()).or_default());
        }
        for rule in rules {
            let counts = self.by_rule.entry(rule.to_string()).or_default();
            match ending {
                Ending::Accepted => add(&mut counts.accepted),
                Ending::Confirmed => add(&mut counts.confirmed),
                Ending::Held => add(&mut counts.held),
                Ending::Refused => add(&mut counts.refused),
                Ending::Skipped | Ending::Unchanged => {}
            }
        }
    }

    /// Rows that ended somewhere; equal to `read` always.
    #[must_use]
    pub fn ended(&self) -> u64 {
        let endings = [self.skipped, self.accepted, self.confirmed, self.held, self.unchanged, self.refused];
        endings.into_iter().fold(0, u64::saturating_add)
    }
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [&str; 0] = [];

    #[test]
    fn every_row_ends_in_exactly_one_place() {
        let mut summary = Summary::default();
        summary.count(Ending::Skipped, None, NONE);
        summary.count(Ending::Accepted, None, ["R16"]);
        summary.count(Ending::Accepted, None, NONE);
        summary.count(Ending::Confirmed, None, ["R07", "R16"]);
        summary.count(Ending::Held, None, ["R07"]);
        summary.count(Ending::Unchanged, None, NONE);
        summary.count(Ending::Refused, Some("confirmation-required"), ["R07"]);
        summary.count(Ending::Refused, Some("not-found"), ["R01"]);
        assert_eq!(summary.read, 8);
        assert_eq!(summary.ended(), summary.read);
        assert_eq!(summary.by_code.values().sum::<u64>(), summary.refused);
        assert_eq!(
            summary.by_rule.get("R07"),
            Some(&RuleCounts { accepted: 0, confirmed: 1, held: 1, refused: 1 })
        );
        assert_eq!(summary.by_rule.get("R16").map(|counts| counts.accepted), Some(1));
    }
}
