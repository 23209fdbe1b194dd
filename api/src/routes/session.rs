//! Signing in and out.
//!
//! Invariant: whatever was wrong with a credential, the answer and the time it takes are the same.

use std::net::{IpAddr, Ipv4Addr};

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tally::command::{Command, Item, Principal, RequestIdentity};
use tally::ids::{Fingerprint, RequestKey};
use tally::outcome::{Outcome, Refusal};

use super::{Surface, door, json, replayed};
use crate::auth::{Caller, token};
use crate::dto::outcome::unexpected;
use crate::dto::session::{self, SignedIn};
use crate::dto::text::time;
use crate::error::{Code, Problem};
use crate::limits::{ClientAddress, JSON_BYTES_MAX, SESSION_MS};
use crate::serve::RemoteAddress;

/// The address failures are counted under.
fn address(request: &Request) -> IpAddr {
    let extensions = request.extensions();
    let told = extensions.get::<ClientAddress>().map(|address| address.0);
    let socket = extensions.get::<RemoteAddress>().map(|address| address.0.ip());
    told.or(socket).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

fn wrong_credential() -> Problem {
    Problem::with_detail(
        Code::Unauthenticated,
        "Nama akun atau kata sandi tidak cocok. Periksa lalu coba lagi.",
    )
}

/// `POST /session`.
pub(super) async fn open(State(surface): State<Surface>, request: Request) -> Result<Response, Problem> {
    let address = address(&request);
    let (parts, body) = request.into_parts();
    let body = door::body(&parts.headers, body, JSON_BYTES_MAX).await?;
    let offered = session::parse(&body)?;
    let shared = &surface.api.0;
    let queries = &surface.ports().queries;
    if let Some(wait_s) = shared.failures.wait_s(&offered.username, address, queries.now()) {
        return Err(Problem { retry_after_s: Some(wait_s), ..Problem::new(Code::TooManyRequests) });
    }
    // Always linearizable: a look-up that is slower for unknown names would tell which names exist.
    let view = surface.linearizable().await?;
    let account = view.account_named(&offered.username)?.filter(|account| account.active);
    drop(view);
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let matched = shared.passwords.check(offered.password, hash).await?;
    let Some(account) = account.filter(|_| matched) else {
        shared.failures.failed(&offered.username, address, queries.now());
        return Err(wrong_credential());
    };
    shared.failures.succeeded(&offered.username, address);
    let (token, id) = token::new()?;
    let item = Item {
        // The session itself makes the request recognisable when the cluster has to repeat it.
        request: Some(RequestIdentity { key: RequestKey(id.0), fingerprint: Fingerprint(id.0) }),
        command: Command::OpenSession {
            session: id,
            account: account.id,
            password_hash: account.password_hash.clone(),
            lifetime_ms: SESSION_MS,
        },
    };
    let answer = surface.submit_one(Principal::System, item).await?;
    match answer.outcome {
        Outcome::SessionOpened { expires_at, .. } => {
            let account = session::Account::from(&account);
            let mut response =
                json(StatusCode::CREATED, &SignedIn { token, expires_at: time(expires_at), account })?;
            let headers = response.headers_mut();
            headers.insert("cache-control", http::HeaderValue::from_static("no-store"));
            Ok(response)
        }
        Outcome::Refused(Refusal::Unauthenticated) => Err(wrong_credential()),
        Outcome::Refused(refusal) => Err(Problem::of_refusal(&refusal)),
        outcome @ (Outcome::Tallied { .. }
        | Outcome::Defined { .. }
        | Outcome::Done
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)) => Err(unexpected(&outcome)),
    }
}

/// `DELETE /session`.
pub(super) async fn close(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let key = door::key(request.headers())?;
    let fingerprint =
        door::fingerprint(request.method().as_str(), request.uri().path(), None, &serde_json::Value::Null);
    let item = Item { request: Some(RequestIdentity { key, fingerprint }), command: Command::CloseSession };
    let answer = surface.submit_one(caller.principal(), item).await?;
    match answer.outcome {
        Outcome::Done => Ok(replayed(StatusCode::NO_CONTENT.into_response(), answer.replay)),
        Outcome::Refused(refusal) => Err(Problem { replay: answer.replay, ..Problem::of_refusal(&refusal) }),
        outcome @ (Outcome::Tallied { .. }
        | Outcome::Defined { .. }
        | Outcome::SessionOpened { .. }
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)) => Err(unexpected(&outcome)),
    }
}
