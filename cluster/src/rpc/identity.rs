//! Who calls whom: one header on every request.
//!
//! Invariant: a request is served only if cluster, epoch, both numbers and both incarnations are right (9.2).

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue};
use tally::ids::NodeId;

use super::wire::{Reader, WireError, Writer};
use crate::dial::PeerIdentity;

/// Name of the header.
pub(crate) const HEADER: &str = "rakit-peer";
/// Name of the header in which a refusal says the epoch of who refused.
pub(crate) const EPOCH_HEADER: &str = "rakit-epoch";

/// What the header says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Envelope {
    pub(crate) cluster: [u8; 16],
    pub(crate) epoch: u64,
    pub(crate) from: NodeId,
    pub(crate) from_incarnation: [u8; 16],
    pub(crate) from_edge: bool,
    pub(crate) to: NodeId,
    pub(crate) to_incarnation: [u8; 16],
}

/// Why a request is refused before it is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("the request does not say who sends it")]
    Missing,
    #[error("the request is for another cluster")]
    Cluster,
    #[error(
        "the request is of epoch {theirs}, this node's is {ours}: one of the two histories was abandoned"
    )]
    Epoch { theirs: u64, ours: u64 },
    #[error("the certificate is of node {certificate}, the request says node {claimed}")]
    Certificate { certificate: u64, claimed: u64 },
    #[error("the certificate and the request differ about the role")]
    Role,
    #[error("the request is for node {wanted}, this is node {actual}")]
    Receiver { wanted: u64, actual: u64 },
    #[error("node {0} has another incarnation than the membership names: it lost its log; it must join anew")]
    Incarnation(u64),
    #[error(
        "node {0} is not a member: it was taken out, or never let in; numbers are never used again, let it come back \
         with `rakit join --again`"
    )]
    NotAMember(u64),
    #[error("an edge node may not do that")]
    EdgeForbidden,
}

/// What this node knows about itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Myself {
    pub(crate) cluster: [u8; 16],
    pub(crate) epoch: u64,
    pub(crate) node: NodeId,
    pub(crate) incarnation: [u8; 16],
    pub(crate) edge: bool,
}

impl Myself {
    /// The envelope of a request to a member.
    pub(crate) fn envelope(&self, to: NodeId, to_incarnation: [u8; 16]) -> Envelope {
        Envelope {
            cluster: self.cluster,
            epoch: self.epoch,
            from: self.node,
            from_incarnation: self.incarnation,
            from_edge: self.edge,
            to,
            to_incarnation,
        }
    }

    /// Checks a request against this node, the certificate, and the sender's incarnation in the membership
    /// where it is known.
    pub(crate) fn check(
        &self,
        envelope: &Envelope,
        certificate: &PeerIdentity,
        known_incarnation: Option<[u8; 16]>,
    ) -> Result<(), IdentityError> {
        if envelope.cluster != self.cluster || certificate.cluster != self.cluster {
            return Err(IdentityError::Cluster);
        }
        if envelope.epoch != self.epoch {
            return Err(IdentityError::Epoch { theirs: envelope.epoch, ours: self.epoch });
        }
        if envelope.from != certificate.node {
            let (certificate, claimed) = (certificate.node.0, envelope.from.0);
            return Err(IdentityError::Certificate { certificate, claimed });
        }
        if envelope.from_edge != certificate.edge {
            return Err(IdentityError::Role);
        }
        if envelope.to != self.node {
            return Err(IdentityError::Receiver { wanted: envelope.to.0, actual: self.node.0 });
        }
        if envelope.to_incarnation != self.incarnation {
            return Err(IdentityError::Incarnation(self.node.0));
        }
        if known_incarnation.is_some_and(|known| known != envelope.from_incarnation) {
            return Err(IdentityError::Incarnation(envelope.from.0));
        }
        Ok(())
    }
}

/// The highest epoch of this cluster that a voter named. Of two histories the one with the lower epoch was abandoned,
/// and whoever keeps to it must end (9.2).
#[derive(Debug, Default)]
pub(crate) struct NewestEpoch(AtomicU64);

impl NewestEpoch {
    /// A peer with the certificate of a voter of this cluster named its epoch.
    pub(crate) fn heard(&self, epoch: u64) {
        self.0.fetch_max(epoch, Ordering::Relaxed);
    }

    /// From the header of a refusal.
    pub(crate) fn heard_in(&self, headers: &HeaderMap) {
        if let Some(epoch) = headers.get(EPOCH_HEADER).and_then(|value| value.to_str().ok()?.parse().ok()) {
            self.heard(epoch);
        }
    }

    /// The epoch that follows `own`, if a peer lives in one.
    pub(crate) fn after(&self, own: u64) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|newest| *newest > own)
    }
}

