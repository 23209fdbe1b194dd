//! A backup of a running cluster, verified, and a new cluster made of it.
//!
//! Invariant: the hash of the state is compared three times: by the backup's own verification, with what the cluster says of
//! that index where it remembers, and with a backup of the cluster that was made of it.

use std::path::PathBuf;

use serde_json::Value;

use super::{Report, judge};
use crate::live::fleet::{Fleet, sign_in};
use crate::live::history::History;
use crate::live::operator;
use crate::live::{Trouble, harness};

/// A backup that was taken and verified.
pub(super) struct Taken {
    dir: PathBuf,
    pub(super) index: u64,
    content_hash: String,
}

fn text(answer: &Value, key: &str) -> Result<String, Trouble> {
    let found = answer.get(key).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| harness(format!("no {key} in {answer}")))
}

async fn backed_up(fleet: &Fleet, name: &str) -> Result<(PathBuf, Value), Trouble> {
    let dir = fleet.folder().join(name);
    let shown = dir.display().to_string();
    fleet.ordered(&["--json", "backup", &shown]).await?.json("a backup")?;
    let verify = operator::command(fleet.rakit(), ["--json", "backup", "verify", &shown]);
    let verified = operator::run(verify).await?.json("the verification of a backup")?;
    Ok((dir, verified))
}

/// Takes a backup while officers write, and verifies it.
pub(super) async fn take(fleet: &Fleet, report: &mut Report) -> Result<Taken, Trouble> {
    let (dir, verified) = backed_up(fleet, "backups").await?;
    let index = verified.get("index").and_then(Value::as_u64);
    let index = index.ok_or_else(|| harness(format!("no index in {verified}")))?;
    let hash = text(&verified, "state_hash")?;
    // Not every index is remembered.
    for node in fleet.operators() {
        if let Ok(answer) = node.state_hash(Some(index)).await {
            report.hashes = report.hashes.saturating_add(1);
            if answer.value.hash != hash {
                let found = answer.value.hash;
                return Err(Trouble::Violation(format!(
                    "at index {index} the backup has state {hash}, a node says {found}"
                )));
            }
        }
    }
    report.backup_index = index;
    Ok(Taken { dir, index, content_hash: text(&verified, "content_hash")? })
}

/// Makes another cluster of it: the same content, the acknowledged writes up to its index and no others.
pub(super) async fn restore(
    fleet: &Fleet,
    taken: &Taken,
    history: &History,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<(), Trouble> {
    let target = fleet.folder().join("restored");
    let (from, to) = (taken.dir.display().to_string(), target.display().to_string());
    let port = fleet.port_beside().to_string();
    let words = ["--json", "restore", &from, "--cluster-dir", &to, "--base-port", &port];
    let made = operator::run(operator::command(fleet.rakit(), words)).await?;
    let said = made.json("a restoration")?;
    if text(&said, "content_hash")? != taken.content_hash {
        return Err(Trouble::Violation(format!("the restored data differs from the backup: {said}")));
    }
    let restored = fleet.beside(&target, &made.answer).await?;
    // Before anybody signs in: that is remembered with the account.
    let (_, again) = backed_up(&restored, "backups").await?;
    if text(&again, "content_hash")? != taken.content_hash {
        return Err(Trouble::Violation(format!("the restored cluster differs from the backup: {again}")));
    }
    let officers = restored.officers(0);
    sign_in(&officers).await?;
    report.restored = judge(&restored, &officers, history, taken.index).await?;
    say(&format!(
        "the restored cluster has the {} writes up to index {} and no others",
        report.restored, taken.index
    ));
    Ok(())
}
