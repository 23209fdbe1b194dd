//! All connections of this node.
//!
//! Invariant: one [`Link`] for a peer, an incarnation and a purpose; it follows the peer to a new address.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tally::ids::NodeId;

use super::connection::Link;
use super::identity::{Myself, NewestEpoch};
use crate::dial::{Dial, Purpose};
use crate::member::Member;

/// See the module.
pub(crate) struct Peers {
    myself: Myself,
    dial: Arc<dyn Dial>,
    links: Mutex<BTreeMap<(NodeId, Purpose), Arc<Link>>>,
    newest_epoch: Arc<NewestEpoch>,
}

impl Peers {
    pub(crate) fn new(myself: Myself, dial: Arc<dyn Dial>) -> Self {
        Self { myself, dial, links: Mutex::default(), newest_epoch: Arc::default() }
    }

    pub(crate) const fn myself(&self) -> &Myself {
        &self.myself
    }

    /// The newest epoch that a peer named.
    pub(crate) fn newest_epoch(&self) -> &NewestEpoch {
        &self.newest_epoch
    }

    /// The link to a member; a new one when its incarnation changed.
    pub(crate) fn link(&self, peer: &Member, purpose: Purpose) -> Arc<Link> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = links.get(&(peer.id, purpose)).filter(|link| link.is_to(peer)) {
            return Arc::clone(link);
        }
        let envelope = self.myself.envelope(peer.id, peer.incarnation).to_header();
        let (dial, epochs) = (Arc::clone(&self.dial), Arc::clone(&self.newest_epoch));
        let link = Arc::new(Link::new(peer.clone(), purpose, envelope, dial, epochs));
        links.insert((peer.id, purpose), Arc::clone(&link));
        link
    }

    /// Connects to a member under the address that the membership names now: whoever holds a link need not know.
    pub(crate) fn find(&self, peer: &Member) {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let range = (peer.id, Purpose::Control)..=(peer.id, Purpose::Bulk);
        for (_, link) in links.range(range).filter(|(_, link)| link.is_to(peer)) {
            link.find_at(&peer.peer_address);
        }
    }

    /// Drops every connection; each is made anew when it is needed.
    pub(crate) fn reset(&self) {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(|link| link.reset());
    }

    /// Whether any connection to a peer stands now.
    pub(crate) fn is_connected(&self, peer: NodeId) -> bool {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.range((peer, Purpose::Control)..=(peer, Purpose::Bulk)).any(|(_, link)| link.is_connected())
    }
}
