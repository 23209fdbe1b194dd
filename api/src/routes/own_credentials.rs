//! The caller's own password and second factor.
//!
//! Invariant: whoever changes a credential shows the one so far, and nothing of it is in an answer but a secret that was
//! just made.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tally::account::SecondFactor;
use tally::command::{Command, Item, RequestIdentity};
use tally::outcome::{Answer, Outcome};

use super::{Surface, door, json, replayed};
use crate::auth::{Caller, second_factor};
use crate::dto::accounts::{self, SecondFactorOffer};
use crate::dto::outcome::unexpected;
use crate::error::{Code, Problem};
use crate::limits::{JSON_BYTES_MAX, client_address};

/// A command that says no more than that it was done.
pub(super) fn done(answer: &Answer) -> Result<(), Problem> {
    match &answer.outcome {
        Outcome::Done => Ok(()),
        Outcome::Refused(refusal) => Err(Problem { replay: answer.replay, ..Problem::of_refusal(refusal) }),
        Outcome::Tallied { .. }
        | Outcome::Defined { .. }
        | Outcome::SessionOpened { .. }
        | Outcome::NodeAllocated(_)
        | Outcome::LevelRaised(_)
        | Outcome::Complained(_) => Err(unexpected(&answer.outcome)),
    }
}

fn wrong_password() -> Problem {
    Problem::with_detail(Code::Forbidden, "Kata sandi yang sekarang tidak cocok.")
}

/// `POST /me/password`.
pub(super) async fn password(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let address = client_address(request.extensions());
    let (parts, body) = request.into_parts();
    let body = door::body(&parts.headers, body, JSON_BYTES_MAX).await?;
    let key = door::key(&parts.headers)?;
    let fingerprint = door::fingerprint(parts.method.as_str(), parts.uri.path(), None, &body);
    let (current, password) = accounts::parse_password(&body)?;
    let shared = &surface.api.0;
    let (name, now) = (&caller.account.username, surface.ports().queries.now());
    if let Some(wait_s) = shared.failures.wait_s(name, address, now) {
        return Err(Problem { retry_after_s: Some(wait_s), ..Problem::new(Code::TooManyRequests) });
    }
    let before = caller.account.password_hash.clone();
    if before.is_some() && !shared.passwords.check(current, before.clone()).await? {
        shared.failures.failed(name, address, now);
        return Err(wrong_password());
    }
    let after = shared.passwords.hash_all(vec![(password, None)]).await?.pop();
    let after = after.ok_or_else(|| Problem::new(Code::Internal))?;
    let request = Some(RequestIdentity { key, fingerprint });
    let item = Item { request, command: Command::SetPassword { before, after } };
    let answer = surface.submit_one(caller.principal(), item).await?;
    done(&answer)?;
    Ok(replayed(StatusCode::NO_CONTENT.into_response(), answer.replay))
}

/// `POST /me/totp`: a secret is offered; nothing is set up yet.
pub(super) async fn offer(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    let secret = second_factor::new()?;
    let cluster = surface.ports().queries.local()?.ledger()?.name;
    let uri = second_factor::address(&secret, &cluster, &caller.account.username);
    let offer = SecondFactorOffer { secret: second_factor::base32(&secret), uri };
    let mut response = json(StatusCode::OK, &offer)?;
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `PUT /me/totp` sets a second factor up, `DELETE /me/totp` takes it away; both want a code that is right now.
pub(super) async fn set(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let address = client_address(request.extensions());
    let (parts, body) = request.into_parts();
    let body = door::body(&parts.headers, body, JSON_BYTES_MAX).await?;
    let key = door::key(&parts.headers)?;
    let fingerprint = door::fingerprint(parts.method.as_str(), parts.uri.path(), None, &body);
    let (secret, totp) = accounts::parse_second_factor(&body)?;
    let setting_up = parts.method == Method::PUT;
    let secret = match (setting_up, secret, &caller.account.second_factor) {
        (true, Some(secret), None) => second_factor::from_base32(&secret)
            .filter(|secret| {
                (tally::account::SECRET_BYTES_MIN..=tally::account::SECRET_BYTES_MAX).contains(&secret.len())
            })
            .ok_or_else(|| Problem::wrong("/secret", "Harus rahasia yang baru saja diberikan."))?,
        (true, None, _) => return Err(Problem::wrong("/secret", "Harus ada.")),
        (false, _, Some(factor)) => factor.secret.clone(),
        (true, Some(_), Some(_)) => {
            return Err(Problem::with_detail(Code::InvalidState, "Faktor kedua sudah ada; cabut dahulu."));
        }
        (false, _, None) => return Err(Problem::with_detail(Code::InvalidState, "Belum ada faktor kedua.")),
    };
    let (name, now) = (&caller.account.username, surface.ports().queries.now());
    let failures = &surface.api.0.failures;
    if let Some(wait_s) = failures.wait_s(name, address, now) {
        return Err(Problem { retry_after_s: Some(wait_s), ..Problem::new(Code::TooManyRequests) });
    }
    let Some(last_step) = second_factor::step_of(&secret, &totp, now) else {
        failures.failed(name, address, now);
        return Err(Problem::with_detail(
            Code::Forbidden,
            "Kode enam angka tidak cocok. Periksa jam telepon.",
        ));
    };
    let command = Command::SetSecondFactor(setting_up.then_some(SecondFactor { secret, last_step }));
    let item = Item { request: Some(RequestIdentity { key, fingerprint }), command };
    let answer = surface.submit_one(caller.principal(), item).await?;
    done(&answer)?;
    Ok(replayed(StatusCode::NO_CONTENT.into_response(), answer.replay))
}
