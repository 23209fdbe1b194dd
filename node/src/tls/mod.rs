//! TLS: who may connect to whom, and with which certificates.
//!
//! Invariant: between nodes both sides prove that they are nodes of this cluster; officers always speak TLS; the
//! rustls set-up of the whole tree is here.

pub mod accept;
pub mod dial;
pub mod identity;
pub mod live;
mod verify;

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::failure::Failure;
use crate::settings;
use crate::text;
use identity::{NodeName, authority_cluster};
use verify::ClusterVerifier;

/// TLS 1.3 alone: peers and operators run this very program.
const MODERN: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
/// Officers' older phones speak 1.2.
const COMPATIBLE: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// Everything TLS that a serving node needs, read and checked.
#[derive(Clone)]
pub struct NodeTls {
    /// Who this node is, from its peer certificate.
    pub name: NodeName,
    /// Accepts peers.
    pub peer_server: Arc<ServerConfig>,
    /// Connects to peers.
    pub peer_client: Arc<ClientConfig>,
    /// Accepts officers.
    pub officer: Arc<ServerConfig>,
    /// Accepts operators that show a certificate of this cluster.
    pub operators: Arc<ServerConfig>,
    /// When each certificate ends.
    pub ends: Vec<CertificateEnd>,
}

/// When a certificate ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CertificateEnd {
    /// Which: `authority`, `peer` or `server`.
    pub name: &'static str,
    /// Seconds since 1970.
    pub at_s: i64,
}

/// The provider of all cryptography: aws-lc-rs.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

impl NodeTls {
    /// Reads the files of `[tls]` and checks that they belong together: the authority is a cluster's, it signed the
    /// peer certificate, which names a node of that cluster, and every key fits its certificate.
    pub fn load(files: &settings::Tls) -> Result<Self, Failure> {
        let authority = certificates(&files.ca)?;
        let cluster = authority.first().and_then(authority_cluster).ok_or_else(|| {
            wrong(&files.ca, &text!("bukan otoritas klaster Rakit", "not the authority of a Rakit cluster"))
        })?;
        let mut ends = vec![end("authority", &files.ca, &authority)?];
        let roots = Arc::new(roots(&files.ca, authority)?);
        let revoked = files.crl.as_deref().map(revocations).transpose()?.unwrap_or_default();
        let peer = certificates(&files.peer_certificate)?;
        let name = peer.first().and_then(NodeName::of_certificate);
        let name = name.filter(|name| name.cluster == cluster).ok_or_else(|| {
            let fault = text!(
                "tidak menyebut simpul klaster ini; buat lagi dengan `rakit ca issue`",
                "does not name a node of this cluster; issue it again with `rakit ca issue`"
            );
            wrong(&files.peer_certificate, &fault)
        })?;
        signed(&peer, &roots).map_err(|error| wrong(&files.peer_certificate, &error.to_string()))?;
        let peer_key = key(&files.peer_key)?;
        let server = certificates(&files.server_certificate)?;
        undamaged(&server, &roots).map_err(|error| wrong(&files.server_certificate, &error.to_string()))?;
        let server_key = key(&files.server_key)?;
        ends.push(end("peer", &files.peer_certificate, &peer)?);
        ends.push(end("server", &files.server_certificate, &server)?);
        let provider = provider();
        let clients = clients(roots, revoked, &provider).map_err(|error| wrong(&files.ca, &error))?;
        let verifier = ClusterVerifier::new(cluster, Arc::clone(&clients), Arc::clone(&provider));
        let verifier = Arc::new(verifier);
        let unfit = |path: &Path| {
            let path = path.to_owned();
            move |error: rustls::Error| wrong(&path, &error.to_string())
        };
        let mut peer_client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(MODERN)
            .map_err(unfit(&files.peer_certificate))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_client_auth_cert(peer.clone(), peer_key.clone_key())
            .map_err(unfit(&files.peer_key))?;
        // A resumed session would skip the certificate; identities are checked anew on every connection.
        peer_client.resumption = rustls::client::Resumption::disabled();
        peer_client.alpn_protocols = vec![b"h2".to_vec()];
        let mut peer_server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(MODERN)
            .map_err(unfit(&files.peer_certificate))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(peer, peer_key)
            .map_err(unfit(&files.peer_key))?;
        peer_server.alpn_protocols = vec![b"h2".to_vec()];
        peer_server.send_tls13_tickets = 0;
        let mut officer = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(COMPATIBLE)
            .map_err(unfit(&files.server_certificate))?
            .with_no_client_auth()
            .with_single_cert(server.clone(), server_key.clone_key())
            .map_err(unfit(&files.server_key))?;
        officer.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut operators = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(MODERN)
            .map_err(unfit(&files.server_certificate))?
            .with_client_cert_verifier(clients)
            .with_single_cert(server, server_key)
            .map_err(unfit(&files.server_key))?;
        operators.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            name,
            peer_server: Arc::new(peer_server),
            peer_client: Arc::new(peer_client),
            officer: Arc::new(officer),
            operators: Arc::new(operators),
            ends,
        })
    }
}

