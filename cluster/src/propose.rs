//! An officer's write, from items to answers: here on the leader, by one hop to it from anywhere else.
//!
//! Invariant: chunk n+1 is proposed after chunk n was answered; what may have been written is only proposed
//! again when every item of it carries a request key (P2).

use std::time::Duration;

use futures_util::FutureExt as _;
use openraft::async_runtime::watch::WatchReceiver as _;
use openraft::errors::{ClientWriteError, RaftError};
use store::Engine;
use tally::command::{Command, Header, Item, NewCredential, PROPOSAL_BYTES_MAX, Principal, Proof, Proposal};
use tally::ids::{LogTime, NodeId};
use tally::outcome::Answer;

use crate::admission::Share;
use crate::blobs::rule;
use crate::error::ProposeError;
use crate::fitness::Obstacle;
use crate::handle::Cluster;
use crate::queue::TurnedAway;
use crate::runtime::{self, Instant};
use crate::settings::{APPLY_LAG_ENTRIES_MAX, PROPOSE_DEADLINE_MS, SPLIT_BYTES};
use crate::types::ProposalBytes;

/// Longest wait for news of a leader between two attempts.
const RETRY: Duration = Duration::from_millis(25);

/// How one attempt to write a chunk ended.
pub(crate) enum Attempt {
    /// It is written, and this is the answer.
    Answered(Vec<Answer>),
    /// It is certainly not written: another attempt is safe.
    NotWritten,
    /// It may be written, now or later.
    Unknown,
    /// It will never be written so; not worth another attempt.
    Refused(ProposeError),
}

type Results = Vec<Result<Answer, ProposeError>>;

impl<E: Engine> Cluster<E> {
    /// Proposes items in order on behalf of a principal, on the leader wherever it is, and answers each. Takes
    /// five seconds at most. After a failed item none of the later chunks is written: they may build on it.
    pub async fn propose(&self, principal: Principal, items: Vec<Item>) -> Results {
        let deadline = runtime::after(runtime::now(), Duration::from_millis(PROPOSE_DEADLINE_MS));
        let count = items.len();
        let bytes = items.iter().map(weight).fold(0, usize::saturating_add);
        let Some(_share) = self.share(principal, count, bytes) else {
            return vec![Err(ProposeError::Overloaded); count];
        };
        if !self.inner.settings.edge && items.iter().any(|item| rule::naming(item).is_some()) {
            return self.propose_naming(principal, items, deadline).await;
        }
        self.propose_chunks(principal, items, deadline, true).await
    }

    /// What a peer sent here because this node leads. Never sent on.
    pub(crate) async fn propose_forwarded(&self, principal: Principal, items: Vec<Item>) -> Results {
        let deadline = runtime::after(runtime::now(), Duration::from_millis(PROPOSE_DEADLINE_MS));
        let count = items.len();
        let bytes = items.iter().map(weight).fold(0, usize::saturating_add);
        let Some(_share) = self.share(principal, count, bytes) else {
            return vec![Err(ProposeError::Overloaded); count];
        };
        self.propose_chunks(principal, items, deadline, false).await
    }

    /// Room for what a principal writes. The public is shed first: it enters only while next to nothing is under way.
    fn share(&self, principal: Principal, items: usize, bytes: usize) -> Option<Share> {
        let admission = &self.inner.admission;
        match principal {
            Principal::Public => admission.enter_idle(items, bytes),
            Principal::System | Principal::Operator | Principal::Session { .. } => {
                admission.enter(items, bytes)
            }
        }
    }

    pub(crate) async fn propose_chunks(
        &self,
        principal: Principal,
        items: Vec<Item>,
        deadline: Instant,
        may_forward: bool,
    ) -> Results {
        let mut results = Vec::with_capacity(items.len());
        let mut chunks = split(items);
        // Last chunk first, so that halves of one that turned out too large can be put back.
        chunks.reverse();
        while let Some(items) = chunks.pop() {
            let count = items.len();
            let header = Header { principal, node: NodeId(0), proposed_at: LogTime(0) };
            let mut proposal = Proposal { header, items };
            match self.propose_chunk(&mut proposal, deadline, may_forward).await {
                Ok(answers) => results.extend(answers.into_iter().map(Ok)),
                Err(ProposeError::TooLarge) if count > 1 => {
                    let second = proposal.items.split_off(count.div_euclid(2));
                    chunks.push(second);
                    chunks.push(proposal.items);
                }
                Err(error) => {
                    results.extend(std::iter::repeat_n(Err(error), count));
                    let rest = chunks.iter().map(Vec::len).fold(0, usize::saturating_add);
                    let rest_error = if matches!(error, ProposeError::Overloaded | ProposeError::DiskFull) {
                        error
                    } else {
                        ProposeError::NoLeader
                    };
                    results.extend(std::iter::repeat_n(Err(rest_error), rest));
                    break;
                }
            }
        }
        results
    }

