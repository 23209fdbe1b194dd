//! Sending and receiving a snapshot: what it consists of, what the receiver lacks of it, and the end.
//!
//! Invariant: the receiver says what it has, so a transfer that broke goes on where it stopped; nothing is
//! installed before all of it was received and verified away from the threads that must not wait.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use openraft::RPCTypes;
use openraft::errors::{ReplicationClosed, StreamingError, Unreachable};
use openraft::raft::SnapshotResponse;
use openraft::type_config::TypeConfigExt as _;
use store::{Engine, Manifest, Received, Receiving, SnapshotHandle, StoreError};

use super::append::{Session, rpc_error};
use super::connection::PeerError;
use super::transfers::Transfers;
use super::wire;
use super::wire::snapshot::Chunk;
use crate::adapter::snapshot::{Snapshot, SnapshotData, meta};
use crate::greeting;
use crate::handle::Cluster;
use crate::settings::SNAPSHOT_CHUNK_BYTES;
use crate::space::Room;
use crate::types::{RaftVote, TypeConfig};

pub(crate) const OFFER: &str = "https://rakit/peer/1/snapshot/offer";
pub(crate) const CHUNK: &str = "https://rakit/peer/1/snapshot/chunk";
pub(crate) const FINISH: &str = "https://rakit/peer/1/snapshot/finish";

/// Longest a receiver may take over one piece.
const CHUNK_DEADLINE: Duration = Duration::from_secs(10);
/// Longest a receiver may take to verify and install.
const FINISH_DEADLINE: Duration = Duration::from_mins(10);

type Response = SnapshotResponse<TypeConfig>;

/// Sends a snapshot; ends early when the leader no longer wants it sent.
pub(crate) async fn send<E: Engine>(
    session: &Session,
    transfers: &Arc<Transfers>,
    (vote, snapshot): (RaftVote, Snapshot<E>),
    cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
) -> Result<Response, StreamingError<TypeConfig>> {
    let SnapshotData::Built(handle) = snapshot.snapshot else {
        let error = io::Error::other("only a snapshot that was built here can be sent");
        return Err(StreamingError::Unreachable(Unreachable::new(&error)));
    };
    let transfer = std::pin::pin!(transfer(session, transfers, vote, handle));
    match select(transfer, std::pin::pin!(cancel)).await {
        Either::Left((Ok(response), _)) => Ok(response),
        Either::Left((Err(error), _)) => {
            tracing::warn!(%error, peer = session.link.peer().id.0, "a snapshot was not sent; it goes on later");
            Err(rpc_error(&error, RPCTypes::InstallSnapshot, session).into())
        }
        Either::Right((closed, _)) => Err(StreamingError::Closed(closed)),
    }
}

async fn transfer<E: Engine>(
    session: &Session,
    transfers: &Arc<Transfers>,
    vote: RaftVote,
    handle: SnapshotHandle<E>,
) -> Result<Response, PeerError> {
    session.fenced()?;
    let link = &session.link;
    let manifest = handle.manifest().clone();
    let index = manifest.meta.applied.map_or(0, |id| id.index);
    let begun = transfers.begin(link.peer().id, index).await;
    let mut begun = begun.ok_or_else(|| PeerError::Unreachable("this node ends".into()))?;
    let newest = greeting::ask_who(link).await?.level_newest;
    if newest < manifest.meta.level {
        return Err(PeerError::Unreachable(format!(
            "the snapshot is of level {}, the peer's release reads up to {newest}; start a newer release there",
            manifest.meta.level
        )));
    }
    let offer = wire::snapshot::encode_offer(&manifest.encode());
    let state = link.call(OFFER, offer, CHUNK_DEADLINE).await?;
    let offsets = wire::snapshot::decode_state(state).map_err(broken)?;
    if offsets.len() != manifest.files.len() {
        return Err(PeerError::Broken("the receiver speaks of other files".into()));
    }
    for ((place, file), from) in (0_u32..).zip(&manifest.files).zip(offsets) {
        let mut offset = from;
        while offset < file.size {
            let bytes = read(&handle, &file.name, offset).await?;
            if bytes.is_empty() {
                return Err(PeerError::Broken(format!("{} ends early", file.name)));
            }
            let sent = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let chunk = Chunk { snapshot: manifest.id.clone(), file: place, offset, bytes };
            link.call(CHUNK, wire::snapshot::encode_chunk(&chunk), CHUNK_DEADLINE).await?;
            offset = offset.saturating_add(sent);
            begun.sent(sent).await;
        }
    }
    let finish = wire::snapshot::encode_finish(&manifest.id, &vote);
    let response = link.call(FINISH, finish, FINISH_DEADLINE).await?;
    begun.finish();
    wire::snapshot::decode_response(response).map_err(broken)
}

