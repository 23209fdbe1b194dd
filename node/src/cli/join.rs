//! `rakit join`: this machine becomes one more node of a running cluster.
//!
//! Invariant: keys are made here and stay here. Nothing is written before the cluster has answered; then the
//! certificates, then the data directory of exactly the incarnation that the cluster was told.

use std::path::PathBuf;
use std::time::Duration;

use api::client::{Client, ClientSettings};
use api::dto::joining::{JoinAnswer, JoinBody};
use clap::Args;
use serde_json::json;
use std::sync::Arc;
use tally::ids::{NodeId, hex};

use super::operator::block_on;
use super::output::Output;
use crate::ca::NodeKeys;
use crate::client::CallError;
use crate::client_transport::HttpTransport;
use crate::failure::Failure;
use crate::invitation::InvitationFile;
use crate::tls::identity::NodeName;
use crate::{data, settings, text};

/// Longest single question to the cluster.
const ASK_MAX: Duration = Duration::from_secs(15);
/// Pause between two questions while the operator has not answered.
const ASK_PAUSE: Duration = Duration::from_millis(500);
/// Longest wait for the operator's answer.
const ANSWER_MAX: Duration = Duration::from_mins(10);

/// What `rakit join` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Invitation made by `rakit node invite`
    #[arg(long, value_name = "FILE")]
    invitation: PathBuf,
    /// Settings of the new node
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Host name or IP address under which the node is reached; may be repeated
    #[arg(long, value_name = "NAME|IP", required = true)]
    host: Vec<String>,
    /// Set data and certificates that are there aside and come back as a new node
    #[arg(long)]
    again: bool,
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let settings = settings::load(&arguments.config, &[])?;
    let invitation = InvitationFile::load(&arguments.invitation)?;
    settings.listeners.officer_of(invitation.edge)?;
    let directory = certificates_directory(&settings)?;
    let occupied = [&settings.node.data, &directory].into_iter().find(|path| path.exists());
    if let Some(path) = occupied.filter(|_| !arguments.again) {
        let shown = path.display();
        return Err(Failure::precondition(text!(
            "{shown}: sudah ada; pakai --again untuk menyisihkannya dan kembali sebagai simpul baru",
            "{shown}: is there already; use --again to set it aside and come back as a new node"
        )));
    }
    // A node that still runs would go on in the directory under its new name.
    let held = settings.node.data.exists().then(|| store::hold(&settings.node.data)).transpose();
    let held = held.map_err(|error| data::refused(&error))?;
    let keys = NodeKeys::new(&arguments.host)?;
    let mut incarnation = [0; 16];
    getrandom::fill(&mut incarnation).map_err(|error| Failure::failed(error.to_string()))?;
    let request = JoinBody {
        peer_request: keys.peer_request.clone(),
        server_request: keys.server_request.clone(),
        hosts: arguments.host.clone(),
        incarnation: hex(&incarnation),
        peer_address: settings.listeners.peer.advertised.clone(),
        officer_url: settings.listeners.officer_url(),
        public_url: settings.listeners.public.url.clone(),
    };
    let answer = block_on(ask(&invitation, &request))?;
    let cluster = invitation.cluster().unwrap_or_default();
    let name = NodeName { cluster, node: NodeId(answer.id), edge: answer.edge };
    let aside = if arguments.again { set_aside(&[&settings.node.data, &directory])? } else { Vec::new() };
    drop(held);
    keys.save(&answer, &directory)?;
    data::create_incarnation(&settings.node.data, name, answer.epoch, incarnation)?;
    let (id, shown) = (answer.id, arguments.config.display());
    for path in &aside {
        let path = path.display();
        output.note(&text!("yang lama disimpan di {path}", "the old one is kept in {path}"));
    }
    output.answer(&json!({"id": id, "settings": arguments.config, "set_aside": aside}), || {
        text!(
            "simpul {id} terdaftar; sekarang jalankan: rakit serve --config {shown}",
            "node {id} is registered; now run: rakit serve --config {shown}"
        )
    });
    Ok(())
}

/// Asks until the operator has answered.
async fn ask(invitation: &InvitationFile, request: &JoinBody) -> Result<JoinAnswer, Failure> {
    let deadline_ms = u64::try_from(ASK_MAX.as_millis()).unwrap_or(u64::MAX);
    let endpoints =
        ClientSettings { deadline_ms, ..ClientSettings::new(vec![invitation.officer_url.clone()]) };
    let transport = HttpTransport::trusting(invitation.authority.as_bytes())?;
    let client = Client::new(Arc::new(transport), endpoints);
    client.set_token(Some(invitation.secret.clone()));
    let asking = async {
        loop {
            match client.join(request).await.map_err(CallError::from)? {
                Some(answer) => return Ok(answer),
                None => tokio::time::sleep(ASK_PAUSE).await,
            }
        }
    };
    tokio::time::timeout(ANSWER_MAX, asking).await.unwrap_or_else(|_| {
        Err(Failure::unavailable(text!(
            "operator belum menjawab; apakah `rakit node invite` masih berjalan?",
            "the operator has not answered; is `rakit node invite` still running?"
        )))
    })
}

/// Renames what is there; answers where it is now.
fn set_aside(paths: &[&PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut moved = Vec::new();
    for path in paths {
        if !path.exists() {
            continue;
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let free = (1_u32..).map(|number| path.with_file_name(format!("{name}.disisihkan-{number}")));
        let Some(target) = free.into_iter().find(|target| !target.exists()) else { continue };
        let shown = path.display();
        std::fs::rename(path, &target).map_err(|error| {
            Failure::failed(text!(
                "{shown}: tidak dapat disisihkan: {error}",
                "{shown}: cannot be set aside: {error}"
            ))
        })?;
        moved.push(target);
    }
    Ok(moved)
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
