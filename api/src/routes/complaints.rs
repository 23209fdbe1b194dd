//! Complaints: handed in by anybody, read by everybody, answered by officials.
//!
//! Invariant: whoever hands one in is nobody to the rest of the system: no token is looked at, and the address is only
//! counted, never passed on. A complaint never waits: where there is no room at once it is refused.

use std::net::IpAddr;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use tally::account::{Role, Scope};
use tally::command::{Command, Item, Principal, RequestIdentity};
use tally::ids::{AccountId, ContestId};
use tally::outcome::{Answer, Outcome, Refusal};
use tally::region::{RegionCode, StationCode};
use tally::row::RememberedAnswer;

use super::params::Params;
use super::reading::{contest_named, station_coded};
use super::tallies::target;
use super::{Pinned, Surface, door, json, page, replayed};
use crate::auth::Caller;
use crate::complaints::RETRY_AFTER_S;
use crate::dto::complaints::{
    self, ComplaintEntry, ComplaintRequest, ComplaintTaken, StationComplaints, WaitingComplaint,
    WaitingComplaints,
};
use crate::dto::text::station_name;
use crate::error::{Code, Problem};
use crate::forgery::foreign;
use crate::limits::{COMPLAINT_BODY_BYTES_MAX, client_address};
use crate::ports::{ComplaintPlace, StateView};

/// Whether a path is that of the one call that takes complaints.
pub(super) fn is_open(path: &str) -> bool {
    let station = path.strip_prefix("/api/v1/stations/").and_then(|rest| rest.strip_suffix("/complaints"));
    station.is_some_and(|station| !station.contains('/'))
}

/// `GET /stations/{station}/complaints`.
pub(super) async fn of_station(
    State(surface): State<Surface>,
    Path(station): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let view = surface.view(params.read_options()?).await?;
    let station = station_coded(view.as_ref(), &station)?;
    let mut found = Vec::new();
    for contest in view.contests()?.iter().filter(|contest| contest.held_at(station.code)) {
        let about = view.complaints(&contest.id, station.code)?;
        found.extend(about.iter().map(|(number, complaint)| ComplaintEntry::of(*number, complaint, contest)));
    }
    let answer = StationComplaints { station: station.code.to_string(), complaints: found };
    page(Pinned::of(view.as_ref()), &answer)
}

/// `GET /complaints`: those of a region that wait for an answer.
pub(super) async fn waiting(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    params: Params,
) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let limit = params.limit()?;
    let region = match (params.one("region")?, caller.account.scope) {
        (Some(text), _) => {
            RegionCode::parse(text).ok_or_else(|| Problem::wrong("region", "Harus kode wilayah."))?
        }
        (None, Scope::Region(region)) => region,
        (None, Scope::Station(station)) => station.village(),
    };
    let after = params.after(ComplaintPlace::parse)?;
    let view = surface.view(options).await?;
    let found = view.open_complaints(region, after, limit)?;
    let mut complaints = Vec::with_capacity(found.complaints.len());
    for (place, number, complaint) in &found.complaints {
        let contest = view.contest(&place.contest)?;
        let Some((station, contest)) = view.station(place.station)?.zip(contest) else { continue };
        complaints.push(WaitingComplaint {
            station: station.code.to_string(),
            name: station_name(&station),
            complaint: ComplaintEntry::of(*number, complaint, &contest),
        });
    }
    let next = found.next.map(|next| next.to_string());
    let answer = WaitingComplaints { region: region.to_string(), complaints, next };
    page(Pinned::of(view.as_ref()), &answer)
}

/// `POST /stations/{station}/complaints`: anybody's.
pub(super) async fn take(
    State(surface): State<Surface>,
    Path(station): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let address = client_address(request.extensions());
    let (parts, body) = request.into_parts();
    refuse_foreign(&parts)?;
    let body = door::body(&parts.headers, body, COMPLAINT_BODY_BYTES_MAX).await?;
    let key = door::key(&parts.headers)?;
    let fingerprint = door::fingerprint(parts.method.as_str(), parts.uri.path(), None, &body);
    let told = complaints::parse(&body)?;
    let identity = RequestIdentity { key, fingerprint };
    let (taken, replay) = taken(&surface, &station, &told, identity, address).await?;
    Ok(replayed(json(StatusCode::CREATED, &taken)?, replay))
}

/// A page of another site could have a visitor's browser complain, and use up what that address may.
fn refuse_foreign(parts: &Parts) -> Result<(), Problem> {
    if foreign(&parts.headers, &parts.uri) {
        let detail = "Permintaan ini dikirim halaman situs lain. Buka halaman laporannya di sini.";
        return Err(Problem::with_detail(Code::Forbidden, detail));
    }
    Ok(())
}