async fn read<E: Engine>(handle: &SnapshotHandle<E>, file: &str, offset: u64) -> Result<Bytes, PeerError> {
    let (handle, file) = (handle.clone(), file.to_owned());
    let read = TypeConfig::spawn_blocking(move || handle.read(&file, offset, SNAPSHOT_CHUNK_BYTES)).await;
    read.map_err(broken)?.map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> PeerError {
    PeerError::Broken(error.to_string())
}

/// The one snapshot that may be on its way in.
pub(crate) struct Inbox<E: Engine>(Mutex<Option<Receiving<E>>>);

impl<E: Engine> Default for Inbox<E> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<E: Engine> Inbox<E> {
    fn put(&self, receiving: Receiving<E>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiving);
    }

    /// The snapshot of that name, for one caller at a time.
    fn take(&self, id: &str) -> Result<Receiving<E>, String> {
        let mut inbox = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = inbox.take_if(|receiving| receiving.manifest().id == id);
        found.ok_or_else(|| format!("snapshot {id} is not being received here; offer it again"))
    }
}

impl<E: Engine> Cluster<E> {
    /// A leader offers a snapshot: what is here of it.
    pub(crate) async fn snapshot_offered(&self, manifest: Bytes) -> Result<Vec<u64>, String> {
        if self.room() >= Room::Critical {
            return Err("there is hardly any room on the disk here".into());
        }
        self.refuse_while_split()?;
        let machine = self.inner.machine.clone();
        let settings = &self.inner.settings;
        let (cluster, epoch) = (settings.cluster, settings.epoch);
        let received = TypeConfig::spawn_blocking(move || {
            let manifest = Manifest::decode(&manifest).map_err(|error| error.to_string())?;
            if manifest.meta.cluster != cluster || manifest.meta.epoch != epoch {
                return Err("the snapshot is of another cluster or epoch".into());
            }
            let (found, newest) = (manifest.meta.level, machine.level_newest());
            if found > newest {
                return Err(format!("the snapshot is of level {found}, this release reads up to {newest}"));
            }
            let receiving = machine.receive_snapshot(manifest).map_err(|error| error.to_string())?;
            let files = receiving.manifest().files.iter();
            let offsets: Result<Vec<u64>, StoreError> =
                files.map(|file| receiving.offset(&file.name)).collect();
            offsets.map(|offsets| (receiving, offsets)).map_err(|error| error.to_string())
        });
        let (receiving, offsets) = received.await.map_err(|error| error.to_string())??;
        let (there, whole) =
            (offsets.iter().fold(0, |sum: u64, here| sum.saturating_add(*here)), receiving.manifest().size());
        self.inner.transfers.resumed(there);
        let id = &receiving.manifest().id;
        tracing::info!(id, bytes = whole, there, "a snapshot is offered; what is there is not sent again");
        self.inner.inbox.put(receiving);
        Ok(offsets)
    }

    /// While nobody can tell whose state is right, none takes another's place.
    fn refuse_while_split(&self) -> Result<(), String> {
        if self.inner.equality.is_split() {
            return Err("states differ and none has a majority; nothing is installed".into());
        }
        Ok(())
    }

    /// A piece arrives.
    pub(crate) async fn snapshot_chunk(&self, chunk: Chunk) -> Result<(), String> {
        let mut receiving = self.inner.inbox.take(&chunk.snapshot)?;
        let bytes = u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX);
        let written = TypeConfig::spawn_blocking(move || {
            let place = usize::try_from(chunk.file).map_err(|error| error.to_string())?;
            let file =
                receiving.manifest().files.get(place).ok_or("there is no such file in the manifest")?;
            let name = file.name.clone();
            receiving.write(&name, chunk.offset, &chunk.bytes).map_err(|error| error.to_string())?;
            Ok::<_, String>(receiving)
        });
        // A piece that cannot be written ends the transfer; the next offer starts from what is on disk.
        self.inner.inbox.put(written.await.map_err(|error| error.to_string())??);
        self.inner.transfers.received(bytes);
        Ok(())
    }

    /// All pieces are here: verified, then handed to Raft.
    pub(crate) async fn snapshot_finished(&self, id: String, vote: RaftVote) -> Result<Response, String> {
        self.refuse_while_split()?;
        let receiving = self.inner.inbox.take(&id)?;
        let received: Received<E> = TypeConfig::spawn_blocking(move || receiving.finish())
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        let meta = meta(&received.manifest().meta).map_err(|error| error.to_string())?;
        let snapshot = Snapshot { meta, snapshot: SnapshotData::Received(Box::new(received)) };
        let installed = self.inner.raft.install_full_snapshot(vote, snapshot).await;
        installed.map_err(|error| error.to_string())
    }
}
