//! A node's data directory: made once, opened on every start.
//!
//! Invariant: `rakit serve` never makes data. What does not belong to the node that the certificate names is refused
//! before anything is written.

use std::path::Path;

use store::{Expected, Identity, Log, Machine, RocksEngine, StoreError};

use crate::failure::Failure;
use crate::tls::identity::NodeName;

/// The epoch of a history that was never restored.
const FIRST_EPOCH: u64 = 1;

/// Makes the data of a new node of a history that begins; answers the incarnation drawn for it.
pub fn create(directory: &Path, name: NodeName) -> Result<[u8; 16], Failure> {
    let Identity { incarnation, .. } = identity(name, FIRST_EPOCH)?;
    create_incarnation(directory, name, FIRST_EPOCH, incarnation)?;
    Ok(incarnation)
}

/// Who a node is whose data is about to be made: with an incarnation drawn for it.
pub fn identity(name: NodeName, epoch: u64) -> Result<Identity, Failure> {
    let mut incarnation = [0; 16];
    getrandom::fill(&mut incarnation).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Identity { cluster: name.cluster, epoch, node: name.node.0, incarnation, edge: name.edge })
}

/// Makes the data of a new node under the incarnation that the cluster was told.
pub fn create_incarnation(
    directory: &Path,
    name: NodeName,
    epoch: u64,
    incarnation: [u8; 16],
) -> Result<(), Failure> {
    let identity = Identity { cluster: name.cluster, epoch, node: name.node.0, incarnation, edge: name.edge };
    store::create(directory, &identity).map(drop).map_err(|error| refused(&error))
}

/// Opens the data of the node that the certificate names.
pub fn open(directory: &Path, name: NodeName) -> Result<(Log<RocksEngine>, Machine<RocksEngine>), Failure> {
    let expected = Expected { cluster: name.cluster, node: name.node.0 };
    store::open(directory, Some(&expected)).map_err(|error| refused(&error))
}

/// What the store refused, for a person.
#[must_use]
pub fn refused(error: &StoreError) -> Failure {
    Failure::precondition(error.to_string())
}
