//! How a new node comes in: an operator's invitation, the node's request, the certificates it gets.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{Errors, Object};
use crate::error::Problem;

/// Longest certificate, certificate request, address or URL that is taken, in bytes.
const TEXT_BYTES_MAX: usize = 4 * 1024;
/// Most host names of a node.
const HOSTS_MAX: usize = 16;
/// Longest time an invitation lasts, in seconds.
pub const VALID_S_MAX: u32 = 24 * 60 * 60;

/// Body of `POST /cluster/invitations`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationBody {
    /// SHA-256 of the secret that the new node will show, 64 hexadecimal digits.
    pub secret_sha256: String,
    /// How long it may be used, in seconds.
    pub valid_s: u32,
}

/// Answer of `POST /cluster/invitations` and `GET /cluster/invitations/{id}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Invitation {
    /// Its name.
    pub id: String,
    /// What the new node asked, once it has.
    #[schema(required)]
    pub request: Option<JoinBody>,
    /// Whether it was answered.
    pub answered: bool,
}

/// Body of `POST /cluster/join`: what a new node asks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinBody {
    /// Certificate request for the connections between nodes (PKCS #10, PEM).
    pub peer_request: String,
    /// Certificate request for officers and operators (PKCS #10, PEM).
    pub server_request: String,
    /// Names and addresses it is reached under.
    pub hosts: Vec<String>,
    /// Incarnation of its log, 32 hexadecimal digits.
    pub incarnation: String,
    /// Where its peers reach it.
    pub peer_address: String,
    /// Where officers reach it; empty for a node that only reads.
    pub officer_url: String,
    /// Where the public reaches it.
    pub public_url: String,
}

/// Body of `POST /cluster/invitations/{id}/answer` and answer of `POST /cluster/join`: who the new node is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinAnswer {
    /// Its number.
    pub id: u64,
    /// Whether it only reads.
    pub edge: bool,
    /// Epoch of the cluster's history.
    pub epoch: u64,
    /// Certificate for the connections between nodes (PEM).
    pub peer_certificate: String,
    /// Certificate for officers and operators (PEM).
    pub server_certificate: String,
    /// Certificate of the cluster's authority (PEM).
    pub authority: String,
}

fn bounded<'v>(object: &Object<'v>, key: &str, errors: &mut Errors) -> Option<&'v str> {
    let fits = |text: &&str| !text.is_empty() && text.len() <= TEXT_BYTES_MAX;
    let text = object.text(key, errors)?;
    if !fits(&text) {
        errors.push(object.at(key), format!("Harus 1 sampai {TEXT_BYTES_MAX} bita."));
    }
    Some(text).filter(fits)
}

/// Reads an invitation: the hash of its secret and how long it lasts.
pub fn parse_invitation(value: &Value) -> Result<([u8; 32], u32), Problem> {
    let mut errors = Errors::default();
    let object = Object::read(value, "", &["secret_sha256", "valid_s"], &mut errors);
    let Some(object) = object else { return errors.finish(None) };
    let digits = "Harus 64 angka heksadesimal.";
    let secret = object.parsed("secret_sha256", digits, &mut errors, super::text::parse_hex::<32>);
    let valid_s = object.count("valid_s", VALID_S_MAX, &mut errors);
    errors.finish(secret.zip(valid_s))
}

/// Reads what a new node asks.
pub fn parse_join(value: &Value) -> Result<JoinBody, Problem> {
    const KEYS: [&str; 7] = [
        "peer_request",
        "server_request",
        "hosts",
        "incarnation",
        "peer_address",
        "officer_url",
        "public_url",
    ];
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &KEYS, &mut errors) else { return errors.finish(None) };
    let hosts: Vec<String> = object
        .list("hosts", &mut errors)
        .iter()
        .filter_map(|host| host.as_str().filter(|host| host.len() <= TEXT_BYTES_MAX).map(str::to_owned))
        .collect();
    if hosts.is_empty() || hosts.len() > HOSTS_MAX {
        errors.push("/hosts", format!("Harus 1 sampai {HOSTS_MAX} nama."));
    }
    let incarnation = object.parsed("incarnation", "Harus 32 angka heksadesimal.", &mut errors, |text| {
        super::text::parse_hex::<16>(text).map(|_| text.to_owned())
    });
    let mut text = |key: &str| bounded(&object, key, &mut errors).map(str::to_owned);
    let (peer_request, server_request) = (text("peer_request"), text("server_request"));
    let (peer, public) = (text("peer_address"), text("public_url"));
    let none = value.get("officer_url").and_then(Value::as_str) == Some("");
    let officer = if none { Some(String::new()) } else { text("officer_url") };
    let body = peer_request.zip(server_request).zip(incarnation).zip(peer).zip(officer).zip(public);
    let body =
        body.map(|(((((peer_request, server_request), incarnation), peer), officer), public)| JoinBody {
            peer_request,
            server_request,
            hosts,
            incarnation,
            peer_address: peer,
            officer_url: officer,
            public_url: public,
        });
    errors.finish(body)
}

/// Reads who the new node is.
pub fn parse_answer(value: &Value) -> Result<JoinAnswer, Problem> {
    const KEYS: [&str; 6] = ["id", "edge", "epoch", "peer_certificate", "server_certificate", "authority"];
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &KEYS, &mut errors) else { return errors.finish(None) };
    let mut number = |key: &str| {
        let number = object.required(key, &mut errors).and_then(Value::as_u64).filter(|number| *number > 0);
        if number.is_none() {
            errors.push(object.at(key), "Harus bilangan bulat di atas 0.");
        }
        number
    };
    let (id, epoch) = (number("id"), number("epoch"));
    let edge = object.flag("edge", false, &mut errors);
    let mut text = |key: &str| bounded(&object, key, &mut errors).map(str::to_owned);
    let certificates = text("peer_certificate").zip(text("server_certificate")).zip(text("authority"));
    let answer = id.zip(epoch).zip(certificates);
    errors.finish(answer.map(|((id, epoch), ((peer_certificate, server_certificate), authority))| {
        JoinAnswer { id, edge, epoch, peer_certificate, server_certificate, authority }
    }))
}
