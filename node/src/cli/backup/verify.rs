//! `rakit backup verify`: says what a backup is of, after checking all of it.

use std::path::Path;

use serde_json::{Value, json};
use store::backup::Verified;
use tally::ids::hex;

use super::check;
use crate::cli::output::Output;
use crate::failure::Failure;
use crate::text;

/// Runs it. Exits 1 when a file or a row is not what it should be, and names it.
pub(super) fn run(dir: &Path, id: Option<&str>, output: &Output) -> Result<(), Failure> {
    let checked = check(dir, id)?;
    let value = describe(&checked.verified);
    output.answer(&value, || shown(&checked.verified));
    Ok(())
}

/// What a verified backup is of.
fn describe(verified: &Verified) -> Value {
    let manifest = &verified.manifest;
    let applied = manifest.meta.applied.unwrap_or_default();
    json!({
        "backup": manifest.id,
        "sha256": hex(&manifest.sha256()),
        "cluster": hex(&manifest.meta.cluster),
        "name": manifest.name,
        "epoch": manifest.meta.epoch,
        "node": manifest.node,
        "index": applied.index,
        "term": applied.term,
        "log_time": api::dto::text::time(manifest.log_time),
        "level": manifest.meta.level,
        "forms": verified.sums.forms,
        "revisions": manifest.revisions,
        "bytes": manifest.size(),
        "state_hash": hex(&verified.sums.state.to_be_bytes()),
        "content_hash": hex(&verified.sums.content.to_be_bytes()),
    })
}

fn shown(verified: &Verified) -> String {
    let manifest = &verified.manifest;
    let (id, name, cluster) = (&manifest.id, &manifest.name, hex(&manifest.meta.cluster));
    let (epoch, index) = (manifest.meta.epoch, manifest.meta.applied.unwrap_or_default().index);
    let (time, forms) = (api::dto::text::time(manifest.log_time), verified.sums.forms);
    let hash = hex(&verified.sums.state.to_be_bytes());
    text!(
        "cadangan {id} utuh: klaster \"{name}\" ({cluster}), epoch {epoch}, indeks {index}, {time}, {forms} formulir, sidik keadaan {hash}",
        "backup {id} is whole: cluster \"{name}\" ({cluster}), epoch {epoch}, index {index}, {time}, {forms} forms, state hash {hash}"
    )
}
