//! What the judges say when all is over.
//!
//! Invariant: nodes are asked when nobody writes any more, each for all it holds; a node that does not answer has not
//! kept its promise.

use std::collections::BTreeMap;

use api::client::Client;
use api::dto::stations::TallyPage;

use super::officers::STATIONS;
use super::record::Record;
use crate::judges::acknowledged::{self, Place, Written};
use crate::judges::exactly_once;
use crate::judges::linearizability::{self, Verdict as Order};
use crate::judges::words;
use crate::live::fleet::Fleet;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, country};
use crate::report::{Strike, Verdict};

/// Steps that the order of one station's operations may take to find.
const STEPS_MAX: u64 = 20_000_000;

/// Asks every node for everything, and lets the judges of it speak.
pub(super) async fn ask_nodes(nodes: &[(u64, &Client<HttpTransport>)], record: &Record) {
    let (told, sent, index) = (record.acknowledged(), record.sent(), record.index());
    let asked = nodes.iter().map(|(id, node)| async {
        let (id, held) = (*id, held(node, index).await);
        (id, held)
    });
    for (id, held) in futures_util::future::join_all(asked).await {
        match held {
            Ok(held) => {
                record.judged("acknowledged", acknowledged::judge(id, &told, &held));
                let effects: Vec<(Place, u64)> =
                    held.into_iter().map(|(place, written)| (place, written.value)).collect();
                let complaint = exactly_once::judge(&sent, &effects);
                record.judged("exactly_once", complaint.map(|said| format!("node {id}: {said}")));
            }
            Err(why) => record.judged("acknowledged", Some(format!("node {id} does not answer: {why}"))),
        }
    }
}

/// All revisions of all stations at a node.
async fn held(node: &Client<HttpTransport>, index: u64) -> Result<BTreeMap<Place, Written>, String> {
    let mut held = BTreeMap::new();
    for station in 0..STATIONS {
        let code = country::station(station);
        let path = format!("/api/v1/stations/{code}/{}?min_index={index}", country::CONTEST);
        let page = node.read::<TallyPage>(path).await.map_err(|error| error.to_string())?;
        for entry in page.value.history {
            let value = entry.form.as_ref().map_or(0, country::number_of);
            let written = Written { value, index: entry.index };
            if let Some(before) = held.insert((station, entry.revision), written) {
                return Err(format!("station {code} has revision {} twice: {before:?}", entry.revision));
            }
        }
    }
    Ok(held)
}

/// Looks for an order of all operations.
pub(super) fn order(record: &Record) {
    for (station, operations) in record.stations() {
        let complaint = match linearizability::check(&operations, STEPS_MAX) {
            Order::Linearizable => None,
            Order::Violated(place) => Some(format!(
                "station {}: no order fits {:?}",
                country::station(station),
                operations.get(place)
            )),
            Order::Open => Some(format!("{OPEN} station {}", country::station(station))),
        };
        record.judged("linearizability", complaint);
    }
}

/// How a complaint begins that is none: the judge did not come to an end.
const OPEN: &str = "not decided:";

/// What the nodes wrote about themselves, all of it, in a run with these faults.
pub(super) fn words(fleet: &Fleet, record: &Record, strikes: &[Strike]) -> Result<(), Trouble> {
    let faults: Vec<&str> = strikes.iter().map(|strike| strike.name.as_str()).collect();
    for place in fleet.members() {
        record.judged("words", words::judge(fleet.id(place), &fleet.words(place)?, &faults));
    }
    Ok(())
}

