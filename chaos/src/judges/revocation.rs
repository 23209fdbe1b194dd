//! Sessions: a token serves at every node while its session is open, and writes nothing at any once it is closed.
//!
//! Invariant: each token's story is told in the order of its calls and answers; after a call that closes a session and
//! was not answered either is right, until one is.

use std::collections::BTreeMap;

use super::Complaint;

/// Longest that a node may still hear a token, outside of faults, after the end of its session was acknowledged.
pub const DEATH_US_MAX: u64 = 1_000_000;

/// What became of a call under a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It was judged on its merits.
    Heard,
    /// The token was refused.
    Unauthenticated,
    /// Nobody knows.
    None,
    /// It was refused otherwise, under that code.
    Refused(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    Closing,
    Closed,
}

/// All tokens of a run, by number.
#[derive(Clone, Debug, Default)]
pub struct Tokens(BTreeMap<u64, State>);

impl Tokens {
    /// A session was opened. Answers the number of its token.
    pub fn opened(&mut self) -> u64 {
        let number = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        self.0.insert(number, State::Open);
        number
    }

    /// Somebody asked for the end of the session and was not answered.
    pub fn closing(&mut self, token: u64) {
        self.0.insert(token, State::Closing);
    }

    /// Whether the session may have ended without anybody knowing.
    #[must_use]
    pub fn is_closing(&self, token: u64) -> bool {
        self.0.get(&token) == Some(&State::Closing)
    }

    /// The end of the session was acknowledged.
    pub fn closed(&mut self, token: u64) {
        self.0.insert(token, State::Closed);
    }

    /// A node that is well heard a token for reading so long after the end of its session was acknowledged.
    #[must_use]
    pub fn outlives(&self, token: u64, node: u64, after_us: u64) -> Option<Complaint> {
        let late = after_us > DEATH_US_MAX && self.0.get(&token) == Some(&State::Closed);
        late.then(|| {
            format!(
                "node {node} takes token {token} {} ms after the end of its session",
                after_us.div_euclid(1_000)
            )
        })
    }

    /// A call under the token has ended so at a node. A read says something of a closed one only where the node has
    /// already answered a linearizable read under it: until then it may not know.
    #[must_use]
    pub fn used(&self, token: u64, node: u64, answer: &Answer) -> Option<Complaint> {
        match (self.0.get(&token).copied().unwrap_or(State::Closed), answer) {
            (State::Open, Answer::Unauthenticated) => {
                Some(format!("node {node} refuses token {token}, whose session is open"))
            }
            (State::Open, Answer::Refused(code)) => Some(format!(
                "node {node} refuses ({code}) what is right under token {token}, whose session is open"
            )),
            (State::Closed, Answer::Heard) => {
                Some(format!("node {node} takes token {token} after the end of its session was acknowledged"))
            }
            (State::Closed, Answer::Refused(code)) => Some(format!(
                "node {node} answers {code} to token {token} after the end of its session was acknowledged"
            )),
            (State::Open, Answer::Heard)
            | (State::Closed, Answer::Unauthenticated)
            | (State::Closing, _)
            | (_, Answer::None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_serves_until_its_session_ends_and_not_afterwards() {
        let refused = Answer::Refused("stale-revision".to_owned());
        let mut tokens = Tokens::default();
        let (one, two) = (tokens.opened(), tokens.opened());
        assert_ne!(one, two);
        assert_eq!(tokens.used(one, 1, &Answer::Heard), None);
        assert_eq!(tokens.used(one, 1, &Answer::None), None);
        assert!(tokens.used(one, 2, &Answer::Unauthenticated).is_some());
        assert!(tokens.used(one, 2, &refused).is_some());

        assert!(!tokens.is_closing(one));
        tokens.closing(one);
        assert!(tokens.is_closing(one) && !tokens.is_closing(two));
        for answer in [Answer::Heard, Answer::Unauthenticated, Answer::None, refused.clone()] {
            assert_eq!(tokens.used(one, 2, &answer), None);
        }

        tokens.closed(one);
        assert_eq!(tokens.used(one, 1, &Answer::Unauthenticated), None);
        assert_eq!(tokens.used(one, 1, &Answer::None), None);
        assert!(tokens.used(one, 3, &Answer::Heard).unwrap().contains("node 3"));
        // Judged on its merits, although for nobody.
        assert!(tokens.used(one, 3, &refused).is_some());
        assert_eq!(tokens.used(two, 3, &Answer::Heard), None);
    }

    #[test]
    fn a_closed_token_dies_in_time() {
        let mut tokens = Tokens::default();
        let token = tokens.opened();
        assert_eq!(tokens.outlives(token, 1, DEATH_US_MAX + 1), None);
        tokens.closed(token);
        assert_eq!(tokens.outlives(token, 1, DEATH_US_MAX), None);
        assert!(tokens.outlives(token, 2, DEATH_US_MAX + 1).unwrap().contains("node 2"));
    }
}
