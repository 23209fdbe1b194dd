//! `rakit restore`: the data of a new cluster's nodes, from a backup.
//!
//! Invariant: nothing is made before every byte and row of the backup was checked. The new cluster has an identifier,
//! an authority and an epoch of its own; no node of the old one can take part in it.

use std::path::PathBuf;

use clap::Args;
use cluster::{Clock as _, Member, MemberRole, SystemClock};
use serde_json::json;
use store::restore::{NODE_LEAP, Succession};
use store::{Identity, RocksDisk};
use tally::epoch::{EpochCause, EpochRecord};
use tally::ids::{NodeId, hex};

use super::backup::{Checked, check};
use super::output::Output;
use crate::blueprint::{Blueprint, PlannedNode};
use crate::failure::Failure;
use crate::{data, settings, text};

/// What `rakit restore` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Directory of backups
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Name of the backup; the newest without it
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Directory for the whole cluster: the authority and one directory per node
    #[arg(long, value_name = "DIR")]
    cluster_dir: PathBuf,
    /// Name of the new cluster; that of the old one without it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Number of nodes
    #[arg(long, value_name = "N", default_value_t = 3)]
    nodes: usize,
    /// Address of a node, repeated in their order; a single one means all on that machine
    #[arg(long, value_name = "NAME|IP", default_value = "127.0.0.1")]
    host: Vec<String>,
    /// First port: node i takes P+10i (public), +1 (officer), +2 (peer), +3 (ops)
    #[arg(long, value_name = "P", default_value_t = 8080)]
    base_port: u16,
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    refuse_what_is_there(arguments)?;
    let checked = check(&arguments.dir, arguments.id.as_deref())?;
    let manifest = checked.verified.manifest.clone();
    let name = arguments.name.clone().unwrap_or_else(|| manifest.name.clone());
    let blueprint = Blueprint {
        directory: arguments.cluster_dir.clone(),
        name: name.clone(),
        nodes: arguments.nodes,
        hosts: arguments.host.clone(),
        base_port: arguments.base_port,
        profile: settings::Timers::default().profile,
    };
    let first = checked.verified.ledger.next_node.0.saturating_add(NODE_LEAP);
    let planned = blueprint.plan(first)?;
    let epoch = manifest.meta.epoch.saturating_add(1);
    let identities = planned.iter().map(|node| data::identity(node.name, epoch));
    let identities = identities.collect::<Result<Vec<_>, _>>()?;
    let sums = make(&checked, &name, &planned, &identities)?;
    let made: Vec<_> = planned.iter().map(PlannedNode::made).collect();
    let cluster = planned.first().map(|node| hex(&node.name.cluster)).unwrap_or_default();
    let content = hex(&sums.content.to_be_bytes());
    let value = json!({
        "nodes": made, "cluster": cluster, "name": name, "epoch": epoch, "backup": manifest.id,
        "forms": sums.forms, "content_hash": content,
    });
    output.answer(&value, || {
        let mut lines = text!(
            "klaster baru {cluster}, epoch {epoch}; semua sesi berakhir, akun tetap; sekarang jalankan:",
            "new cluster {cluster}, epoch {epoch}; all sessions ended, accounts stay; now run:"
        );
        for node in &made {
            lines.push_str("\n  rakit serve --config ");
            lines.push_str(&node.settings.display().to_string());
        }
        lines
    });
    Ok(())
}

/// A directory with anything in it is somebody's; found out before anything is read.
fn refuse_what_is_there(arguments: &Arguments) -> Result<(), Failure> {
    let directory = &arguments.cluster_dir;
    let empty = match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if empty {
        return Ok(());
    }
    let shown = directory.display();
    Err(Failure::precondition(text!(
        "{shown}: tidak kosong; data pulihan hanya dibuat di direktori kosong",
        "{shown}: is not empty; a backup is only restored into an empty directory"
    )))
}

/// Makes the data of all nodes: the same rows, the same members, each its own identity.
fn make(
    checked: &Checked,
    name: &str,
    planned: &[PlannedNode],
    identities: &[Identity],
) -> Result<store::Sums, Failure> {
    let nodes = planned.iter().zip(identities);
    let members: Vec<Member> =
        nodes.clone().map(|(node, identity)| member(&node.settings, identity)).collect();
    let membership = cluster::recovery::first_membership(&members).map_err(Failure::failed)?;
    let highest = identities.iter().map(|identity| identity.node).max().unwrap_or_default();
    let meta = &checked.verified.manifest.meta;
    let last = meta.applied.unwrap_or_default();
    let record = EpochRecord {
        cause: EpochCause::Restored,
        at: SystemClock.now(),
        cluster: meta.cluster,
        epoch: meta.epoch,
        node: NodeId(checked.verified.manifest.node),
        index: last.index,
        term: last.term,
        committed: last.index,
        hash: meta.hash,
        given_up: Vec::new(),
    };
    let mut sums = store::Sums::default();
    for (node, identity) in nodes {
        let succession = Succession {
            identity: *identity,
            name: name.to_owned(),
            next_node: NodeId(highest.saturating_add(1)),
            membership: membership.clone(),
            record: record.clone(),
        };
        let disk = RocksDisk::new(&node.data);
        let made = store::restore::restore(&disk, &checked.directory, &checked.verified, &succession);
        sums = made.map_err(|error| data::refused(&error))?.sums;
    }
    Ok(sums)
}

/// A node as a member, from its settings.
pub(super) fn member(settings: &settings::Settings, identity: &Identity) -> Member {
    let listeners = &settings.listeners;
    Member {
        id: NodeId(identity.node),
        role: MemberRole::Voter,
        incarnation: identity.incarnation,
        peer_address: listeners.peer.advertised.clone(),
        officer_url: listeners.officer_url(),
        public_url: listeners.public.url.clone(),
        ops_url: listeners.ops.url.clone(),
    }
}
