//! Who asks, on the `officer` listener.
//!
//! Invariant: a token never reaches a row, a log line or another node: what is kept is a part of its hash. A
//! caller is judged here to answer early; what counts is the same judgement when the command is applied.

pub mod code;
pub mod password;
pub mod second_factor;
pub mod token;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use tally::account::Account;
use tally::command::Principal;
use tally::ids::{LogTime, SessionId};

use crate::error::{Code, Problem};
use crate::limits::SESSION_AGE_MS_MAX;
use crate::ports::{Consistency, Queries, ReadError, ReadOptions, StateView};

/// An account in a living session.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account as this node knows it.
    pub account: Account,
    /// The session.
    pub session: SessionId,
    /// Whether its use should be written down.
    pub unseen: bool,
}

impl Caller {
    /// The principal of the caller's commands.
    #[must_use]
    pub const fn principal(&self) -> Principal {
        Principal::Session { account: self.account.id, session: self.session }
    }
}

/// Finds the caller by its bearer token. A session this node does not know may be younger than what it has
/// applied, so it is looked for once more in a linearizable view before it is refused. A node that has not heard of a
/// leader for [`SESSION_AGE_MS_MAX`] may not know that a session was ended, and asks before it lets anybody pass.
pub async fn authenticate(queries: &dyn Queries, headers: &HeaderMap) -> Result<Caller, Problem> {
    let session = bearer(headers).ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let now = queries.now();
    // Before the view, which then is no older than this says.
    let age_ms = queries.freshness().leader_age_ms;
    if (0..=SESSION_AGE_MS_MAX).contains(&age_ms)
        && let Some(caller) = find(queries.local()?.as_ref(), session, now)?
    {
        return Ok(caller);
    }
    let options = ReadOptions { consistency: Consistency::Linearizable, min_index: None };
    let view = queries.view(options).await?;
    find(view.as_ref(), session, now)?.ok_or_else(|| Problem::new(Code::Unauthenticated))
}

fn bearer(headers: &HeaderMap) -> Option<SessionId> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token::session_of(token.trim())).flatten()
}

fn find(view: &dyn StateView, id: SessionId, now: LogTime) -> Result<Option<Caller>, ReadError> {
    let Some(session) = view.session(id)?.filter(|session| session.alive_at(now)) else { return Ok(None) };
    let account = view.account(session.account)?;
    let alive = account.filter(|account| account.active && session.opened_at > account.sessions_after);
    Ok(alive.map(|account| Caller { account, session: id, unseen: session.unseen_at(now) }))
}
