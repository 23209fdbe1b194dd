//! What a look through a directory came to.

/// Findings of one check that are named; the others are only counted.
pub const FINDINGS_MAX: usize = 20;

/// One check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How many rows, entries or files.
    pub count: u64,
    /// How many things are wrong.
    pub wrong: u64,
    /// The first of them, [`FINDINGS_MAX`] at most, each in one line.
    pub findings: Vec<String>,
}

/// All checks, in the order they were done.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Number of the node.
    pub node: Option<u64>,
    /// Its cluster, hexadecimal digits.
    pub cluster: Option<String>,
    /// Index of the last entry in the state.
    pub applied: Option<u64>,
    /// Index of the last entry in the log.
    pub last: Option<u64>,
    /// State hash worked out from the rows.
    pub hash: Option<u128>,
    /// The checks.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn sound(&self) -> bool {
        self.checks.iter().all(|check| check.wrong == 0)
    }

    pub(super) fn add(&mut self, name: &'static str, findings: Findings) {
        let Findings { count, wrong, named } = findings;
        self.checks.push(Check { name, count, wrong, findings: named });
    }

    /// A check that could not be made because of what is wrong.
    pub(super) fn failed(&mut self, name: &'static str, why: &str) {
        let mut findings = Findings::default();
        findings.wrong(why.to_owned());
        self.add(name, findings);
    }
}

/// One check in the making.
#[derive(Default)]
pub(super) struct Findings {
    count: u64,
    wrong: u64,
    named: Vec<String>,
}

impl Findings {
    /// One thing more was looked at.
    pub(super) fn count(&mut self) {
        self.count = self.count.saturating_add(1);
    }

    /// Something is wrong.
    pub(super) fn wrong(&mut self, what: String) {
        self.wrong = self.wrong.saturating_add(1);
        if self.named.len() < FINDINGS_MAX {
            self.named.push(what);
        }
    }
}