    /// One entry's worth: attempts until it is answered, cannot be, or the deadline passes.
    async fn propose_chunk(
        &self,
        proposal: &mut Proposal,
        deadline: Instant,
        may_forward: bool,
    ) -> Result<Vec<Answer>, ProposeError> {
        let may_repeat = proposal.items.iter().all(|item| item.request.is_some());
        let mut maybe_written = false;
        let mut news = self.inner.raft.server_metrics();
        loop {
            // What is known before an attempt is no news after it: a fresh receiver takes it for such, and attempts
            // would follow each other without a pause.
            news.changed().now_or_never();
            let attempt = match self.leader() {
                Some(leader) if leader == self.inner.settings.node => {
                    self.write_here(proposal, deadline).await
                }
                Some(leader) if may_forward => self.forward(leader, proposal, deadline).await,
                Some(_) | None => Attempt::NotWritten,
            };
            match attempt {
                Attempt::Answered(answers) if answers.len() == proposal.items.len() => return Ok(answers),
                // The codec and the rules answer every item; anything else is not to be trusted.
                Attempt::Answered(_) => return Err(ProposeError::Unknown),
                Attempt::Refused(_) if maybe_written => return Err(ProposeError::Unknown),
                Attempt::Refused(error) => return Err(error),
                Attempt::Unknown if !may_repeat || !may_forward => return Err(ProposeError::Unknown),
                Attempt::Unknown => maybe_written = true,
                // The one who sent it here looks for the leader itself.
                Attempt::NotWritten if !may_forward && !self.inner.admission.is_held() => {
                    return Err(ProposeError::NoLeader);
                }
                Attempt::NotWritten => {}
            }
            if runtime::now() >= deadline || self.is_over() {
                return Err(if maybe_written { ProposeError::Unknown } else { ProposeError::NoLeader });
            }
            // Until something about the leader changes, or a moment; the next attempt looks anyway.
            let patience = RETRY.min(runtime::remaining(deadline));
            runtime::timeout(patience, news.changed()).await.ok();
        }
    }

    /// Stamps and writes on this node, which takes itself for the leader.
    async fn write_here(&self, proposal: &mut Proposal, deadline: Instant) -> Attempt {
        // First, so that what is looked at below is so when the entry is given to Raft. The cluster's own entries are few, and
        // what waits may need them.
        let _place = match proposal.header.principal {
            Principal::System | Principal::Operator => None,
            Principal::Session { .. } | Principal::Public => {
                match self.inner.admission.queue.enter(deadline).await {
                    Ok(place) => Some(place),
                    Err(TurnedAway) => return Attempt::Refused(ProposeError::Overloaded),
                }
            }
        };
        // What a wrong state answers is wrong: the next leader decides.
        if self.inner.admission.is_held() || self.quarantine().is_some() {
            return Attempt::NotWritten;
        }
        if self.inner.fitness.has(Obstacle::Clock) {
            // Leadership is on its way to a node whose clock is right.
            return Attempt::NotWritten;
        }
        if !self.has_room_for(proposal.header.principal, deadline).await {
            return Attempt::Refused(ProposeError::DiskFull);
        }
        if self.apply_lag() > APPLY_LAG_ENTRIES_MAX {
            return Attempt::Refused(ProposeError::Overloaded);
        }
        // Whoever sent it here asked for the holders; whether they are enough is said by who leads (9.10).
        let configurations = self.configurations();
        if !proposal.items.iter().all(|item| rule::admits(&configurations, item)) {
            return Attempt::Refused(ProposeError::AttachmentNotHeld);
        }
        proposal.header.node = self.inner.settings.node;
        proposal.header.proposed_at = self.now();
        let bytes = store::codec::encode_proposal(proposal);
        if bytes.len() > PROPOSAL_BYTES_MAX {
            return Attempt::Refused(ProposeError::TooLarge);
        }
        let write = self.inner.raft.client_write(ProposalBytes(bytes));
        match runtime::timeout(runtime::remaining(deadline), write).await {
            Ok(Ok(response)) => Attempt::Answered(response.data.0),
            Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_)))) => Attempt::NotWritten,
            Ok(Err(error)) => {
                tracing::debug!(%error, "the outcome of a write is not known");
                Attempt::Unknown
            }
            Err(_) => Attempt::Unknown,
        }
    }

    /// Entries committed but not applied here.
    fn apply_lag(&self) -> u64 {
        let metrics = self.inner.raft.data_metrics();
        let metrics = metrics.borrow_watched();
        let committed = metrics.local_committed.map_or(0, |id| id.index);
        committed.saturating_sub(*self.inner.applied.borrow())
    }
}

