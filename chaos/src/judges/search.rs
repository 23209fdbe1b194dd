//! Search: what exists is found, and found first, by its name, its code or its number.
//!
//! Invariant: that names are not read yet is an answer of a process that has not answered before, and of no other.

use std::collections::BTreeSet;

use super::Complaint;

/// What a node said to whoever looked for something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Codes, the best first.
    Found(Vec<String>),
    /// It has not read the names yet.
    NotYet,
    /// It refused in some other way, by that status.
    Refused(u16),
}

/// All who look for something.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Nodes, and their processes, that have answered.
    answered: BTreeSet<(u64, u32)>,
}

impl Search {
    /// Somebody looked at a node for what has that code.
    pub fn saw(
        &mut self,
        (node, process): (u64, u32),
        (asked, meant): (&str, &str),
        answer: &Answer,
    ) -> Option<Complaint> {
        match answer {
            Answer::Found(codes) => {
                self.answered.insert((node, process));
                let first = codes.first().map(String::as_str);
                (first != Some(meant)).then(|| {
                    let (count, first) = (codes.len(), first.unwrap_or("nothing"));
                    format!("node {node}: {asked:?} means {meant} and finds {first} first, of {count}")
                })
            }
            Answer::NotYet => self.answered.contains(&(node, process)).then(|| {
                format!("node {node} has searched before and says it cannot look for {asked:?} yet")
            }),
            // A disk that is gone answers nobody; that a region is not there is never an answer.
            Answer::Refused(status) => (400..500)
                .contains(status)
                .then(|| format!("node {node}: whoever looks for {asked:?} is refused with {status}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(codes: &[&str]) -> Answer {
        Answer::Found(codes.iter().map(|code| (*code).to_owned()).collect())
    }

    #[test]
    fn what_exists_comes_first() {
        let mut search = Search::default();
        let mut saw = |answer: &Answer| search.saw((1, 70), ("bogor", "3201"), answer);
        assert_eq!(saw(&found(&["3201", "32"])), None);
        assert!(saw(&found(&["32", "3201"])).unwrap().contains("finds 32 first"));
        assert!(saw(&found(&[])).unwrap().contains("finds nothing first"));
        assert!(saw(&Answer::Refused(404)).is_some());
        assert_eq!(saw(&Answer::Refused(500)), None);
    }

    #[test]
    fn names_are_read_once_a_process() {
        let mut search = Search::default();
        let mut saw = |process, answer: &Answer| search.saw((1, process), ("bogor", "3201"), answer);
        assert_eq!(saw(70, &Answer::NotYet), None);
        assert_eq!(saw(70, &found(&["3201"])), None);
        assert!(saw(70, &Answer::NotYet).unwrap().contains("has searched before"));
        assert_eq!(saw(71, &Answer::NotYet), None);
    }
}
