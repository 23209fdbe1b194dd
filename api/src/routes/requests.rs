//! What became of a request.
//!
//! Invariant: what is remembered of a request is told to whoever sent it and to whoever looks after that account.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use tally::ids::RequestKey;
use tally::outcome::Outcome;
use tally::row::RememberedAnswer;

use super::accounts::{may_list, sees};
use super::params::Params;
use super::{Pinned, Surface, page};
use crate::auth::Caller;
use crate::dto::batch::parse_key;
use crate::dto::requests::RequestFound;
use crate::error::{Code, Problem};
use crate::ports::{ReadError, StateView};

/// `GET /requests/{key}`: what is remembered of a request of one's own, or of an account that one looks after.
pub(super) async fn find(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let key = parse_key(&key).ok_or_else(|| Problem::wrong("key", "Harus berupa UUID."))?;
    let username = params.one("account")?.unwrap_or(&caller.account.username).to_owned();
    let own = username == caller.account.username;
    if !own {
        // Who looks after nobody does not learn here which accounts there are.
        may_list(&caller)?;
    }
    let view = surface.view(options).await?;
    let not_found = || {
        let detail = "Tidak ada permintaan dengan kunci ini dari akun itu dalam 72 jam terakhir.";
        Problem::with_detail(Code::NotFound, detail)
    };
    let account = view.account_named(&username)?.ok_or_else(not_found)?;
    if !own && !sees(&caller.account, &account) {
        return Err(Problem::new(Code::Forbidden));
    }
    let record = view.request(account.id, key)?.ok_or_else(not_found)?;
    let found = found(view.as_ref(), username, key, &record.answer)?;
    page(Pinned::of(view.as_ref()), &found)
}

fn found(
    view: &dyn StateView,
    username: String,
    key: RequestKey,
    answer: &RememberedAnswer,
) -> Result<RequestFound, ReadError> {
    let key = uuid::Uuid::from_bytes(key.0).hyphenated().to_string();
    let mut found = RequestFound {
        username,
        key,
        outcome: String::new(),
        code: None,
        contest: None,
        station: None,
        event: None,
        index: None,
    };
    let outcome = match answer {
        RememberedAnswer::Event(change) => {
            let event = view.event(&change.contest, change.station, change.event)?;
            found.contest = Some(change.contest.to_string());
            found.station = Some(change.station.to_string());
            found.event = Some(change.event);
            found.index = event.map(|event| event.index);
            "tallied"
        }
        RememberedAnswer::Outcome(Outcome::Refused(refusal)) => {
            found.code = Some(refusal.code().to_owned());
            "refused"
        }
        RememberedAnswer::Outcome(Outcome::Defined { .. }) => "defined",
        RememberedAnswer::Outcome(
            Outcome::Tallied { .. }
            | Outcome::SessionOpened { .. }
            | Outcome::Done
            | Outcome::NodeAllocated(_)
            | Outcome::LevelRaised(_)
            | Outcome::Complained(_),
        ) => "done",
    };
    outcome.clone_into(&mut found.outcome);
    Ok(found)
}