/// Items in chunks of about [`SPLIT_BYTES`].
fn split(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    let mut bytes = 0_usize;
    for item in items {
        let weight = weight(&item);
        if !chunk.is_empty() && bytes.saturating_add(weight) > SPLIT_BYTES {
            chunks.push(std::mem::take(&mut chunk));
            bytes = 0;
        }
        bytes = bytes.saturating_add(weight);
        chunk.push(item);
    }
    if !chunk.is_empty() {
        chunks.push(chunk);
    }
    chunks
}

/// About how many bytes an item takes in an entry. A guess: what comes out too large is halved.
pub(crate) fn weight(item: &Item) -> usize {
    const FIXED: usize = 64;
    let sum = |weights: &mut dyn Iterator<Item = usize>| weights.fold(0, usize::saturating_add);
    let variable = match &item.command {
        Command::Mark
        | Command::RaiseLevel { .. }
        | Command::AllocateNode
        | Command::CloseSession
        | Command::TouchSession
        | Command::EndSessions(_) => 0,
        Command::Found { name, .. } => name.len(),
        Command::DefineRegions(regions) => {
            sum(&mut regions.iter().map(|region| region.name.len().saturating_add(16)))
        }
        Command::DefineStations(stations) => sum(&mut stations
            .iter()
            .map(|station| station.name.as_ref().map_or(0, String::len).saturating_add(24))),
        Command::DefineContest(contest) => sum(&mut contest
            .options
            .iter()
            .map(|option| option.name.len().saturating_add(64))
            .chain(contest.regions.iter().map(|_| 8))
            .chain(contest.exemptions.iter().map(|_| 16))),
        Command::DefineAccounts(accounts) => sum(&mut accounts.iter().map(|account| {
            account.username.len().saturating_add(credential_bytes(&account.credential)).saturating_add(32)
        })),
        Command::OpenSession { proof, .. } => match proof {
            Proof::Password(hash) => hash.len(),
            Proof::Code { .. } => 48,
        },
        Command::SetPassword { before, after } => {
            before.as_ref().map_or(0, String::len).saturating_add(after.len())
        }
        Command::SetSecondFactor(factor) => factor.as_ref().map_or(0, |factor| factor.secret.len()),
        Command::ExpireSessions(sessions) => sessions.len().saturating_mul(16),
        Command::Observe(seen) => {
            sum(&mut seen.iter().map(|observation| observation.username.len().saturating_add(32)))
        }
        Command::Review { form, .. } => form.votes.len().saturating_mul(5).saturating_add(160),
        Command::Report { submission, .. } | Command::Correct { submission, .. } => {
            let reason = submission.reason.as_ref().map_or(0, String::len);
            let votes = submission.form.votes.len().saturating_mul(5);
            let attachments = submission.attachments.len().saturating_mul(32).saturating_add(16);
            sum(&mut [160, reason, votes, attachments].into_iter())
        }
        Command::Hold { reason, .. }
        | Command::Release { reason, .. }
        | Command::Certify { reason, .. }
        | Command::Approve { reason, .. } => reason.len(),
        Command::Complain { complaint, .. } => complaint.text.len(),
        Command::AnswerComplaint { text, .. } => text.len(),
    };
    variable.saturating_add(FIXED)
}

fn credential_bytes(credential: &NewCredential) -> usize {
    match credential {
        NewCredential::Kept => 0,
        NewCredential::Password(hash) => hash.len(),
        NewCredential::Code(_) => 32,
    }
}
