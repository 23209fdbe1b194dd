//! Having attachments on a majority, and writing down who holds them before a command names them.
//!
//! Invariant: a node is named as a holder only after it said itself, now, that it has all of it durably.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use store::Engine;
use tally::command::{Item, Principal};
use tally::ids::{AttachmentId, LogTime, NodeId};
use tally::outcome::Answer;
use tokio::sync::mpsc;

use super::{BlobError, rule};
use crate::dial::Purpose;
use crate::error::ProposeError;
use crate::handle::Cluster;
use crate::membership::plan::is_majority;
use crate::rpc::wire;
use crate::runtime::{self, Instant};
use crate::settings::{ATTACHMENT_NAMES_MAX, ATTACHMENT_RENEW_MS};

/// Longest a peer may take to fetch what it shall hold.
pub(super) const HOLD_DEADLINE: Duration = Duration::from_secs(20);

/// Longest a node tries itself, so that its answer is in time.
const KEEP_DEADLINE: Duration = Duration::from_secs(15);

type Results = Vec<Result<Answer, ProposeError>>;

/// Who holds what, as far as was told in time.
#[derive(Debug, Default)]
pub(super) struct Holding {
    holders: BTreeMap<AttachmentId, BTreeSet<u64>>,
    /// Whether every voter answered.
    complete: bool,
}

impl Holding {
    pub(super) fn of(&self, id: AttachmentId) -> BTreeSet<u64> {
        self.holders.get(&id).cloned().unwrap_or_default()
    }

    /// The nodes that hold all of some; `None` when one of these is on no node at all.
    fn of_all(&self, ids: &[AttachmentId]) -> Option<BTreeSet<u64>> {
        let mut common: Option<BTreeSet<u64>> = None;
        for id in ids {
            let holders = self.of(*id);
            if holders.is_empty() && self.complete {
                return None;
            }
            common = Some(match common {
                None => holders,
                Some(common) => common.intersection(&holders).copied().collect(),
            });
        }
        Some(common.unwrap_or_default())
    }
}

impl<E: Engine> Cluster<E> {
    /// Has attachments brought to the voters, and answers who has which once a majority has all of them, or
    /// everybody answered, or the deadline passed. What is under way then goes on.
    pub(super) async fn hold(&self, ids: &[AttachmentId], deadline: Instant) -> Holding {
        let configurations = self.configurations();
        let voters: BTreeSet<u64> = configurations.iter().flatten().copied().collect();
        let at = self.storing_time();
        let (told, mut answers) = mpsc::channel(voters.len().max(1));
        for voter in &voters {
            let (cluster, told) = (self.clone(), told.clone());
            let (voter, ids) = (*voter, ids.to_vec());
            runtime::spawn(async move {
                let held = cluster.ask_to_hold(voter, at, ids).await;
                // Nobody may be waiting any more; the attachments are where they should be all the same.
                told.send((voter, held)).await.ok();
            });
        }
        drop(told);
        let mut holding = Holding { complete: true, ..Holding::default() };
        let mut waiting = voters.len();
        while waiting > 0 {
            let answer = runtime::timeout(runtime::remaining(deadline), answers.recv()).await;
            let Ok(Some((voter, held))) = answer else {
                holding.complete = false;
                return holding;
            };
            waiting = waiting.saturating_sub(1);
            let Some(held) = held else {
                holding.complete = false;
                continue;
            };
            for (id, _) in ids.iter().zip(held).filter(|(_, held)| *held) {
                holding.holders.entry(*id).or_default().insert(voter);
            }
            let common = holding.of_all(ids).unwrap_or_default();
            if is_majority(&configurations, &common) {
                return holding;
            }
        }
        holding
    }

