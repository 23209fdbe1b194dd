//! Bringing an attachment here from a peer.
//!
//! Invariant: one flight for each attachment, whoever waits for it; what arrives has its name only when it has
//! the right SHA-256, whatever a peer sent.

use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver as _;
use openraft::type_config::TypeConfigExt as _;
use store::Engine;
use tally::ids::{AttachmentId, NodeId, hex};
use tokio::sync::watch;

use super::{BlobError, add, pace};
use crate::dial::Purpose;
use crate::handle::Cluster;
use crate::member::{Member, MemberRole};
use crate::rpc::wire;
use crate::rpc::wire::blobs::{Found, Part};
use crate::runtime::{self, Instant};
use crate::settings::{ATTACHMENT_BYTES_MAX, ATTACHMENT_PART_BYTES};
use crate::types::{TypeConfig, members};

/// Longest a peer may take over one part.
const PART_DEADLINE: Duration = Duration::from_secs(5);
/// Longest a flight may take, all peers together, waiting for its turn included.
const FLIGHT_DEADLINE: Duration = Duration::from_mins(2);

/// Flights that are under way or wait for their turn: what a few peers may ask for at once.
const FLIGHTS_MAX: usize = 8_192;

/// Who waits for a flight.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Urgency {
    /// Somebody does.
    Awaited,
    /// Nobody does: it keeps to the pace.
    Background,
}

impl<E: Engine> Cluster<E> {
    /// Has an attachment fetched and waits for it; a peer may be named that is asked first.
    pub(super) async fn fetch(
        &self,
        id: AttachmentId,
        first: Option<NodeId>,
        deadline: Instant,
    ) -> Result<(), BlobError> {
        self.await_flight(id, first, Urgency::Awaited, deadline).await
    }

    /// The same for one that nobody waits for.
    pub(super) async fn fetch_in_background(&self, id: AttachmentId) -> Result<(), BlobError> {
        let deadline = runtime::after(runtime::now(), FLIGHT_DEADLINE);
        self.await_flight(id, None, Urgency::Background, deadline).await
    }

    async fn await_flight(
        &self,
        id: AttachmentId,
        first: Option<NodeId>,
        urgency: Urgency,
        deadline: Instant,
    ) -> Result<(), BlobError> {
        let mut flight = self.board(id, first, urgency)?;
        let landed = async { flight.wait_for(Option::is_some).await.map(|landed| landed.clone()).ok() };
        let landed = match runtime::timeout(runtime::remaining(deadline), landed).await {
            Ok(landed) => landed.flatten(),
            Err(_) => Some(Err(BlobError::Unavailable("the attachment did not arrive in time".into()))),
        };
        landed.unwrap_or_else(|| Err(BlobError::Unavailable("the fetch ended without a word".into())))
    }

    /// The flight of an attachment that is under way, or a new one.
    fn board(
        &self,
        id: AttachmentId,
        first: Option<NodeId>,
        urgency: Urgency,
    ) -> Result<super::Flight, BlobError> {
        let mut flights = self.inner.blobs.flights();
        if let Some(flight) = flights.get(&id) {
            return Ok(flight.clone());
        }
        if flights.len() >= FLIGHTS_MAX {
            return Err(BlobError::Unavailable("too many attachments are on their way".into()));
        }
        let (told, flight) = watch::channel(None);
        flights.insert(id, flight.clone());
        let cluster = self.clone();
        runtime::spawn(async move {
            let fetched = runtime::timeout(FLIGHT_DEADLINE, cluster.fly(id, first, urgency)).await;
            let fetched =
                fetched.unwrap_or_else(|_| Err(BlobError::Unavailable("no peer sent it in time".into())));
            let desk = &cluster.inner.blobs;
            if fetched.is_ok() {
                add(&desk.fetched);
                desk.missing().remove(&id);
            }
            desk.flights().remove(&id);
            told.send_replace(Some(fetched));
        });
        Ok(flight)
    }

    async fn fly(&self, id: AttachmentId, first: Option<NodeId>, urgency: Urgency) -> Result<(), BlobError> {
        let desk = &self.inner.blobs;
        let turns = match urgency {
            Urgency::Awaited => &desk.fetches,
            Urgency::Background => &desk.pulls,
        };
        let _turn = turns.acquire().await.map_err(|error| BlobError::Unavailable(error.to_string()))?;
        let mut outcome = BlobError::Unknown;
        for peer in self.sources(first) {
            if self.is_over() {
                return Err(BlobError::Unavailable("this node is stopping".into()));
            }
            match self.fetch_from(&peer, id, urgency).await {
                Ok(()) => return Ok(()),
                Err(BlobError::Unknown) => {}
                Err(BlobError::Storage(text)) => return Err(BlobError::Storage(text)),
                Err(error) => {
                    tracing::warn!(%error, peer = peer.id.0, attachment = hex(&id.0), "an attachment was not fetched");
                    outcome = BlobError::Unavailable(error.to_string());
                }
            }
        }
        Err(outcome)
    }

    /// Whom to ask: the one named, then all other members that keep attachments.
    fn sources(&self, first: Option<NodeId>) -> Vec<Member> {
        let metrics = self.inner.raft.server_metrics();
        let metrics = metrics.borrow_watched();
        let known = members(metrics.membership_config.membership());
        let myself = self.inner.settings.node.0;
        let keeps = |(id, member): &(u64, Member)| *id != myself && member.role != MemberRole::Edge;
        let mut sources: Vec<Member> =
            known.into_iter().filter(keeps).map(|(id, member)| Member { id: NodeId(id), ..member }).collect();
        // Those that answer before those that may not; the one named before all.
        sources.sort_by_key(|member| (Some(member.id) != first, !self.inner.peers.is_connected(member.id)));
        sources
    }

    async fn fetch_from(&self, peer: &Member, id: AttachmentId, urgency: Urgency) -> Result<(), BlobError> {
        let link = self.inner.peers.link(peer, Purpose::Bulk);
        let mut writer = self.on_disk(|blobs| blobs.begin(ATTACHMENT_BYTES_MAX)).await?;
        let broken = |error: &dyn std::fmt::Display| BlobError::Unavailable(error.to_string());
        let mut offset = 0_u64;
        loop {
            let length = u32::try_from(ATTACHMENT_PART_BYTES).unwrap_or(u32::MAX);
            let request = wire::blobs::encode_read_request(&Part { id, offset, length });
            let answer = link.call(super::READ, request, PART_DEADLINE).await;
            let answer = answer.map_err(|error| broken(&error))?;
            let found = wire::blobs::decode_read_response(answer).map_err(|error| broken(&error))?;
            let Found { size, about, bytes } = found.ok_or(BlobError::Unknown)?;
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            offset = offset.saturating_add(length);
            if length == 0 && offset < size {
                return Err(BlobError::Unavailable("the peer's attachment ends early".into()));
            }
            let last = offset >= size;
            let at = self.storing_time();
            let step = TypeConfig::spawn_blocking(move || {
                writer.write(&bytes)?;
                if last {
                    return writer.finish_as(Some(id), &about, at).map(|_| None);
                }
                Ok::<_, store::StoreError>(Some(writer))
            });
            let step = step.await.map_err(|error| BlobError::Storage(error.to_string()))??;
            match step {
                None => return Ok(()),
                Some(going_on) => writer = going_on,
            }
            if self.is_over() {
                return Err(BlobError::Unavailable("this node is stopping".into()));
            }
            if urgency == Urgency::Background {
                runtime::sleep(pace(length, self.inner.settings.attachment_pace.pull_bytes_per_s)).await;
            }
        }
    }
}
