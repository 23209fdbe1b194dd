//! What a run was: for people on one page, for programs in lines of JSON.
//!
//! Invariant: the page is one file that needs nothing else; every number on it comes from what the run noted, and a
//! promise that could not be judged never looks kept.

mod availability;
mod drawing;
mod page;

use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

pub use availability::{Availability, Gap};

/// What a node was for a while.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It led.
    Leader,
    /// It answered and did not lead.
    Follower,
    /// It did not answer.
    Silent,
}

/// A node's role for a while. Times are microseconds since the begin of the run, here and below.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Stretch {
    /// Place of the node.
    pub node: usize,
    /// What it was.
    pub role: Role,
    /// Begin.
    pub from_us: u64,
    /// End.
    pub to_us: u64,
}

/// A fault.
#[derive(Clone, Debug, Serialize)]
pub struct Strike {
    /// What it is called.
    pub name: String,
    /// Places of the nodes it struck.
    pub nodes: Vec<usize>,
    /// Begin.
    pub from_us: u64,
    /// End; the begin for one that is over at once.
    pub to_us: u64,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It was answered as asked for.
    Done,
    /// It was refused.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// One operation of a client.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// Who.
    pub client: String,
    /// What: `write`, `read-local` and so on.
    pub kind: &'static str,
    /// On what: a station, a region.
    pub object: String,
    /// When it was asked for.
    pub called_us: u64,
    /// When it ended.
    pub ended_us: u64,
    /// How.
    pub ended: Ended,
    /// What was asked for or seen: a revision, or an index.
    pub revision: u64,
    /// Place in the log that the answer named.
    pub index: u64,
}

impl Operation {
    /// Whether it is a form that was sent, alone or among others.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.kind, "write" | "batch")
    }
}

/// What a judge said.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The judge, by its file.
    pub judge: String,
    /// The promise, in words.
    pub promise: String,
    /// What it looked at, in words with a number.
    pub looked_at: String,
    /// Whether the promise was kept; `None` when that stayed open.
    pub kept: Option<bool>,
    /// What is wrong, or why it stayed open.
    pub why: String,
}

/// How long nobody was answered around faults of one kind, in milliseconds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Waits {
    /// The fault.
    pub fault: String,
    /// How often it struck.
    pub times: usize,
    /// Half of the longest waits were below this.
    pub median_ms: u64,
    /// 99 of 100 were.
    pub percentile_99_ms: u64,
    /// The longest.
    pub worst_ms: u64,
    /// The longest wait of each fault, rising.
    pub longest_ms: Vec<u64>,
    /// Longest that it may be, where something is promised.
    pub must_ms: Option<u64>,
}

/// A run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Story {
    /// Name of the scenario.
    pub scenario: String,
    /// Faults that this machine does not allow, and why.
    pub skipped: Option<String>,
    /// Command that does the same again.
    pub repeat: String,
    /// How long it took.
    pub took_us: u64,
    /// Names of the nodes by their place.
    pub nodes: Vec<String>,
    /// What they were.
    #[serde(skip)]
    pub stretches: Vec<Stretch>,
    /// What was done to them.
    pub strikes: Vec<Strike>,
    /// What clients did.
    #[serde(skip)]
    pub operations: Vec<Operation>,
    /// What the judges said.
    pub verdicts: Vec<Verdict>,
    /// Waits by fault.
    pub waits: Vec<Waits>,
    /// Other numbers, with what they are.
    pub numbers: Vec<(String, String)>,
}

impl Story {
    /// Whether all promises were kept; `None` when one stayed open and none was broken.
    #[must_use]
    pub fn kept(&self) -> Option<bool> {
        if self.verdicts.iter().any(|verdict| verdict.kept == Some(false)) {
            return Some(false);
        }
        self.verdicts.iter().all(|verdict| verdict.kept == Some(true)).then_some(true)
    }

    /// When nobody was answered, of those who wrote.
    #[must_use]
    pub fn availability(&self) -> Availability {
        Availability::of(&self.operations, self.took_us)
    }

