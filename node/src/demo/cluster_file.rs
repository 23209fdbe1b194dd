//! `cluster.json`: where the nodes of a demo are, for scripts, tests and every command's `--cluster`.
//!
//! Invariant: the file appears whole, by rename, when a leader answers and the administrator exists, and names
//! the processes of that moment; the pid files beside the nodes go on being current.

use super::directory::{ADMINISTRATOR, Directory};
use super::processes::{command, running};
use crate::ca::{AUTHORITY_CERTIFICATE, Authority};
use crate::cli::connection::{AdminEntry, ClusterFile, NodeEntry};
use crate::failure::Failure;

/// Number of the node at a place.
fn number(place: u16) -> u64 {
    u64::from(place).saturating_add(1)
}

/// What the file says of a directory and of what runs now.
pub(super) fn describe(directory: &Directory) -> Result<ClusterFile, Failure> {
    let authority = Authority::open(&directory.authority())?;
    let nodes = (0..directory.mark.nodes).map(|place| {
        let ports = directory.ports(place)?;
        Ok(NodeEntry {
            id: number(place),
            pid: running(directory, place).unwrap_or(0),
            dir: directory.node(place),
            public: format!("http://127.0.0.1:{}", ports.public),
            officer: format!("https://127.0.0.1:{}", ports.officer),
            peer: format!("127.0.0.1:{}", ports.peer),
            ops: format!("http://127.0.0.1:{}", ports.ops),
            command: command(directory, place)?,
        })
    });
    Ok(ClusterFile {
        cluster: tally::ids::hex(&authority.cluster),
        ca: directory.authority().join(AUTHORITY_CERTIFICATE),
        admin: AdminEntry { username: ADMINISTRATOR.to_owned(), password: directory.mark.password.clone() },
        nodes: nodes.collect::<Result<_, Failure>>()?,
    })
}
