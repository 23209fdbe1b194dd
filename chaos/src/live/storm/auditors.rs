//! An auditor who reads the audit log, now at this node and now at that, and in the end all of it at each node.
//!
//! Invariant: what was read before is how every later reading begins; what is judged is what was done to accounts and
//! sessions of this run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::client::{Client, ClientError};
use api::dto::audit::{AuditLine, AuditPage};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::accounts::{self, said};
use super::plant::{Planted, StormPlant};
use super::record::Record;
use crate::chance::Chance;
use crate::judges::audit::{self, Line, Said};
use crate::live::transport::HttpTransport;

/// From one page to the next.
const PACE: Duration = Duration::from_millis(300);
/// Lines of a page.
const LIMIT: (u64, u64) = (1, 80);
/// Lines of a page in the end, at most.
const LIMIT_MAX: u64 = 1_000;
/// Wrong credentials at each node when all is well again: every one must be told.
const WRONG: u64 = 2;
/// Longest until they are.
const TOLD_MAX: Duration = Duration::from_secs(10);
/// Somebody who has no account.
const STRANGER: &str = "orang-asing";
const SIGHTING: &str = "sign_in_failed";

/// Where an auditor sits.
#[derive(Clone, Copy)]
pub(super) struct Archive<'r> {
    /// The officers' side of each node, signed in.
    pub(super) nodes: &'r [Client<HttpTransport>],
    pub(super) record: &'r Record,
    pub(super) planted: Planted<'r>,
}

/// What was read so far.
#[derive(Default)]
pub(super) struct Read {
    lines: Vec<Line>,
    next: Option<String>,
    /// Lines behind the cursor, which the next page shows again.
    tail: Vec<Line>,
}

/// Reads on until told to stop.
pub(super) async fn read(archive: Archive<'_>, mut chance: Chance, stop: &std::cell::Cell<bool>) -> Read {
    let mut read = Read::default();
    while !stop.get() {
        sleep(PACE).await;
        let Some(node) = archive.nodes.get(chance.place(archive.nodes.len())) else { break };
        let limit = chance.between(LIMIT.0, LIMIT.1);
        if let Ok((lines, next)) = page(node, limit, read.next.as_deref()).await {
            archive.record.judged("audit", read.saw(lines, next));
        }
    }
    read
}

impl Read {
    fn saw(&mut self, lines: Vec<Line>, next: Option<String>) -> Option<String> {
        let again = self.tail.len().min(lines.len());
        let complaint = audit::begins_with(&lines, self.tail.get(..again).unwrap_or_default())
            .or_else(|| audit::goes_back(&lines));
        if next.is_some() {
            self.lines.extend(lines);
            self.next = next;
            self.tail = self.tail.split_off(again);
        } else if lines.len() >= self.tail.len() {
            self.tail = lines;
        }
        complaint
    }

    fn all(&self) -> Vec<Line> {
        self.lines.iter().chain(&self.tail).cloned().collect()
    }
}

/// When all is well again: strangers try the doors, which must be told.
pub(super) async fn knock(nodes: &[Client<HttpTransport>], record: &Record) {
    for node in nodes {
        for _ in 0..WRONG {
            let code = "0000-0000-0000-0000";
            drop(accounts::sign_in(node, record, (STRANGER, code), Uuid::new_v4()).await);
        }
    }
}

/// When nobody does anything any more: each node is asked for all lines.
pub(super) async fn finish(archive: Archive<'_>, read: &Read, mut chance: Chance) {
    let (record, acts) = (archive.record, archive.record.acts());
    let names: BTreeSet<&str> = acts.iter().map(|act| owner(&act.said)).collect();
    wait_for_strangers(archive).await;
    let read = read.all();
    for (place, node) in archive.nodes.iter().enumerate() {
        let limit = if place == 0 { LIMIT_MAX } else { chance.between(LIMIT.1, LIMIT_MAX) };
        let mut lines = match whole(node, limit).await {
            Ok(lines) => lines,
            Err(error) => {
                record.judged("audit", Some(format!("node {place} does not show its audit log: {error}")));
                continue;
            }
        };
        plant(archive.planted, place, &names, &mut lines);
        let ours: Vec<Line> = lines.iter().filter(|line| is_ours(line, &names)).cloned().collect();
        let sightings = record.refusals().into_iter().map(|(name, (least, most))| {
            // A node that is killed forgets what it saw in the last seconds.
            let least = if name == STRANGER { least } else { 0 };
            let seen: Vec<Line> = lines.iter().filter(|line| line.said.event == SIGHTING).cloned().collect();
            audit::sightings(&name, (least, most), &seen)
        });
        let complaints =
            [audit::goes_back(&lines), audit::begins_with(&lines, &read), audit::judge(&acts, &ours)];
        for complaint in complaints.into_iter().chain(sightings) {
            record.judged("audit", complaint.map(|said| format!("audit log of node {place}: {said}")));
        }
    }
}