    /// A few lines for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let availability = self.availability();
        let mut lines = vec![format!(
            "{}: {} operations, {} faults, writes answered {} % of the time, longest wait {} ms",
            self.scenario,
            self.operations.len(),
            self.strikes.len(),
            availability.percent(),
            availability.longest_us().div_euclid(1_000)
        )];
        lines.extend(self.waits.iter().map(|waits| {
            let must = waits.must_ms.map_or_else(String::new, |must_ms| format!(", must {must_ms}"));
            let Waits { fault, times, median_ms, percentile_99_ms, worst_ms, .. } = waits;
            format!("  {fault:32} {times:4}x  wait median {median_ms} ms, 99 % {percentile_99_ms}, worst {worst_ms}{must}")
        }));
        lines.extend(self.numbers.iter().map(|(name, value)| format!("  {name}: {value}")));
        lines.extend(self.verdicts.iter().map(|verdict| {
            let word = match verdict.kept {
                Some(true) => "kept  ",
                Some(false) => "BROKEN",
                None => "open  ",
            };
            format!("  {word} {} ({}) {}", verdict.promise, verdict.looked_at, verdict.why)
        }));
        lines.push(format!("again: {}", self.repeat));
        lines.join("\n")
    }

    /// The page.
    ///
    /// # Errors
    /// None that a caller can do anything about.
    pub fn to_html(&self) -> io::Result<String> {
        page::render(self)
    }

    /// The summary as JSON.
    ///
    /// # Errors
    /// None that a caller can do anything about.
    pub fn to_json(&self) -> io::Result<String> {
        #[derive(Serialize)]
        struct Summary<'a> {
            kept: Option<bool>,
            availability_percent: String,
            longest_gap_ms: u64,
            missing_us: u64,
            operations: usize,
            unknown: usize,
            #[serde(flatten)]
            story: &'a Story,
        }
        let availability = self.availability();
        let summary = Summary {
            kept: self.kept(),
            availability_percent: availability.percent(),
            longest_gap_ms: availability.longest_us().div_euclid(1_000),
            missing_us: availability.missing_us(),
            operations: self.operations.len(),
            unknown: self.operations.iter().filter(|operation| operation.ended == Ended::Unknown).count(),
            story: self,
        };
        Ok(serde_json::to_string_pretty(&summary)?)
    }

    /// Writes page, summary and history into a directory: `report.html`, `summary.json`, `history.jsonl`.
    ///
    /// # Errors
    /// What the disk said.
    pub fn save(&self, directory: &Path) -> io::Result<()> {
        std::fs::create_dir_all(directory)?;
        write(&directory.join("report.html"), self.to_html()?.as_bytes())?;
        write(&directory.join("summary.json"), self.to_json()?.as_bytes())?;
        let mut lines = Vec::new();
        for operation in &self.operations {
            serde_json::to_writer(&mut lines, operation)?;
            lines.push(b'\n');
        }
        write(&directory.join("history.jsonl"), &lines)
    }
}

/// A report that a crash leaves half there is made again.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::File::create(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(kept: Option<bool>) -> Verdict {
        let (judge, promise) = ("sums".to_owned(), "sums hold".to_owned());
        Verdict { judge, promise, looked_at: "3 regions".to_owned(), kept, why: "<b>".to_owned() }
    }

    #[test]
    fn what_stayed_open_is_not_kept() {
        let with = |kept: &[Option<bool>]| Story {
            verdicts: kept.iter().copied().map(verdict).collect(),
            ..Story::default()
        };
        assert_eq!(with(&[Some(true), Some(true)]).kept(), Some(true));
        assert_eq!(with(&[Some(true), None]).kept(), None);
        assert_eq!(with(&[None, Some(false)]).kept(), Some(false));
    }

    #[test]
    fn a_run_is_saved_as_page_summary_and_lines() {
        let directory = tempfile::tempdir().unwrap();
        let operation = |called_us: u64, ended| Operation {
            client: "officer 1".to_owned(),
            kind: "write",
            object: "3101011001001".to_owned(),
            called_us,
            ended_us: called_us.saturating_add(2_000),
            ended,
            revision: 1,
            index: 9,
        };
        let story = Story {
            scenario: "kills".to_owned(),
            skipped: None,
            repeat: "rakit-chaos live kills --seed 1".to_owned(),
            took_us: 1_000_000,
            nodes: vec!["node-0".to_owned()],
            stretches: vec![Stretch { node: 0, role: Role::Leader, from_us: 0, to_us: 1_000_000 }],
            strikes: vec![Strike { name: "kill".to_owned(), nodes: vec![0], from_us: 5, to_us: 500_000 }],
            operations: vec![operation(0, Ended::Done), operation(700_000, Ended::Unknown)],
            verdicts: vec![verdict(Some(false))],
            waits: vec![Waits {
                fault: "kill".to_owned(),
                times: 1,
                must_ms: Some(1_500),
                ..Waits::default()
            }],
            numbers: vec![("leader kills".to_owned(), "1".to_owned())],
        };
        story.save(directory.path()).unwrap();
        let page = std::fs::read_to_string(directory.path().join("report.html")).unwrap();
        assert!(
            page.contains("&#60;b&#62;") && page.contains("<svg") && !page.contains("http://cdn"),
            "{page}"
        );
        let lines = std::fs::read_to_string(directory.path().join("history.jsonl")).unwrap();
        assert_eq!(lines.lines().count(), 2);
        let summary = std::fs::read(directory.path().join("summary.json")).unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
        assert_eq!(summary["kept"], false);
        assert_eq!(summary["operations"], 2);
    }
}