/// A client's configuration that trusts one authority's servers, by host name; for the command line.
///
/// `identity` is a certificate to show, and its key.
pub fn client_config(ca: &Path, identity: Option<(&Path, &Path)>) -> Result<ClientConfig, Failure> {
    let authority = certificates(ca)?;
    let roots = roots(ca, authority)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(COMPATIBLE)
        .map_err(|error| wrong(ca, &error.to_string()))?
        .with_root_certificates(roots);
    let Some((shown, shown_key)) = identity else { return Ok(builder.with_no_client_auth()) };
    let configured = builder.with_client_auth_cert(certificates(shown)?, key(shown_key)?);
    configured.map_err(|error| wrong(shown, &error.to_string()))
}

/// Like [`client_config`], with the authority at hand (PEM).
pub fn client_config_of(authority: &[u8]) -> Result<ClientConfig, Failure> {
    let invitation = Path::new("authority");
    let read = CertificateDer::pem_slice_iter(authority).collect::<Result<Vec<_>, _>>();
    let read = read.map_err(|error| wrong(invitation, &error.to_string()))?;
    let roots = roots(invitation, read)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(MODERN)
        .map_err(|error| Failure::failed(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A client's configuration that trusts nobody: for plain HTTP on loopback.
pub fn plain_client_config() -> Result<ClientConfig, Failure> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(COMPATIBLE)
        .map_err(|error| Failure::failed(error.to_string()))?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// The name of the cluster that an authority is for.
pub fn authority_name(ca: &Path) -> Result<String, Failure> {
    let authority = certificates(ca)?;
    authority.first().and_then(identity::common_name).ok_or_else(|| {
        wrong(ca, &text!("bukan otoritas klaster Rakit", "not the authority of a Rakit cluster"))
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| wrong(path, &error.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong(path, &text!("tidak memuat sertifikat", "holds no certificate")));
    }
    Ok(certificates)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| wrong(path, &error.to_string()))
}

fn roots(path: &Path, authority: Vec<CertificateDer<'static>>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in authority {
        roots.add(certificate).map_err(|error| wrong(path, &error.to_string()))?;
    }
    Ok(roots)
}

/// Checks certificates that are shown here: signed by the authority, valid now, not revoked.
fn clients(
    roots: Arc<RootCertStore>,
    revoked: Vec<CertificateRevocationListDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    if !revoked.is_empty() {
        // While two authorities overlap, only one of them may have a list.
        builder =
            builder.with_crls(revoked).only_check_end_entity_revocation().allow_unknown_revocation_status();
    }
    builder.build().map_err(|error| error.to_string())
}

fn revocations(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, Failure> {
    let read = CertificateRevocationListDer::pem_file_iter(path);
    let read = read.and_then(Iterator::collect::<Result<Vec<_>, _>>);
    read.map_err(|error| wrong(path, &error.to_string()))
}

/// When the first certificate of a chain ends.
fn end(name: &'static str, path: &Path, chain: &[CertificateDer<'_>]) -> Result<CertificateEnd, Failure> {
    let at_s = chain.first().and_then(identity::ends_at_s);
    let at_s = at_s.ok_or_else(|| wrong(path, &text!("tidak terbaca", "cannot be read")))?;
    Ok(CertificateEnd { name, at_s })
}

/// Whether the authority signed the first certificate of a chain and it is valid now.
fn signed(chain: &[CertificateDer<'static>], roots: &RootCertStore) -> Result<(), rustls::Error> {
    let (first, rest) = chain.split_first().ok_or(rustls::Error::NoCertificatesPresented)?;
    let parsed = rustls::server::ParsedCertificate::try_from(first)?;
    let algorithms = provider().signature_verification_algorithms.all;
    let now = rustls_pki_types::UnixTime::now();
    rustls::client::verify_server_cert_signed_by_trust_anchor(&parsed, roots, rest, now, algorithms)
}

/// Whether nothing speaks against a certificate that another authority may have signed, one that browsers trust; one
/// that has ended is shown all the same, for the node's other work goes on.
fn undamaged(chain: &[CertificateDer<'static>], roots: &RootCertStore) -> Result<(), rustls::Error> {
    use rustls::CertificateError::{BadEncoding, BadSignature};
    match signed(chain, roots) {
        Err(error @ rustls::Error::InvalidCertificate(BadEncoding | BadSignature)) => Err(error),
        Err(_) | Ok(()) => Ok(()),
    }
}

fn wrong(path: &Path, fault: &str) -> Failure {
    let shown = path.display();
    Failure::precondition(text!("sertifikat {shown}: {fault}", "certificate {shown}: {fault}"))
}

#[cfg(test)]
mod tests;
