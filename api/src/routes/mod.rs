//! The three routers and what their handlers share.
//!
//! Invariant: a handler answers a value or a [`Problem`]; headers, problem bodies, 304 and counters are made
//! in one place, `envelope`.

mod accounts;
mod attachments;
mod audit;
mod backup;
mod batches;
mod complaints;
mod door;
mod downloads;
mod envelope;
mod events;
mod exports;
mod feed;
mod forms;
mod health;
mod joining;
mod lapor;
mod master;
mod members;
mod meters;
pub(crate) mod officer;
pub(crate) mod ops;
mod own;
mod own_credentials;
mod params;
pub(crate) mod public;
mod reading;
mod requests;
mod search;
mod session;
mod steps;
mod tallies;
mod upkeep;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tally::account::Account;
use tally::audit::Sighting;
use tally::command::{Item, Principal};
use tally::ids::hex;
use tally::outcome::Answer;
use tokio::sync::Semaphore;

use crate::auth::password::PasswordDesk;
use crate::complaints::Gate;
use crate::error::{Code, Problem};
use crate::export::region::Exports;
use crate::intake::Intake;
use crate::intake::rescan::Rescan;
use crate::invitations::Invitations;
use crate::limits::{
    DOWNLOADS_OFFICER_MAX, DOWNLOADS_PUBLIC_MAX, EVENTS_MAX, FailureTable, TOUCHES_MAX, WAITING_FEEDS_MAX,
    WAITING_READS_MAX, WALKS_MAX,
};
use crate::pace::PaceTable;
use crate::ports::{Confirmed, Consistency, Ports, ReadError, ReadOptions, StateView, SubmitError};
use crate::publisher::Publisher;
use crate::search::Search;
use crate::serve::{Crowd, ListenerCounters};
use crate::sightings::Sightings;
use crate::web::public_pages;
use meters::Meters;

/// How much longer than the port's own deadline a write is waited for, in milliseconds: never reached unless
/// the port breaks its promise.
const SUBMIT_MS_MAX: u64 = 6_000;

/// A listener, as metrics name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Listener {
    Public,
    Officer,
    Ops,
}

/// What the routers of one node share: its ports, its counters, its limits.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    ports: Ports,
    passwords: PasswordDesk,
    failures: FailureTable,
    complaints: Gate,
    pace: PaceTable,
    sightings: Sightings,
    touches: Arc<Semaphore>,
    meters: Meters,
    invitations: Invitations,
    waiting_public: Semaphore,
    waiting_officer: Semaphore,
    waiting_feeds: Semaphore,
    intake: Intake,
    rescan: Arc<Rescan>,
    downloads_public: Arc<Semaphore>,
    downloads_officer: Arc<Semaphore>,
    publisher: Arc<Publisher>,
    search: Arc<Search>,
    walks: Arc<Semaphore>,
    events: Arc<Semaphore>,
    events_by_address: Crowd,
    reads_by_address: Crowd,
    exports: Exports,
}

impl Api {
    /// What the listeners of this node count, to be told with the other metrics.
    #[must_use]
    pub fn counters(&self) -> ListenerCounters {
        self.0.meters.listeners.clone()
    }

    /// The HTTP side of a node over its ports and its rendered pages.
    #[must_use]
    pub fn new(ports: Ports, publisher: Arc<Publisher>) -> Self {
        Self(Arc::new(Shared {
            ports,
            passwords: PasswordDesk::default(),
            failures: FailureTable::new(uuid::Uuid::new_v4().into_bytes()),
            complaints: Gate::new(uuid::Uuid::new_v4().into_bytes()),
            pace: PaceTable::default(),
            sightings: Sightings::default(),
            touches: Arc::new(Semaphore::new(TOUCHES_MAX)),
            meters: Meters::default(),
            invitations: Invitations::default(),
            waiting_public: Semaphore::new(WAITING_READS_MAX),
            waiting_officer: Semaphore::new(WAITING_READS_MAX),
            waiting_feeds: Semaphore::new(WAITING_FEEDS_MAX),
            intake: Intake::default(),
            rescan: Arc::default(),
            downloads_public: Arc::new(Semaphore::new(DOWNLOADS_PUBLIC_MAX)),
            downloads_officer: Arc::new(Semaphore::new(DOWNLOADS_OFFICER_MAX)),
            publisher,
            search: Arc::default(),
            walks: Arc::new(Semaphore::new(WALKS_MAX)),
            events: Arc::new(Semaphore::new(EVENTS_MAX)),
            events_by_address: Crowd::default(),
            reads_by_address: Crowd::default(),
            exports: Exports::default(),
        }))
    }

    /// Reads the names that are searched, and again whenever master data changes, for as long as pages are published. One
    /// task of a node calls it.
    pub fn read_names(&self) -> impl Future<Output = ()> + Send + 'static {
        let shared = &self.0;
        let queries = Arc::clone(&shared.ports.queries);
        Arc::clone(&shared.search).run(queries, shared.publisher.master_data())
    }

    /// The pages that are not kept ready, for a listener that shows them.
    fn pages(&self) -> Router {
        let ports = &self.0.ports;
        let search = Arc::clone(&self.0.search);
        public_pages(Arc::clone(&ports.queries), Arc::clone(&ports.operations), search)
    }
}

/// The state of handlers: the node's HTTP side, seen from one listener.
#[derive(Clone)]
struct Surface {
    api: Api,
    listener: Listener,
}

impl Surface {
    fn new(api: &Api, listener: Listener) -> Self {
        Self { api: api.clone(), listener }
    }

