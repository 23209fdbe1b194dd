//! `rakit recover apply`: the data of a cluster of one, from the best survivor.
//!
//! Whose data it is, the certificates in the settings say. With the old authority the node keeps its number, so that
//! the certificate of a voter still fits; an edge needs one issued as voter. With a new authority, because the old
//! one's key is lost or not trusted any more, the cluster gets the identifier of the new one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use cluster::{Clock as _, SystemClock};
use serde_json::json;
use store::RocksDisk;
use store::restore::{NODE_LEAP, Succession, Survivor, SurvivorReport};
use tally::epoch::{EpochCause, EpochRecord};
use tally::ids::{NodeId, hex};

use super::plan::{cost, majority_lives, none_is_sound};
use super::{Judged, judge, known, shown};
use crate::cli::output::Output;
use crate::cli::restore::member;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::tls::NodeTls;
use crate::tls::identity::NodeName;
use crate::{data, settings, text};

/// What `rakit recover apply` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Data directory to go on from; it is only read
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Data directory of another survivor; may be repeated
    #[arg(long, value_name = "DIR")]
    survivor: Vec<PathBuf>,
    /// Number of a voter that is given up for ever; all of them must be named
    #[arg(long, value_name = "ID")]
    unreachable: Vec<u64>,
    /// Name of the cluster, typed to confirm
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Settings of the node; its data directory must be empty
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let directories: Vec<PathBuf> =
        std::iter::once(&arguments.from).chain(&arguments.survivor).cloned().collect();
    let judged = judge(&directories)?;
    let survivor = chosen(arguments, &directories, &judged)?;
    let report = survivor.report();
    confirmed(arguments, report, &judged)?;
    let settings = settings::load(&arguments.config, &[])?;
    let name = NodeTls::load(&settings.tls)?.name;
    fitting(&name, report)?;
    let succession = succession(&settings, name, report, &judged)?;
    let made = store::restore::recover(&RocksDisk::new(&settings.node.data), survivor, &succession);
    let made = made.map_err(|error| data::refused(&error))?;
    let rejoin: BTreeSet<u64> =
        judged.reports().map(|report| report.identity.node).filter(|node| *node != name.node.0).collect();
    let (epoch, index) = (succession.identity.epoch, made.position.index);
    let value = json!({
        "cluster": hex(&name.cluster), "name": succession.name, "epoch": epoch, "node": name.node.0,
        "index": index, "term": made.position.term, "forms": made.sums.forms,
        "content_hash": hex(&made.sums.content.to_be_bytes()),
        "kept_through": judged.plan.kept.index,
        "may_be_lost_after": judged.plan.acknowledged_may_be_lost.then_some(judged.plan.kept.index),
        "given_up": judged.plan.missing, "must_rejoin": rejoin,
    });
    output.answer(&value, || {
        let config = shown(&arguments.config);
        let mut lines = cost(&judged);
        lines.push('\n');
        lines.push_str(&text!(
            "klaster dengan satu simpul, epoch {epoch}, mulai dari indeks {index}; sekarang jalankan: rakit serve --config {config}",
            "a cluster of one node, epoch {epoch}, from index {index} on; now run: rakit serve --config {config}"
        ));
        for node in &rejoin {
            lines.push('\n');
            lines.push_str(&text!(
                "simpul {node}: hapus datanya, lalu rakit join; ia mendapat nomor baru",
                "node {node}: delete its data, then rakit join; it gets a new number"
            ));
        }
        lines
    });
    Ok(())
}

/// The survivor to go on from, if it is the best one.
fn chosen<'a>(
    arguments: &Arguments,
    directories: &[PathBuf],
    judged: &'a Judged,
) -> Result<&'a Survivor<RocksDisk>, Failure> {
    if judged.plan.majority_lives {
        return Err(majority_lives());
    }
    let best = judged.plan.best.and_then(|place| directories.get(place).zip(judged.survivors.get(place)));
    let (directory, survivor) = best.ok_or_else(|| none_is_sound(judged))?;
    if *directory != arguments.from {
        let (from, best) = (shown(&arguments.from), shown(directory));
        return Err(Failure::precondition(text!(
            "{from} bukan yang terbaik; lanjutkan dari {best}",
            "{from} is not the best; go on from {best}"
        )));
    }
    Ok(survivor)
}

/// Whether the operator typed what is given up.
fn confirmed(arguments: &Arguments, report: &SurvivorReport, judged: &Judged) -> Result<(), Failure> {
    if arguments.name != report.name {
        let name = &report.name;
        return Err(Failure::usage(text!(
            "--name harus nama klaster ini: \"{name}\"",
            "--name must be the name of this cluster: \"{name}\""
        )));
    }
    let typed: BTreeSet<u64> = arguments.unreachable.iter().copied().collect();
    if typed != judged.plan.missing {
        let missing = judged.plan.missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(Failure::usage(text!(
            "--unreachable harus menyebut semua pemilih yang hilang, dan hanya itu: {missing}",
            "--unreachable must name all voters that are gone, and only these: {missing}"
        )));
    }
    Ok(())
}

/// Whether the certificates fit the data.
fn fitting(name: &NodeName, report: &SurvivorReport) -> Result<(), Failure> {
    let node = report.identity.node;
    if name.edge {
        return Err(Failure::precondition(text!(
            "sertifikatnya untuk simpul tepi; terbitkan sertifikat pemilih: rakit ca issue --node {node}",
            "the certificate is an edge's; issue one of a voter: rakit ca issue --node {node}"
        )));
    }
    if name.cluster == report.identity.cluster && name.node.0 != node {
        let other = name.node.0;
        return Err(Failure::precondition(text!(
            "sertifikatnya untuk simpul {other}, datanya dari simpul {node}",
            "the certificate is of node {other}, the data of node {node}"
        )));
    }
    Ok(())
}

fn succession(
    settings: &Settings,
    name: NodeName,
    report: &SurvivorReport,
    judged: &Judged,
) -> Result<Succession, Failure> {
    let identity = data::identity(name, report.identity.epoch.saturating_add(1))?;
    let membership = cluster::recovery::first_membership(&[member(settings, &identity)]);
    let members = known(report)?.members;
    let highest = members.keys().max().copied().unwrap_or_default().max(name.node.0).saturating_add(1);
    Ok(Succession {
        identity,
        name: report.name.clone(),
        next_node: NodeId(report.next_node.0.max(highest).saturating_add(NODE_LEAP)),
        membership: membership.map_err(Failure::failed)?,
        record: EpochRecord {
            cause: EpochCause::Recovered,
            at: SystemClock.now(),
            cluster: report.identity.cluster,
            epoch: report.identity.epoch,
            node: NodeId(report.identity.node),
            index: report.last.index,
            term: report.last.term,
            committed: judged.plan.committed.index,
            hash: report.hash,
            given_up: judged.plan.missing.iter().copied().map(NodeId).collect(),
        },
    })
}
