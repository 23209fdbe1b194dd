//! `/lapor/{station}/{contest}`: the page for complaints, on the officers' listener, since nothing behind `public` may
//! change anything; `public` only leads there.
//!
//! Invariant: what the page sends is the same complaint as that of the API, under the same bounds; a form that none of our
//! pages gave out is not taken.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, Query, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tally::command::RequestIdentity;
use tally::ids::{ContestId, RequestKey};
use tally::region::StationCode;

use super::complaints::{named, taken};
use super::{Surface, door};
use crate::dto::complaints;
use crate::error::{Code, Problem};
use crate::forgery::{cookie, foreign, proof_of, same, set_cookie};
use crate::limits::{BODY_MS_MAX, COMPLAINT_BODY_BYTES_MAX, client_address};
use crate::ports::MemberStatus;
use crate::web::lapor::{Filled, Said, page};
use crate::web::{Conditions, not_found};

/// The cookie that ties the page to what it sends. It is drawn anew for each browser and says nothing about anybody.
const BEFORE: &str = "__Host-rakit-lapor";

/// The page, for the officers' listener.
pub(super) fn pages(surface: &Surface) -> Router {
    Router::new()
        .route("/lapor/{station}/{contest}", get(show).post(send))
        .with_state(surface.clone())
        .layer(DefaultBodyLimit::max(COMPLAINT_BODY_BYTES_MAX))
        .layer(from_fn(async |request: Request, next: Next| crate::desk::sealed(next.run(request).await)))
}

/// The way to the page, for `public`: this node's officers' listener has it, or another's. The page of the station is the
/// same on all nodes, so it cannot name the listener itself.
pub(super) fn elsewhere(surface: &Surface) -> Router {
    Router::new().route("/lapor/{station}/{contest}", get(lead)).with_state(surface.clone())
}

async fn lead(State(surface): State<Surface>, Path((station, contest)): Path<(String, String)>) -> Response {
    let Some((station, contest)) = named(&station, &contest) else { return not_found() };
    let ports = surface.ports();
    let own = ports.queries.freshness().node;
    let status = ports.operations.status();
    let has_page = |member: &&MemberStatus| !member.officer_url.is_empty();
    let here = status.nodes.iter().find(|member| member.id == own && has_page(member));
    // A node that only reads has no such listener.
    let member = here.or_else(|| status.nodes.iter().find(|member| member.reachable && has_page(member)));
    let Some(member) = member else { return not_found() };
    let base = member.officer_url.trim_end_matches('/');
    Redirect::temporary(&format!("{base}/lapor/{station}/{contest}")).into_response()
}

/// `GET`.
async fn show(
    State(surface): State<Surface>,
    Path((station, contest)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(target) = named(&station, &contest) else { return not_found() };
    let query = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).ok();
    let number = query.and_then(|Query(pairs)| pairs.into_iter().find(|(name, _)| name == "nomor"));
    let taken = number.and_then(|(_, number)| number.parse().ok());
    shown(&surface, target, request.headers(), Said { key: new_key(), taken, ..Said::default() })
}

fn new_key() -> String {
    uuid::Uuid::new_v4().hyphenated().to_string()
}

