//! `rakit attachments`: looks after photos and scans of forms.
//!
//! Invariant: a pass counts as clean only when every node that was asked looked at all it has and found nothing.

use std::time::Duration;

use api::dto::attachments::Rescanned;
use clap::{Args, Subcommand};
use serde_json::json;

use super::operator::{Operator, OperatorClient, block_on};
use super::output::{Output, progress};
use crate::failure::Failure;
use crate::text;

/// Longest wait for one answer of a node.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Between two looks at how far a node is.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// What `rakit attachments` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show all stored attachments to the virus scanner once more
    Rescan {
        #[command(flatten)]
        operator: Operator,
    },
}

/// Runs it. Exits 3 when something was found, 4 when a node did not look at everything.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let Verb::Rescan { operator } = &arguments.verb;
    let clients = operator.each(ANSWER_MAX)?;
    let bar = progress(None);
    let ended = block_on(async {
        // One node after the other: all of them hold the same, and a scanner may serve several.
        let mut ended = Vec::new();
        for (url, client) in &clients {
            let rescanned = rescan(client, |scanned| bar.set_position(scanned)).await;
            ended.push((url.clone(), rescanned));
        }
        Ok(ended)
    })?;
    bar.finish_and_clear();
    let shown: Vec<_> = ended
        .iter()
        .map(|(url, rescanned)| match rescanned {
            Ok(rescanned) => json!({"url": url, "rescan": rescanned}),
            Err(failure) => json!({"url": url, "error": failure.to_string()}),
        })
        .collect();
    output.answer(&json!({"nodes": shown}), || {
        let lines: Vec<String> = ended.iter().map(|(url, rescanned)| line(url, rescanned)).collect();
        lines.join("\n")
    });
    verdict(&ended)
}

fn verdict(ended: &[(String, Result<Rescanned, Failure>)]) -> Result<(), Failure> {
    let infected: u64 =
        ended.iter().flat_map(|(_, rescanned)| rescanned).map(|rescanned| rescanned.infected).sum();
    let whole = |rescanned: &Result<Rescanned, Failure>| {
        rescanned.as_ref().is_ok_and(|rescanned| rescanned.state == "done")
    };
    let gaps = ended.iter().filter(|(_, rescanned)| !whole(rescanned)).count();
    if gaps > 0 {
        return Err(Failure::unavailable(text!(
            "{gaps} simpul tidak memeriksa semuanya; lihat pemindainya, lalu ulangi",
            "nodes that did not look at everything: {gaps}; see to their scanner, then say it again"
        )));
    }
    if infected > 0 {
        return Err(Failure::unhealthy(text!(
            "lampiran berbahaya: {infected}; tidak disajikan lagi, formulirnya tidak berubah",
            "infected attachments: {infected}; they are not served any more, their forms are unchanged"
        )));
    }
    Ok(())
}

async fn rescan(client: &OperatorClient, told: impl Fn(u64)) -> Result<Rescanned, Failure> {
    let failed = |error: api::client::ClientError| Failure::unavailable(error.to_string());
    let mut rescanned = client.rescan().await.map_err(failed)?.value;
    while rescanned.state == "running" {
        tokio::time::sleep(LOOK_PAUSE).await;
        rescanned = client.rescanned().await.map_err(failed)?.value;
        told(rescanned.scanned);
    }
    Ok(rescanned)
}

fn line(url: &str, rescanned: &Result<Rescanned, Failure>) -> String {
    let rescanned = match rescanned {
        Ok(rescanned) => rescanned,
        Err(failure) => return format!("{url}: {failure}"),
    };
    let Rescanned { scanned, bytes, infected, .. } = rescanned;
    let mut line = text!(
        "{url}: {scanned} lampiran diperiksa ({bytes} bita), {infected} berbahaya",
        "{url}: {scanned} attachments looked at ({bytes} bytes), {infected} infected"
    );
    for part in [&rescanned.engine, &rescanned.failure].into_iter().flatten() {
        line.extend(["; ", part.as_str()]);
    }
    for found in &rescanned.found {
        line.extend(["\n  ", found.as_str()]);
    }
    line
}
