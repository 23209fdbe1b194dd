//! Snapshots, as openraft wants them.
//!
//! Invariant: what is sent was built whole here; what is installed was received whole and verified.

use std::io;

use openraft::RaftSnapshotBuilder;
use openraft::type_config::TypeConfigExt as _;
use store::{Engine, LogId, Machine, Received, SnapshotHandle};

use super::io_error;
use crate::rpc::wire::{self, WireError};
use crate::settings::SNAPSHOT_CHUNK_BYTES;
use crate::types::{RaftSnapshotMeta, RaftStoredMembership, TypeConfig, raft_log_id};

/// A snapshot on its way out or in.
pub(crate) enum SnapshotData<E: Engine> {
    /// Built here, to be sent.
    Built(SnapshotHandle<E>),
    /// Received and verified, to be installed.
    Received(Box<Received<E>>),
}

/// openraft's snapshot type with our data.
pub(crate) type Snapshot<E> = openraft::type_config::alias::SnapshotOf<TypeConfig, SnapshotData<E>>;

/// What openraft wants to know of a snapshot.
pub(crate) fn meta(meta: &store::SnapshotMeta) -> io::Result<RaftSnapshotMeta> {
    let membership = stored_membership(meta.membership_id, meta.membership.as_ref());
    Ok(RaftSnapshotMeta {
        last_log_id: meta.applied.map(raft_log_id),
        last_membership: membership.map_err(io::Error::other)?,
    })
}

/// A membership with its place, as the state keeps it.
pub(crate) fn stored_membership(
    id: Option<LogId>,
    membership: Option<&bytes::Bytes>,
) -> Result<RaftStoredMembership, WireError> {
    let membership = membership.map(wire::membership::decode).transpose()?.unwrap_or_default();
    Ok(RaftStoredMembership::new(id.map(raft_log_id), membership))
}

/// openraft's snapshot for one of ours.
pub(crate) fn built<E: Engine>(handle: SnapshotHandle<E>) -> io::Result<Snapshot<E>> {
    let meta = meta(&handle.manifest().meta)?;
    Ok(Snapshot { meta, snapshot: SnapshotData::Built(handle) })
}

/// Takes over a snapshot from another state in this process: received and verified like any other.
pub(crate) async fn copy<E: Engine>(
    machine: Machine<E>,
    handle: SnapshotHandle<E>,
) -> io::Result<Received<E>> {
    let copied = TypeConfig::spawn_blocking(move || {
        let manifest = handle.manifest().clone();
        let mut receiving = machine.receive_snapshot(manifest.clone())?;
        for file in &manifest.files {
            let mut offset = receiving.offset(&file.name)?;
            while offset < file.size {
                let bytes = handle.read(&file.name, offset, SNAPSHOT_CHUNK_BYTES)?;
                receiving.write(&file.name, offset, &bytes)?;
                if bytes.is_empty() {
                    // Too short a file is found out when the whole is verified.
                    break;
                }
                offset = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            }
        }
        receiving.finish()
    });
    copied.await?.map_err(io_error)
}

/// Builds a snapshot away from the threads that must not wait.
pub(crate) struct Builder<E: Engine>(pub(crate) Machine<E>);

impl<E: Engine> RaftSnapshotBuilder<TypeConfig> for Builder<E> {
    type SnapshotData = SnapshotData<E>;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot<E>> {
        let machine = self.0.clone();
        let handle = TypeConfig::spawn_blocking(move || machine.build_snapshot()).await?.map_err(io_error)?;
        built(handle)
    }
}
