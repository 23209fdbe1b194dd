//! `rakit node invite`: where the certificate authority is, an operator lets one new node in.
//!
//! The new node makes its own keys and asks for certificates; this command gives it a number of the cluster's counter,
//! signs, and makes it a learner. The authority's key never leaves its directory, the node's keys never leave the node.

use std::path::PathBuf;
use std::time::Duration;

use api::dto::cluster::MemberBody;
use api::dto::joining::{InvitationBody, JoinAnswer, JoinBody};
use clap::Args;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tally::ids::{NodeId, hex};

use crate::ca::{Authority, Requests};
use crate::cli::operator::{Operator, OperatorClient, block_on};
use crate::cli::output::Output;
use crate::client::CallError;
use crate::failure::Failure;
use crate::invitation::InvitationFile;
use crate::text;
use crate::tls::identity::NodeName;

/// Longest single call.
const CALL_MAX: Duration = Duration::from_secs(15);
/// Pause between two looks for the request.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// What `rakit node invite` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    operator: Operator,
    /// Directory of the certificate authority
    #[arg(long, value_name = "DIR")]
    ca_dir: PathBuf,
    /// File for the invitation; take it to the new node and run `rakit join` there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// An edge node: reads only
    #[arg(long)]
    edge: bool,
    /// Minutes the invitation lasts
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: u32,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let authority = Authority::open(&arguments.ca_dir)?;
    // One node keeps the invitation: the first that answers is the one that is asked until the end.
    let clients = arguments.operator.each(CALL_MAX)?;
    let (id, edge) = block_on(async {
        let (client, officer_url) = reachable(&clients, &authority).await?;
        let (cluster, certificate) = (hex(&authority.cluster), authority.certificate_pem());
        let file = InvitationFile::new(cluster, arguments.edge, officer_url, certificate)?;
        let secret_sha256 = hex(&<[u8; 32]>::from(Sha256::digest(file.secret.as_bytes())));
        let valid_s = arguments.minutes.saturating_mul(60);
        let body = InvitationBody { secret_sha256, valid_s };
        let invitation = client.invite(&body).await.map_err(CallError::from)?.value.id;
        let result = wait(client, &invitation, arguments, &authority, &file, output).await;
        if result.is_err() {
            // Best effort: it also expires.
            drop(client.withdraw(&invitation).await);
        }
        result
    })?;
    output.answer(&json!({"id": id, "edge": edge}), || {
        if edge {
            text!("simpul {id} bergabung sebagai simpul tepi", "node {id} has joined as an edge")
        } else {
            text!(
                "simpul {id} bergabung; setelah menyusul, jalankan: rakit node promote {id}",
                "node {id} has joined; once it has caught up run: rakit node promote {id}"
            )
        }
    });
    Ok(())
}

/// The first node that answers and serves officers, and where they reach it.
async fn reachable<'c>(
    clients: &'c [(String, OperatorClient)],
    authority: &Authority,
) -> Result<(&'c OperatorClient, String), Failure> {
    let mut last = None;
    for (url, client) in clients {
        let answered = match client.cluster().await {
            Ok(answered) => answered,
            Err(error) => {
                last = Some(error);
                continue;
            }
        };
        let (found, expected) = (&answered.value.cluster, hex(&authority.cluster));
        if *found != expected {
            return Err(Failure::precondition(text!(
                "{url}: simpul itu milik klaster {found}, otoritas ini milik {expected}; periksa --ops dan --ca-dir",
                "{url}: that node is of cluster {found}, this authority of {expected}; check --ops and --ca-dir"
            )));
        }
        let own = answered.value.nodes.iter().find(|node| Some(node.id) == answered.node);
        // An edge has no listener where the new node could ask.
        let own = own.filter(|own| own.role != "edge");
        if let Some(own) = own {
            return Ok((client, own.officer_url.clone()));
        }
    }
    let error = last.map(|error| Failure::from(CallError::from(error)));
    Err(error.unwrap_or_else(|| {
        Failure::precondition(text!(
            "simpul itu bukan anggota klaster atau simpul tepi; sebut yang lain",
            "that node is not a member of its cluster, or an edge; name another"
        ))
    }))
}

async fn wait(
    client: &OperatorClient,
    invitation: &str,
    arguments: &Arguments,
    authority: &Authority,
    file: &InvitationFile,
    output: &Output,
) -> Result<(u64, bool), Failure> {
    file.save(&arguments.out)?;
    let (shown, minutes) = (arguments.out.display(), arguments.minutes);
    output.note(&text!(
        "undangan di {shown}, berlaku {minutes} menit; bawa ke simpul baru dan jalankan di sana:\n  rakit join --invitation {shown} --config FILE --host NAMA\nmenunggu; jangan tutup perintah ini",
        "invitation in {shown}, valid for {minutes} minutes; take it to the new node and run there:\n  rakit join --invitation {shown} --config FILE --host NAME\nwaiting; keep this command running"
    ));
    let request = loop {
        let looked = client.invitation(invitation).await.map_err(CallError::from)?.value;
        match looked.request {
            Some(request) => break request,
            None => tokio::time::sleep(LOOK_PAUSE).await,
        }
    };
    let (address, hosts) = (&request.peer_address, request.hosts.join(", "));
    output.note(&text!("permintaan dari {address} ({hosts})", "a request of {address} ({hosts})"));
    admit(client, invitation, arguments.edge, authority, &request).await
}

/// Number, certificates, membership, answer.
async fn admit(
    client: &OperatorClient,
    invitation: &str,
    edge: bool,
    authority: &Authority,
    request: &JoinBody,
) -> Result<(u64, bool), Failure> {
    let epoch = client.cluster().await.map_err(CallError::from)?.value.epoch;
    if !edge && request.officer_url.is_empty() {
        return Err(Failure::precondition(text!(
            "simpul itu tidak menyebut listeners.officer; tambahkan, atau undang dengan --edge",
            "that node names no listeners.officer; add it, or invite with --edge"
        )));
    }
    // Checked before a number is used up.
    let requests = Requests::read(&request.peer_request, &request.server_request)?;
    let id = client.allocate_node().await.map_err(CallError::from)?.value.id;
    let name = NodeName { cluster: authority.cluster, node: NodeId(id), edge };
    let (peer_certificate, server_certificate) = authority.sign(name, &request.hosts, &requests)?;
    let member = MemberBody {
        id,
        incarnation: request.incarnation.clone(),
        role: if edge { "edge" } else { "learner" }.to_owned(),
        peer_address: request.peer_address.clone(),
        officer_url: request.officer_url.clone(),
        public_url: request.public_url.clone(),
    };
    client.add_member(&member).await.map_err(CallError::from)?;
    let authority = authority.certificate_pem();
    let answer = JoinAnswer { id, edge, epoch, peer_certificate, server_certificate, authority };
    client.answer_invitation(invitation, &answer).await.map_err(CallError::from)?;
    Ok((id, edge))
}
