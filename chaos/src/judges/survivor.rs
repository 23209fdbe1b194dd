//! A node that is left alone: with all others dead and nobody leading, its readers are answered all the same, and told how
//! old that is, which is never younger than the silence around it and grows with it.
//!
//! Invariant: times are counted from when the last other node was dead; what was on its way then is allowed for. Ages of two
//! answers are compared only where both are of one index and one address.

use std::collections::BTreeMap;

use super::Complaint;

/// What may still be on its way when the others die.
const ON_ITS_WAY_MS: u64 = 50;
/// Ages are told in whole milliseconds.
const GRAIN_MS: i64 = 1;

/// An answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer {
    /// Its status; none when there was no answer at all.
    pub status: Option<u16>,
    /// The index that it says it is of.
    pub index: Option<u64>,
    /// How old it says it is (-1 for never heard).
    pub age_ms: Option<i64>,
    /// When it was asked for.
    pub called_ms: u64,
    /// When it had come.
    pub ended_ms: u64,
}

/// What one survivor said while it was alone.
#[derive(Clone, Debug, Default)]
pub struct Survivor {
    /// The last age of each address and index, and when that had come.
    ages: BTreeMap<(String, u64), (i64, u64)>,
}

fn milliseconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

impl Survivor {
    /// It was asked for something.
    pub fn saw(&mut self, address: &str, answer: Answer) -> Option<Complaint> {
        let Answer { status, index, age_ms, called_ms, ended_ms } = answer;
        match status {
            Some(200) => {}
            Some(status) => return Some(format!("{address} is refused with {status}")),
            None => return Some(format!("{address} is not answered from {called_ms} to {ended_ms} ms")),
        }
        let (Some(index), Some(age_ms)) = (index, age_ms) else {
            return Some(format!("{address} does not say how old it is"));
        };
        let silent_ms = milliseconds(called_ms.saturating_sub(ON_ITS_WAY_MS));
        if (0..silent_ms).contains(&age_ms) {
            return Some(format!(
                "{address} says that it is {age_ms} ms old, after {called_ms} ms of silence"
            ));
        }
        // What arrived last may have made it younger.
        if called_ms < ON_ITS_WAY_MS {
            return None;
        }
        let before = self.ages.insert((address.to_owned(), index), (age_ms, ended_ms));
        let (before_ms, since_ms) = before.filter(|(before_ms, _)| *before_ms >= 0 && age_ms >= 0)?;
        let passed_ms = milliseconds(called_ms).saturating_sub(milliseconds(since_ms));
        let least_ms = before_ms.saturating_add(passed_ms).saturating_sub(GRAIN_MS);
        (age_ms < least_ms).then(|| {
            format!(
                "{address} was {before_ms} ms old, and {passed_ms} ms later says {age_ms} ms at one index"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(index: u64, age_ms: i64, called_ms: u64) -> Answer {
        let (status, index, age_ms) = (Some(200), Some(index), Some(age_ms));
        Answer { status, index, age_ms, called_ms, ended_ms: called_ms.saturating_add(10) }
    }

    #[test]
    fn an_age_that_grows_with_the_silence_is_right() {
        let mut survivor = Survivor::default();
        assert_eq!(survivor.saw("/", answer(7, 0, 0)), None);
        assert_eq!(survivor.saw("/", answer(7, 140, 100)), None);
        assert_eq!(survivor.saw("/", answer(7, 529, 500)), None, "a millisecond is lost in rounding");
        assert_eq!(survivor.saw("/", answer(8, 460, 510)), None, "another index, and younger");
        assert_eq!(survivor.saw("/", answer(8, -1, 900)), None, "it was never told");
    }

    #[test]
    fn an_age_that_is_too_young_or_stands_still_is_noticed() {
        let mut survivor = Survivor::default();
        assert!(survivor.saw("/", answer(7, 40, 100)).unwrap().contains("40 ms old"));
        assert_eq!(survivor.saw("/", answer(7, 900, 110)), None);
        assert!(survivor.saw("/", answer(7, 901, 400)).unwrap().contains("at one index"));
    }

    #[test]
    fn no_answer_is_noticed() {
        let mut survivor = Survivor::default();
        let right = answer(7, 500, 500);
        assert!(survivor.saw("/", Answer { status: None, ..right }).unwrap().contains("not answered"));
        assert!(survivor.saw("/", Answer { status: Some(503), ..right }).unwrap().contains("503"));
        assert!(survivor.saw("/", Answer { age_ms: None, ..right }).unwrap().contains("how old"));
        assert_eq!(survivor.saw("/", right), None);
    }
}
