//! Accounts: listed, made, changed, reset, and their sessions ended, by who governs them.
//!
//! Invariant: nobody sees or changes an account outside their scope, auditors excepted, who see all and change none; the
//! same is decided again when the command is applied. A one-time code is shown once, to who asked for it.

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tally::account::{Account, Role};
use tally::command::{AccountDefinition, Command, Item, NewCredential, RequestIdentity};
use tally::ids::{Fingerprint, RequestKey, SessionId};
use tally::outcome::{Answer, Outcome};

use super::params::Params;
use super::{Pinned, Surface, door, json, page, replayed};
use crate::auth::{Caller, code};
use crate::dto::accounts::{self, AccountEntry, Accounts, CodeIssued, SessionEntry, Sessions};
use crate::dto::outcome::unexpected;
use crate::dto::text::parse_hex;
use crate::error::{Code, Problem};
use crate::limits::JSON_BYTES_MAX;

/// Most rows that one request walks over to fill its page.
const WALKED_MAX: usize = 5_000;

/// Whether a caller may see an account at all.
pub(super) fn sees(caller: &Account, other: &Account) -> bool {
    caller.role == Role::Auditor
        || (caller.role.governs(other.role) && caller.scope.covers_scope(other.scope))
}

pub(super) fn may_list(caller: &Caller) -> Result<(), Problem> {
    match caller.account.role {
        Role::SuperAdmin | Role::Admin | Role::Auditor => Ok(()),
        Role::Certifier | Role::Reviewer | Role::Officer => Err(Problem::new(Code::Forbidden)),
    }
}

/// `GET /accounts`.
pub(super) async fn list(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    params: Params,
) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let limit = params.limit()?;
    let role = params
        .one("role")?
        .map(|role| Role::parse(role).ok_or_else(|| Problem::wrong("role", "Peran ini tidak dikenal.")));
    let role = role.transpose()?;
    let prefix = params.one("q")?.unwrap_or_default().to_owned();
    let after = params.one("next")?.unwrap_or_default().to_owned();
    may_list(&caller)?;
    let view = surface.view(options).await?;
    // One row before the prefix: the walk begins after it.
    let mut found = Vec::new();
    let mut next = None;
    let walked = view.accounts_named(&prefix, &after, WALKED_MAX)?;
    let whole = walked.len() < WALKED_MAX;
    for (position, account) in walked.iter().enumerate() {
        if sees(&caller.account, account) && role.is_none_or(|role| role == account.role) {
            found.push(AccountEntry::of(account));
        }
        let last = position.saturating_add(1) == walked.len();
        let ended = last && whole;
        if !ended && (last || found.len() >= limit) {
            next = Some(account.username.clone());
            break;
        }
    }
    page(Pinned::of(view.as_ref()), &Accounts { accounts: found, next })
}

/// `GET /accounts/sessions`: who is signed in.
pub(super) async fn sessions(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    params: Params,
) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let limit = params.limit()?;
    let after = params.one("next")?.map(|text| {
        parse_hex(text).map(SessionId).ok_or_else(|| Problem::wrong("next", "Penanda ini tidak sah."))
    });
    let after = after.transpose()?;
    may_list(&caller)?;
    let now = surface.ports().queries.now();
    let view = surface.view(options).await?;
    let walked = view.sessions(after, WALKED_MAX)?;
    let whole = walked.len() < WALKED_MAX;
    let (mut found, mut next) = (Vec::new(), None);
    for (position, session) in walked.iter().enumerate() {
        let account = view.account(session.account)?.filter(|account| {
            let alive = session.alive_at(now) && account.active && session.opened_at > account.sessions_after;
            alive && sees(&caller.account, account)
        });
        found.extend(account.map(|account| SessionEntry::of(session, &account)));
        let last = position.saturating_add(1) == walked.len();
        let ended = last && whole;
        if !ended && (last || found.len() >= limit) {
            next = Some(tally::ids::hex(&session.id.0));
            break;
        }
    }
    page(Pinned::of(view.as_ref()), &Sessions { sessions: found, next })
}

/// The part of a change that its headers and body say.
struct Asked {
    key: RequestKey,
    fingerprint: Fingerprint,
    body: Value,
}

async fn asked(request: Request) -> Result<Asked, Problem> {
    let (parts, body) = request.into_parts();
    let body = door::body(&parts.headers, body, JSON_BYTES_MAX).await?;
    let key = door::key(&parts.headers)?;
    let fingerprint = door::fingerprint(parts.method.as_str(), parts.uri.path(), None, &body);
    Ok(Asked { key, fingerprint, body })
}

/// The account of that name, if the caller may change it: 404, then 403.
async fn governed(surface: &Surface, caller: &Caller, username: &str) -> Result<Account, Problem> {
    may_list(caller)?;
    let account = surface.linearizable().await?.account_named(username)?;
    let account = account.ok_or_else(|| Problem::with_detail(Code::NotFound, "Akun ini tidak ada."))?;
    if caller.account.role == Role::Auditor || !sees(&caller.account, &account) {
        return Err(Problem::new(Code::Forbidden));
    }
    Ok(account)
}