    /// Which of some a voter holds, having tried to fetch the others; `None` when it does not answer.
    async fn ask_to_hold(&self, voter: u64, at: LogTime, ids: Vec<AttachmentId>) -> Option<Vec<bool>> {
        if voter == self.inner.settings.node.0 {
            return Some(self.keep(ids, at, None).await);
        }
        let member = self.member(NodeId(voter))?;
        let link = self.inner.peers.link(&member, Purpose::Bulk);
        let mut held = Vec::with_capacity(ids.len());
        for names in ids.chunks(ATTACHMENT_NAMES_MAX) {
            let request = wire::blobs::encode_hold_request(at, names);
            let answer = link.call(super::serve::HOLD, request, HOLD_DEADLINE).await.ok()?;
            let flags = wire::blobs::decode_hold_response(answer).ok()?;
            if flags.len() != names.len() {
                return None;
            }
            held.extend(flags);
        }
        Some(held)
    }

    /// Makes sure of attachments here: those that are there are wanted anew, others are fetched. Answers which
    /// are there then.
    pub(super) async fn keep(&self, ids: Vec<AttachmentId>, at: LogTime, from: Option<NodeId>) -> Vec<bool> {
        let at = at.max(self.storing_time());
        let deadline = runtime::after(runtime::now(), KEEP_DEADLINE);
        let names = ids.clone();
        let here = self.on_disk(move |blobs| {
            names.into_iter().map(|id| wanted(blobs, id, at)).collect::<Result<Vec<bool>, _>>()
        });
        let here = here.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "attachments could not be looked for");
            vec![false; ids.len()]
        });
        let fetched = ids
            .into_iter()
            .zip(here)
            .map(|(id, here)| async move { here || self.fetch(id, from, deadline).await.is_ok() });
        futures_util::future::join_all(fetched).await
    }

    /// Items that name attachments: each is told its holders and proposed, or answered here.
    pub(crate) async fn propose_naming(
        &self,
        principal: Principal,
        mut items: Vec<Item>,
        deadline: Instant,
    ) -> Results {
        let named = items.iter().filter_map(rule::naming);
        let ids: BTreeSet<AttachmentId> =
            named.flat_map(|submission| submission.attachments.iter().copied()).collect();
        let holding = self.hold(&Vec::from_iter(ids), deadline).await;
        let configurations = self.configurations();
        let mut refusals = Vec::with_capacity(items.len());
        for item in &mut items {
            let Some(submission) = rule::naming(item) else {
                refusals.push(None);
                continue;
            };
            let holders = holding.of_all(&submission.attachments);
            refusals.push(match holders {
                None => Some(ProposeError::AttachmentUnknown),
                Some(holders) if is_majority(&configurations, &holders) => {
                    rule::set_holders(item, &holders);
                    None
                }
                Some(_) => Some(ProposeError::AttachmentNotHeld),
            });
        }
        let admitted = items.into_iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none());
        let admitted: Vec<Item> = admitted.map(|(item, _)| item).collect();
        let mut answers = self.propose_chunks(principal, admitted, deadline, true).await.into_iter();
        let answer = |refusal: Option<ProposeError>| match refusal {
            Some(refusal) => Err(refusal),
            None => answers.next().unwrap_or(Err(ProposeError::Unknown)),
        };
        refusals.into_iter().map(answer).collect()
    }

    /// What a peer asks this node to hold.
    pub(super) async fn hold_for_peer(
        &self,
        at: LogTime,
        ids: Vec<AttachmentId>,
        peer: NodeId,
    ) -> Result<Vec<bool>, BlobError> {
        if ids.len() > ATTACHMENT_NAMES_MAX {
            return Err(BlobError::Refused("too many names".into()));
        }
        Ok(self.keep(ids, at, Some(peer)).await)
    }
}

/// Whether one is here, noted as wanted if the last note is old.
fn wanted<F: store::blobs::BlobFiles>(
    blobs: &store::Blobs<F>,
    id: AttachmentId,
    at: LogTime,
) -> Result<bool, store::StoreError> {
    match blobs.record(id) {
        Ok(Some(record)) if at.0.saturating_sub(record.stored_at.0) > ATTACHMENT_RENEW_MS => {
            blobs.renew(id, at)
        }
        Ok(found) => Ok(found.is_some()),
        // Fetched anew; what comes replaces it.
        Err(store::StoreError::BlobDamaged(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