    fn ports(&self) -> &Ports {
        &self.api.0.ports
    }

    /// A view as fresh as asked. Reads that must wait for the cluster are capped; the others never wait.
    async fn view(&self, options: ReadOptions) -> Result<Arc<dyn StateView>, Problem> {
        let queries = &self.ports().queries;
        if options.consistency == Consistency::Local && options.min_index.is_none() {
            return Ok(queries.local()?);
        }
        let waiting = match self.listener {
            Listener::Public => &self.api.0.waiting_public,
            Listener::Officer | Listener::Ops => &self.api.0.waiting_officer,
        };
        let _place = waiting.try_acquire().map_err(|_| Problem::new(Code::Overloaded))?;
        queries.view(options).await.map_err(|error| self.unread(error, options))
    }

    /// What a read comes to that this node cannot answer. An edge, which may be far behind, names a voter (design 9.7).
    fn unread(&self, error: ReadError, options: ReadOptions) -> Problem {
        let operations = &self.ports().operations;
        if error != ReadError::Stale || options.min_index.is_none() || operations.serves_officers() {
            return error.into();
        }
        let status = operations.status();
        let voters = status.nodes.iter().filter(|node| node.role == "voter" && !node.public_url.is_empty());
        let best = voters.max_by_key(|node| (status.leader == Some(node.id), node.reachable));
        let Some(url) = best.map(|voter| voter.public_url.clone()) else { return error.into() };
        let detail = format!("Simpul tepi ini belum sampai ke indeks itu. Tanyakan ke {url}.");
        Problem { instead: Some(url), ..Problem::with_detail(Code::Stale, detail) }
    }

    /// Tells the audit log what was not let pass.
    fn saw(&self, sighting: Sighting, username: &str, from: IpAddr) {
        self.api.0.sightings.saw(&self.ports().commands, sighting, username, from);
    }

    /// Refuses a write of an account that writes too much (R30), and says so to the audit log.
    fn paced(&self, account: &Account, correction: bool, from: IpAddr) -> Result<(), Problem> {
        let Some(wait_s) = self.api.0.pace.wait_s(account, correction, self.ports().queries.now()) else {
            return Ok(());
        };
        self.saw(Sighting::TooMany, &account.username, from);
        let detail = "Akun ini mengirim terlalu banyak dalam 10 menit (R30).";
        let problem = Problem::with_detail(Code::TooManyRequests, detail);
        Err(Problem { retry_after_s: Some(wait_s), ..problem })
    }

    /// Everything acknowledged before now.
    async fn linearizable(&self) -> Result<Arc<dyn StateView>, Problem> {
        self.view(ReadOptions { consistency: Consistency::Linearizable, min_index: None }).await
    }

    /// Proposes items; one answer or error for each, in order, whatever the port does.
    async fn submit(&self, principal: Principal, items: Vec<Item>) -> Vec<Result<Answer, SubmitError>> {
        let count = items.len();
        let deadline = Duration::from_millis(SUBMIT_MS_MAX);
        let outcomes = tokio::time::timeout(deadline, self.ports().commands.submit(principal, items)).await;
        let mut outcomes = outcomes.unwrap_or_default();
        outcomes.resize(count, Err(SubmitError::Unknown));
        outcomes
    }

    /// Proposes one item.
    async fn submit_one(&self, principal: Principal, item: Item) -> Result<Answer, Problem> {
        let outcome = self.submit(principal, vec![item]).await.pop().unwrap_or(Err(SubmitError::Unknown));
        Ok(outcome?)
    }
}

/// The log index of the view that an answer was made from, and since when that was up to date, on their way to the
/// headers.
#[derive(Clone, Copy)]
struct Pinned {
    index: u64,
    confirmed: Confirmed,
}

impl Pinned {
    fn of(view: &dyn StateView) -> Self {
        Self { index: view.index(), confirmed: view.confirmed() }
    }

    /// What is looked up now, and the index that it says it is of.
    fn now<T>(surface: &Surface, look: impl FnOnce() -> T, index: impl FnOnce(&T) -> u64) -> (Self, T) {
        let confirmed = Confirmed::by(|| surface.ports().queries.freshness().leader_age_ms);
        let found = look();
        (Self { index: index(&found), confirmed }, found)
    }

    /// Of an index of long ago: nobody knows until when that was all there was.
    fn past(index: u64) -> Self {
        Self { index, confirmed: Confirmed::default() }
    }
}

/// The number of a request, for problems inside an answer.
#[derive(Clone, Debug)]
struct RequestId(String);

/// Marks a failure whose plain text is meant for its reader.
#[derive(Clone, Copy)]
struct Worded;

/// A JSON answer.
fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<axum::response::Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::new(Code::Internal)
    })?;
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// A JSON answer to a read, with its tag: equal bytes have equal tags on every node.
fn page<T: Serialize>(pinned: Pinned, value: &T) -> Result<axum::response::Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::new(Code::Internal)
    })?;
    let tag = tag_of(&body);
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.extend(tag.map(|tag| (ETAG, tag)));
    response.extensions_mut().insert(pinned);
    Ok(response)
}

fn tag_of(body: &[u8]) -> Option<HeaderValue> {
    let digest = Sha256::digest(body);
    let first = digest.first_chunk::<16>()?;
    HeaderValue::from_str(&format!("\"{}\"", hex(first))).ok()
}

/// Marks an answer as a remembered one.
fn replayed(mut response: axum::response::Response, replay: bool) -> axum::response::Response {
    if replay {
        response.headers_mut().insert("idempotent-replay", HeaderValue::from_static("true"));
    }
    response
}