async fn defined(
    surface: &Surface,
    caller: &Caller,
    asked: &Asked,
    definition: AccountDefinition,
) -> Result<Answer, Problem> {
    let request = Some(RequestIdentity { key: asked.key, fingerprint: asked.fingerprint });
    let command = Command::DefineAccounts(vec![definition]);
    let answer = surface.submit_one(caller.principal(), Item { request, command }).await?;
    match &answer.outcome {
        Outcome::Defined { .. } => Ok(answer),
        Outcome::Refused(refusal) => {
            Err(Problem { replay: answer.replay, ..super::master::refused(refusal, ("accounts", 0)) })
        }
        Outcome::Tallied { .. }
        | Outcome::SessionOpened { .. }
        | Outcome::Done
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)
        | Outcome::Complained(_) => Err(unexpected(&answer.outcome)),
    }
}

/// The account after a change, with its code if it has just got one.
async fn shown(surface: &Surface, username: &str, code: Option<String>) -> Result<CodeIssued, Problem> {
    let account = surface.linearizable().await?.account_named(username)?;
    let account = account.ok_or_else(|| Problem::new(Code::Internal))?;
    Ok(CodeIssued { account: AccountEntry::of(&account), code })
}

fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    response
}

/// `POST /accounts`: a new account with a one-time code.
pub(super) async fn create(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let asked = asked(request).await?;
    let (username, role, scope) = accounts::parse_new(&asked.body)?;
    let governs = caller.account.role.governs(role) && caller.account.scope.covers_scope(scope);
    if !governs {
        return Err(Problem::new(Code::Forbidden));
    }
    let code = code::new()?;
    let credential = NewCredential::Code(digest(&username, &code)?);
    let known = surface.linearizable().await?;
    let taken =
        known.account_named(&username)?.is_some() && known.request(caller.account.id, asked.key)?.is_none();
    if taken {
        let detail = "Nama akun ini sudah dipakai. Pakai nama lain, atau atur ulang akun itu.";
        return Err(Problem::with_detail(Code::InvalidState, detail));
    }
    let definition = AccountDefinition { username: username.clone(), role, scope, credential, active: true };
    let answer = defined(&surface, &caller, &asked, definition).await?;
    let issued = shown(&surface, &username, (!answer.replay).then_some(code)).await?;
    Ok(unstored(replayed(json(StatusCode::CREATED, &issued)?, answer.replay)))
}

fn digest(username: &str, text: &str) -> Result<[u8; 32], Problem> {
    code::digest(username, text).ok_or_else(|| Problem::new(Code::Internal))
}

/// `PATCH /accounts/{name}`.
pub(super) async fn change(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path(username): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let asked = asked(request).await?;
    let change = accounts::parse_patch(&asked.body)?;
    let before = governed(&surface, &caller, &username).await?;
    let definition = AccountDefinition {
        username: username.clone(),
        role: change.role.unwrap_or(before.role),
        scope: change.scope.unwrap_or(before.scope),
        credential: NewCredential::Kept,
        active: change.active.unwrap_or(before.active),
    };
    let answer = defined(&surface, &caller, &asked, definition).await?;
    let account = shown(&surface, &username, None).await?.account;
    Ok(replayed(json(StatusCode::OK, &account)?, answer.replay))
}

/// `POST /accounts/{name}/reset`: another one-time code in place of what the account had; all its sessions end.
pub(super) async fn reset(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path(username): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let key = door::key(&parts.headers)?;
    let fingerprint = door::fingerprint(parts.method.as_str(), parts.uri.path(), None, &Value::Null);
    let asked = Asked { key, fingerprint, body: Value::Null };
    let Account { role, scope, active, .. } = governed(&surface, &caller, &username).await?;
    let code = code::new()?;
    let credential = NewCredential::Code(digest(&username, &code)?);
    let definition = AccountDefinition { username: username.clone(), role, scope, credential, active };
    let answer = defined(&surface, &caller, &asked, definition).await?;
    let issued = shown(&surface, &username, (!answer.replay).then_some(code)).await?;
    Ok(unstored(replayed(json(StatusCode::OK, &issued)?, answer.replay)))
}

/// `DELETE /accounts/{name}/sessions`: all its sessions end, on every node.
pub(super) async fn end_sessions(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path(username): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let key = door::key(&parts.headers)?;
    let fingerprint = door::fingerprint(parts.method.as_str(), parts.uri.path(), None, &Value::Null);
    let account = governed(&surface, &caller, &username).await?;
    let request = Some(RequestIdentity { key, fingerprint });
    let item = Item { request, command: Command::EndSessions(account.id) };
    let answer = surface.submit_one(caller.principal(), item).await?;
    super::own_credentials::done(&answer)?;
    Ok(replayed(StatusCode::NO_CONTENT.into_response(), answer.replay))
}
