//! The feature level: what the rules and formats in force are (design 9.4).
//!
//! Invariant: it is raised only when every member, learners and edges too, has told that its release can apply it.

use store::Engine;
use tally::command::Command;
use tally::ids::NodeId;
use tally::outcome::Outcome;

use crate::error::OperateError;
use crate::handle::Cluster;

impl<E: Engine> Cluster<E> {
    /// Refuses a member whose release cannot apply what is in force: it would wait for entries for ever.
    pub(crate) async fn refuse_old_release(&self, id: NodeId) -> Result<(), OperateError> {
        // What it told earlier it may have told as another release, and one not heard yet may be of any.
        if let Some(member) = self.member(id) {
            self.greet(&member).await;
        }
        let level = self
            .inner
            .machine
            .view()
            .ledger()
            .map_err(|error| OperateError::Failed(error.to_string()))?
            .level;
        match self.newest_level_of(id) {
            Some(newest) if newest < level => Err(OperateError::Precondition(format!(
                "node {} runs a release that supports levels up to {newest}, the cluster is at {level}; start a newer \
                 release there first",
                id.0
            ))),
            Some(_) => Ok(()),
            None => Err(OperateError::Unavailable(format!(
                "node {} has not told which levels it supports; start it and try again",
                id.0
            ))),
        }
    }

    /// The newest level that a member's release knows, as far as it has told.
    fn newest_level_of(&self, id: NodeId) -> Option<u32> {
        if id == self.inner.settings.node {
            return Some(self.inner.machine.level_newest());
        }
        self.told().get(&id).map(|told| told.level_newest)
    }

    /// Raises the feature level by one, to `level`; answers the level in force.
    pub async fn raise_level(&self, level: u32) -> Result<u32, OperateError> {
        for member in self.status().members {
            let id = member.member.id;
            match self.newest_level_of(id) {
                Some(newest) if newest >= level => {}
                Some(newest) => {
                    return Err(OperateError::Precondition(format!(
                        "node {} supports levels up to {newest}; upgrade it first",
                        id.0
                    )));
                }
                None => {
                    return Err(OperateError::Precondition(format!(
                        "node {} has not told which levels it supports; start it, or remove it, first",
                        id.0
                    )));
                }
            }
        }
        let outcome = self.system(Command::RaiseLevel { level }).await?;
        let Outcome::LevelRaised(level) = outcome else {
            return Err(OperateError::Failed(format!("unexpected outcome {outcome:?}")));
        };
        Ok(level)
    }
}