/// Takes a line away from the first node's log, or puts it there twice.
fn plant(planted: Planted<'_>, place: usize, names: &BTreeSet<&str>, lines: &mut Vec<Line>) {
    let Some(at) = lines.iter().rposition(|line| is_ours(line, names)).filter(|_| place == 0) else { return };
    if planted.has(StormPlant::LostLine) {
        lines.remove(at);
    } else if planted.has(StormPlant::DoubleLine) {
        lines.extend(lines.get(at).cloned().into_iter().collect::<Vec<_>>());
    }
}

/// Waits until the log tells of all strangers: nodes put them together for some seconds.
async fn wait_for_strangers(archive: Archive<'_>) {
    let (least, _) = archive.record.refusals().get(STRANGER).copied().unwrap_or_default();
    let began = Instant::now();
    while let Some(node) = archive.nodes.first().filter(|_| began.elapsed() < TOLD_MAX) {
        if let Ok(lines) = whole(node, LIMIT_MAX).await {
            let strangers = lines.iter().filter(|line| line.said.subject == STRANGER);
            if strangers.fold(0, |sum: u64, line| sum.saturating_add(line.count)) >= least {
                return;
            }
        }
        sleep(PACE).await;
    }
}

/// Whose act it is.
fn owner(said: &Said) -> &str {
    if said.subject.is_empty() { &said.actor } else { &said.subject }
}

/// Whether a line is about what is judged.
fn is_ours(line: &Line, names: &BTreeSet<&str>) -> bool {
    let event = line.said.event.as_str();
    let founding = line.said.actor == "system" && event == "account_created";
    let judged = ["account_created", "account_changed", "signed_in", "signed_out", "sessions_ended"];
    judged.contains(&event) && !founding && names.contains(owner(&line.said))
}

async fn whole(node: &Client<HttpTransport>, limit: u64) -> Result<Vec<Line>, ClientError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (lines, next) = page(node, limit, after.as_deref()).await?;
        all.extend(lines);
        after = next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

async fn page(
    node: &Client<HttpTransport>,
    limit: u64,
    after: Option<&str>,
) -> Result<(Vec<Line>, Option<String>), ClientError> {
    let after = after.map_or_else(String::new, |after| format!("&next={after}"));
    let page = node.read::<AuditPage>(format!("/api/v1/audit?limit={limit}{after}")).await?.value;
    Ok((page.records.iter().map(line).collect(), page.next))
}

fn line(line: &AuditLine) -> Line {
    let told = |details: &BTreeMap<String, String>, names: &[&str]| {
        let words: Vec<&str> =
            names.iter().filter_map(|name| details.get(*name)).map(String::as_str).collect();
        words.join(" ")
    };
    let detail = match line.event.as_str() {
        "signed_in" => told(&line.details, &["by"]),
        "account_created" | "account_changed" => {
            told(&line.details, &["role", "scope", "active", "credential"])
        }
        _ => String::new(),
    };
    let subject = line.subject.as_deref().unwrap_or_default();
    let count = line.details.get("count").and_then(|count| count.parse().ok()).unwrap_or_default();
    Line { index: line.index, said: said(&line.actor, &line.event, subject, &detail), count }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(indexes: &[u64]) -> Vec<Line> {
        indexes.iter().map(|index| Line { index: *index, ..Line::default() }).collect()
    }

    #[test]
    fn a_reader_goes_on_where_they_were() {
        let mut read = Read::default();
        assert_eq!(read.saw(lines(&[1, 2]), Some("2".to_owned())), None);
        assert_eq!(read.saw(lines(&[3]), None), None);
        assert_eq!(read.saw(lines(&[3, 4, 5]), None), None);
        assert_eq!(read.saw(lines(&[3, 4]), Some("4".to_owned())), None);
        assert_eq!(read.all(), lines(&[1, 2, 3, 4, 5]));
        assert_eq!(read.saw(lines(&[5, 6]), Some("6".to_owned())), None);
        assert_eq!(read.all(), lines(&[1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn a_line_that_is_another_one_later_is_noticed() {
        let mut read = Read::default();
        assert_eq!(read.saw(lines(&[3, 4]), None), None);
        assert!(read.saw(lines(&[3, 5]), None).is_some());
        assert!(Read::default().saw(lines(&[5, 4]), None).is_some());
    }
}
