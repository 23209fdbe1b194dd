//! `POST /batches`: many forms in one request, each answered for itself.
//!
//! Invariant: the results stand in the order of the items, one for each, whatever became of the others.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tally::account::Role;
use tally::command::{Command, Item, RequestIdentity};
use tally::contest::Contest;
use tally::form::Form;
use tally::outcome::Answer;

use super::door::{self, Precondition};
use super::reading::contest_named;
use super::tallies::{self, Target};
use super::{RequestId, Surface, json};
use crate::auth::Caller;
use crate::dto::batch::{self, BatchResult, BatchResults, RawItem};
use crate::dto::flags::Subject;
use crate::dto::outcome;
use crate::error::{Code, Problem};
use crate::limits::{BULK_BYTES_MAX, client_address};
use crate::ports::{StateView, SubmitError};

/// An item that may be proposed, and what its answer is worded from.
struct Ready {
    target: Target,
    form: Form,
    item: Item,
}

/// `POST /batches`.
pub(super) async fn submit(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Problem> {
    let address = client_address(request.extensions());
    let (parts, body) = request.into_parts();
    let value = door::body(&parts.headers, body, BULK_BYTES_MAX).await?;
    if parts.headers.contains_key("idempotency-key") {
        door::key(&parts.headers)?;
    }
    let raw = batch::parse(&value)?;
    let judged = judged(&surface, &caller, &raw).await?;
    let judged: Vec<_> = judged.into_iter().map(|ready| paced(&surface, &caller, ready?, address)).collect();
    let items = judged.iter().flatten().map(|ready| ready.item.clone()).collect::<Vec<_>>();
    let proposed = items.len();
    let outcomes =
        if items.is_empty() { Vec::new() } else { surface.submit(caller.principal(), items).await };
    if proposed == raw.len()
        && let Some(error) = nothing_known(&outcomes)
    {
        return Err(error.into());
    }
    let mut outcomes = outcomes.into_iter();
    let mut results = Vec::with_capacity(raw.len());
    for (item, judgement) in raw.into_iter().zip(judged) {
        let result = match judgement {
            Ok(ready) => {
                let outcome = outcomes.next().unwrap_or(Err(SubmitError::Unknown));
                result(item.key_text, &ready, outcome, &id)
            }
            Err(problem) => refused(item.key_text, &problem, &id),
        };
        results.push(result);
    }
    json(StatusCode::OK, &BatchResults { results })
}

/// An item within what its account may write (R30).
fn paced(surface: &Surface, caller: &Caller, ready: Ready, from: IpAddr) -> Result<Ready, Problem> {
    let correction = matches!(ready.item.command, Command::Correct { .. });
    surface.paced(&caller.account, correction, from)?;
    Ok(ready)
}

/// The first error, when there is nothing but errors.
fn nothing_known(outcomes: &[Result<Answer, SubmitError>]) -> Option<SubmitError> {
    if outcomes.iter().any(Result::is_ok) {
        return None;
    }
    outcomes.iter().find_map(|outcome| outcome.as_ref().err().cloned())
}

/// Judges each item; those that newer data could let pass are judged once more in a linearizable view.
async fn judged(
    surface: &Surface,
    caller: &Caller,
    raw: &[RawItem<'_>],
) -> Result<Vec<Result<Ready, Problem>>, Problem> {
    let local = surface.ports().queries.local()?;
    let mut judged: Vec<_> = raw.iter().map(|item| judge(local.as_ref(), caller, item)).collect();
    let doubtful = |judgement: &Result<Ready, Problem>| {
        judgement.as_ref().is_err_and(|problem| matches!(problem.code, Code::NotFound | Code::Forbidden))
    };
    if judged.iter().any(doubtful) {
        let view = surface.linearizable().await?;
        for (judgement, item) in judged.iter_mut().zip(raw) {
            if doubtful(judgement) {
                *judgement = judge(view.as_ref(), caller, item);
            }
        }
    }
    Ok(judged)
}

fn judge(view: &dyn StateView, caller: &Caller, raw: &RawItem<'_>) -> Result<Ready, Problem> {
    let named = batch::name(raw)?;
    let (contest, station) = (named.contest, named.station);
    let expected = match named.if_revision {
        0 => Precondition::Absent,
        revision => Precondition::Revision(revision),
    };
    let known: Option<Arc<Contest>> = contest_named(view, contest).ok();
    let submission = named.submission(known.as_deref())?;
    let target = tallies::target(view, (contest, station), caller.account.id, Role::reports)?;
    let form = submission.form.clone();
    let fingerprint = door::fingerprint("POST", "/api/v1/batches", None, raw.value);
    let request = Some(RequestIdentity { key: raw.key, fingerprint });
    let item = Item { request, command: tallies::command(&target, expected, submission) };
    Ok(Ready { target, form, item })
}

fn result(key: String, ready: &Ready, outcome: Result<Answer, SubmitError>, id: &RequestId) -> BatchResult {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(error) => return refused(key, &error.into(), id),
    };
    let subject =
        Subject { form: &ready.form, contest: &ready.target.contest, station: &ready.target.station };
    match outcome::accepted(&answer.outcome, subject) {
        Ok((status, accepted)) => BatchResult {
            key,
            status: status.as_u16(),
            receipt: Some(accepted.receipt),
            state: Some(accepted.state),
            flags: Some(accepted.flags),
            problem: None,
        },
        Err(problem) => refused(key, &problem, id),
    }
}

fn refused(key: String, problem: &Problem, id: &RequestId) -> BatchResult {
    BatchResult {
        key,
        status: problem.code.status().as_u16(),
        receipt: None,
        state: None,
        flags: None,
        problem: Some(problem.body(&id.0)),
    }
}