impl Envelope {
    /// As a header value: hexadecimal digits.
    pub(crate) fn to_header(self) -> HeaderValue {
        let mut writer = Writer::new(BytesMut::with_capacity(80));
        writer.u8(1);
        writer.fixed(&self.cluster);
        writer.u64(self.epoch);
        writer.u64(self.from.0);
        writer.fixed(&self.from_incarnation);
        writer.flag(self.from_edge);
        writer.u64(self.to.0);
        writer.fixed(&self.to_incarnation);
        let digits = tally::ids::hex(&writer.into_bytes());
        // Digits always are a header value; an empty one would be refused by the peer.
        HeaderValue::from_str(&digits).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// From a header value.
    pub(crate) fn from_header(value: &HeaderValue) -> Result<Self, IdentityError> {
        let bytes = unhex(value.as_bytes()).ok_or(IdentityError::Missing)?;
        Self::read(Reader::new(bytes.freeze())).map_err(|_| IdentityError::Missing)
    }

    fn read(mut reader: Reader) -> Result<Self, WireError> {
        let format = reader.u8()?;
        if format != 1 {
            return Err(WireError::Format(format));
        }
        let envelope = Self {
            cluster: reader.fixed()?,
            epoch: reader.u64()?,
            from: NodeId(reader.u64()?),
            from_incarnation: reader.fixed()?,
            from_edge: reader.flag()?,
            to: NodeId(reader.u64()?),
            to_incarnation: reader.fixed()?,
        };
        reader.end()?;
        Ok(envelope)
    }
}

fn unhex(digits: &[u8]) -> Option<BytesMut> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() > 256 {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| {
            let high = char::from(*high).to_digit(16)?;
            let low = char::from(*low).to_digit(16)?;
            u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MYSELF: Myself =
        Myself { cluster: [1; 16], epoch: 2, node: NodeId(3), incarnation: [4; 16], edge: false };
    const SENDER: Myself =
        Myself { cluster: [1; 16], epoch: 2, node: NodeId(5), incarnation: [6; 16], edge: false };
    const CERTIFICATE: PeerIdentity = PeerIdentity { cluster: [1; 16], node: NodeId(5), edge: false };

    #[test]
    fn an_envelope_survives_its_header() {
        let envelope = SENDER.envelope(NodeId(3), [4; 16]);
        let header = envelope.to_header();
        assert_eq!(Envelope::from_header(&header), Ok(envelope));
        for broken in ["", "0", "zz", "01", "0201010101"] {
            let header = HeaderValue::from_static(broken);
            assert_eq!(Envelope::from_header(&header), Err(IdentityError::Missing), "{broken}");
        }
    }

    #[test]
    fn a_refusal_tells_the_epoch_that_follows() {
        let newest = NewestEpoch::default();
        let said = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(EPOCH_HEADER, HeaderValue::from_static(value));
            headers
        };
        newest.heard_in(&HeaderMap::new());
        newest.heard_in(&said("nonsense"));
        newest.heard_in(&said("2"));
        assert_eq!((newest.after(1), newest.after(2)), (Some(2), None));
        newest.heard_in(&said("1"));
        assert_eq!(newest.after(1), Some(2));
    }

    #[test]
    fn only_the_right_peer_is_served() {
        let good = SENDER.envelope(NodeId(3), [4; 16]);
        assert_eq!(MYSELF.check(&good, &CERTIFICATE, Some([6; 16])), Ok(()));
        assert_eq!(MYSELF.check(&good, &CERTIFICATE, None), Ok(()));
        let refused = |envelope: Envelope, certificate: PeerIdentity| {
            MYSELF.check(&envelope, &certificate, Some([6; 16])).unwrap_err()
        };
        assert_eq!(refused(Envelope { cluster: [9; 16], ..good }, CERTIFICATE), IdentityError::Cluster);
        assert_eq!(refused(good, PeerIdentity { cluster: [9; 16], ..CERTIFICATE }), IdentityError::Cluster);
        assert_eq!(
            refused(Envelope { epoch: 1, ..good }, CERTIFICATE),
            IdentityError::Epoch { theirs: 1, ours: 2 }
        );
        assert_eq!(
            refused(good, PeerIdentity { node: NodeId(7), ..CERTIFICATE }),
            IdentityError::Certificate { certificate: 7, claimed: 5 }
        );
        assert_eq!(refused(good, PeerIdentity { edge: true, ..CERTIFICATE }), IdentityError::Role);
        assert_eq!(
            refused(Envelope { to: NodeId(8), ..good }, CERTIFICATE),
            IdentityError::Receiver { wanted: 8, actual: 3 }
        );
        assert_eq!(
            refused(Envelope { to_incarnation: [0; 16], ..good }, CERTIFICATE),
            IdentityError::Incarnation(3)
        );
        assert_eq!(MYSELF.check(&good, &CERTIFICATE, Some([0; 16])), Err(IdentityError::Incarnation(5)));
    }
}
