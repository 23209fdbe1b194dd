//! Signing in and out.
//!
//! Invariant: whatever was wrong with a credential, the answer and the time it takes are the same.

use std::net::IpAddr;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use subtle::ConstantTimeEq as _;
use tally::account::Account;
use tally::audit::Sighting;
use tally::command::{Command, Item, Principal, Proof, RequestIdentity};
use tally::ids::{Fingerprint, RequestKey};
use tally::outcome::{Outcome, Refusal};

use super::{Surface, door, json, replayed};
use crate::auth::{Caller, code, second_factor, token};
use crate::dto::outcome::unexpected;
use crate::dto::session::{self, SignedIn};
use crate::dto::text::time;
use crate::error::{Code, Problem};
use crate::limits::{JSON_BYTES_MAX, client_address, session_ms};
use crate::sightings;

fn wrong_credential() -> Problem {
    Problem::with_detail(
        Code::Unauthenticated,
        "Nama akun, kata sandi, atau kode tidak cocok. Periksa lalu coba lagi.",
    )
}

/// `POST /session`. An `Idempotency-Key` is not asked for; with one, a one-time code whose answer was lost can be used
/// again by the same attempt.
pub(super) async fn open(State(surface): State<Surface>, request: Request) -> Result<Response, Problem> {
    let address = client_address(request.extensions());
    let (parts, body) = request.into_parts();
    let body = door::body(&parts.headers, body, JSON_BYTES_MAX).await?;
    let offered = session::parse(&body)?;
    let attempt = attempt(&parts.headers)?;
    let shared = &surface.api.0;
    let queries = &surface.ports().queries;
    if let Some(wait_s) = shared.failures.wait_s(&offered.username, address, queries.now()) {
        surface.saw(Sighting::SignInBlocked, &offered.username, address);
        return Err(Problem { retry_after_s: Some(wait_s), ..Problem::new(Code::TooManyRequests) });
    }
    let failed = || {
        shared.failures.failed(&offered.username, address, queries.now());
        surface.saw(Sighting::SignInFailed, &offered.username, address);
        wrong_credential()
    };
    // Always linearizable: a look-up that is slower for unknown names would tell which names exist.
    let view = surface.linearizable().await?;
    let account = view.account_named(&offered.username)?.filter(|account| account.active);
    drop(view);
    let proof = proof(&surface, &offered, account.as_ref(), attempt).await?;
    let Some((account, proof)) = account.zip(proof) else {
        return Err(failed());
    };
    let step = match (&account.second_factor, &offered.totp) {
        (None, _) => None,
        (Some(factor), totp) => {
            let step =
                totp.as_deref().and_then(|totp| second_factor::step_of(&factor.secret, totp, queries.now()));
            Some(step.filter(|step| *step > factor.last_step).ok_or_else(failed)?)
        }
    };
    shared.failures.succeeded(&offered.username, address);
    let opening = Opening { account, proof, second_factor_step: step, address };
    opened(&surface, opening).await.map_err(|problem| match problem {
        // Used or changed between the look and the decision.
        NotOpened::Wrong => failed(),
        NotOpened::Problem(problem) => problem,
    })
}

/// The client's key for its attempt, or one that nobody knows.
fn attempt(headers: &HeaderMap) -> Result<RequestKey, Problem> {
    if headers.contains_key("idempotency-key") {
        return door::key(headers);
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "no randomness for an attempt");
        Problem::new(Code::Internal)
    })?;
    Ok(RequestKey(bytes))
}

/// What was offered as far as it fits the account; without one the same work is done.
async fn proof(
    surface: &Surface,
    offered: &session::Credential,
    account: Option<&Account>,
    attempt: RequestKey,
) -> Result<Option<Proof>, Problem> {
    match &offered.secret {
        session::Secret::Password(password) => {
            let hash = account.and_then(|account| account.password_hash.clone());
            let matched = surface.api.0.passwords.check(Some(password.clone()), hash.clone()).await?;
            Ok(hash.filter(|_| matched).map(Proof::Password))
        }
        session::Secret::Code(code) => {
            let digest = code::digest(&offered.username, code);
            let kept = account.and_then(|account| account.code.as_ref());
            let fits = digest.zip(kept).is_some_and(|(digest, kept)| {
                let usable = kept.used.is_none_or(|used| used.attempt == attempt);
                bool::from(digest.ct_eq(&kept.digest)) && usable
            });
            Ok(digest.filter(|_| fits).map(|digest| Proof::Code { digest, attempt }))
        }
    }
}

/// A session to open.
struct Opening {
    account: Account,
    proof: Proof,
    second_factor_step: Option<u64>,
    address: IpAddr,
}

/// Why no session was opened.
enum NotOpened {
    /// What was offered does not fit any more.
    Wrong,
    /// Anything else.
    Problem(Problem),
}

impl From<Problem> for NotOpened {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

async fn opened(surface: &Surface, opening: Opening) -> Result<Response, NotOpened> {
    let Opening { account, proof, second_factor_step, address } = opening;
    let (token, id) = token::new()?;
    let (lifetime_ms, idle_ms) = session_ms(account.role);
    let item = Item {
        // The session itself makes the request recognisable when the cluster has to repeat it.
        request: Some(RequestIdentity { key: RequestKey(id.0), fingerprint: Fingerprint(id.0) }),
        command: Command::OpenSession {
            session: id,
            account: account.id,
            proof,
            second_factor_step,
            lifetime_ms,
            idle_ms,
            address: Some(sightings::address(address)),
        },
    };
    let answer = surface.submit_one(Principal::System, item).await?;
    match answer.outcome {
        Outcome::SessionOpened { expires_at, .. } => {
            let account = session::Account::from(&account);
            let signed_in = SignedIn { token, expires_at: time(expires_at), account };
            let mut response = json(StatusCode::CREATED, &signed_in)?;
            let headers = response.headers_mut();
            headers.insert("cache-control", http::HeaderValue::from_static("no-store"));
            Ok(response)
        }
        Outcome::Refused(Refusal::Unauthenticated) => Err(NotOpened::Wrong),
        Outcome::Refused(refusal) => Err(Problem::of_refusal(&refusal).into()),
        outcome @ (Outcome::Tallied { .. }
        | Outcome::Defined { .. }
        | Outcome::Done
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)
        | Outcome::Complained(_)) => Err(unexpected(&outcome).into()),
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
        | Outcome::LevelRaised(_)
        | Outcome::Complained(_)) => Err(unexpected(&outcome)),
    }
}
