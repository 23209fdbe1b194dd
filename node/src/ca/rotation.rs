//! An authority that is replaced while nodes run, and certificates that are called back.
//!
//! Invariant: both authorities are of one cluster. Between `rotate` and `finish_rotation` the bundle holds both, the new
//! one first; a node that has the bundle trusts certificates of either, so that at no moment two nodes cannot talk.

use std::path::Path;

use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, RevocationReason, RevokedCertParams, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{
    AUTHORITY_CERTIFICATE, AUTHORITY_KEY, Authority, authority_parameters, date_in, first_of, new_key,
    rejected, save,
};
use crate::durable::{self, Access};
use crate::failure::Failure;
use crate::text;

/// Where the authority before is kept until the rotation is finished.
const OLD_CERTIFICATE: &str = "ca-old.pem";
const OLD_KEY: &str = "ca-old-key.pem";
/// What was called back so far.
const REVOKED: &str = "revoked.json";
/// Years a revocation list is good for: nodes do not fetch lists, so an old one must not shut everybody out.
const LIST_YEARS: i64 = 20;

/// What stands in [`REVOKED`].
#[derive(Debug, Default, Deserialize, Serialize)]
struct Revoked {
    /// Number of the last list.
    number: u64,
    /// Serial numbers, hexadecimal digits.
    serials: Vec<String>,
}

impl Authority {
    /// Makes a new authority of the same cluster beside the present one.
    pub fn rotate(directory: &Path) -> Result<Self, Failure> {
        let shown = directory.display();
        if directory.join(OLD_CERTIFICATE).exists() {
            return Err(Failure::precondition(text!(
                "{shown}: pergantian otoritas belum selesai; akhiri dengan `rakit ca rotate --finish`",
                "{shown}: a rotation is under way; end it with `rakit ca rotate --finish`"
            )));
        }
        let old = Self::open(directory)?;
        let read = |name: &str| {
            let path = directory.join(name);
            std::fs::read(&path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
        };
        let key = new_key()?;
        let parameters = authority_parameters(old.cluster, &old.name)?;
        let certificate = parameters.self_signed(&key).map_err(|error| rejected(&error))?;
        let certificate_pem = certificate.pem();
        save(directory, OLD_KEY, &read(AUTHORITY_KEY)?, Access::Owner)?;
        save(directory, OLD_CERTIFICATE, &read(AUTHORITY_CERTIFICATE)?, Access::Everyone)?;
        save(directory, AUTHORITY_KEY, key.serialize_pem().as_bytes(), Access::Owner)?;
        let bundle = format!("{certificate_pem}{}", old.certificate_pem);
        save(directory, AUTHORITY_CERTIFICATE, bundle.as_bytes(), Access::Everyone)?;
        Ok(Self {
            cluster: old.cluster,
            name: old.name,
            certificate_pem: bundle,
            issuer: Issuer::new(parameters, key),
        })
    }

    /// Takes the old authority out of the bundle. Every node must have certificates of the new one by then.
    pub fn finish_rotation(directory: &Path) -> Result<(), Failure> {
        let shown = directory.display();
        if !directory.join(OLD_CERTIFICATE).exists() {
            return Err(Failure::precondition(text!(
                "{shown}: tidak ada pergantian otoritas yang berjalan",
                "{shown}: no rotation is under way"
            )));
        }
        let authority = Self::open(directory)?;
        let first = format!("{}\n", first_of(&authority.certificate_pem));
        save(directory, AUTHORITY_CERTIFICATE, first.as_bytes(), Access::Everyone)?;
        for name in [OLD_KEY, OLD_CERTIFICATE] {
            durable::remove(&directory.join(name)).map_err(|error| Failure::failed(error.to_string()))?;
        }
        Ok(())
    }

    /// Calls a certificate back and writes the list of all that were to `list`.
    pub fn revoke(&self, directory: &Path, certificate: &Path, list: &Path) -> Result<(), Failure> {
        let wrong = |fault: String| {
            let shown = certificate.display();
            Failure::precondition(text!(
                "{shown}: bukan sertifikat: {fault}",
                "{shown}: not a certificate: {fault}"
            ))
        };
        let der = CertificateDer::from_pem_file(certificate).map_err(|error| wrong(error.to_string()))?;
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| wrong(error.to_string()))?;
        let serial = tally::ids::hex(parsed.raw_serial());
        let file = directory.join(REVOKED);
        let mut revoked: Revoked = match std::fs::read(&file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| Failure::failed(error.to_string()))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Revoked::default(),
            Err(error) => return Err(Failure::failed(format!("{}: {error}", file.display()))),
        };
        if !revoked.serials.contains(&serial) {
            revoked.serials.push(serial);
        }
        revoked.number = revoked.number.saturating_add(1);
        let bytes =
            serde_json::to_vec_pretty(&revoked).map_err(|error| Failure::failed(error.to_string()))?;
        save(directory, REVOKED, &bytes, Access::Everyone)?;
        let pem = self.list(&revoked)?;
        durable::write(list, pem.as_bytes(), Access::Everyone).map_err(|error| {
            let shown = list.display();
            Failure::failed(text!("{shown}: tidak dapat ditulis: {error}", "{shown}: cannot write: {error}"))
        })
    }

    fn list(&self, revoked: &Revoked) -> Result<String, Failure> {
        let (year, month, day) = date_in(jiff::Span::new().days(-1))?;
        let this_update = rcgen::date_time_ymd(year, month, day);
        let (year, month, day) = date_in(jiff::Span::new().years(LIST_YEARS))?;
        let next_update = rcgen::date_time_ymd(year, month, day);
        let entry = |serial: &String| {
            let bytes = unhex(serial).ok_or_else(|| Failure::failed(format!("{REVOKED}: {serial}")))?;
            Ok(RevokedCertParams {
                serial_number: SerialNumber::from(bytes),
                revocation_time: this_update,
                reason_code: Some(RevocationReason::Unspecified),
                invalidity_date: None,
            })
        };
        let parameters = CertificateRevocationListParams {
            this_update,
            next_update,
            crl_number: SerialNumber::from(revoked.number),
            issuing_distribution_point: None,
            revoked_certs: revoked.serials.iter().map(entry).collect::<Result<_, Failure>>()?,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = parameters.signed_by(&self.issuer).map_err(|error| rejected(&error))?;
        list.pem().map_err(|error| rejected(&error))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}