/// The page with a proof that its form must bring back.
fn shown(
    surface: &Surface,
    (station, contest): (StationCode, ContestId),
    headers: &HeaderMap,
    said: Said,
) -> Response {
    let before = cookie(headers, BEFORE).filter(|token| token.len() >= 32).map(str::to_owned);
    let before = before.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    let queries = &surface.ports().queries;
    let conditions = Conditions::quiet(queries.freshness().leader_age_ms);
    let said = Said { proof: proof_of(&before), ..said };
    let rendered = queries.local().and_then(|view| match view.contest(&contest)? {
        Some(contest) => page(&*view, &contest, station, said, conditions),
        None => Ok(None),
    });
    match rendered {
        Ok(Some(text)) => {
            let mut response = Html(text).into_response();
            set_cookie(&mut response, BEFORE, &before);
            response
        }
        Ok(None) => not_found(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// What a form of the page brought.
struct Sent(Vec<(String, String)>);

impl Sent {
    async fn read(request: Request) -> Option<Self> {
        let form = axum::Form::<Vec<(String, String)>>::from_request(request, &());
        let form = tokio::time::timeout(Duration::from_millis(BODY_MS_MAX), form).await.ok()?;
        form.ok().map(|axum::Form(fields)| Self(fields))
    }

    fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    fn filled(&self) -> Filled {
        // A browser sends lines as they were typed; a complaint is one line.
        let text = self.text("teks").split_whitespace().collect::<Vec<_>>().join(" ");
        let own = |name: &str| self.text(name).to_owned();
        Filled { kind: own("jenis"), field: own("kotak"), read: own("angka"), text }
    }

    /// The complaint as the API takes it.
    fn body(&self, filled: &Filled, contest: ContestId) -> Value {
        let number = |text: &str| text.parse::<u32>().map_or_else(|_| Value::from(text), Value::from);
        let mut body = json!({
            "contest": contest.to_string(),
            "revision": number(self.text("revisi")),
            "kind": filled.kind,
            "text": filled.text,
        });
        if let Some(object) = body.as_object_mut() {
            if !filled.field.is_empty() {
                object.insert("field".to_owned(), Value::from(filled.field.as_str()));
            }
            if !filled.read.is_empty() {
                object.insert("read".to_owned(), number(&filled.read));
            }
        }
        body
    }
}

/// `POST`.
async fn send(
    State(surface): State<Surface>,
    Path((station, contest)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(target) = named(&station, &contest) else { return not_found() };
    let address = client_address(request.extensions());
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let Some(sent) = Sent::read(request).await else {
        let problem = Problem::with_detail(Code::BadRequest, "Isian tidak dapat dibaca. Isi sekali lagi.");
        return refused(&surface, target, &headers, (&Filled::default(), ""), &problem);
    };
    let filled = sent.filled();
    let key = uuid::Uuid::try_parse(sent.text("kunci")).ok();
    let Some(key) = key.filter(|_| believed(&sent, &headers, &uri)) else {
        let detail = "Halaman ini sudah lama terbuka. Periksa isiannya, lalu kirim sekali lagi.";
        let problem = Problem::with_detail(Code::Forbidden, detail);
        return refused(&surface, target, &headers, (&filled, ""), &problem);
    };
    let body = sent.body(&filled, target.1);
    let told = match complaints::parse(&body) {
        Ok(told) => told,
        Err(problem) => return refused(&surface, target, &headers, (&filled, ""), &problem),
    };
    let path = format!("/api/v1/stations/{}/complaints", target.0);
    let fingerprint = door::fingerprint("POST", &path, None, &body);
    let identity = RequestIdentity { key: RequestKey(key.into_bytes()), fingerprint };
    match taken(&surface, &target.0.to_string(), &told, identity, address).await {
        Ok((taken, _)) => {
            Redirect::to(&format!("/lapor/{}/{}?nomor={}", target.0, target.1, taken.number)).into_response()
        }
        Err(problem) => {
            // What is remembered under a key cannot be said better under it; what was not stored is sent again.
            let kept = if problem.code.retryable() { sent.text("kunci") } else { "" };
            refused(&surface, target, &headers, (&filled, kept), &problem)
        }
    }
}

fn believed(sent: &Sent, headers: &HeaderMap, uri: &Uri) -> bool {
    let known = cookie(headers, BEFORE).is_some_and(|before| same(sent.text("csrf"), &proof_of(before)));
    known && !foreign(headers, uri)
}

/// The page again with what was filled in, and why it was not taken.
fn refused(
    surface: &Surface,
    target: (StationCode, ContestId),
    headers: &HeaderMap,
    (filled, key): (&Filled, &str),
    problem: &Problem,
) -> Response {
    let detail = problem.detail.clone().unwrap_or_else(|| problem.code.advice().to_owned());
    let places = problem.extra.errors.iter().flatten().map(|place| place.detail.as_str());
    let text: Vec<&str> = std::iter::once(detail.as_str()).chain(places).collect();
    let key = if key.is_empty() { new_key() } else { key.to_owned() };
    let said = Said { key, filled: filled.clone(), problem: Some(text.join(" ")), ..Said::default() };
    let mut response = shown(surface, target, headers, said);
    if response.status() == StatusCode::OK {
        *response.status_mut() = problem.code.status();
    }
    if let Some(seconds) = problem.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
