//! Members come and go: learner first, then voter by a joint change; removed by one.
//!
//! Invariant: no change is begun whose new quorum does not live now ([`plan`]); a number is never used again.

pub(crate) mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::BoxFuture;
use openraft::ChangeMembers;
use openraft::errors::{ChangeMembershipError, ClientWriteError, RaftError};
use store::Engine;
use tally::ids::NodeId;

use crate::dial::Purpose;
use crate::error::OperateError;
use crate::handle::Cluster;
use crate::member::{Member, MemberRole};
use crate::rpc::{server, wire};
use crate::runtime;
use crate::settings::EDGES_MAX;
use crate::types::{TypeConfig, members, voters};

/// Longest a change of members may take.
const CHANGE_DEADLINE: Duration = Duration::from_secs(30);
/// Longest wait for a node to have log and attachments before it votes; shorter than the change, so that its own
/// reason is told.
const CATCH_UP_MAX: Duration = Duration::from_secs(20);
/// Entries that a learner may be behind when it is promoted.
const PROMOTE_LAG_ENTRIES_MAX: u64 = 1_000;
/// Between two looks at the attachments of a node that is to vote.
const ATTACHMENTS_PAUSE: Duration = Duration::from_millis(500);
/// Fewer voters than this cannot lose one and go on.
const SAFE_VOTERS_MIN: usize = 3;

/// What an operator asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    /// A new member that does not vote.
    Add(Member),
    /// Let it vote.
    Promote(NodeId),
    /// Take it out; `forced` although too few voters would be left to lose one.
    Remove {
        /// Which.
        id: NodeId,
        /// Whether the operator insists.
        forced: bool,
    },
    /// Put a learner in a voter's place, by one joint change.
    Replace {
        /// The voter that goes.
        old: NodeId,
        /// The learner that votes instead.
        new: NodeId,
    },
    /// Reach a member under other addresses; number, role and incarnation stay.
    Move(Member),
    /// Let another voter lead; the best one when none is named.
    Transfer(Option<NodeId>),
}

impl<E: Engine> Cluster<E> {
    /// Adds a member that does not vote. Its number comes from [`Cluster::allocate_node`]; asking again with the
    /// same member changes nothing.
    pub async fn add_member(&self, member: Member) -> Result<(), OperateError> {
        self.change(Change::Add(member)).await.map(drop)
    }

    /// Lets a learner vote once it has caught up; waits for that at most 30 seconds.
    pub async fn promote(&self, id: NodeId) -> Result<(), OperateError> {
        self.change(Change::Promote(id)).await.map(drop)
    }

    /// Takes a member out, voter or not. Refused when fewer than three voters would be left, unless `forced`; and
    /// always when the rest could not decide anything.
    pub async fn remove(&self, id: NodeId, forced: bool) -> Result<(), OperateError> {
        self.change(Change::Remove { id, forced }).await.map(drop)
    }

    /// Puts a learner that has caught up in the place of a voter, dead or alive, by one joint change (9.9).
    pub async fn replace(&self, old: NodeId, new: NodeId) -> Result<(), OperateError> {
        self.change(Change::Replace { old, new }).await.map(drop)
    }

    /// From now on a member is reached under the addresses given; its number and incarnation must be right.
    pub async fn move_member(&self, member: Member) -> Result<(), OperateError> {
        self.change(Change::Move(member)).await.map(drop)
    }

    /// Hands leadership to another voter, or to the best one; answers who leads then.
    pub async fn transfer(&self, to: Option<NodeId>) -> Result<NodeId, OperateError> {
        self.change(Change::Transfer(to)).await
    }

    async fn change(&self, change: Change) -> Result<NodeId, OperateError> {
        let no_leader = || OperateError::Unavailable("there is no leader now; try again".into());
        let leader = self.leader().ok_or_else(no_leader)?;
        if leader == self.inner.settings.node {
            return self.change_here(change).await;
        }
        let member = self.member(leader).ok_or_else(no_leader)?;
        let link = self.inner.peers.link(&member, Purpose::Control);
        let answer = link.call(server::CHANGE, wire::change::encode_request(&change), CHANGE_DEADLINE).await;
        let answer =
            answer.map_err(|error| OperateError::Unavailable(format!("leader {}: {error}", leader.0)))?;
        wire::change::decode_response(answer).map_err(|error| OperateError::Failed(error.to_string()))?
    }

