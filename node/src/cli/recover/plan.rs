//! `rakit recover plan`: what the survivors have, which is best, and what going on from it may lose.

use std::path::PathBuf;

use serde_json::{Value, json};
use store::restore::SurvivorReport;
use tally::ids::hex;

use super::{Judged, judge, known, shown};
use crate::cli::output::Output;
use crate::failure::Failure;
use crate::text;

/// Runs it. Exits 5 when no survivor may be gone on from, or when a majority lives and nothing is to be done.
pub(super) fn run(directories: &[PathBuf], output: &Output) -> Result<(), Failure> {
    let judged = judge(directories)?;
    let value = describe(directories, &judged)?;
    output.answer(&value, || told(directories, &judged));
    if judged.plan.majority_lives {
        return Err(majority_lives());
    }
    if judged.plan.best.is_none() {
        return Err(none_is_sound(&judged));
    }
    Ok(())
}

pub(super) fn majority_lives() -> Failure {
    Failure::precondition(text!(
        "mayoritas masih ada: jalankan simpul-simpul ini, tidak ada yang perlu dipulihkan",
        "a majority is here: start these nodes, nothing is to be recovered"
    ))
}

pub(super) fn none_is_sound(judged: &Judged) -> Failure {
    let faults: Vec<&str> = judged.reports().flat_map(|report| &report.faults).map(String::as_str).collect();
    let faults = faults.join("; ");
    Failure::precondition(text!(
        "tidak ada data yang utuh ({faults}); pulihkan dari cadangan dengan rakit restore",
        "no data is sound ({faults}); restore a backup with rakit restore"
    ))
}

fn survivor(directory: &PathBuf, report: &SurvivorReport) -> Value {
    json!({
        "dir": directory,
        "node": report.identity.node,
        "edge": report.identity.edge,
        "term": report.vote.map_or(report.last.term, |vote| vote.term),
        "last": {"index": report.last.index, "term": report.last.term},
        "committed": report.committed.index,
        "applied": report.applied.index,
        "hash": hex(&report.hash.to_be_bytes()),
        "log_time": api::dto::text::time(report.log_time),
        "faults": report.faults,
    })
}

fn describe(directories: &[PathBuf], judged: &Judged) -> Result<Value, Failure> {
    let plan = &judged.plan;
    let best = judged.best().map(store::restore::Survivor::report);
    let voters = best.map(known).transpose()?.map(|known| known.voters());
    let survivors: Vec<Value> = directories
        .iter()
        .zip(judged.reports())
        .map(|(directory, report)| survivor(directory, report))
        .collect();
    Ok(json!({
        "cluster": best.map(|report| hex(&report.identity.cluster)),
        "name": best.map(|report| &report.name),
        "epoch": best.map(|report| report.identity.epoch),
        "survivors": survivors,
        "voters": voters,
        "unreachable": plan.missing,
        "best": plan.best.and_then(|place| directories.get(place)),
        "majority_lives": plan.majority_lives,
        "kept_through": plan.kept.index,
        "committed_through": plan.committed.index,
        "may_be_lost_after": plan.acknowledged_may_be_lost.then_some(plan.kept.index),
    }))
}

/// What going on keeps and may lose, in words.
pub(super) fn cost(judged: &Judged) -> String {
    let plan = &judged.plan;
    let (kept, committed) = (plan.kept.index, plan.committed.index);
    let mut lines = text!(
        "disimpan: semua sampai indeks {kept}; sampai {committed} diketahui telah disepakati",
        "kept: everything up to index {kept}; up to {committed} it is known to have been agreed on"
    );
    if committed < kept {
        lines.push('\n');
        lines.push_str(&text!(
            "di antara keduanya mungkin ada yang belum pernah dijawab kepada pengirimnya; itu pun disimpan",
            "between the two there may be what was never answered to its sender; it is kept as well"
        ));
    }
    lines.push('\n');
    lines.push_str(&if plan.acknowledged_may_be_lost {
        text!(
            "HILANG: setiap tanda terima dengan indeks di atas {kept} yang diberikan simpul yang hilang",
            "LOST: every receipt with an index above {kept} that the lost nodes gave"
        )
    } else {
        text!(
            "tidak ada tanda terima yang hilang: setiap mayoritas memuat salah satu simpul ini",
            "no receipt is lost: every majority had one of these nodes"
        )
    });
    lines
}

fn told(directories: &[PathBuf], judged: &Judged) -> String {
    let mut lines = String::new();
    for (directory, report) in directories.iter().zip(judged.reports()) {
        let (directory, node, last) = (shown(directory), report.identity.node, report.last);
        let (index, term, committed, applied) =
            (last.index, last.term, report.committed.index, report.applied.index);
        lines.push_str(&text!(
            "{directory}: simpul {node}, terakhir {index} (masa {term}), disepakati {committed}, diterapkan {applied}\n",
            "{directory}: node {node}, last {index} (term {term}), committed {committed}, applied {applied}\n"
        ));
        for fault in &report.faults {
            lines.extend(["  ", fault.as_str(), "\n"]);
        }
    }
    let Some(best) = judged.plan.best.and_then(|place| directories.get(place)) else { return lines };
    let Some(report) = judged.best().map(store::restore::Survivor::report) else { return lines };
    let (best, name) = (shown(best), &report.name);
    lines.push_str(&text!("terbaik: {best}\n", "best: {best}\n"));
    lines.push_str(&cost(judged));
    lines.extend(["\nrakit recover apply --from ", best.as_str()]);
    for other in directories.iter().map(|directory| shown(directory)).filter(|other| *other != best) {
        lines.extend([" --survivor ", other.as_str()]);
    }
    for node in &judged.plan.missing {
        lines.extend([" --unreachable ", node.to_string().as_str()]);
    }
    lines.extend([" --name \"", name.as_str(), "\" --config FILE"]);
    lines
}
