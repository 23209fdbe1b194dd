//! `rakit status`: each node's own account of the cluster.

use std::time::Duration;

use api::dto::status::Status;
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::connection::Connection;
use super::output::Output;
use crate::failure::Failure;
use crate::text;

/// A node that has not answered after this is shown as silent.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// What `rakit status` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
}

/// Runs it. Exits 3 when a node is silent or knows no leader, 4 when all are silent.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let clients = arguments.connection.each(ANSWER_MAX)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(error.to_string()))?;
    let asked = clients.iter().map(|(url, client)| async move {
        let status = client.get::<Status>("/api/v1/status").await.map_err(Failure::from);
        (url.clone(), status)
    });
    let answers = runtime.block_on(futures_util::future::join_all(asked));
    let silent = answers.iter().filter(|(_, answer)| answer.is_err()).count();
    let leaderless =
        answers.iter().flat_map(|(_, answer)| answer).any(|answer| answer.value.leader.is_none());
    let shown: Vec<_> = answers
        .iter()
        .map(|(url, answer)| match answer {
            Ok(answer) => json!({"url": url, "node": answer.node, "status": answer.value}),
            Err(failure) => json!({"url": url, "error": failure.to_string()}),
        })
        .collect();
    output.answer(&json!({"nodes": shown}), || {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(header());
        for (url, answer) in &answers {
            table.add_row(match answer {
                Ok(answer) => row(url, answer.node, &answer.value),
                Err(_) => vec![url.clone(), text!("diam", "silent")],
            });
        }
        let mut shown = table.to_string();
        for (url, answer) in &answers {
            if let Err(failure) = answer {
                shown.extend(["\n", url, ": ", failure.text.as_str()]);
            }
        }
        shown
    });
    if silent == answers.len() {
        return Err(Failure::unavailable(text!("tidak ada simpul yang menjawab", "no node answered")));
    }
    if silent > 0 || leaderless {
        let known = if leaderless {
            text!("belum dikenal oleh sebuah simpul", "not known to a node")
        } else {
            text!("dikenal", "known")
        };
        return Err(Failure::unhealthy(text!(
            "simpul yang tidak menjawab: {silent}; pemimpin {known}",
            "nodes that do not answer: {silent}; leader {known}"
        )));
    }
    Ok(())
}

fn header() -> Vec<String> {
    [
        text!("alamat", "address"),
        text!("simpul", "node"),
        text!("peran", "role"),
        text!("pemimpin", "leader"),
        text!("indeks", "index"),
        text!("tertinggal", "lag"),
        text!("terjangkau", "reached"),
        text!("rilis", "release"),
    ]
    .to_vec()
}

fn row(url: &str, node: Option<u64>, status: &Status) -> Vec<String> {
    let own = status.nodes.iter().find(|member| Some(member.id) == node);
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let reached = status.nodes.iter().filter(|member| member.reachable).count();
    vec![
        url.to_owned(),
        number(node),
        own.map_or_else(|| "-".to_owned(), |own| own.role.clone()),
        number(status.leader),
        status.index.to_string(),
        number(own.and_then(|own| own.lag)),
        format!("{reached}/{}", status.nodes.len()),
        own.and_then(|own| own.release.clone()).unwrap_or_else(|| "-".to_owned()),
    ]
}
