//! `PUT /tallies`: an officer's write, and what every step on a form asks first.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;
use tally::account::Role;
use tally::command::{Command, Item, RequestIdentity};
use tally::contest::Contest;
use tally::ids::{AccountId, Fingerprint, RequestKey};
use tally::station::{Station, Submission};

use super::door::{self, Precondition};
use super::reading::{contest_named, station_coded};
use super::{Surface, json, replayed};
use crate::auth::Caller;
use crate::dto::flags::Subject;
use crate::dto::{outcome, submission};
use crate::error::{Code, Problem};
use crate::limits::{JSON_BYTES_MAX, client_address};
use crate::ports::StateView;

/// What the path of a write names, judged to exist and to be the caller's to write.
pub(super) struct Target {
    pub(super) contest: Arc<Contest>,
    pub(super) station: Station,
}

/// 404 and 403, in this order.
pub(super) fn target(
    view: &dyn StateView,
    (contest, station): (&str, &str),
    account: AccountId,
    takes: impl Fn(Role) -> bool,
) -> Result<Target, Problem> {
    let contest = contest_named(view, contest)?;
    let station = station_coded(view, station)?;
    if !contest.held_at(station.code) {
        return Err(Problem::with_detail(Code::NotFound, "Pemilihan ini tidak diadakan di TPS itu."));
    }
    let account = view.account(account)?;
    let may = |account: &tally::account::Account| takes(account.role) && account.scope.covers(station.code);
    if !account.as_ref().is_some_and(may) {
        return Err(Problem::new(Code::Forbidden));
    }
    Ok(Target { contest, station })
}

/// The part of a write that its headers and body say.
pub(super) struct Asked {
    pub(super) key: RequestKey,
    pub(super) precondition: Option<Precondition>,
    pub(super) fingerprint: Fingerprint,
    pub(super) body: Value,
}

pub(super) async fn asked(parts: &Parts, body: Body) -> Result<Asked, Problem> {
    let body = door::body(&parts.headers, body, JSON_BYTES_MAX).await?;
    let key = door::key(&parts.headers)?;
    let precondition = door::precondition(&parts.headers)?;
    let fingerprint = door::fingerprint(parts.method.as_str(), parts.uri.path(), precondition, &body);
    Ok(Asked { key, precondition, fingerprint, body })
}

/// A write without precondition: the answer to its key if it is known, else 428. No first request without a
/// precondition is ever remembered, so a known key was used for something else.
pub(super) async fn unconditional(surface: &Surface, caller: &Caller, key: RequestKey) -> Problem {
    let view = match surface.linearizable().await {
        Ok(view) => view,
        Err(problem) => return problem,
    };
    match view.request(caller.account.id, key) {
        Ok(Some(_)) => Problem::new(Code::IdempotencyMismatch),
        Ok(None) => Problem::new(Code::PreconditionRequired),
        Err(error) => error.into(),
    }
}

/// The command of a submission.
pub(super) fn command(target: &Target, expected: Precondition, submission: Submission) -> Command {
    let (contest, station) = (target.contest.id, target.station.code);
    match expected {
        Precondition::Absent => Command::Report { contest, station, submission },
        Precondition::Revision(revision) => Command::Correct { contest, station, revision, submission },
    }
}

/// `PUT /tallies/{contest}/{station}`.
pub(super) async fn put(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path((contest, station)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let address = client_address(request.extensions());
    let (parts, body) = request.into_parts();
    let asked = asked(&parts, body).await?;
    let (target, submission) = door::judged(&surface, |view| {
        let known = contest_named(view, &contest).ok();
        let submission = submission::parse_body(&asked.body, known.as_deref())?;
        let target = target(view, (&contest, &station), caller.account.id, Role::reports)?;
        Ok((target, submission))
    })
    .await?;
    let Some(expected) = asked.precondition else {
        return Err(unconditional(&surface, &caller, asked.key).await);
    };
    surface.paced(&caller.account, expected != Precondition::Absent, address)?;
    let form = submission.form.clone();
    let item = Item {
        request: Some(RequestIdentity { key: asked.key, fingerprint: asked.fingerprint }),
        command: command(&target, expected, submission),
    };
    let answer = surface.submit_one(caller.principal(), item).await?;
    let subject = Subject { form: &form, contest: &target.contest, station: &target.station };
    let (status, accepted) = outcome::accepted(&answer.outcome, subject)
        .map_err(|problem| Problem { replay: answer.replay, ..problem })?;
    Ok(replayed(json(status, &accepted)?, answer.replay))
}
