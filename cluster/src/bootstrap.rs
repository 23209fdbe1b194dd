//! A new cluster: its members, its name, its first account.
//!
//! Invariant: a history is founded once; asking again with a founded one is refused, with an interrupted one
//! goes on where it stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use openraft::errors::{InitializeError, RaftError};
use store::Engine;
use tally::command::{Command, Item, Principal};
use tally::ids::NodeId;
use tally::outcome::Outcome;

use crate::error::OperateError;
use crate::handle::Cluster;
use crate::member::Member;

/// Longest wait for the first leader.
const LEADER_DEADLINE: Duration = Duration::from_secs(10);

impl<E: Engine> Cluster<E> {
    /// Makes these members the first voters, names the cluster and proposes the caller's first items (accounts).
    /// To be called on one node only. The members' numbers must be the first ones: the next one given out is one
    /// above the highest.
    pub async fn initialize(
        &self,
        members: Vec<Member>,
        name: String,
        items: Vec<Item>,
    ) -> Result<(), OperateError> {
        let next_node = members.iter().map(|member| member.id.0).max().unwrap_or_default().saturating_add(1);
        let members: BTreeMap<u64, Member> =
            members.into_iter().map(|member| (member.id.0, member)).collect();
        match self.inner.raft.initialize(members).await {
            // Interrupted before it was founded: the log says so, the state not yet.
            Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => {}
            Err(RaftError::APIError(InitializeError::NotInMembers(error))) => {
                return Err(OperateError::Precondition(error.to_string()));
            }
            Err(RaftError::Fatal(error)) => return Err(OperateError::Failed(error.to_string())),
        }
        self.wait_leader(LEADER_DEADLINE).await?;
        let found = Command::Found {
            cluster: self.inner.settings.cluster,
            name,
            epoch: self.inner.settings.epoch,
            next_node: NodeId(next_node),
        };
        self.system(found).await?;
        for item in items {
            self.system_item(item).await?;
        }
        Ok(())
    }

    /// Proposes a command of the system itself.
    pub(crate) async fn system(&self, command: Command) -> Result<Outcome, OperateError> {
        self.system_item(Item { request: None, command }).await
    }

    async fn system_item(&self, item: Item) -> Result<Outcome, OperateError> {
        let mut results = self.propose(Principal::System, vec![item]).await;
        let result = results.pop().ok_or_else(|| OperateError::Failed("there was no answer".into()))?;
        let outcome = result.map_err(|error| OperateError::Unavailable(error.to_string()))?.outcome;
        if let Outcome::Refused(refusal) = &outcome {
            return Err(OperateError::Precondition(format!("refused: {}: {refusal:?}", refusal.code())));
        }
        Ok(outcome)
    }

    /// Takes the next node number. A number is used up even if the node never joins.
    pub async fn allocate_node(&self) -> Result<NodeId, OperateError> {
        let outcome = self.system(Command::AllocateNode).await?;
        let Outcome::NodeAllocated(id) = outcome else {
            return Err(OperateError::Failed(format!("unexpected outcome {outcome:?}")));
        };
        Ok(id)
    }
}
