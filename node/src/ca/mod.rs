//! The cluster's certificate authority: a key and a certificate in one directory, away from the nodes.
//!
//! Invariant: the authority's certificate names the cluster; whatever it issues to a node names the cluster, the
//! node's number and its role. Keys are readable by their owner only and never leave the directory they are made in.

mod rotation;
mod signing;

use std::path::Path;

use getrandom::fill;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::durable::{self, Access};
use crate::failure::Failure;
use crate::text;
use crate::tls::identity::{NodeName, authority_cluster, authority_uri, common_name};

pub use signing::{NodeKeys, Requests};

/// The authority's certificate, in its directory and beside every node's certificates.
pub const AUTHORITY_CERTIFICATE: &str = "ca.pem";
/// The authority's key.
pub const AUTHORITY_KEY: &str = "ca-key.pem";
/// A node's certificate among peers.
pub const PEER_CERTIFICATE: &str = "peer.pem";
/// Its key.
pub const PEER_KEY: &str = "peer-key.pem";
/// A node's certificate for officers and operators.
pub const SERVER_CERTIFICATE: &str = "server.pem";
/// Its key.
pub const SERVER_KEY: &str = "server-key.pem";

/// Years an authority lasts.
const AUTHORITY_YEARS: i16 = 20;
/// Days a node's certificates last; browsers accept no more than 825 from a private authority.
const CERTIFICATE_DAYS: i32 = 820;

/// An authority that can issue.
pub struct Authority {
    /// Identifier of the cluster.
    pub cluster: [u8; 16],
    /// Name of the cluster.
    pub name: String,
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a new authority with a random cluster identifier in a directory that has none.
    pub fn create(directory: &Path, name: &str) -> Result<Self, Failure> {
        let shown = directory.display();
        if directory.join(AUTHORITY_CERTIFICATE).exists() || directory.join(AUTHORITY_KEY).exists() {
            return Err(Failure::precondition(text!(
                "{shown}: sudah ada otoritas sertifikat; pilih direktori lain",
                "{shown}: there is a certificate authority already; choose another directory"
            )));
        }
        if name.is_empty() || name.len() > tally::command::NAME_BYTES_MAX {
            return Err(Failure::usage(text!(
                "nama klaster kosong atau terlalu panjang",
                "the cluster's name is empty or too long"
            )));
        }
        let mut cluster = [0; 16];
        fill(&mut cluster).map_err(|error| Failure::failed(error.to_string()))?;
        let key = new_key()?;
        let parameters = authority_parameters(cluster, name)?;
        let certificate = parameters.self_signed(&key).map_err(|error| rejected(&error))?;
        save(directory, AUTHORITY_KEY, key.serialize_pem().as_bytes(), Access::Owner)?;
        save(directory, AUTHORITY_CERTIFICATE, certificate.pem().as_bytes(), Access::Everyone)?;
        let certificate_pem = certificate.pem();
        Ok(Self { cluster, name: name.to_owned(), certificate_pem, issuer: Issuer::new(parameters, key) })
    }

    /// The authority's certificate (PEM).
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.certificate_pem.clone()
    }

    /// Opens the authority in a directory.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        let read = |name: &str| {
            let path = directory.join(name);
            std::fs::read_to_string(&path).map_err(|error| {
                let shown = path.display();
                Failure::precondition(text!(
                    "{shown}: tidak terbaca ({error}); buat otoritas dengan `rakit ca init`",
                    "{shown}: cannot be read ({error}); make an authority with `rakit ca init`"
                ))
            })
        };
        let certificate_pem = read(AUTHORITY_CERTIFICATE)?;
        let key = KeyPair::from_pem(&read(AUTHORITY_KEY)?).map_err(|error| rejected(&error))?;
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes()).ok();
        let names = certificate
            .as_ref()
            .and_then(|certificate| Some((authority_cluster(certificate)?, common_name(certificate)?)));
        let (cluster, name) = names.ok_or_else(|| {
            let shown = directory.display();
            Failure::precondition(text!(
                "{shown}: sertifikat ini bukan otoritas klaster Rakit",
                "{shown}: this certificate is not the authority of a Rakit cluster"
            ))
        })?;
        let issuer =
            Issuer::from_ca_cert_pem(first_of(&certificate_pem), key).map_err(|error| rejected(&error))?;
        Ok(Self { cluster, name, certificate_pem, issuer })
    }

    /// Issues a node's two certificates into a directory: one among peers, one for officers and operators, the
    /// latter for `hosts` (names or addresses). Refuses to replace keys that are there.
    pub fn issue(&self, node: NodeName, hosts: &[String], directory: &Path) -> Result<(), Failure> {
        for name in [PEER_KEY, SERVER_KEY] {
            let path = directory.join(name);
            if path.exists() {
                let shown = path.display();
                return Err(Failure::precondition(text!(
                    "{shown}: sudah ada; hapus atau pilih direktori lain",
                    "{shown}: is there already; remove it or choose another directory"
                )));
            }
        }
        let (peer, server) = leaves(node, hosts)?;
        for (parameters, certificate_name, key_name) in
            [(peer, PEER_CERTIFICATE, PEER_KEY), (server, SERVER_CERTIFICATE, SERVER_KEY)]
        {
            let key = new_key()?;
            let certificate: Certificate =
                parameters.signed_by(&key, &self.issuer).map_err(|error| rejected(&error))?;
            save(directory, key_name, key.serialize_pem().as_bytes(), Access::Owner)?;
            save(directory, certificate_name, certificate.pem().as_bytes(), Access::Everyone)?;
        }
        save(directory, AUTHORITY_CERTIFICATE, self.certificate_pem.as_bytes(), Access::Everyone)
    }
}

