//! Whether a majority still follows this leader, asked for one read.
//!
//! Invariant: only answers to questions that were asked after the read came count. openraft's own confirmation may rest on an
//! older one: it counts an answer to entries by the index that it names, also for an empty message to the same index (one
//! that only tells of a commit) that was sent after it. So a leader that sleeps with answers on their way to it, and is voted
//! out meanwhile, wakes, reads those answers, and takes itself for confirmed.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use openraft::raft::{AppendEntriesRequest, StreamAppendError};
use store::Engine;
use tally::ids::NodeId;

use crate::dial::Purpose;
use crate::freshness::Pulse;
use crate::handle::Cluster;
use crate::membership::plan::is_majority;
use crate::rpc::server;
use crate::rpc::wire::append::{self, Append};
use crate::settings::LINEARIZABLE_DEADLINE_MS;
use crate::types::raft_vote;

/// What a voter says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Answer {
    /// It follows.
    Follows,
    /// It has voted for, or follows, a later leader.
    Left,
    /// It does not answer.
    Silent,
}

impl<E: Engine> Cluster<E> {
    /// Whether a majority follows this node as the leader of that term now.
    pub(crate) async fn is_followed(&self, term: u64) -> bool {
        let (configurations, myself) = (self.configurations(), self.inner.settings.node.0);
        let mut following = BTreeSet::from([myself]);
        let others: BTreeSet<u64> = configurations.iter().flatten().copied().collect();
        let others = others.into_iter().filter(|voter| *voter != myself);
        let mut asked: FuturesUnordered<_> =
            others.map(|voter| async move { (voter, self.ask_voter(NodeId(voter), term).await) }).collect();
        while !is_majority(&configurations, &following) {
            match asked.next().await {
                Some((voter, Answer::Follows)) => {
                    following.insert(voter);
                }
                Some((_, Answer::Silent)) => {}
                Some((_, Answer::Left)) | None => return false,
            }
        }
        true
    }

    /// A heartbeat beside those of openraft, which gives its own up when the next one is due: on a slow line each.
    async fn ask_voter(&self, voter: NodeId, term: u64) -> Answer {
        // One that lost what it had acknowledged may have lost its vote too: it confirms nobody.
        let member = self.member(voter).filter(|member| self.inner.fence.lost(member).is_none());
        let Some(member) = member else { return Answer::Silent };
        let vote = raft_vote(store::Vote { term, node: self.inner.settings.node.0, committed: true });
        let request =
            AppendEntriesRequest { vote, prev_log_id: None, entries: Vec::new(), leader_commit: None };
        let frame = append::encode_request(&Append { request, pulse: Pulse::default() });
        let link = self.inner.peers.link(&member, Purpose::Control);
        let deadline = std::time::Duration::from_millis(LINEARIZABLE_DEADLINE_MS);
        let Ok(answer) = link.ask(server::HEARTBEAT, frame, deadline).await else { return Answer::Silent };
        match append::decode_response(answer) {
            Ok((Ok(_) | Err(StreamAppendError::Conflict(_)), _)) => Answer::Follows,
            Ok((Err(StreamAppendError::HigherVote(_)), _)) => Answer::Left,
            Err(_) => Answer::Silent,
        }
    }
}
