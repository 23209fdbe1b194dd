//! Steps on a form beside reports: `POST /tallies/{contest}/{station}/{holds,releases,certifications,approvals,reviews}`.

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tally::account::Role;
use tally::command::{Command, Item, RequestIdentity};
use tally::outcome::Outcome;

use super::door::{self, Precondition};
use super::reading::contest_named;
use super::tallies::{Asked, Target, asked, target, unconditional};
use super::{Surface, json, replayed};
use crate::auth::Caller;
use crate::dto::flags::Subject;
use crate::dto::steps::StepRequest;
use crate::dto::{outcome, steps};
use crate::error::Problem;

/// `POST .../holds`.
pub(super) async fn hold(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path(named): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    moved((surface, caller), named, request, |target, revision, step| Command::Hold {
        contest: target.contest.id,
        station: target.station.code,
        revision,
        reason: step.reason,
    })
    .await
}

/// `POST .../releases`.
pub(super) async fn release(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path(named): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    moved((surface, caller), named, request, |target, revision, step| Command::Release {
        contest: target.contest.id,
        station: target.station.code,
        revision,
        reason: step.reason,
    })
    .await
}

/// `POST .../approvals`.
pub(super) async fn approve(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path(named): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    moved((surface, caller), named, request, |target, revision, step| Command::Approve {
        contest: target.contest.id,
        station: target.station.code,
        revision,
        reason: step.reason,
    })
    .await
}

/// `POST .../certifications`.
pub(super) async fn certify(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path(named): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    moved((surface, caller), named, request, |target, revision, step| Command::Certify {
        contest: target.contest.id,
        station: target.station.code,
        revision,
        level: step.level,
        reason: step.reason,
    })
    .await
}

/// A step by who certifies: all but the readings.
async fn moved(
    (surface, caller): (Surface, Caller),
    (contest, station): (String, String),
    request: Request,
    command: impl FnOnce(&Target, u32, StepRequest) -> Command,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asked = asked(&parts, body).await?;
    let step = steps::parse_step(&asked.body)?;
    conditional_on_revision(&asked)?;
    let judged = |view: &dyn crate::ports::StateView| {
        target(view, (&contest, &station), caller.account.id, Role::certifies)
    };
    let target = door::judged(&surface, judged).await?;
    let Some(Precondition::Revision(revision)) = asked.precondition else {
        return Err(unconditional(&surface, &caller, asked.key).await);
    };
    let (outcome, replay) = submitted(&surface, &caller, &asked, command(&target, revision, step)).await?;
    let moved = outcome::moved(&outcome).map_err(|problem| Problem { replay, ..problem })?;
    Ok(replayed(json(StatusCode::OK, &moved)?, replay))
}

/// `POST .../reviews`.
pub(super) async fn review(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path((contest, station)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asked = asked(&parts, body).await?;
    conditional_on_revision(&asked)?;
    let (target, form) = door::judged(&surface, |view| {
        let known = contest_named(view, &contest).ok();
        let form = steps::parse_review(&asked.body, known.as_deref())?;
        let target = target(view, (&contest, &station), caller.account.id, Role::reviews)?;
        Ok((target, form))
    })
    .await?;
    let Some(Precondition::Revision(revision)) = asked.precondition else {
        return Err(unconditional(&surface, &caller, asked.key).await);
    };
    let (contest, station) = (target.contest.id, target.station.code);
    let command = Command::Review { contest, station, revision, form: form.clone() };
    let (outcome, replay) = submitted(&surface, &caller, &asked, command).await?;
    let subject = Subject { form: &form, contest: &target.contest, station: &target.station };
    let reviewed = steps::reviewed(&outcome, subject).map_err(|problem| Problem { replay, ..problem })?;
    Ok(replayed(json(StatusCode::OK, &reviewed)?, replay))
}

fn conditional_on_revision(asked: &Asked) -> Result<(), Problem> {
    if asked.precondition == Some(Precondition::Absent) {
        return Err(Problem::wrong("If-None-Match", "Langkah ini perlu If-Match dengan revisi."));
    }
    Ok(())
}

async fn submitted(
    surface: &Surface,
    caller: &Caller,
    asked: &Asked,
    command: Command,
) -> Result<(Outcome, bool), Problem> {
    let request = Some(RequestIdentity { key: asked.key, fingerprint: asked.fingerprint });
    let answer = surface.submit_one(caller.principal(), Item { request, command }).await?;
    Ok((answer.outcome, answer.replay))
}