/// What a node's two certificates say: one among peers, one for officers and operators.
fn leaves(node: NodeName, hosts: &[String]) -> Result<(CertificateParams, CertificateParams), Failure> {
    let uri = node.to_string().try_into().map_err(|error| rejected(&error))?;
    let mut peer = leaf(&format!("rakit node {}", node.node.0), hosts)?;
    peer.subject_alt_names.push(SanType::URI(uri));
    peer.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let mut server = leaf(hosts.first().map_or("rakit", String::as_str), hosts)?;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok((peer, server))
}

fn authority_parameters(cluster: [u8; 16], name: &str) -> Result<CertificateParams, Failure> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let uri = authority_uri(cluster).try_into().map_err(|error| rejected(&error))?;
    parameters.subject_alt_names = vec![SanType::URI(uri)];
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut parameters, jiff::Span::new().years(AUTHORITY_YEARS))?;
    Ok(parameters)
}

fn leaf(name: &str, hosts: &[String]) -> Result<CertificateParams, Failure> {
    let mut parameters = CertificateParams::new(hosts).map_err(|error| {
        Failure::usage(text!("--host tidak berlaku: {error}", "--host is not valid: {error}"))
    })?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.use_authority_key_identifier_extension = true;
    valid(&mut parameters, jiff::Span::new().days(CERTIFICATE_DAYS))?;
    Ok(parameters)
}

/// Valid from yesterday, so that a clock that is a little behind accepts it.
fn valid(parameters: &mut CertificateParams, span: jiff::Span) -> Result<(), Failure> {
    let (year, month, day) = date_in(jiff::Span::new().days(-1))?;
    parameters.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = date_in(span)?;
    parameters.not_after = rcgen::date_time_ymd(year, month, day);
    Ok(())
}

/// Year, month and day a span from today.
fn date_in(span: jiff::Span) -> Result<(i32, u8, u8), Failure> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let date = today.checked_add(span).map_err(|error| Failure::failed(error.to_string()))?;
    let month = u8::try_from(date.month()).unwrap_or(1);
    Ok((i32::from(date.year()), month, u8::try_from(date.day()).unwrap_or(1)))
}

/// The first certificate of a bundle: the one that signs.
fn first_of(bundle: &str) -> &str {
    const END: &str = "-----END CERTIFICATE-----";
    bundle.find(END).and_then(|place| bundle.get(..place.saturating_add(END.len()))).unwrap_or(bundle)
}

fn new_key() -> Result<KeyPair, Failure> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| rejected(&error))
}

fn rejected(error: &rcgen::Error) -> Failure {
    Failure::precondition(text!("sertifikat: {error}", "certificate: {error}"))
}

fn save(directory: &Path, name: &str, bytes: &[u8], access: Access) -> Result<(), Failure> {
    let path = directory.join(name);
    let saved = durable::create_directory(directory).and_then(|()| durable::write(&path, bytes, access));
    saved.map_err(|error| {
        let shown = path.display();
        Failure::failed(text!("{shown}: tidak dapat ditulis: {error}", "{shown}: cannot write: {error}"))
    })
}