/// The most memory of each node, in words.
pub(super) fn memory(record: &Record) -> String {
    let most = record.most_memory();
    let of = |(node, kib): (&u64, &u64)| format!("node {node} {} MiB", kib.div_euclid(1024));
    most.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// A judge, its promise, what it looks at, and how much of that there must be at least.
struct Row(&'static str, &'static str, &'static str, Least);

/// What a run must bring, so that its judge has something to say.
#[derive(Clone, Copy)]
enum Least {
    /// So much, however long it is.
    Run(u64),
    /// So much in each minute.
    Minute(u64),
}

impl Least {
    const fn of(self, seconds: u64) -> u64 {
        match self {
            Self::Run(least) => least,
            Self::Minute(least) => least.saturating_mul(seconds).div_ceil(60),
        }
    }
}

use Least::{Minute, Run};

/// All judges, in the order of the promises.
const ROWS: [Row; 26] = [
    Row("acknowledged", "an acknowledged write is never lost (P1)", "nodes asked for everything", Run(1)),
    Row("exactly_once", "a request has one effect (P2)", "nodes and answers that came twice", Minute(1)),
    Row("linearizability", "writes and linearizable reads have an order (P3)", "stations", Run(100)),
    Row("session", "nobody goes back in time (P4)", "reads with min_index", Minute(600)),
    Row("age", "nobody says to be younger than they are (P4)", "answers with an age", Minute(600)),
    Row("sums", "a region is the sum of its parts (P5)", "regions read under load", Minute(120)),
    Row(
        "pages",
        "one version has one set of numbers (P5)",
        "pages and data seen before elsewhere",
        Minute(60),
    ),
    Row("feed", "the feed tells every change once, in order (P4)", "answers of the feed", Minute(120)),
    Row("events", "events never go back, and have their numbers", "events and pages they meet", Minute(60)),
    Row("search", "what exists is found, and found first", "searches", Minute(150)),
    Row("files", "a file is whole and of one index", "files, each looked at twice", Minute(60)),
    Row("walks", "a walk meets every flagged form once", "pages and walks", Minute(100)),
    Row(
        "sirekap",
        "Sirekap's files have the numbers of the count",
        "files, each looked at twice",
        Minute(120),
    ),
    Row("survivor", "a node that is left alone answers, and says its age", "answers of survivors", Run(0)),
    Row("equality", "one index, one state (P6)", "looks at states", Minute(60)),
    Row("revocation", "a token serves everywhere until it is revoked", "uses of tokens", Minute(30)),
    Row("codes", "a code opens sessions for one attempt alone", "answers to codes", Minute(8)),
    Row("readings", "second readings and certifications are by the book", "steps and forms", Minute(80)),
    Row(
        "audit",
        "the audit log tells all that was done, once and in order",
        "pages and logs read",
        Minute(30),
    ),
    Row("photos", "a photo is where its form says, and a virus nowhere", "looks at photos", Minute(60)),
    Row("backup", "a backup that was taken can be restored", "backups beside faults", Run(0)),
    Row("flood", "the public is answered under a flood (P9)", "floods beside faults", Run(0)),
    Row("waits", "one node less changes little (P10)", "kinds of faults with a limit", Run(0)),
    Row("liveness", "after a fault all goes on (P10)", "faults", Minute(6)),
    Row("memory", "memory is bounded", "looks at processes", Minute(100)),
    Row("words", "no panic, no error without a cause", "nodes' logs", Run(1)),
];

/// All verdicts, in the order of the promises, of a run of so many seconds.
pub(super) fn all(record: &Record, seconds: u64) -> Vec<Verdict> {
    let least = |row: &Row| row.3.of(seconds);
    // What this machine has no means for was told as skipped.
    let asked = ROWS.iter().filter(|row| !record.excused(row.0));
    let rows = asked.map(|row| (row, least(row), record.said(row.0)));
    // A judge that had nothing to look at, and needed nothing, has nothing to say.
    let rows = rows.filter(|(_, least, (looked, _))| *looked > 0 || *least > 0);
    rows.map(|(row, least, said)| verdict(row, least, said)).collect()
}

fn verdict(
    Row(judge, promise, what, _): &Row,
    least: u64,
    (looked, complaints): (u64, Vec<String>),
) -> Verdict {
    let (mut open, broken): (Vec<String>, Vec<String>) =
        complaints.into_iter().partition(|said| said.starts_with(OPEN));
    if looked < least {
        open.push(format!("a run of this length wants {least} {what}"));
    }
    let kept = if broken.is_empty() { open.is_empty().then_some(true) } else { Some(false) };
    let why = if broken.is_empty() { open } else { broken }.join("; ");
    let (judge, promise, looked_at) =
        ((*judge).to_owned(), (*promise).to_owned(), format!("{looked} {what}"));
    Verdict { judge, promise, looked_at, kept, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a judge says of a minute: a word, or that it has nothing to say.
    fn kept(record: &Record, judge: &str) -> &'static str {
        let all = all(record, 60);
        match all.into_iter().find(|verdict| verdict.judge == judge).map(|verdict| verdict.kept) {
            None => "silent",
            Some(None) => "open",
            Some(Some(true)) => "kept",
            Some(Some(false)) => "broken",
        }
    }

    #[test]
    fn a_judge_that_saw_too_little_leaves_its_promise_open() {
        let record = Record::new();
        assert_eq!(kept(&record, "revocation"), "open");
        (0..29).for_each(|_| record.judged("revocation", None));
        assert_eq!(kept(&record, "revocation"), "open");
        record.judged("revocation", None);
        assert_eq!(kept(&record, "revocation"), "kept");
        record.judged("revocation", Some("a token".to_owned()));
        assert_eq!(kept(&record, "revocation"), "broken");
    }

    #[test]
    fn what_is_not_decided_is_not_broken() {
        let record = Record::new();
        (0..200).for_each(|_| record.judged("linearizability", None));
        record.judged("linearizability", Some(format!("{OPEN} station 1")));
        assert_eq!(kept(&record, "linearizability"), "open");
    }
}