/// Takes a complaint, from the page or from the call: what it came to, and whether it was so before.
pub(super) async fn taken(
    surface: &Surface,
    station: &str,
    told: &ComplaintRequest,
    identity: RequestIdentity,
    address: IpAddr,
) -> Result<(ComplaintTaken, bool), Problem> {
    // What this node has applied will do: places that wait for the cluster are officers'.
    let view = surface.ports().queries.local()?;
    // A retry whose answer was lost costs neither a place in the log nor one of the address's share.
    if let Some(answer) = remembered(view.as_ref(), identity)? {
        return worded(&answer);
    }
    let contest = contest_named(view.as_ref(), &told.contest)?;
    let station = station_coded(view.as_ref(), station)?.code;
    if !contest.held_at(station) {
        return Err(Problem::with_detail(Code::NotFound, "Pemilihan ini tidak diadakan di TPS itu."));
    }
    let complaint = told.about(&contest)?;
    drop(view);
    let command = Command::Complain { contest: contest.id, station, revision: told.revision, complaint };
    let taken = proposed(surface, Item { request: Some(identity), command }, address).await;
    surface.api.0.meters.complained(taken.as_ref().err().map(|problem| problem.code));
    taken
}

/// Proposes a complaint, if one of that address is let in now.
async fn proposed(surface: &Surface, item: Item, address: IpAddr) -> Result<(ComplaintTaken, bool), Problem> {
    let _place = surface.api.0.complaints.enter(address, surface.ports().queries.now())?;
    let answer = surface.submit_one(Principal::Public, item).await.map_err(|problem| {
        if problem.code == Code::Overloaded {
            surface.api.0.complaints.give_back(address);
        }
        later(problem)
    })?;
    worded(&answer)
}

fn worded(answer: &Answer) -> Result<(ComplaintTaken, bool), Problem> {
    let taken = complaints::taken(&answer.outcome);
    let taken = taken.map_err(|problem| Problem { replay: answer.replay, ..problem })?;
    Ok((taken, answer.replay))
}

/// What this node knows to have been answered under the key.
fn remembered(view: &dyn StateView, identity: RequestIdentity) -> Result<Option<Answer>, Problem> {
    let Some(record) = view.request(AccountId::PUBLIC, identity.key)? else { return Ok(None) };
    if record.fingerprint != identity.fingerprint {
        let outcome = Outcome::Refused(Refusal::IdempotencyMismatch);
        return Ok(Some(Answer { outcome, replay: false }));
    }
    Ok(match record.answer {
        RememberedAnswer::Outcome(outcome) => Some(Answer { outcome, replay: true }),
        // No event comes of a complaint.
        RememberedAnswer::Event(_) => None,
    })
}

/// The public comes back later than officers do.
fn later(problem: Problem) -> Problem {
    let shed = problem.code == Code::Overloaded;
    if shed { Problem { retry_after_s: Some(RETRY_AFTER_S), ..problem } } else { problem }
}

/// `POST /stations/{station}/complaints/{contest}/{number}/answer`.
pub(super) async fn answer(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path((station, contest, number)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = door::body(&parts.headers, body, COMPLAINT_BODY_BYTES_MAX).await?;
    let key = door::key(&parts.headers)?;
    let fingerprint = door::fingerprint(parts.method.as_str(), parts.uri.path(), None, &body);
    let (verdict, text) = complaints::parse_answer(&body)?;
    let target =
        door::judged(&surface, |view| target(view, (&contest, &station), caller.account.id, Role::answers))
            .await?;
    let number = numbered(&number).ok_or_else(|| Problem::of_refusal(&Refusal::ComplaintUnknown))?;
    let (contest, station) = (target.contest.id, target.station.code);
    let command = Command::AnswerComplaint { contest, station, number, verdict, text };
    let item = Item { request: Some(RequestIdentity { key, fingerprint }), command };
    let (taken, replay) = worded(&surface.submit_one(caller.principal(), item).await?)?;
    Ok(replayed(json(StatusCode::OK, &taken)?, replay))
}

/// A complaint's number as paths write it.
fn numbered(text: &str) -> Option<u32> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// A station and a contest by their codes, wherever they come from.
pub(super) fn named(station: &str, contest: &str) -> Option<(StationCode, ContestId)> {
    StationCode::parse(station).zip(ContestId::parse(contest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_alone_is_open() {
        assert!(is_open("/api/v1/stations/3175091001087/complaints"));
        for other in [
            "/api/v1/stations/3175091001087",
            "/api/v1/stations/3175091001087/complaints/ppwp/1/answer",
            "/api/v1/stations/x/y/complaints",
            "/api/v1/stations/complaints",
            "/api/v1/complaints",
        ] {
            assert!(!is_open(other), "{other}");
        }
    }

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!((numbered("1"), numbered("100")), (Some(1), Some(100)));
        for wrong in ["", "0", "01", "+1", "-1", "1.0", "4294967296"] {
            assert_eq!(numbered(wrong), None, "{wrong}");
        }
    }
}
