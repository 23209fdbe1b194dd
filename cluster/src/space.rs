//! How much room there is on this node's disk and on its peers', and what that allows (design 9.8).
//!
//! Invariant: clients' writes stop before a majority runs out of room; votes, membership and the system's own entries
//! never stop. Every limit clears itself once there is a little more room than it asked for.

use std::sync::atomic::Ordering;
use std::time::Duration;

use openraft::type_config::TypeConfigExt as _;
use store::Engine;
use store::engine::disk::Space;
use tally::command::Principal;
use tally::ids::NodeId;

use crate::handle::Cluster;
use crate::runtime::{self, Instant};
use crate::types::{TypeConfig, voters};

const ROUND: Duration = Duration::from_secs(1);
/// More room than a limit asks for before it clears, in percent of the disk.
const HYSTERESIS_PERCENT: u64 = 3;

/// What the room on a disk allows; each step allows less. The numbers are on the wire.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Room {
    /// Everything.
    #[default]
    Plenty,
    /// No new attachments.
    NoUploads,
    /// When a majority says so: no writes of clients.
    Scarce,
    /// A follower takes no data of clients and pulls no attachments.
    Critical,
}

impl Room {
    const ALL: [Self; 4] = [Self::Plenty, Self::NoUploads, Self::Scarce, Self::Critical];

    /// Percent and bytes below which a disk is in this state, whichever is smaller.
    const fn limit(self) -> (u64, u64) {
        match self {
            Self::Plenty => (100, u64::MAX),
            Self::NoUploads => (15, 8 << 30),
            Self::Scarce => (8, 4 << 30),
            Self::Critical => (4, 2 << 30),
        }
    }

    /// Free bytes below which it begins, or with `more` percent, from which on it ends.
    fn bytes(self, total_bytes: u64, more: u64) -> u64 {
        let (percent, bytes) = self.limit();
        let wanted = percent.saturating_add(more);
        let part = total_bytes.div_euclid(100).saturating_mul(wanted);
        part.min(bytes.div_euclid(percent.max(1)).saturating_mul(wanted))
    }

    /// The state after `before`, now that so much is free.
    fn after(before: Self, space: Space) -> Self {
        let holds = |room: &Self| {
            let more = if *room <= before { HYSTERESIS_PERCENT } else { 0 };
            space.free_bytes < room.bytes(space.total_bytes, more)
        };
        let [_, limits @ ..] = Self::ALL;
        limits.into_iter().rev().find(holds).unwrap_or_default()
    }

    /// As a number: 0 for plenty, one more for each step.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Plenty => 0,
            Self::NoUploads => 1,
            Self::Scarce => 2,
            Self::Critical => 3,
        }
    }

    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|room| room.number() == number)
    }

    /// Its name in answers and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plenty => "plenty",
            Self::NoUploads => "no-uploads",
            Self::Scarce => "scarce",
            Self::Critical => "critical",
        }
    }
}

pub(crate) fn spawn<E: Engine>(cluster: &Cluster<E>) {
    let cluster = cluster.clone();
    runtime::spawn(async move {
        while !cluster.is_over() {
            cluster.look_at_space().await;
            runtime::sleep(ROUND).await;
        }
    });
}

