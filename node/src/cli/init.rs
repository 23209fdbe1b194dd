//! `rakit init`: the data of a new cluster's first nodes.
//!
//! Either `--cluster-dir`: all nodes at once, each directory then stays or is moved to its machine; or `--config`: one
//! node from settings and certificates that are there, others come by `rakit join`. Nothing is started.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::output::Output;
use crate::blueprint::{Blueprint, administrator};
use crate::failure::Failure;
use crate::founding::{Founding, FoundingMember};
use crate::tls::{self, NodeTls};
use crate::{data, password, settings, text};

/// What `rakit init` takes.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("where").required(true))]
pub struct Arguments {
    /// Directory for the whole cluster: the authority and one directory per node
    #[arg(long, value_name = "DIR", group = "where")]
    cluster_dir: Option<PathBuf>,
    /// Settings of the first node, for a cluster of one
    #[arg(long, value_name = "FILE", group = "where")]
    config: Option<PathBuf>,
    /// Name of the cluster
    #[arg(long, value_name = "NAME", default_value = "rakit", conflicts_with = "config")]
    name: String,
    /// Number of nodes
    #[arg(long, value_name = "N", default_value_t = 3, conflicts_with = "config")]
    nodes: usize,
    /// Address of a node, repeated in their order; a single one means all on that machine
    #[arg(long, value_name = "NAME|IP", default_value = "127.0.0.1", conflicts_with = "config")]
    host: Vec<String>,
    /// First port: node i takes P+10i (public), +1 (officer), +2 (peer), +3 (ops)
    #[arg(long, value_name = "P", default_value_t = 8080, conflicts_with = "config")]
    base_port: u16,
    /// User name of the first administrator
    #[arg(long, value_name = "NAME", default_value = "admin")]
    admin: String,
    /// File with the administrator's password; read from standard input without it
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let password = password::read(arguments.admin_password_file.as_deref(), None)?;
    if let Some(config) = &arguments.config {
        return single(arguments, config, &password, output);
    }
    let directory = arguments.cluster_dir.clone().unwrap_or_default();
    let blueprint = Blueprint {
        directory,
        name: arguments.name.clone(),
        nodes: arguments.nodes,
        hosts: arguments.host.clone(),
        base_port: arguments.base_port,
        profile: settings::Timers::default().profile,
    };
    let made = blueprint.make(&arguments.admin, &password)?;
    output.answer(&json!({"nodes": made}), || {
        let mut lines = text!("dibuat; sekarang jalankan:", "made; now run:");
        for node in &made {
            lines.push_str("\n  rakit serve --config ");
            lines.push_str(&node.settings.display().to_string());
        }
        lines
    });
    Ok(())
}

fn single(arguments: &Arguments, config: &Path, password: &str, output: &Output) -> Result<(), Failure> {
    let settings = settings::load(config, &[])?;
    let certificates = NodeTls::load(&settings.tls)?;
    settings.listeners.officer_of(certificates.name.edge)?;
    let administrator = administrator(&arguments.admin, password)?;
    let name = tls::authority_name(&settings.tls.ca)?;
    let incarnation = data::create(&settings.node.data, certificates.name)?;
    let id = certificates.name.node.0;
    let members = vec![FoundingMember::of(id, &incarnation, &settings.listeners)];
    Founding { name, members, administrator }.save(&settings.node.data)?;
    let shown = config.display();
    output.answer(&json!({"nodes": [{"id": id, "settings": config}]}), || {
        text!(
            "data simpul {id} dibuat; sekarang jalankan: rakit serve --config {shown}",
            "data of node {id} made; now run: rakit serve --config {shown}"
        )
    });
    Ok(())
}
