//! What the judges say when all is over.
//!
//! Invariant: nodes are asked when nobody writes any more, each for all it holds; a node that does not answer has not
//! kept its promise.

use std::collections::BTreeMap;

use api::client::Client;
use api::dto::stations::TallyPage;

use super::officers::{OFFICERS, OWN, RACED};
use super::record::Record;
use crate::judges::acknowledged::{self, Place, Written};
use crate::judges::exactly_once;
use crate::judges::linearizability::{self, Verdict as Order};
use crate::live::country;
use crate::live::transport::HttpTransport;
use crate::report::Verdict;

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
    for station in 0..RACED.saturating_add(OFFICERS.saturating_mul(OWN)) {
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

/// All verdicts, in the order of the promises.
pub(super) fn all(record: &Record) -> Vec<Verdict> {
    let promises = [
        ("acknowledged", "an acknowledged write is never lost (P1)", "nodes asked for everything"),
        ("exactly_once", "a request has one effect (P2)", "nodes asked for everything"),
        ("linearizability", "writes and linearizable reads have an order (P3)", "stations"),
        ("session", "nobody goes back in time (P4)", "reads with min_index"),
        ("age", "nobody says to be younger than they are (P4)", "answers with an age"),
        ("sums", "a region is the sum of its parts (P5)", "regions read under load"),
        ("equality", "one index, one state (P6)", "looks at states"),
        ("backup", "a backup that was taken can be restored", "backups beside faults"),
        ("flood", "the public is answered under a flood (P9)", "floods beside faults"),
        ("waits", "one node less changes little (P10)", "kinds of faults with a limit"),
        ("liveness", "after a fault all goes on (P10)", "faults"),
    ];
    let verdict = |(judge, promise, what): (&str, &str, &str)| {
        let (looked, complaints) = record.said(judge);
        let (open, broken): (Vec<String>, Vec<String>) =
            complaints.into_iter().partition(|said| said.starts_with(OPEN));
        let kept = if broken.is_empty() { open.is_empty().then_some(true) } else { Some(false) };
        let why = if broken.is_empty() { open } else { broken }.join("; ");
        let (judge, promise, looked_at) = (judge.to_owned(), promise.to_owned(), format!("{looked} {what}"));
        Verdict { judge, promise, looked_at, kept, why }
    };
    // A judge that never had anything to look at has nothing to say.
    promises.into_iter().filter(|(judge, ..)| record.said(judge).0 > 0).map(verdict).collect()
}
