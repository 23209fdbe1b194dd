//! `rakit state-hash`: whether all nodes have the same state at one index (promise P6).
//!
//! Invariant: hashes are compared at one index only, which every node that answers remembers; where there is none
//! nothing is said to be equal.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::dto::cluster::HashPoints;
use clap::Args;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use super::connection::Connection;
use super::output::Output;
use crate::client::Client;
use crate::failure::Failure;
use crate::text;

/// A node that has not answered after this is shown as silent.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// How long an index is waited for that all nodes remember: two hash points and a little.
const COMMON_MAX: Duration = Duration::from_secs(25);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What `rakit state-hash` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Ask every node and compare; without it one only
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    connection: Connection,
}

/// What one node said, or why it did not.
type Told = (String, Result<HashPoints, Failure>);

/// Runs it. Exits 3 when a node differs, is set apart or is silent, 4 when nothing could be compared.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let mut clients = arguments.connection.operators(ANSWER_MAX)?;
    if !arguments.all {
        clients.truncate(1);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(error.to_string()))?;
    let (told, index) = runtime.block_on(hear(&clients, arguments.all));
    let verdict = Verdict::of(&told, index);
    output.answer(&verdict.as_json(&told), || verdict.as_text(&told));
    verdict.outcome(&told)
}

/// Asks all nodes until those that answer remember one index.
async fn hear(clients: &[(String, Client)], all: bool) -> (Vec<Told>, Option<u64>) {
    let began = Instant::now();
    loop {
        let told = join_all(clients.iter().map(|(url, client)| async move {
            let answer = client.get::<HashPoints>("/api/v1/state-hash/points").await;
            (url.clone(), answer.map(|answer| answer.value).map_err(Failure::from))
        }))
        .await;
        let answered: Vec<&HashPoints> = told.iter().filter_map(|(_, told)| told.as_ref().ok()).collect();
        let common = if all { common_index(&answered) } else { answered.first().map(|told| told.now.index) };
        if common.is_some() || answered.is_empty() || began.elapsed() >= COMMON_MAX {
            return (told, common);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// All hashes of a node by index.
fn hashes(told: &HashPoints) -> BTreeMap<u64, &str> {
    told.points.iter().chain([&told.now]).map(|point| (point.index, point.hash.as_str())).collect()
}

/// The newest index that all of them remember.
fn common_index(told: &[&HashPoints]) -> Option<u64> {
    let mut indexes = told.iter().map(|told| hashes(told).into_keys().collect::<BTreeSet<u64>>());
    let first = indexes.next()?;
    indexes.fold(first, |common, other| &common & &other).pop_last()
}

/// What the answers amount to.
#[derive(Debug, Eq, PartialEq)]
struct Verdict {
    index: Option<u64>,
    /// The hash that most nodes have; `None` when two are equally frequent.
    hash: Option<String>,
    /// Places in the list of nodes whose hash is another one.
    differing: Vec<usize>,
    /// Places of those that have set themselves apart.
    apart: Vec<usize>,
    silent: Vec<usize>,
}

impl Verdict {
    fn of(told: &[Told], index: Option<u64>) -> Self {
        let mut verdict =
            Self { index, hash: None, differing: Vec::new(), apart: Vec::new(), silent: Vec::new() };
        let mut by_hash: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, (_, told)) in told.iter().enumerate() {
            let Ok(told) = told else {
                verdict.silent.push(place);
                continue;
            };
            if told.equality.quarantine.is_some() {
                verdict.apart.push(place);
            }
            if let Some(hash) = index.and_then(|index| hashes(told).get(&index).map(ToString::to_string)) {
                by_hash.entry(hash).or_default().push(place);
            }
        }
        let most = by_hash.values().map(Vec::len).max().unwrap_or_default();
        let mut winners = by_hash.iter().filter(|(_, places)| places.len() == most);
        if let (Some((hash, _)), None) = (winners.next(), winners.next()) {
            verdict.hash = Some(hash.clone());
        }
        let others = by_hash.into_iter().filter(|(hash, _)| Some(hash) != verdict.hash.as_ref());
        verdict.differing = others.flat_map(|(_, places)| places).collect();
        verdict.differing.sort_unstable();
        verdict
    }

    fn equal(&self) -> bool {
        self.hash.is_some() && self.differing.is_empty() && self.apart.is_empty()
    }

    fn outcome(&self, told: &[Told]) -> Result<(), Failure> {
        if self.silent.len() == told.len() {
            return Err(Failure::unavailable(text!("tidak ada simpul yang menjawab", "no node answered")));
        }
        if self.index.is_none() {
            return Err(Failure::unavailable(text!(
                "tidak ada indeks yang diingat semua simpul; coba lagi",
                "no index that all nodes remember; try again"
            )));
        }
        let wrong: BTreeSet<usize> = self.differing.iter().chain(&self.apart).copied().collect();
        let named: Vec<String> = wrong.iter().filter_map(|place| told.get(*place)).map(name).collect();
        let named = named.join(", ");
        if !self.equal() {
            return Err(Failure::unhealthy(text!(
                "keadaan simpul berbeda: {named}",
                "states differ: {named}"
            )));
        }
        let silent = self.silent.len();
        if silent > 0 {
            return Err(Failure::unhealthy(text!(
                "{silent} simpul tidak menjawab; yang lain sama",
                "nodes that do not answer: {silent}; the others are equal"
            )));
        }
        Ok(())
    }

    fn as_json(&self, told: &[Told]) -> serde_json::Value {
        let nodes: Vec<_> = told
            .iter()
            .enumerate()
            .map(|(place, (url, told))| match told {
                Ok(told) => json!({
                    "url": url,
                    "node": told.node,
                    "hash": self.index.and_then(|index| hashes(told).get(&index).map(ToString::to_string)),
                    "differs": self.differing.contains(&place) || self.apart.contains(&place),
                    "quarantine": told.equality.quarantine,
                }),
                Err(failure) => json!({"url": url, "error": failure.to_string()}),
            })
            .collect();
        let equal = self.equal() && self.silent.is_empty();
        json!({"index": self.index, "equal": equal, "nodes": nodes})
    }

    fn as_text(&self, told: &[Told]) -> String {
        let index = self.index.map_or_else(|| "-".to_owned(), |index| index.to_string());
        let mut lines = vec![text!("indeks {index}", "index {index}")];
        for (place, node) in told.iter().enumerate() {
            let name = name(node);
            let said = match &node.1 {
                Err(failure) => {
                    let silent = text!("diam", "silent");
                    format!("{silent}: {failure}")
                }
                Ok(told) => {
                    let hash = self.index.and_then(|index| hashes(told).get(&index).copied()).unwrap_or("-");
                    let differs = self.differing.contains(&place);
                    let verdict = if differs { text!("BERBEDA", "DIFFERS") } else { String::new() };
                    let apart = told.equality.quarantine.as_ref();
                    let apart = apart.map(|why| text!("DIPISAHKAN: {why}", "SET APART: {why}"));
                    format!("{hash} {verdict} {}", apart.unwrap_or_default()).trim_end().to_owned()
                }
            };
            lines.push(format!("{name}: {said}"));
        }
        lines.join("\n")
    }
}

/// A node as people call it: its number where it told it.
fn name((url, told): &Told) -> String {
    match told {
        Ok(told) => {
            let node = told.node;
            text!("simpul {node} ({url})", "node {node} ({url})")
        }
        Err(_) => url.clone(),
    }
}

#[cfg(test)]
mod tests {
    use api::dto::cluster::{Equality, StateHash};

    use super::*;

    fn node(node: u64, points: &[(u64, &str)], quarantine: Option<&str>) -> Told {
        let point = |(index, hash): &(u64, &str)| StateHash { index: *index, hash: (*hash).to_owned() };
        let mut points: Vec<StateHash> = points.iter().map(point).collect();
        let now = points.pop().unwrap();
        let equality = Equality {
            quarantine: quarantine.map(str::to_owned),
            differing: Vec::new(),
            agreed: None,
            split: None,
            scrubbed: None,
        };
        (format!("http://{node}"), Ok(HashPoints { node, now, points, equality }))
    }

    fn verdict(told: &[Told]) -> Verdict {
        let answered: Vec<&HashPoints> = told.iter().filter_map(|(_, told)| told.as_ref().ok()).collect();
        Verdict::of(told, common_index(&answered))
    }

    #[test]
    fn equal_states_are_found_at_the_newest_index_all_remember() {
        let told = [
            node(1, &[(10, "a"), (20, "b"), (25, "c")], None),
            node(2, &[(10, "a"), (20, "b"), (26, "d")], None),
            node(3, &[(20, "b")], None),
        ];
        let verdict = verdict(&told);
        assert_eq!((verdict.index, verdict.hash.as_deref()), (Some(20), Some("b")));
        assert!(verdict.equal());
        assert!(verdict.outcome(&told).is_ok());
    }

    #[test]
    fn the_one_that_differs_is_named() {
        let told = [node(1, &[(10, "a")], None), node(2, &[(10, "x")], None), node(3, &[(10, "a")], None)];
        let verdict = verdict(&told);
        assert_eq!(verdict.differing, [1]);
        let failure = verdict.outcome(&told).unwrap_err();
        assert_eq!(failure.exit, crate::failure::Exit::Unhealthy);
        assert!(failure.text.contains("http://2") && !failure.text.contains("http://1"), "{failure}");
        assert_eq!(verdict.as_json(&told)["nodes"][1]["differs"], true);
    }

    #[test]
    fn one_that_sets_itself_apart_is_named_though_its_hash_is_equal() {
        let told = [node(1, &[(10, "a")], None), node(2, &[(10, "a")], Some("row 7"))];
        let verdict = verdict(&told);
        assert!(!verdict.equal());
        assert!(verdict.outcome(&told).unwrap_err().text.contains("http://2"));
        assert!(verdict.as_text(&told).contains("row 7"));
    }

    #[test]
    fn without_a_common_index_or_any_answer_nothing_is_equal() {
        let told = [node(1, &[(10, "a")], None), node(2, &[(11, "a")], None)];
        assert_eq!(verdict(&told).outcome(&told).unwrap_err().exit, crate::failure::Exit::Unavailable);
        let silent = [("http://1".to_owned(), Err(Failure::unavailable("x")))];
        assert_eq!(verdict(&silent).outcome(&silent).unwrap_err().exit, crate::failure::Exit::Unavailable);
        let two = [node(1, &[(10, "a")], None), node(2, &[(10, "b")], None)];
        assert_eq!(verdict(&two).differing, [0, 1], "nobody can tell who is right");
    }
}
