//! The leader sweeps: rows of sessions that are over leave the state, so that signing in every day does not fill it.
//!
//! Invariant: what is swept is decided by every node again at log time; a session that could still be used stays. A sweep
//! looks at a bounded number of rows a round, and a change of leader only begins it anew.

use std::time::Duration;

use store::Engine;
use tally::command::{Command, EXPIRED_SESSIONS_MAX};
use tally::ids::SessionId;

use crate::handle::Cluster;
use crate::runtime;

/// Time between two looks.
const ROUND: Duration = Duration::from_secs(5);
/// Sessions that one look goes over: a million in an hour and a half.
const LOOK: usize = EXPIRED_SESSIONS_MAX;

pub(crate) fn spawn<E: Engine>(cluster: &Cluster<E>) {
    let cluster = cluster.clone();
    runtime::spawn(async move {
        let mut after = None;
        while !cluster.is_over() {
            runtime::sleep(ROUND).await;
            after = if cluster.is_leader() { cluster.sweep_sessions(after).await } else { None };
        }
    });
}

impl<E: Engine> Cluster<E> {
    /// Looks at the sessions after one; answers where to go on.
    async fn sweep_sessions(&self, after: Option<SessionId>) -> Option<SessionId> {
        let (sessions, now) = {
            let view = self.view();
            let now = view.ledger().ok()?.log_time;
            (view.sessions(after, LOOK).ok()?, now)
        };
        let over: Vec<SessionId> =
            sessions.iter().filter(|session| !session.alive_at(now)).map(|session| session.id).collect();
        if !over.is_empty() {
            let swept = over.len();
            match self.system(Command::ExpireSessions(over)).await {
                Ok(_) => tracing::debug!(swept, "sessions that were over are gone"),
                Err(error) => {
                    tracing::debug!(%error, "sessions were not swept");
                    return after;
                }
            }
        }
        sessions.last().filter(|_| sessions.len() == LOOK).map(|session| session.id)
    }
}
