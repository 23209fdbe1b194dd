//! Whose data this is (design 9.2).

use tally::ids::hex;

/// Identity of a data directory. It stands in a file and in both databases and never
/// changes after creation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identity {
    /// 128-bit identifier of the cluster.
    pub cluster: [u8; 16],
    /// Epoch of the cluster's history, from 1.
    pub epoch: u64,
    /// Number of the node.
    pub node: u64,
    /// Drawn at creation: tells a wiped node from the one whose number it bears.
    pub incarnation: [u8; 16],
    /// Whether the node serves reads only.
    pub edge: bool,
}

/// What the caller knows of a data directory before opening it, from its certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expected {
    /// The cluster it must belong to.
    pub cluster: [u8; 16],
    /// The node it must belong to.
    pub node: u64,
}

impl Identity {
    /// The cluster as 32 hexadecimal digits.
    #[must_use]
    pub fn cluster_text(&self) -> String {
        hex(&self.cluster)
    }
}
