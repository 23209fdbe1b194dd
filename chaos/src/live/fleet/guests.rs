//! Nodes that come into the cluster while it runs.
//!
//! Invariant: a guest takes the way that `docs/operating` describes: an invitation, `rakit join`, `rakit serve`.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::making::{addresses_of, empty_node, init_words};
use super::node::Node;
use super::{Fleet, NODES};
use crate::live::operator::{self, Ended, Host};
use crate::live::{Trouble, harness};

/// How a guest comes.
#[derive(Clone, Debug, Default)]
pub(in crate::live) struct Guest {
    /// It only reads.
    pub(in crate::live) edge: bool,
    /// Where its peers reach it, if not where it listens.
    pub(in crate::live) advertised: Option<String>,
}

impl Fleet {
    /// A directory with settings, for a node that belongs to nobody yet. Answers its place.
    pub(in crate::live) fn add_empty(&mut self, guest: &Guest) -> Result<usize, Trouble> {
        let place = self.nodes.len();
        let directory = self.folder().join(format!("guest-{place}"));
        let settings = empty_node(&directory, self.base_port, place, guest.advertised.as_deref())?;
        let launch = self.launch(settings, None);
        let addresses = addresses_of(self.base_port, place);
        let mut node = Node::new(0, format!("guest-{place}"), addresses, launch, &self.transport);
        node.member = false;
        self.nodes.push(node);
        Ok(place)
    }

    /// `host:port` where the peer listener of the next guest will be.
    pub(in crate::live) fn next_peer_address(&self) -> String {
        let [_, _, peer, _] = super::making::ports_of(self.base_port, self.nodes.len());
        format!("127.0.0.1:{peer}")
    }

    /// A port beyond those of all nodes, for this program's own use.
    pub(in crate::live) fn spare_port(&self) -> u16 {
        let places = NODES.saturating_add(super::making::GUESTS_MAX);
        let [first, ..] = super::making::ports_of(self.base_port, places);
        first
    }

    /// Opens an invitation.
    pub(in crate::live) async fn host(&self, name: &str, edge: bool) -> Result<Host, Trouble> {
        let file = self.folder().join(format!("{name}.json"));
        let mut command = self.order(&["--json", "node", "invite"]);
        command.arg("--ca-dir").arg(self.folder().join("made/ca"));
        if edge {
            command.arg("--edge");
        }
        Host::open(command, file).await
    }

    /// `rakit join` of a place.
    pub(in crate::live) fn join(
        &self,
        place: usize,
        invitation: &Path,
        again: bool,
    ) -> Result<Command, Trouble> {
        let settings = &self.node(place)?.launch.settings;
        let mut command = operator::command(self.rakit(), ["join", "--host", "127.0.0.1"]);
        command.arg("--invitation").arg(invitation).arg("--config").arg(settings);
        if again {
            command.arg("--again");
        }
        Ok(command)
    }

    /// Runs `rakit join` of a place to its end.
    pub(in crate::live) async fn joined(
        &self,
        place: usize,
        invitation: &Path,
        again: bool,
    ) -> Result<Ended, Trouble> {
        operator::run(self.join(place, invitation, again)?).await
    }

    /// Invites a place and lets it join; it belongs to the cluster from here on, under the number that is answered, and
    /// does not run yet. `again` for one that was a node before.
    pub(in crate::live) async fn admit(
        &mut self,
        place: usize,
        guest: &Guest,
        again: bool,
    ) -> Result<u64, Trouble> {
        let count = std::fs::read_dir(self.folder()).map_err(harness)?.count();
        let host = self.host(&format!("invitation-{place}-{count}"), guest.edge).await?;
        let joined = self.joined(place, &host.file, again).await?;
        if !joined.done() {
            return Err(Trouble::Violation(format!("an invited node cannot join: {}", joined.complaint)));
        }
        let id = host.guest().await?;
        self.set_id(place, id);
        Ok(id)
    }

    /// A new node comes: invited, joined, started, following. Answers its place and its number.
    pub(in crate::live) async fn welcome(&mut self, guest: &Guest) -> Result<(usize, u64), Trouble> {
        let place = self.add_empty(guest)?;
        let id = self.admit(place, guest, false).await?;
        self.start(&[place]).await?;
        Ok((place, id))
    }

    /// Authority and data of another cluster, which never runs; answers its folder.
    pub(in crate::live) async fn foreign(&self, name: &str) -> Result<PathBuf, Trouble> {
        let folder = self.folder().join(name);
        std::fs::create_dir_all(&folder).map_err(harness)?;
        let mut command = operator::command(self.rakit(), init_words(name, NODES, self.base_port));
        command.arg("--cluster-dir").arg(folder.join("made"));
        command.arg("--admin-password-file").arg(self.folder().join("password"));
        operator::run(command).await?.json("another cluster").map(|_| folder)
    }

    /// Where a node's data lies.
    pub(in crate::live) fn data_of(&self, place: usize) -> Result<PathBuf, Trouble> {
        Ok(self.directory(place)?.join("data"))
    }
}