    /// A leader does not take itself out: it hands over first, so that nobody waits for an election, and its successor
    /// carries out the change.
    fn pass_on(&self, change: Change) -> BoxFuture<'_, Result<(), OperateError>> {
        Box::pin(async move {
            self.transfer_here(None).await?;
            self.change(change).await.map(drop)
        })
    }

    /// On the leader.
    pub(crate) async fn change_here(&self, change: Change) -> Result<NodeId, OperateError> {
        if !self.is_leader() {
            return Err(OperateError::Unavailable("this node does not lead any more; try again".into()));
        }
        let done = async {
            match change {
                Change::Add(member) => self.add_here(member).await,
                Change::Promote(id) => self.promote_here(id).await,
                Change::Remove { id, forced } => self.remove_here(id, forced).await,
                Change::Replace { old, new } => self.replace_here(old, new).await,
                Change::Move(member) => self.move_here(member).await,
                Change::Transfer(to) => return self.transfer_here(to).await,
            }?;
            Ok(self.inner.settings.node)
        };
        let out_of_time =
            || OperateError::Unavailable("the change was not done in time; look at the status".into());
        runtime::timeout(CHANGE_DEADLINE, done).await.unwrap_or_else(|_| Err(out_of_time()))
    }

    async fn add_here(&self, member: Member) -> Result<(), OperateError> {
        let membership = self.metrics().membership_config;
        let known = members(membership.membership());
        if let Some(present) = known.get(&member.id.0) {
            if *present == member {
                return Ok(());
            }
            return Err(OperateError::Precondition(format!(
                "node {} is a member already, with another address or incarnation; numbers are never used twice: \
                 allocate a new one",
                member.id.0
            )));
        }
        let edges = known.values().filter(|member| member.role == MemberRole::Edge).count();
        if member.role == MemberRole::Edge && edges >= EDGES_MAX {
            return Err(OperateError::Precondition(format!("there are {EDGES_MAX} edge nodes already")));
        }
        self.refuse_unknown_number(member.id)?;
        self.change_members(ChangeMembers::AddNodes(BTreeMap::from([(member.id.0, member)])), true).await
    }

    async fn promote_here(&self, id: NodeId) -> Result<(), OperateError> {
        let metrics = self.metrics();
        let membership = metrics.membership_config.membership();
        let Some(member) = membership.get_node(&id.0) else {
            return Err(not_a_member(id));
        };
        if member.role == MemberRole::Edge {
            self.make_eligible(id, member.clone()).await?;
        }
        let mut target = voters(membership);
        if !target.insert(id.0) && membership.get_joint_config().len() == 1 {
            return Ok(());
        }
        self.refuse_old_release(id).await?;
        self.refuse_dead_quorum(&target)?;
        self.wait_complete(id, &target).await?;
        self.change_members(ChangeMembers::ReplaceAllVoters(target), true).await
    }

    async fn replace_here(&self, old: NodeId, new: NodeId) -> Result<(), OperateError> {
        let metrics = self.metrics();
        let membership = metrics.membership_config.membership();
        let mut target = voters(membership);
        let known = membership.get_node(&new.0);
        let role = known.map(|member| member.role);
        match role {
            None => return Err(not_a_member(new)),
            Some(MemberRole::Edge) => {
                let member = known.cloned().unwrap_or_default();
                self.make_eligible(new, member).await?;
            }
            Some(MemberRole::Voter) => {}
        }
        if old == new {
            return Err(OperateError::Precondition(format!("node {} cannot be replaced by itself", old.0)));
        }
        self.refuse_unknown_number(old)?;
        let goes = target.remove(&old.0);
        let comes = target.insert(new.0);
        if !comes && membership.get_joint_config().len() == 1 {
            if goes {
                return Err(OperateError::Precondition(format!(
                    "node {} votes already: it can take nobody's place; remove node {} if that is what is wanted",
                    new.0, old.0
                )));
            }
            // Asked before, and done.
            return Ok(());
        }
        if !goes && comes {
            return Err(OperateError::Precondition(format!(
                "node {} does not vote; promote the other",
                old.0
            )));
        }
        self.refuse_old_release(new).await?;
        self.refuse_dead_quorum(&target)?;
        self.wait_complete(new, &target).await?;
        if old == self.inner.settings.node {
            return self.pass_on(Change::Replace { old, new }).await;
        }
        self.change_members(ChangeMembers::ReplaceAllVoters(target), false).await
    }

    async fn move_here(&self, member: Member) -> Result<(), OperateError> {
        let metrics = self.metrics();
        let known = metrics.membership_config.membership().get_node(&member.id.0).cloned();
        let known = known.ok_or_else(|| not_a_member(member.id))?;
        if known.incarnation != member.incarnation || known.role != member.role {
            return Err(OperateError::Precondition(format!(
                "node {} has another incarnation or role; only addresses can be changed",
                member.id.0
            )));
        }
        if known == member {
            return Ok(());
        }
        self.change_members(ChangeMembers::SetNodes(BTreeMap::from([(member.id.0, member)])), true).await
    }

    async fn remove_here(&self, id: NodeId, forced: bool) -> Result<(), OperateError> {
        let metrics = self.metrics();
        let membership = metrics.membership_config.membership();
        if membership.get_node(&id.0).is_none() {
            // Asked before, and done; but not for a number that nobody ever had.
            return self.refuse_unknown_number(id);
        }
        let mut target = voters(membership);
        if target.remove(&id.0) {
            if target.is_empty() {
                return Err(OperateError::Precondition("the last voter cannot be removed".into()));
            }
            if target.len() < SAFE_VOTERS_MIN && !forced {
                return Err(OperateError::Precondition(format!(
                    "without node {} only {} voters are left and none may fail: let another node vote first, or \
                     replace this one; force it only when you must",
                    id.0,
                    target.len()
                )));
            }
            self.refuse_dead_quorum(&target)?;
            let missing = self.missing_for(&target).await?;
            if missing.without_majority > 0 {
                return Err(OperateError::Precondition(format!(
                    "{} attachments would be on less than a majority; wait until the others have fetched them",
                    missing.without_majority
                )));
            }
            if id == self.inner.settings.node {
                return self.pass_on(Change::Remove { id, forced }).await;
            }
            return self.change_members(ChangeMembers::ReplaceAllVoters(target), false).await;
        }
        self.change_members(ChangeMembers::RemoveNodes(BTreeSet::from([id.0])), false).await
    }

    fn refuse_unknown_number(&self, id: NodeId) -> Result<(), OperateError> {
        let ledger = self.view().ledger().map_err(|error| OperateError::Failed(error.to_string()))?;
        if id < ledger.next_node {
            return Ok(());
        }
        Err(OperateError::Precondition(format!("number {} was never given out; look at the status", id.0)))
    }

    fn refuse_dead_quorum(&self, target: &BTreeSet<u64>) -> Result<(), OperateError> {
        let alive = self.alive();
        match plan::missing_for_quorum(target, &alive) {
            None => Ok(()),
            Some(missing) => Err(OperateError::Precondition(format!(
                "the new majority would not live: of nodes {target:?} only {:?} answer, {missing} more must; \
                 bring them back first",
                alive.intersection(target).collect::<Vec<_>>()
            ))),
        }
    }

    /// Members that acknowledged something within three election time-outs; this node among them.
    pub(crate) fn alive(&self) -> BTreeSet<u64> {
        let metrics = self.metrics();
        let patience = Duration::from_millis(self.inner.settings.timers.election_max_ms.saturating_mul(3));
        let mut alive = BTreeSet::from([self.inner.settings.node.0]);
        for (id, at) in metrics.heartbeat.iter().flatten() {
            if at.is_some_and(|at| runtime::since(at.into_inner()) <= patience) {
                alive.insert(*id);
            }
        }
        alive
    }

    /// An edge may vote once it runs with the certificate of a voter; then the membership says so too.
    async fn make_eligible(&self, id: NodeId, member: Member) -> Result<(), OperateError> {
        // What it told two seconds ago it may have told under another certificate.
        self.greet(&member).await;
        if self.told().get(&id).is_none_or(|told| told.edge) {
            return Err(only_reads(id));
        }
        let member = Member { role: MemberRole::Voter, ..member };
        self.change_members(ChangeMembers::SetNodes(BTreeMap::from([(id.0, member)])), true).await
    }

    /// A node votes only when it has the log, nearly, and every attachment that a form names (9.10).
    async fn wait_complete(&self, id: NodeId, target: &BTreeSet<u64>) -> Result<(), OperateError> {
        let deadline = runtime::after(runtime::now(), CATCH_UP_MAX);
        self.wait_caught_up(id).await?;
        loop {
            let lacking = self.missing_for(target).await?.lacking.get(&id).copied();
            let Some(lacking) = lacking else { return Ok(()) };
            if runtime::now() >= deadline {
                return Err(OperateError::Precondition(format!(
                    "node {} has not fetched {lacking} attachments yet; promote it later",
                    id.0
                )));
            }
            runtime::sleep(ATTACHMENTS_PAUSE).await;
        }
    }

    async fn wait_caught_up(&self, id: NodeId) -> Result<(), OperateError> {
        let caught_up = |metrics: &crate::types::RaftMetrics| {
            let matched =
                metrics.replication.as_ref().and_then(|matched| matched.get(&id.0).copied().flatten());
            let last = metrics.last_log_index.unwrap_or_default();
            matched.is_some_and(|matched| last.saturating_sub(matched.index) <= PROMOTE_LAG_ENTRIES_MAX)
        };
        let waited = self.inner.raft.wait(Some(CATCH_UP_MAX)).metrics(caught_up, "learner caught up").await;
        waited.map(drop).map_err(|_| {
            // Not "unavailable": whoever asks would ask again at once, and hear in the end only that time ran out.
            OperateError::Precondition(format!("node {} has not caught up yet; promote it later", id.0))
        })
    }

    async fn change_members(
        &self,
        change: ChangeMembers<u64, Member>,
        retain: bool,
    ) -> Result<(), OperateError> {
        match self.inner.raft.change_membership(change, retain).await {
            Ok(_) => Ok(()),
            Err(RaftError::APIError(error)) => Err(refusal(&error)),
            Err(RaftError::Fatal(error)) => Err(OperateError::Failed(error.to_string())),
        }
    }
}

fn not_a_member(id: NodeId) -> OperateError {
    OperateError::Precondition(format!("node {} is not a member; add it first", id.0))
}

fn only_reads(id: NodeId) -> OperateError {
    OperateError::Precondition(format!(
        "node {} runs with the certificate of an edge, which cannot vote: give it one of a voter (`rakit ca issue`), \
         start it again, and ask once more",
        id.0
    ))
}

fn refusal(error: &ClientWriteError<TypeConfig>) -> OperateError {
    match error {
        ClientWriteError::ForwardToLeader(_) | ClientWriteError::LogEntryDiscarded(_) => {
            OperateError::Unavailable("leadership changed meanwhile; look at the status and try again".into())
        }
        ClientWriteError::ChangeMembershipError(ChangeMembershipError::InProgress(_)) => {
            OperateError::Unavailable(
                "another change of members is under way; ask again when it is done".into(),
            )
        }
        ClientWriteError::ChangeMembershipError(error) => OperateError::Precondition(error.to_string()),
        ClientWriteError::PreconditionFailed(error) => OperateError::Precondition(error.to_string()),
    }
}
