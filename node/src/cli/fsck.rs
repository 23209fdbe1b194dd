//! `rakit fsck`: the data of a node that does not run, looked through from end to end.
//!
//! Invariant: the data is not changed, and every check has one line whether it found anything or not.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use store::fsck::{Check, Report};
use tally::ids::hex;

use super::output::Output;
use crate::failure::Failure;
use crate::text;

/// What `rakit fsck` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Data directory of the node
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Runs it. Exits 3 when anything is wrong, 5 when there is nothing to look at or a node has it open.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let report = store::fsck::fsck(&arguments.directory);
    let report = report.map_err(|error| Failure::precondition(error.to_string()))?;
    output.answer(&as_json(&report), || as_text(&report));
    let wrong = report.checks.iter().filter(|check| check.wrong > 0).count();
    if wrong == 0 {
        return Ok(());
    }
    Err(Failure::unhealthy(text!(
        "{wrong} pemeriksaan menemukan kerusakan; jangan jalankan simpul ini lagi dengan data ini",
        "{wrong} checks found damage; do not start this node with this data again"
    )))
}

fn as_json(report: &Report) -> serde_json::Value {
    let checks: Vec<_> = report
        .checks
        .iter()
        .map(|check| {
            json!({"name": check.name, "count": check.count, "wrong": check.wrong, "findings": check.findings})
        })
        .collect();
    json!({
        "sound": report.sound(),
        "cluster": report.cluster,
        "node": report.node,
        "index": report.applied,
        "last_index": report.last,
        "hash": report.hash.map(|hash| hex(&hash.to_be_bytes())),
        "checks": checks,
    })
}

fn as_text(report: &Report) -> String {
    let mut lines: Vec<String> = report.checks.iter().flat_map(lines).collect();
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let (node, index, last) = (number(report.node), number(report.applied), number(report.last));
    let hash = report.hash.map_or_else(|| "-".to_owned(), |hash| hex(&hash.to_be_bytes()));
    lines.push(text!(
        "simpul {node}, indeks {index}, akhir log {last}, sidik keadaan {hash}",
        "node {node}, index {index}, end of the log {last}, state hash {hash}"
    ));
    lines.join("\n")
}

/// The line of a check, and below it what it found.
fn lines(check: &Check) -> Vec<String> {
    let Check { name, count, wrong, findings } = check;
    let verdict = if *wrong == 0 { "ok".to_owned() } else { text!("{wrong} SALAH", "{wrong} WRONG") };
    let mut lines = vec![format!("{name:<16} {count:>12}  {verdict}")];
    lines.extend(findings.iter().map(|finding| format!("    {finding}")));
    let named = u64::try_from(findings.len()).unwrap_or(u64::MAX);
    if *wrong > named {
        let more = wrong.saturating_sub(named);
        lines.push(text!("    dan {more} lagi", "    and {more} more"));
    }
    lines
}
