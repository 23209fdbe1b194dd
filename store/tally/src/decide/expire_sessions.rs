//! `ExpireSessions`: rows of sessions that are over are removed.
//!
//! Invariant: a session that could still be used is left alone, whoever asks.

use crate::command::EXPIRED_SESSIONS_MAX;
use crate::ids::SessionId;
use crate::outcome::Outcome;
use crate::row::RowKey;

use super::Verdict;
use super::draft::{Case, Draft};
use super::rights::Caller;

pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    sessions: &[SessionId],
) -> Verdict {
    caller.housekeeping()?;
    for id in sessions.iter().take(EXPIRED_SESSIONS_MAX) {
        let over = case.rows.session(*id)?.is_some_and(|session| !session.alive_at(case.now));
        if over {
            draft.delete(RowKey::Session(*id));
        }
    }
    Ok(Outcome::Done)
}
