//! Who a peer certificate says its holder is: the URI `rakit://CLUSTER/node/NUMBER/ROLE` in its alternative names.
//!
//! Invariant: a certificate has exactly one such URI, in canonical form, or it names nobody.

use std::fmt;

use rustls_pki_types::CertificateDer;
use tally::ids::{NodeId, hex};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

const SCHEME: &str = "rakit://";

/// The node a peer certificate was issued to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NodeName {
    /// Identifier of its cluster.
    pub cluster: [u8; 16],
    /// Its number.
    pub node: NodeId,
    /// Whether it may only read.
    pub edge: bool,
}

impl fmt::Display for NodeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = if self.edge { "edge" } else { "voter" };
        write!(formatter, "{SCHEME}{}/node/{}/{role}", hex(&self.cluster), self.node.0)
    }
}

impl NodeName {
    /// Reads the URI; `None` when it is not exactly what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(uri: &str) -> Option<Self> {
        let mut parts = uri.strip_prefix(SCHEME)?.split('/');
        let cluster = cluster_from_hex(parts.next()?)?;
        if parts.next()? != "node" {
            return None;
        }
        let node = NodeId(parts.next()?.parse().ok()?);
        let edge = match parts.next()? {
            "edge" => true,
            "voter" => false,
            _ => return None,
        };
        let name = Self { cluster, node, edge };
        (parts.next().is_none() && name.to_string() == uri).then_some(name)
    }

    /// Reads the name from a certificate. Does not judge who signed it.
    #[must_use]
    pub fn of_certificate(certificate: &CertificateDer<'_>) -> Option<Self> {
        let uris = uris(certificate)?;
        let mut ours = uris.iter().filter(|uri| uri.starts_with(SCHEME));
        let name = Self::parse(ours.next()?)?;
        ours.next().is_none().then_some(name)
    }
}

/// Reads 32 lower-case hexadecimal digits.
#[must_use]
pub fn cluster_from_hex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    Some(u128::from_str_radix(text, 16).ok()?.to_be_bytes())
}

/// When a certificate ends, in seconds since 1970.
pub(crate) fn ends_at_s(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(parsed.validity().not_after.timestamp())
}

/// The URI that a cluster's authority carries itself.
pub(crate) fn authority_uri(cluster: [u8; 16]) -> String {
    format!("{SCHEME}{}", hex(&cluster))
}

/// The cluster that an authority's certificate is for.
pub(crate) fn authority_cluster(certificate: &CertificateDer<'_>) -> Option<[u8; 16]> {
    uris(certificate)?.iter().find_map(|uri| cluster_from_hex(uri.strip_prefix(SCHEME)?))
}

/// The common name of a certificate's subject.
pub(crate) fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let name = parsed.subject().iter_common_name().next()?.as_str().ok()?.to_owned();
    Some(name)
}

fn uris(certificate: &CertificateDer<'_>) -> Option<Vec<String>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let Some(extension) = parsed.subject_alternative_name().ok()? else {
        return Some(Vec::new());
    };
    let names = extension.value.general_names.iter();
    let uris = names.filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None });
    Some(uris.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "rakit://000102030405060708090a0b0c0d0e0f/node/3/voter";

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let name = NodeName::parse(URI).expect("canonical");
        assert_eq!(name.node, NodeId(3));
        assert!(!name.edge);
        assert_eq!(name.cluster, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(name.to_string(), URI);
        let edge = NodeName { edge: true, ..name };
        assert_eq!(NodeName::parse(&edge.to_string()), Some(edge));
    }

    #[test]
    fn anything_but_the_canonical_form_names_nobody() {
        for wrong in [
            "rakit://000102030405060708090A0B0C0D0E0F/node/3/voter",
            "rakit://000102030405060708090a0b0c0d0e0f/node/03/voter",
            "rakit://000102030405060708090a0b0c0d0e0f/node/+3/voter",
            "rakit://000102030405060708090a0b0c0d0e0f/node/3/leader",
            "rakit://000102030405060708090a0b0c0d0e0f/node/3/voter/",
            "rakit://000102030405060708090a0b0c0d0e0f/node/3",
            "rakit://0001/node/3/voter",
            "https://000102030405060708090a0b0c0d0e0f/node/3/voter",
            "",
        ] {
            assert_eq!(NodeName::parse(wrong), None, "{wrong}");
        }
    }
}
