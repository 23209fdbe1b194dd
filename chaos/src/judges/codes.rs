//! One-time codes: a code opens sessions for one attempt alone, whichever nodes are asked; that attempt may ask again when
//! it was not answered, and nobody may once the code was taken back.
//!
//! Invariant: each code's story is told in the order of calls and answers, calls at the same time in any order; an attempt
//! without an answer may have opened a session or not.

use std::collections::{BTreeMap, BTreeSet};

use super::Complaint;

/// What became of a code so far.
#[derive(Clone, Debug, Default)]
struct Code {
    sent: BTreeSet<u64>,
    /// Attempts whose last answer was a refusal.
    refused: BTreeSet<u64>,
    /// The attempt that it opened a session for.
    served: Option<u64>,
    /// Somebody has asked for its end.
    ending: bool,
    ended: bool,
    /// Its time to be asked for again may be over.
    late: bool,
}

/// All codes of a run, by number.
#[derive(Clone, Debug, Default)]
pub struct Codes(BTreeMap<u64, Code>);

impl Codes {
    /// A code was handed out. Answers its number.
    pub fn issued(&mut self) -> u64 {
        let number = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        self.0.insert(number, Code::default());
        number
    }

    fn code(&mut self, code: u64) -> &mut Code {
        self.0.entry(code).or_default()
    }

    /// An attempt begins to use a code, or asks again.
    pub fn sent(&mut self, code: u64, attempt: u64) {
        let code = self.code(code);
        code.sent.insert(attempt);
        code.refused.remove(&attempt);
    }

    /// The code is about to be taken back; nobody knows when.
    pub fn ending(&mut self, code: u64) {
        self.code(code).ending = true;
    }

    /// That was acknowledged.
    pub fn ended(&mut self, code: u64) {
        let code = self.code(code);
        (code.ending, code.ended) = (true, true);
    }

    /// So much time may have passed since it was used first, by the log's clock, that nobody may ask again.
    pub fn late(&mut self, code: u64) {
        self.code(code).late = true;
    }

    /// An attempt was answered with a session.
    pub fn opened(&mut self, code: u64, attempt: u64) -> Option<Complaint> {
        let kept = self.code(code);
        let before = kept.served.replace(attempt);
        if kept.ended {
            return Some(format!("code {code} opened a session after it had been taken back"));
        }
        let other = before.filter(|before| *before != attempt)?;
        Some(format!("code {code} opened sessions for two attempts, {other} and {attempt}"))
    }

    /// An attempt was refused as if its code were wrong.
    pub fn refused(&mut self, code: u64, attempt: u64) -> Option<Complaint> {
        let kept = self.code(code);
        kept.refused.insert(attempt);
        if kept.ending || kept.late {
            return None;
        }
        if kept.served == Some(attempt) {
            return Some(format!("code {code}: the attempt {attempt} that it was for may not ask again"));
        }
        let nobody = kept.served.is_none() && kept.refused == kept.sent;
        nobody.then(|| format!("code {code} was refused to everybody who has used it: {:?}", kept.sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes() -> (Codes, u64) {
        let mut codes = Codes::default();
        let code = codes.issued();
        codes.sent(code, 1);
        (codes, code)
    }

    #[test]
    fn a_code_serves_one_attempt_as_often_as_it_asks() {
        let (mut codes, code) = codes();
        assert_ne!(codes.issued(), code);
        assert_eq!(codes.opened(code, 1), None);
        codes.sent(code, 2);
        assert_eq!(codes.refused(code, 2), None);
        codes.sent(code, 1);
        assert_eq!(codes.opened(code, 1), None);
        assert!(codes.refused(code, 1).unwrap().contains("may not ask again"));
        codes.late(code);
        assert_eq!(codes.refused(code, 1), None);
    }

    #[test]
    fn a_second_session_for_another_attempt_is_noticed() {
        let (mut codes, code) = codes();
        codes.sent(code, 2);
        assert_eq!(codes.opened(code, 2), None);
        assert!(codes.opened(code, 1).unwrap().contains("two attempts"));
    }

    #[test]
    fn a_code_that_serves_nobody_is_noticed() {
        let (mut codes, code) = codes();
        assert!(codes.refused(code, 1).is_some());
        // Of two at the same time one must get in, if only it were answered.
        codes.sent(code, 1);
        codes.sent(code, 2);
        assert_eq!(codes.refused(code, 1), None);
        assert!(codes.refused(code, 2).unwrap().contains("everybody"));
    }

    #[test]
    fn a_code_that_was_taken_back_opens_nothing() {
        let (mut codes, code) = codes();
        codes.ending(code);
        assert_eq!(codes.refused(code, 1), None);
        assert_eq!(codes.opened(code, 1), None);
        codes.ended(code);
        assert_eq!(codes.refused(code, 1), None);
        assert!(codes.opened(code, 1).unwrap().contains("taken back"));
    }
}