impl<E: Engine> Cluster<E> {
    /// What the room on this node's disk allows.
    #[must_use]
    pub fn room(&self) -> Room {
        Room::of_number(self.inner.room.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Bytes free on this node's disk, when it was looked at last.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.inner.free_bytes.load(Ordering::Relaxed)
    }

    /// What the room allows now; whoever says no because of it, or tells a peer, looks first.
    pub(crate) async fn note_room(&self) -> Room {
        let machine = self.inner.machine.clone();
        match TypeConfig::spawn_blocking(move || machine.space()).await {
            Ok(Ok(space)) => {
                let before = self.room();
                let room = Room::after(before, space);
                self.inner.free_bytes.store(space.free_bytes, Ordering::Relaxed);
                self.inner.room.store(room.number(), Ordering::Relaxed);
                if room != before {
                    let (before, room) = (before.name(), room.name());
                    tracing::warn!(before, room, free_bytes = space.free_bytes, "room on the disk");
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "the room on the disk is not known"),
            Err(error) => tracing::warn!(%error, "the room on the disk is not known"),
        }
        self.room()
    }

    async fn look_at_space(&self) {
        let (machine, room) = (self.inner.machine.clone(), self.note_room().await);
        let kept = TypeConfig::spawn_blocking(move || machine.keep_reserve(room <= Room::NoUploads));
        match kept.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the reserve on the disk is not kept"),
            Err(error) => tracing::warn!(%error, "the reserve on the disk is not kept"),
        }
        let scarce = self.room() >= Room::Scarce;
        if scarce && self.is_leader() && !self.majority_is(Room::Scarce) {
            // Somebody with more room leads better; when nobody has, this node goes on.
            match self.transfer_here(None).await {
                Ok(leader) => tracing::info!(leader = leader.0, "led away from a disk that is nearly full"),
                Err(error) => tracing::debug!(%error, "nobody with more room to lead"),
            }
        }
    }

    /// A peer's room as it told it; plenty when it told nothing.
    pub(crate) fn room_of(&self, id: NodeId) -> Room {
        if id == self.inner.settings.node {
            return self.room();
        }
        self.told().get(&id).map(|told| told.room).unwrap_or_default()
    }

    /// Whether a majority of the voters has that little room or less.
    fn majority_is(&self, room: Room) -> bool {
        let metrics = self.metrics();
        let voters = voters(metrics.membership_config.membership());
        let short = voters.iter().filter(|id| self.room_of(NodeId(**id)) >= room).count();
        short > voters.len().div_euclid(2)
    }

    /// Whether there is room for what this principal writes. Before that is denied everybody is asked once more: one disk
    /// may have room again when another fills up.
    pub(crate) async fn has_room_for(&self, principal: Principal, deadline: Instant) -> bool {
        if !is_a_client(principal) || !self.majority_is(Room::Scarce) {
            return true;
        }
        if self.heard_peers_lately() {
            return false;
        }
        let asking = async {
            self.note_room().await;
            if self.majority_is(Room::Scarce) {
                self.hear_peers().await;
            }
        };
        runtime::timeout(runtime::remaining(deadline), asking).await.ok();
        !self.majority_is(Room::Scarce)
    }

    /// On a follower: whether entries may be taken. Those of clients may not when there is hardly any room.
    pub(crate) fn takes(&self, entries: &[crate::types::RaftEntry]) -> bool {
        self.room() < Room::Critical || !entries.iter().any(is_of_a_client)
    }
}

fn is_of_a_client(entry: &crate::types::RaftEntry) -> bool {
    let openraft::EntryPayload::Normal(proposal) = &entry.payload else { return false };
    let decoded = store::codec::decode_proposal(&proposal.0);
    decoded.is_ok_and(|proposal| is_a_client(proposal.header.principal))
}

/// Whoever fills disks; what the system and operators write may free them.
const fn is_a_client(principal: Principal) -> bool {
    match principal {
        Principal::Session { .. } | Principal::Public => true,
        Principal::System | Principal::Operator => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_part_or_bytes_whichever_is_smaller_and_clears_later() {
        let small = |free| Space { free_bytes: free, total_bytes: 1_000 };
        let large = |free| Space { free_bytes: free, total_bytes: 1 << 42 };
        let cases = [
            (Room::Plenty, small(150), Room::Plenty),
            (Room::Plenty, small(149), Room::NoUploads),
            (Room::Plenty, small(79), Room::Scarce),
            (Room::Plenty, small(39), Room::Critical),
            (Room::Critical, small(69), Room::Critical),
            (Room::Critical, small(70), Room::Scarce),
            (Room::Scarce, small(109), Room::Scarce),
            (Room::Scarce, small(110), Room::NoUploads),
            (Room::NoUploads, small(179), Room::NoUploads),
            (Room::NoUploads, small(180), Room::Plenty),
            (Room::Critical, small(900), Room::Plenty),
            (Room::Plenty, large(8 << 30), Room::Plenty),
            (Room::Plenty, large((8 << 30) - (1 << 20)), Room::NoUploads),
            (Room::Plenty, large(1 << 30), Room::Critical),
        ];
        for (before, space, expected) in cases {
            assert_eq!(Room::after(before, space), expected, "{before:?} {space:?}");
        }
        for room in Room::ALL {
            assert_eq!(Room::of_number(room.number()), Some(room));
        }
    }
}
