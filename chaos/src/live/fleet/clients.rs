//! Ways to reach the nodes of a fleet, for everybody who wants something of them.
//!
//! Invariant: a client that is made here shares nothing with another but the transport.

use std::sync::Arc;

use api::client::{Client, ClientSettings};

use super::node::Node;
use super::{Fleet, making, settings_of};
use crate::live::Trouble;
use crate::live::hosts::Hosts;
use crate::live::links::Links;
use crate::live::storm::Looked;
use crate::live::transport::HttpTransport;
use crate::live::visitor::Visitor;

impl Fleet {
    /// From now on all clients trust these authorities of the officers' side, given in PEM.
    pub(in crate::live) fn trust(&self, authorities_pem: &[u8]) -> Result<(), Trouble> {
        self.transport.trust(authorities_pem)
    }

    /// Clients of officers who are signed in as one is, each at another node to begin with.
    pub(in crate::live) fn spread(
        &self,
        officers: &Client<HttpTransport>,
        count: u64,
        guests: usize,
    ) -> Vec<Client<HttpTransport>> {
        let client = |number: u64| {
            let mut urls = self.officer_urls(guests);
            let first = usize::try_from(number).ok().and_then(|number| number.checked_rem(self.nodes.len()));
            urls.rotate_left(first.unwrap_or(0));
            let client = Client::new(Arc::clone(&self.transport), settings_of(urls, 30_000, 7_000));
            client.set_token(officers.token());
            client
        };
        (0..count).map(client).collect()
    }

    /// A client of the officers' side of all nodes and of so many guests that may come, not signed in.
    pub(in crate::live) fn officers(&self, guests: usize) -> Client<HttpTransport> {
        Client::new(Arc::clone(&self.transport), settings_of(self.officer_urls(guests), 30_000, 7_000))
    }

    fn officer_urls(&self, guests: usize) -> Vec<String> {
        let first = self.nodes.len();
        let guests = first..first.saturating_add(guests.min(making::GUESTS_MAX));
        let known = self.nodes.iter().map(|node| node.addresses.officer.clone());
        known.chain(guests.map(|place| making::addresses_of(self.base_port, place).officer)).collect()
    }

    /// The lines between the nodes, where they can be cut.
    pub(in crate::live) const fn links(&self) -> Option<&Links> {
        self.links.as_ref()
    }

    /// The hosts of the nodes, where each has one.
    pub(in crate::live) const fn hosts(&self) -> Option<&Hosts> {
        self.hosts.as_ref()
    }

    /// Clients of the public side of each node, with little patience.
    pub(in crate::live) fn readers(&self) -> Vec<Client<HttpTransport>> {
        let client = |node: &Node| self.client(&node.addresses.public, 3_000);
        self.nodes.iter().map(client).collect()
    }

    /// The same for those who turn to another node when one does not answer: each call is sent once.
    pub(in crate::live) fn passers_by(&self) -> Vec<Client<HttpTransport>> {
        self.nodes.iter().map(|node| self.once(&node.addresses.public)).collect()
    }

    /// Whoever visits the public side of each node and takes things as they come.
    pub(in crate::live) fn visitors(&self) -> Vec<Visitor> {
        let visitor = |node: &Node| {
            let (url, transport) = (node.addresses.public.clone(), Arc::clone(&self.transport));
            Visitor::new(node.id, url, transport, Arc::clone(&node.running))
        };
        self.nodes.iter().map(visitor).collect()
    }

    /// Clients of the officers' side of each node alone, not signed in, that send each call once and with little patience.
    pub(in crate::live) fn desks(&self) -> Vec<Client<HttpTransport>> {
        self.nodes.iter().map(|node| self.once(&node.addresses.officer)).collect()
    }

    fn once(&self, url: &str) -> Client<HttpTransport> {
        const PATIENCE_MS: u64 = 3_000;
        let settings = settings_of(vec![url.to_owned()], PATIENCE_MS, PATIENCE_MS);
        // Half of a pause is never spent by chance: so long, it is beyond the deadline.
        let pause_ms = PATIENCE_MS.saturating_mul(2);
        let settings = ClientSettings { backoff_first_ms: pause_ms, backoff_ms_max: pause_ms, ..settings };
        Client::new(Arc::clone(&self.transport), settings)
    }

    /// Each node to look at, with no patience at all.
    pub(in crate::live) fn lookers(&self) -> Vec<Looked> {
        let looked = |node: &Node| Looked {
            id: node.id,
            public: self.client(&node.addresses.public, 300),
            ops: self.client(&node.addresses.ops, 300),
            process: Arc::clone(&node.running),
        };
        self.nodes.iter().map(looked).collect()
    }

    fn client(&self, url: &str, deadline_ms: u64) -> Client<HttpTransport> {
        Client::new(Arc::clone(&self.transport), settings_of(vec![url.to_owned()], deadline_ms, deadline_ms))
    }

    /// Every member's number and public side.
    pub(in crate::live) fn numbered(&self) -> Vec<(u64, &Client<HttpTransport>)> {
        self.nodes.iter().filter(|node| node.member).map(|node| (node.id, &node.public)).collect()
    }

    /// Whether every member says now that it is ready for officers.
    pub(in crate::live) async fn all_ready(&self) -> bool {
        for node in self.nodes.iter().filter(|node| node.member) {
            if !node.is_ready().await {
                return false;
            }
        }
        true
    }
}
