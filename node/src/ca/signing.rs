//! How a new node gets its certificates: it asks, the authority answers (design 9.2).
//!
//! Invariant: a request proves that its sender holds the key; nothing else of it is believed. What a certificate says
//! comes from the number that the cluster gave out and from what the operator allowed.

use std::path::Path;

use api::dto::joining::JoinAnswer;
use rcgen::{CertificateParams, CertificateSigningRequestParams, KeyPair};

use super::{
    AUTHORITY_CERTIFICATE, Authority, PEER_CERTIFICATE, PEER_KEY, SERVER_CERTIFICATE, SERVER_KEY, leaves,
    new_key, rejected, save,
};
use crate::durable::Access;
use crate::failure::Failure;
use crate::text;
use crate::tls::identity::NodeName;

/// A new node's keys and what it asks to have signed.
pub struct NodeKeys {
    peer: KeyPair,
    server: KeyPair,
    /// Certificate request for the connections between nodes (PEM).
    pub peer_request: String,
    /// Certificate request for officers and operators (PEM).
    pub server_request: String,
}

impl NodeKeys {
    /// New keys for a node that is reached under `hosts`.
    pub fn new(hosts: &[String]) -> Result<Self, Failure> {
        let (peer, server) = (new_key()?, new_key()?);
        let request = |key: &KeyPair| {
            let parameters = CertificateParams::new(hosts).map_err(|error| {
                Failure::usage(text!("--host tidak berlaku: {error}", "--host is not valid: {error}"))
            })?;
            let request = parameters.serialize_request(key).map_err(|error| rejected(&error))?;
            request.pem().map_err(|error| rejected(&error))
        };
        let (peer_request, server_request) = (request(&peer)?, request(&server)?);
        Ok(Self { peer, server, peer_request, server_request })
    }

    /// Writes keys and certificates where the node looks for them, the certificates last.
    pub fn save(&self, answer: &JoinAnswer, directory: &Path) -> Result<(), Failure> {
        save(directory, PEER_KEY, self.peer.serialize_pem().as_bytes(), Access::Owner)?;
        save(directory, SERVER_KEY, self.server.serialize_pem().as_bytes(), Access::Owner)?;
        save(directory, PEER_CERTIFICATE, answer.peer_certificate.as_bytes(), Access::Everyone)?;
        save(directory, SERVER_CERTIFICATE, answer.server_certificate.as_bytes(), Access::Everyone)?;
        save(directory, AUTHORITY_CERTIFICATE, answer.authority.as_bytes(), Access::Everyone)
    }
}

/// Certificate requests of a node, read and proven.
pub struct Requests {
    peer: CertificateSigningRequestParams,
    server: CertificateSigningRequestParams,
}

impl Requests {
    /// Reads both; the sender holds their keys.
    pub fn read(peer: &str, server: &str) -> Result<Self, Failure> {
        let read = |pem: &str| {
            CertificateSigningRequestParams::from_pem(pem).map_err(|error| {
                Failure::precondition(text!(
                    "permintaan sertifikat tidak sah: {error}",
                    "the certificate request is not valid: {error}"
                ))
            })
        };
        Ok(Self { peer: read(peer)?, server: read(server)? })
    }
}

impl Authority {
    /// Signs a node's two certificates for `hosts`; answers both (PEM), the one among peers first.
    pub fn sign(
        &self,
        node: NodeName,
        hosts: &[String],
        requests: &Requests,
    ) -> Result<(String, String), Failure> {
        let (peer, server) = leaves(node, hosts)?;
        let sign = |parameters: CertificateParams, request: &CertificateSigningRequestParams| {
            let signed = parameters.signed_by(&request.public_key, &self.issuer);
            signed.map(|certificate| certificate.pem()).map_err(|error| rejected(&error))
        };
        Ok((sign(peer, &requests.peer)?, sign(server, &requests.server)?))
    }
}
