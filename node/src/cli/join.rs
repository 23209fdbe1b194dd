//! `rakit join`: one more node of a running cluster.
//!
//! A running node gives out a number; the authority beside us issues certificates for it; the data directory is made;
//! the cluster learns of the member. The node is a learner when it first starts and is promoted by asking again.

use std::path::PathBuf;
use std::time::Duration;

use api::client::ClientSettings;
use api::dto::cluster::MemberBody;
use clap::Args;
use serde_json::json;
use std::sync::Arc;
use tally::ids::{NodeId, hex};

use super::output::Output;
use crate::ca::Authority;
use crate::client::CallError;
use crate::client_transport::HttpTransport;
use crate::failure::Failure;
use crate::tls::identity::NodeName;
use crate::{data, settings, text};

/// What `rakit join` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// URL of the ops listener of a running node
    #[arg(long, value_name = "URL")]
    ops: String,
    /// Settings of the new node
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Directory of the certificate authority
    #[arg(long, value_name = "DIR")]
    ca_dir: PathBuf,
    /// Host name or IP address under which the node is reached; may be repeated
    #[arg(long, value_name = "NAME|IP", required = true)]
    host: Vec<String>,
    /// An edge node: reads only
    #[arg(long)]
    edge: bool,
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let settings = settings::load(&arguments.config, &[])?;
    let authority = Authority::open(&arguments.ca_dir)?;
    let directory = certificates_directory(&settings)?;
    if settings.tls.peer_key.exists() || settings.node.data.exists() {
        let shown = settings.node.data.display();
        return Err(Failure::precondition(text!(
            "{shown}: simpul ini sudah punya sertifikat atau data; pakai direktori baru",
            "{shown}: this node has certificates or data already; use a new directory"
        )));
    }
    let endpoints = ClientSettings {
        deadline_ms: u64::try_from(Duration::from_secs(15).as_millis()).unwrap_or(u64::MAX),
        ..ClientSettings::new(vec![arguments.ops.clone()])
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(error.to_string()))?;
    let id = runtime.block_on(async {
        let client = api::client::Client::new(Arc::new(HttpTransport::new(None)?), endpoints);
        let cluster = client.cluster().await.map_err(CallError::from)?.value;
        if cluster.cluster != hex(&authority.cluster) {
            let (found, expected) = (cluster.cluster, hex(&authority.cluster));
            return Err(Failure::precondition(text!(
                "simpul itu milik klaster {found}, otoritas ini milik {expected}; periksa --ops dan --ca-dir",
                "that node is of cluster {found}, this authority of {expected}; check --ops and --ca-dir"
            )));
        }
        let id = client.allocate_node().await.map_err(CallError::from)?.value.id;
        let name = NodeName { cluster: authority.cluster, node: NodeId(id), edge: arguments.edge };
        authority.issue(name, &arguments.host, &directory)?;
        let incarnation = data::create(&settings.node.data, name)?;
        let role = if arguments.edge { "edge" } else { "learner" };
        let member = MemberBody {
            id,
            incarnation: hex(&incarnation),
            role: role.to_owned(),
            peer_address: settings.listeners.peer.advertised.clone(),
            officer_url: settings.listeners.officer.url.clone(),
            public_url: settings.listeners.public.url.clone(),
        };
        client.add_member(&member).await.map_err(CallError::from)?;
        Ok(id)
    })?;
    let shown = arguments.config.display();
    output.answer(&json!({"id": id, "settings": arguments.config}), || {
        text!(
            "simpul {id} terdaftar; sekarang jalankan: rakit serve --config {shown}",
            "node {id} is registered; now run: rakit serve --config {shown}"
        )
    });
    Ok(())
}

/// Where the settings expect the certificates: all in one directory under the names that the authority gives them.
fn certificates_directory(settings: &settings::Settings) -> Result<PathBuf, Failure> {
    use crate::ca::{AUTHORITY_CERTIFICATE, PEER_CERTIFICATE, PEER_KEY, SERVER_CERTIFICATE, SERVER_KEY};
    let tls = &settings.tls;
    let directory = tls.peer_key.parent().map(PathBuf::from).unwrap_or_default();
    let expected = [
        (&tls.ca, AUTHORITY_CERTIFICATE),
        (&tls.peer_certificate, PEER_CERTIFICATE),
        (&tls.peer_key, PEER_KEY),
        (&tls.server_certificate, SERVER_CERTIFICATE),
        (&tls.server_key, SERVER_KEY),
    ];
    for (path, name) in expected {
        if *path != directory.join(name) {
            let (shown, wanted) = (path.display(), directory.join(name));
            let wanted = wanted.display();
            return Err(Failure::usage(text!(
                "[tls] menyebut {shown}; untuk bergabung harus {wanted}",
                "[tls] names {shown}; to join it must be {wanted}"
            )));
        }
    }
    Ok(directory)
}
