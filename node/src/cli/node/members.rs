//! `rakit node promote`, `remove`, `replace`, `move`, `transfer`, `drain`, `resume`.

use std::time::Duration;

use api::dto::cluster::MemberBody;
use serde_json::json;

use crate::cli::operator::{Operator, OperatorClient, block_on};
use crate::cli::output::Output;
use crate::client::CallError;
use crate::failure::Failure;
use crate::text;

/// A change waits for a learner to catch up, thirty seconds at most.
const CHANGE_MAX: Duration = Duration::from_secs(40);

pub(super) fn promote(id: u64, operator: &Operator, output: &Output) -> Result<(), Failure> {
    let client = operator.any(CHANGE_MAX)?;
    block_on(async {
        let member = member(&client, id).await?;
        let member = MemberBody {
            id,
            incarnation: member.incarnation,
            role: "voter".to_owned(),
            peer_address: member.peer_address,
            officer_url: member.officer_url,
            public_url: member.public_url,
        };
        Ok(client.add_member(&member).await.map_err(CallError::from)?)
    })?;
    output.answer(&json!({"id": id, "role": "voter"}), || {
        text!("simpul {id} kini memberi suara", "node {id} votes now")
    });
    Ok(())
}

pub(super) fn remove(
    id: u64,
    forced_by: Option<&str>,
    operator: &Operator,
    output: &Output,
) -> Result<(), Failure> {
    let client = operator.any(CHANGE_MAX)?;
    block_on(async { Ok(client.remove_member(id, forced_by).await.map_err(CallError::from)?) })?;
    output.answer(&json!({"id": id, "removed": true}), || {
        text!(
            "simpul {id} dikeluarkan; nomornya tidak dipakai lagi",
            "node {id} is out; its number is not used again"
        )
    });
    Ok(())
}

pub(super) fn transfer(to: Option<u64>, operator: &Operator, output: &Output) -> Result<(), Failure> {
    let client = operator.any(CHANGE_MAX)?;
    let leader = block_on(async { Ok(client.transfer(to).await.map_err(CallError::from)?.value.leader) })?;
    output.answer(&json!({"leader": leader}), || {
        text!("pemimpin kini simpul {leader}", "node {leader} leads now")
    });
    Ok(())
}

pub(super) fn replace(old: u64, new: u64, operator: &Operator, output: &Output) -> Result<(), Failure> {
    let client = operator.any(CHANGE_MAX)?;
    block_on(async { Ok(client.replace_member(old, new).await.map_err(CallError::from)?) })?;
    output.answer(&json!({"removed": old, "id": new, "role": "voter"}), || {
        text!("simpul {new} menggantikan simpul {old}", "node {new} votes in the place of node {old}")
    });
    Ok(())
}

/// Addresses that an operator names; the others stay.
#[derive(Debug, clap::Args)]
pub(super) struct Addresses {
    /// Where its peers reach it (HOST:PORT)
    #[arg(long, value_name = "HOST:PORT")]
    peer: Option<String>,
    /// Where officers reach it
    #[arg(long, value_name = "URL")]
    officer: Option<String>,
    /// Where the public reaches it
    #[arg(long, value_name = "URL")]
    public: Option<String>,
}

pub(super) fn move_to(
    id: u64,
    addresses: &Addresses,
    operator: &Operator,
    output: &Output,
) -> Result<(), Failure> {
    let client = operator.any(CHANGE_MAX)?;
    block_on(async {
        let known = member(&client, id).await?;
        let chosen = |wanted: &Option<String>, known: String| wanted.clone().unwrap_or(known);
        let member = MemberBody {
            id,
            incarnation: known.incarnation,
            role: known.role,
            peer_address: chosen(&addresses.peer, known.peer_address),
            officer_url: chosen(&addresses.officer, known.officer_url),
            public_url: chosen(&addresses.public, known.public_url),
        };
        Ok(client.move_member(&member).await.map_err(CallError::from)?)
    })?;
    output.answer(&json!({"id": id, "moved": true}), || {
        text!("alamat simpul {id} diganti", "the addresses of node {id} are changed")
    });
    Ok(())
}

pub(super) fn drain(id: Option<u64>, operator: &Operator, output: &Output) -> Result<(), Failure> {
    let client = operator.one(id, CHANGE_MAX)?;
    let leader = block_on(async { Ok(client.drain().await.map_err(CallError::from)?.value.leader) })?;
    output.answer(&json!({"draining": true, "leader": leader}), || {
        text!(
            "simpul dikosongkan, pemimpin: simpul {leader}; hentikan bila tidak ada lagi yang memakainya",
            "the node is draining, node {leader} leads; stop it when nobody uses it any more"
        )
    });
    Ok(())
}

pub(super) fn resume(id: Option<u64>, operator: &Operator, output: &Output) -> Result<(), Failure> {
    let client = operator.one(id, CHANGE_MAX)?;
    block_on(async { Ok(client.resume().await.map_err(CallError::from)?) })?;
    output.answer(&json!({"draining": false}), || text!("simpul dipakai lagi", "the node is in use again"));
    Ok(())
}

async fn member(client: &OperatorClient, id: u64) -> Result<api::dto::cluster::Member, Failure> {
    let cluster = client.cluster().await.map_err(CallError::from)?.value;
    cluster.nodes.into_iter().find(|node| node.id == id).ok_or_else(|| {
        Failure::precondition(text!(
            "simpul {id} bukan anggota; undang dengan `rakit node invite`",
            "node {id} is not a member; invite it with `rakit node invite`"
        ))
    })
}
