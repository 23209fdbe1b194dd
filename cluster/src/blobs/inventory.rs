//! Who lacks what, before members change (9.10): a node that is to vote must have every named attachment, and
//! the voters that stay must have each on a majority.
//!
//! Invariant: what a node does not say it has, it lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use store::Engine;
use tally::ids::{AttachmentId, NodeId};

use super::BlobError;
use super::serve::CHECK;
use crate::dial::Purpose;
use crate::error::OperateError;
use crate::handle::Cluster;
use crate::rpc::wire;
use crate::settings::ATTACHMENT_NAMES_MAX;

/// Longest a peer may take over a page of names.
const CHECK_DEADLINE: Duration = Duration::from_secs(5);

/// What a set of voters would lack.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MissingBlobs {
    /// Attachments that accepted forms name.
    pub named: u64,
    /// How many of them each of the voters lacks; no line for one that lacks none.
    pub lacking: BTreeMap<NodeId, u64>,
    /// How many of them are not on a majority of the voters.
    pub without_majority: u64,
}

impl<E: Engine> Cluster<E> {
    /// Asks each of some voters which named attachments it lacks. The names are those this node has applied:
    /// ask the leader.
    pub async fn missing_for(&self, voters: &BTreeSet<u64>) -> Result<MissingBlobs, OperateError> {
        let failed = |error: &dyn std::fmt::Display| OperateError::Failed(error.to_string());
        let mut missing = MissingBlobs::default();
        let mut after = None;
        loop {
            // A view of its own for each page: views hold old versions of rows.
            let view = self.inner.machine.view();
            let names = view.attachments(after, ATTACHMENT_NAMES_MAX).map_err(|error| failed(&error))?;
            drop(view);
            let Some(last) = names.last() else { return Ok(missing) };
            after = Some(*last);
            missing.named = missing.named.saturating_add(count(names.len()));
            let answers = voters.iter().map(|voter| self.present_on(*voter, &names));
            let answers = futures_util::future::join_all(answers).await;
            let mut held = vec![0_usize; names.len()];
            for (voter, present) in voters.iter().zip(answers) {
                let here = present.iter().filter(|present| **present).count();
                if here < names.len() {
                    let lacking = missing.lacking.entry(NodeId(*voter)).or_default();
                    *lacking = lacking.saturating_add(count(names.len().saturating_sub(here)));
                }
                for (held, present) in held.iter_mut().zip(present) {
                    *held = held.saturating_add(usize::from(present));
                }
            }
            let few = held.iter().filter(|held| **held <= voters.len().div_euclid(2)).count();
            missing.without_majority = missing.without_majority.saturating_add(count(few));
        }
    }

    /// Which of some a voter has; none when it does not answer.
    async fn present_on(&self, voter: u64, names: &[AttachmentId]) -> Vec<bool> {
        let present = if voter == self.inner.settings.node.0 {
            self.present(names.to_vec()).await
        } else {
            self.ask_present(voter, names).await
        };
        let present = present.unwrap_or_else(|error| {
            tracing::debug!(%error, voter, "a voter does not say which attachments it has");
            Vec::new()
        });
        if present.len() == names.len() { present } else { vec![false; names.len()] }
    }

    async fn ask_present(&self, voter: u64, names: &[AttachmentId]) -> Result<Vec<bool>, BlobError> {
        let member = self.member(NodeId(voter)).ok_or(BlobError::Unknown)?;
        let link = self.inner.peers.link(&member, Purpose::Bulk);
        let answer = link.call(CHECK, wire::blobs::encode_check_request(names), CHECK_DEADLINE).await;
        let answer = answer.map_err(|error| BlobError::Unavailable(error.to_string()))?;
        wire::blobs::decode_check_response(answer).map_err(|error| BlobError::Unavailable(error.to_string()))
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
